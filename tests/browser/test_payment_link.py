"""A payment link from the business's form to Payment History, paid by a customer on a phone (issue 16)."""

import pytest
from playwright.sync_api import expect

from flipdash import rls
from tests.browser.links import PHONE, make_link, start
from tests.browser.looking import focus_problems, outline_problems, problems_of
from transactions.models import Payment, PaymentLink
from transactions.payments.settling import SETTLEMENTS

pytestmark = pytest.mark.usefixtures("asleep")


def test_from_the_link_to_the_history_by_va_and_qris(open_context, page, sign_in, admin):
    sign_in(page, admin)
    address = make_link(page)
    customer = open_context(viewport=PHONE).new_page()
    start(customer, address, "BCA", "Dewi Lestari")
    expect(customer.get_by_role("button", name="Copy Virtual account number")).to_be_visible()
    look_at(customer)
    customer.get_by_role("button", name="Pay as customer").click()
    expect(customer.get_by_text("Thank you: your payment has arrived.")).to_be_visible()
    look_at(customer)

    start(customer, address, "QRIS", "Agus Salim")
    expect(customer.get_by_role("img", name="QRIS code")).to_be_visible()
    payment = Payment.objects.get(sender_name="Agus Salim")
    page.goto(f"/test/payments/{payment.pk}/")
    page.get_by_role("button", name="Force Success").click()
    # the customer's page changes without being loaded anew
    expect(customer.get_by_text("Thank you: your payment has arrived.")).to_be_visible()

    page.goto("/test/payments/")
    for name in ("Dewi Lestari", "Agus Salim"):
        row = page.get_by_role("row").filter(has_text=name)
        expect(row).to_contain_text("Successful")
        expect(row).to_contain_text("350,000")
    page.goto("/test/payment-links/")
    expect(page.get_by_role("row").filter(has_text="Kelas latte art")).to_contain_text("Rp700,000")

    page.goto(f"/test/payments/{payment.pk}/")
    page.get_by_role("button", name="Settle now").click()
    expect(page.get_by_text("It is being settled")).to_be_visible()
    assert SETTLEMENTS.work()
    page.reload()
    expect(page.get_by_text("Rp347,550 came into the deposit")).to_be_visible()  # less 0.7 %
    page.get_by_role("link", name="Settlement of").click()
    expect(page.get_by_role("heading", name="How it adds up")).to_be_visible()
    look_at(page)
    page.get_by_role("link", name="Payment settled").click()
    expect(page.get_by_text("+Rp347,550").first).to_be_visible()
    page.goto("/test/payments/")
    page.get_by_role("link", name="Settlements").click()
    expect(page.get_by_role("row").filter(has_text="Rp347,550")).to_contain_text("Settled")
    look_at(page)


def test_without_scripts_a_customer_pays_too(open_context, page, sign_in, admin):
    sign_in(page, admin)
    address = make_link(page)
    customer = open_context(viewport=PHONE, java_script_enabled=False).new_page()
    start(customer, address, "QRIS", "Sri Wahyuni")
    expect(customer.get_by_role("link", name="Check again")).to_be_visible()
    customer.get_by_role("button", name="Pay as customer").click()
    expect(customer.get_by_text("Thank you: your payment has arrived.")).to_be_visible()


def test_the_public_pages_are_fit_for_everybody_and_light(open_context, page, sign_in, admin):
    """Axe in both themes and all widths, headings, focus; and what a first visit loads."""
    sign_in(page, admin)
    address = make_link(page)
    stranger = open_context(viewport=PHONE).new_page()
    asked = []
    stranger.on("request", lambda request: asked.append(request.resource_type))
    stranger.goto(address)
    assert "font" not in asked
    look_at(stranger)
    stranger.goto("/pay/no-such-key/")
    look_at(stranger)
    with rls.inside_of(admin.business_id, "test"):
        PaymentLink.objects.update(status="inactive")
    stranger.goto(address)
    expect(stranger.get_by_role("heading", name="This link is switched off")).to_be_visible()
    look_at(stranger)


def look_at(page):
    assert [*problems_of(page), *outline_problems(page), *focus_problems(page)] == []
