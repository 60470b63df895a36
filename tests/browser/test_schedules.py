"""Columns that somebody chose, and reports that come by themselves: set on screen, made by the worker, then opened."""

import re

import pytest
import python_calamine
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Member
from accounts.permissions import Role
from flipdash.models import Message
from tests import factories
from tests.browser.looking import problems_of


@pytest.fixture
def failed(kopi_kita):
    known = {"amount": 85_000, "beneficiary_name": "Sri", "remark": "Gaji"}
    return factories.make_transfer(kopi_kita, status="failed", created_at=timezone.now(), **known)


def test_a_schedule_runs_and_its_link_opens_only_for_who_may(page, open_context, sign_in, people, failed, worker):
    admin, reviewer = people[Role.ADMIN], people[Role.REVIEWER]
    sign_in(page, admin)
    page.goto("/money-transfers/?status=failed")
    page.get_by_role("button", name="Create Report").click()
    page.get_by_role("dialog").get_by_role("link", name="Schedule").click()
    page.get_by_label("Name", exact=True).fill("Failed this year 🎉")
    page.get_by_label("Days", exact=True).select_option(label="This year")
    expect(page.get_by_label("Day of the week")).to_be_hidden()
    page.get_by_label("How often").select_option(label="Every week")
    page.get_by_label("Day of the week").select_option(label="Friday")
    page.get_by_label(re.compile("Hour")).select_option(label="07:00")
    page.get_by_label("Format").select_option(label=".xlsx")
    page.get_by_label(re.compile(re.escape(reviewer.name))).check()
    assert [*problems_of(page)] == []
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Failed this year 🎉", level=1)).to_be_visible()
    expect(page.get_by_text("every Friday at 07:00")).to_be_visible()
    page.get_by_role("button", name="Run now").click()
    expect(page.locator("#tray")).to_contain_text(".xlsx · 1 row")
    page.reload()
    expect(page.get_by_role("region", name="What ran")).to_contain_text("Sent")
    assert [*problems_of(page)] == []

    text = Message.objects.get(to=reviewer.user.email, subject__startswith="Failed this year").text
    path = re.search(r"/documents/schedules/\d+/runs/\d+/", text)[0]
    other = open_context(accept_downloads=True).new_page()
    sign_in(other, reviewer)
    other.goto(path)
    with other.expect_download() as taken:
        other.get_by_role("link", name="Download", exact=True).click()
    rows = python_calamine.load_workbook(str(taken.value.path())).get_sheet_by_name("Data 1").to_python()
    assert [row[4] for row in rows[1:]] == ["Sri"]
    Member.objects.filter(pk=reviewer.pk).update(role=Role.CUSTOMER_SERVICE)
    assert other.goto(path).status == 403
    assert other.goto("/documents/reports/1/file/").status == 403


def test_a_template_with_renamed_columns_makes_exactly_these(page, sign_in, admin, failed, worker):
    sign_in(page, admin)
    page.goto("/money-transfers/?status=failed")
    page.get_by_role("button", name="Create Report").click()
    page.get_by_role("dialog").get_by_role("link", name="Choose and name columns").click()
    expect(page.get_by_label("Name of the template")).to_be_visible()  # all() waits for no page
    for box in page.get_by_role("checkbox").all():
        box.uncheck()
    for column, heading in (("Amount", "Nilai (Rp)"), ("Remark", "Keterangan")):
        page.get_by_role("checkbox", name=column, exact=True).check()
        page.get_by_label(f"Heading of {column}", exact=True).fill(heading)
    place = page.get_by_role("listitem").filter(has=page.get_by_role("checkbox", name="Remark", exact=True))
    for _press in range(2):
        place.get_by_role("button", name="Move Remark up").click()
    page.get_by_label("Name of the template").fill("For bookkeeping")
    page.get_by_role("button", name="Save template").click()
    expect(page.get_by_label("Columns")).to_have_value(re.compile(r"\d+"))
    page.get_by_label(".xlsx", exact=True).check()
    page.get_by_role("button", name="Create Report").click()
    expect(page.locator("#tray")).to_contain_text(".xlsx · 1 row")
    with page.expect_download() as taken:
        page.get_by_role("link", name="Download R000001").click()
    rows = python_calamine.load_workbook(str(taken.value.path())).get_sheet_by_name("Data 1").to_python()
    assert rows == [["Keterangan", "Nilai (Rp)"], ["Gaji", 85_000]]
