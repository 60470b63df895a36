"""A transfer from the maker's form to its receipt, as people do it (issue 15)."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from accounts.permissions import Role
from documents.receipts import making
from tests import factories
from tests.transactions.sending import create, fund, let_its_date_come
from transactions.models import MoneyTransfer

pytestmark = pytest.mark.usefixtures("asleep")


@pytest.fixture
def people(kopi_kita):
    fund(kopi_kita)
    roles = {Role.MAKER: "Dimas Maker", Role.APPROVER: "Bayu Approver", Role.ADMIN: "Ratna Admin"}
    return {role: factories.make_member(kopi_kita, role, name=name) for role, name in roles.items()}


def fill_in(page):
    page.get_by_label("Destination").fill("BCA")
    page.get_by_label("Account Number").fill("0012345678")
    page.get_by_label("Amount").fill("1.250.000")
    page.get_by_label("Remark").fill("Biji kopi Gayo")


def test_from_maker_to_approver_to_receipt(open_context, page, sign_in, people, sending):
    sign_in(page, people[Role.MAKER])
    page.goto("/money-transfers/")
    page.get_by_role("link", name="Create Transfer").click()
    fill_in(page)
    expect(page.locator("#figures")).to_contain_text("Available after")
    expect(page.locator("#figures")).to_contain_text("Rp1,252,500")
    expect(page.locator("#figures")).to_contain_text("Account holder")
    expect(page.locator(".field__count")).to_have_text("14 / 18")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Create Transfer").click()
    expect(page.get_by_text("It waits for an approver")).to_be_visible()
    expect(page.get_by_role("link", name="Approve")).to_have_count(0)
    address = page.url

    approver = open_context(viewport={"width": 390, "height": 844}).new_page()
    sign_in(approver, people[Role.APPROVER])
    approver.goto("/approvals/")
    approver.locator("tbody a").first.click()
    expect(approver.get_by_text("Nothing has been paid to this account before.")).to_be_visible()
    approver.get_by_role("button", name="Approve Rp1,252,500").click()
    expect(approver.get_by_text("is approved")).to_be_visible()

    for _time in range(40):
        page.goto(address)
        if page.locator(".page-head .status", has_text="Successful").count():
            break
        page.wait_for_timeout(250)
    expect(page.locator(".timeline")).to_contain_text("Approved by Bayu Approver")
    expect(page.locator(".timeline")).to_contain_text("Received by the beneficiary")
    page.goto("/money-transfers/?status=successful")
    expect(page.locator("tbody")).to_contain_text("Biji kopi Gayo")
    page.goto(address)
    with page.expect_download() as download:
        page.get_by_role("link", name="PDF").first.click()
        expect(page.get_by_role("heading", name="Receipt (PDF)", level=1)).to_be_visible()
        while making.RECEIPTS.work():
            pass
    assert download.value.suggested_filename.endswith(".pdf")


def test_the_second_person_rule_refuses_the_maker(page, sign_in, people, kopi_kita):
    """trust: M2."""
    kopi_kita.second_person_required = True
    kopi_kita.save()
    sign_in(page, people[Role.ADMIN])
    page.goto("/money-transfers/create/")
    fill_in(page)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Create Transfer").click()
    expect(page.get_by_text("It waits for an approver")).to_be_visible()
    expect(page.locator(".page-head__actions").get_by_role("link", name="Approve")).to_have_count(0)
    page.goto(f"{page.url}approval/")
    expect(page.get_by_text("somebody else has to approve it")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)


def test_a_scheduled_transfer_goes_on_its_date(page, sign_in, people, sending, scope):
    day = scope.now().astimezone(scope.zone).date() + timedelta(days=1)
    transfer = create(people[Role.ADMIN], send_on=day)
    sign_in(page, people[Role.ADMIN])
    page.goto(f"/money-transfers/{transfer.pk}/")
    expect(page.locator(".page-head .status")).to_contain_text("Scheduled")
    let_its_date_come(transfer)
    for _time in range(40):
        page.reload()
        if page.locator(".page-head .status", has_text="Successful").count():
            break
        page.wait_for_timeout(250)
    expect(page.locator(".timeline")).to_contain_text("Its date has come")
    expect(page.locator(".page-head .status")).to_contain_text("Successful")


def test_an_approver_ticks_some_on_a_phone(open_context, sign_in, people, sending):
    rows = [create(people[Role.MAKER], account_number=f"001234560{number}") for number in range(3)]
    page = open_context(viewport={"width": 390, "height": 844}).new_page()
    sign_in(page, people[Role.APPROVER])
    page.goto("/approvals/")
    for box in page.locator(".tick input").all()[:2]:
        box.check()
    page.get_by_role("button", name="Review ticked").click()
    expect(page.get_by_text("Available after")).to_be_visible()
    page.get_by_role("button", name="Approve Rp175,000").click()
    expect(page.get_by_text("2 are approved: Rp175,000.")).to_be_visible()
    expect(page.locator(".tick")).to_have_count(1)
    assert MoneyTransfer.objects.filter(pk__in=[row.pk for row in rows]).exclude(approver_kind="").count() == 2


def test_what_is_ticked_and_what_is_opened_stands_beside_the_list(page, sign_in, people):
    first, _second = (create(people[Role.MAKER], account_number=f"001234560{number}") for number in range(2))
    sign_in(page, people[Role.APPROVER])
    page.goto("/approvals/")
    page.locator(".tick input").first.check()
    expect(page.locator("#selection")).to_contain_text("Approve Rp87,500")
    page.locator(".tick input").nth(1).check()
    expect(page.locator("#selection")).to_contain_text("Approve Rp175,000")
    page.get_by_role("link", name="Siti").first.click()
    expect(page.locator("#decision")).to_contain_text("Nothing has been paid to this account before.")
    assert page.url.endswith("/approvals/")
    page.locator("#decision").get_by_role("button", name="Approve Rp87,500").click()
    expect(page.get_by_text("is approved")).to_be_visible()
    expect(page.locator(".tick")).to_have_count(1)
    first.refresh_from_db()
    assert first.approver == people[Role.APPROVER].actor
