"""A transfer is paid again each month: from its page onto a schedule, by the maker, on a phone too (issue 15)."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from accounts.permissions import Role
from tests import factories
from tests.browser.looking import problems_of
from tests.transactions.sending import create, fund

pytestmark = pytest.mark.usefixtures("asleep")


@pytest.mark.parametrize("width", [1280, 390])
def test_duplicate_onto_each_month(open_context, sign_in, kopi_kita, width):
    fund(kopi_kita)
    maker = factories.make_member(kopi_kita, Role.MAKER, name="Dimas Maker")
    transfer = create(maker)
    scope = maker.scope("live")
    first = scope.now().astimezone(scope.zone).date() + timedelta(days=40)
    page = open_context(viewport={"width": width, "height": 844}).new_page()
    sign_in(page, maker)
    page.goto(f"/money-transfers/{transfer.pk}/")
    page.get_by_role("link", name="Duplicate").click()
    expect(page.get_by_label("Until")).to_be_hidden()
    page.get_by_label("Beneficiary Name").fill("")
    page.get_by_label("Repeat", exact=True).select_option("Each month")
    expect(page.get_by_label("Until")).to_be_visible()
    page.get_by_label("Send on").fill(first.isoformat())
    page.get_by_label("Until").fill((first + timedelta(days=130)).isoformat())
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("It isn’t a duplicate: pay it").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Each is made 3 days before its day")).to_be_visible()
    assert list(problems_of(page)) == []
    page.get_by_role("button", name="Create repeating transfer").click()
    expect(page.get_by_text("The repeating transfer is made.")).to_be_visible()
    expect(page.get_by_text("None of its days has come yet.")).to_be_visible()
    assert list(problems_of(page)) == []
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Somebody paused it.")).to_be_visible()
    page.get_by_role("link", name="Stop").click()
    page.get_by_role("button", name="Yes, stop it").click()
    expect(page.get_by_text("It is stopped.")).to_be_visible()
    page.goto("/money-transfers/create/repeating/")
    expect(page.get_by_text("Stopped")).to_be_visible()
    assert list(problems_of(page)) == []
