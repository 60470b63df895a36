"""A refund from the payment's page to the payer's account: asked for by Customer Service, approved by an Approver."""

import pytest
from playwright.sync_api import expect

from accounts.permissions import Role
from tests import factories
from tests.browser.looking import focus_problems, outline_problems, problems_of
from tests.transactions.sending import fund

pytestmark = pytest.mark.usefixtures("asleep")
PHONE = {"width": 390, "height": 844}


def look_at(page):
    assert [*problems_of(page), *outline_problems(page), *focus_problems(page)] == []


def test_half_of_a_payment_goes_back(open_context, page, sign_in, kopi_kita, sending):
    fund(kopi_kita)
    payment = factories.make_payment(kopi_kita, amount=350_000, title="Kelas latte art")
    roles = {Role.CUSTOMER_SERVICE: "Sari", Role.APPROVER: "Bayu"}
    people = {role: factories.make_member(kopi_kita, role, name=name) for role, name in roles.items()}

    sign_in(page, people[Role.CUSTOMER_SERVICE])
    page.goto(f"/payments/{payment.pk}/")
    page.get_by_role("link", name="Request Refund").last.click()
    look_at(page)
    page.get_by_label("Amount").fill("175.000")
    page.get_by_label("Reason for the refund").fill("Kelas dibatalkan")
    page.get_by_label("Destination").fill("BCA")
    page.get_by_label("Account Number").fill("0012345678")
    page.get_by_label("Beneficiary Name").fill("")
    expect(page.locator("#figures")).to_contain_text("Rp177,500")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Why another account or name").fill("Rekening suami")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Can still be refunded then")).to_be_visible()
    look_at(page)
    page.get_by_role("button", name="Request Refund").click()
    expect(page.get_by_text("It waits for an approver")).to_be_visible()
    look_at(page)
    address = page.url.partition("#")[0]  # looking at the page went to a place on it; such an address isn't loaded anew

    approver = open_context(viewport=PHONE).new_page()
    sign_in(approver, people[Role.APPROVER])
    approver.goto("/approvals/")
    approver.locator("tbody a").first.click()
    expect(approver.get_by_text("Kelas dibatalkan")).to_be_visible()
    approver.get_by_role("button", name="Approve Rp177,500").click()
    expect(approver.get_by_text("The refund of Rp175,000 is approved.")).to_be_visible()

    for _time in range(40):
        page.goto(address)
        if page.get_by_text("Received by the beneficiary").count():
            break
        page.wait_for_timeout(250)
    expect(page.get_by_text("Received by the beneficiary")).to_be_visible()
    page.get_by_role("link", name="Its payment").click()
    expect(page.get_by_text("Rp175,000 can be refunded.")).to_be_visible()
    page.goto("/refunds/")
    expect(page.get_by_role("row").filter(has_text="Rp175,000")).to_contain_text("Successful")
    look_at(page)


def test_without_scripts_one_is_asked_for_too(open_context, sign_in, kopi_kita):
    payment = factories.make_payment(kopi_kita, amount=350_000)
    page = open_context(viewport=PHONE, java_script_enabled=False).new_page()
    sign_in(page, factories.make_member(kopi_kita, Role.DEPOSIT_ADMIN))
    page.goto("/refunds/request/")
    page.get_by_label("Payment ID").fill("12")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("No payment of yours has this ID.").last).to_be_visible()
    page.get_by_label("Payment ID").fill(str(payment.pk))
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Reason for the refund").fill("Salah pesan")
    page.get_by_label("Destination").fill("OVO")
    page.get_by_label("Account Number").fill("0812 3456 789")
    page.get_by_label("Beneficiary Name").fill("")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Why another account or name").fill("Rekening suami")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Request Refund").click()
    expect(page.get_by_text("It waits for an approver")).to_be_visible()
