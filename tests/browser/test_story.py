"""The whole story of issue 16 in two browsers and four people: a link, its customer, the deposit, and half of it back.

What each page says is added up beside the reports, and `check_ledger` has the last word.
"""

import csv
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from accounts.permissions import Role
from documents.reports.services import REPORTS
from tests import factories
from tests.browser.links import PHONE, make_link, start
from transactions.models import Payment
from transactions.payments.settling import SETTLEMENTS

pytestmark = pytest.mark.usefixtures("asleep", "sending")

PAID = 350_000
SETTLED = {"BCA": PAID - 4_000, "QRIS": PAID - 2_450}
"""Rupiah that reach the deposit: less Rp4,000 of a virtual account, less 0.7 % of QRIS."""
BACK, BACK_FEE = 175_000, 2_500
LEFT = sum(SETTLED.values()) - BACK - BACK_FEE


def test_what_a_customer_paid_settles_and_half_of_it_goes_back(open_context, page, sign_in, admin, kopi_kita):
    people = {
        role: factories.make_member(kopi_kita, role, name=name)
        for role, name in ((Role.CUSTOMER_SERVICE, "Sari"), (Role.APPROVER, "Bayu"))
    }
    sign_in(page, admin)
    link = make_link(page)
    customer = open_context(viewport=PHONE).new_page()
    for channel, name in (("BCA", "Dewi Lestari"), ("QRIS", "Agus Salim")):
        pay(customer, link, channel, name)
    payments = {payment.sender_name: payment.pk for payment in Payment.objects.all()}

    in_the_history(page, "Pending")
    for pk in payments.values():
        settle_now(page, pk)
    in_the_history(page, "Settled")
    deposit_has(page, sum(SETTLED.values()))

    service, approver = (open_context(viewport=size).new_page() for size in ({"width": 1440, "height": 900}, PHONE))
    sign_in(service, people[Role.CUSTOMER_SERVICE])
    refund = ask_for_half(service, payments["Dewi Lestari"])
    sign_in(approver, people[Role.APPROVER])
    approve(approver)
    arrived(service, refund)
    service.get_by_role("link", name="Its payment").click()
    expect(service.get_by_text("Rp175,000 can be refunded.")).to_be_visible()

    deposit_has(page, LEFT)
    moved = [f"+Rp{SETTLED['BCA']:,}", f"+Rp{SETTLED['QRIS']:,}", f"−Rp{BACK + BACK_FEE:,}"]
    page.goto("/test/deposit/history/")
    for amount in moved:
        expect(page.get_by_role("row").filter(has_text=amount)).to_have_count(1)
    the_reports_add_up(page)
    said = StringIO()
    call_command("check_ledger", stdout=said)
    assert "The ledger holds." in said.getvalue()


def pay(customer, link, channel, name):
    start(customer, link, channel, name)
    customer.get_by_role("button", name="Pay as customer").click()
    expect(customer.get_by_text("Thank you: your payment has arrived.")).to_be_visible()


def in_the_history(page, settlement):
    """Both are found in Payment History, as paid and with this state of settlement."""
    page.goto("/test/payments/")
    for name in ("Dewi Lestari", "Agus Salim"):
        row = page.get_by_role("row").filter(has_text=name)
        for words in ("Successful", "350,000", settlement):
            expect(row).to_contain_text(words)


def settle_now(page, payment):
    page.goto(f"/test/payments/{payment}/")
    page.get_by_role("button", name="Settle now").click()
    expect(page.get_by_text("It is being settled")).to_be_visible()
    assert SETTLEMENTS.work()
    page.reload()
    expect(page.get_by_text("came into the deposit")).to_be_visible()


def deposit_has(page, rupiah):
    page.goto("/test/deposit/")
    expect(page.get_by_role("main").get_by_text(f"Rp{rupiah:,}", exact=True).first).to_be_visible()


def ask_for_half(page, payment):
    """Ask from the payment's page for half of it; returns the address of the refund."""
    page.goto(f"/test/payments/{payment}/")
    page.get_by_role("link", name="Request Refund").last.click()
    page.get_by_label("Amount").fill(f"{BACK:,}".replace(",", "."))
    page.get_by_label("Reason for the refund").fill("Kelas dibatalkan")
    page.get_by_label("Destination").fill("BCA")
    page.get_by_label("Account Number").fill("0012345678")
    page.get_by_label("Beneficiary Name").fill("")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Why another account or name").fill("Rekening suami")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Request Refund").click()
    expect(page.get_by_text("It waits for an approver")).to_be_visible()
    return page.url


def approve(page):
    page.goto("/test/approvals/")
    page.locator("tbody a").first.click()
    page.get_by_role("button", name=f"Approve Rp{BACK + BACK_FEE:,}").click()
    expect(page.get_by_text("The refund of Rp175,000 is approved.")).to_be_visible()


def arrived(page, refund):
    """Look at the refund until the bank has said so."""
    there = page.get_by_text("Received by the beneficiary")
    for _time in range(40):
        page.goto(refund)
        if there.count():
            break
        page.wait_for_timeout(250)
    expect(there).to_be_visible()


def the_reports_add_up(page):
    """Four reports as files: what was paid, settled, given back, and what the deposit says of it."""
    paid = rows_of(page, "payments")
    assert [sum_of(paid, name) for name in ("Amount", "Settled Amount")] == [2 * PAID, sum(SETTLED.values())]
    settled = rows_of(page, "payments/settlements")
    assert sum_of(settled, "Settled Amount") == sum(SETTLED.values())
    back = rows_of(page, "refunds")
    assert [(row["Status"], row["Amount"], row["Fee"]) for row in back] == [("Successful", str(BACK), str(BACK_FEE))]
    moved = rows_of(page, "deposit/history")
    assert sum_of(moved, "Credit") == sum(SETTLED.values())
    assert sum_of(moved, "Debit") == BACK + BACK_FEE
    assert int(moved[-1]["Balance after"]) == LEFT


def rows_of(page, name):
    """Ask for a report of a history as .csv, take it home, and read it."""
    page.goto(f"/test/{name}/")
    page.get_by_role("button", name="Create Report").click()
    dialog = page.get_by_role("dialog", name="Create Report")
    dialog.get_by_label(".csv", exact=True).check()
    dialog.get_by_role("button", name="Create Report").click()
    expect(page.locator("#tray progress")).to_be_visible()
    assert REPORTS.work()
    with page.expect_download() as taken:
        page.locator("#tray").get_by_role("link", name="Download").first.click()
    return list(csv.DictReader(StringIO(Path(taken.value.path()).read_text(encoding="utf-8-sig"))))


def sum_of(rows, name):
    return sum(int(row[name] or 0) for row in rows)
