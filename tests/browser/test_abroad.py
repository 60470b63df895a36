"""Transfers abroad as people make them: three countries that ask for different things, a quote that runs out while its
page is open, by keyboard alone, and without scripts (issue 16).
"""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models.functions import Now
from playwright.sync_api import expect

from accounts.permissions import Role
from flipdash import rls
from tests import factories
from tests.browser.looking import focus_problems, outline_problems, problems_of
from tests.transactions.abroad import CREATE, PDF, TYPED, address
from tests.transactions.sending import fund
from transactions.models import InternationalTransfer, Quote
from transactions.rails import simulated_quotes

pytestmark = pytest.mark.usefixtures("asleep")
PHONE = {"width": 390, "height": 844}
PAPER = {"name": "invoice.pdf", "mimeType": "application/pdf", "buffer": PDF}
GB, JP, MY = "GB B2B", "JP C2C", "MY B2B"
LONG = timedelta(minutes=10)
"""For how long a rate holds here: a slow machine may need more than the simulator's 90 seconds for a whole test."""


@pytest.fixture(autouse=True)
def slow_clock(monkeypatch):
    monkeypatch.setattr(simulated_quotes, "HOLDS_FOR", LONG)


@pytest.fixture
def maker(kopi_kita):
    fund(kopi_kita, 200_000_000)
    return factories.make_member(kopi_kita, Role.MAKER, name="Dimas Maker")


def look_at(page):
    assert [*problems_of(page), *outline_problems(page), *focus_problems(page)] == []


def begin(page, corridor):
    """Choose where to and who pays whom, and fill in what is asked for then."""
    page.goto(CREATE)
    country, kind = corridor.split()
    page.get_by_label("Beneficiary Country").select_option(country)
    page.locator(f"[name=kind][value={kind}]").check()
    page.get_by_role("button", name="Continue").click()
    fill_in(page, corridor)


def fill_in(page, corridor):
    for name, value in TYPED[corridor].items():
        field = page.locator(f"[name={name}]")
        if field.first.get_attribute("type") == "radio":
            page.locator(f"[name={name}][value={value}]").check()
        elif field.evaluate("field => field.matches('select')"):
            field.select_option(value)
        else:
            field.fill(value)


def test_three_countries_ask_for_different_things_and_are_paid(open_context, page, sign_in, maker, sending):
    sign_in(page, maker)
    labels = {GB: "Sort Code", JP: "Branch Number", MY: "Attachment"}
    for corridor, received in ((GB, "GBP 1,250.50"), (JP, "JPY "), (MY, "MYR 2,500.00")):
        begin(page, corridor)
        for other, label in labels.items():
            expect(page.get_by_text(label, exact=True)).to_have_count(int(other == corridor))
        if corridor == MY:
            page.get_by_label("Attachment").set_input_files(PAPER)
        page.get_by_role("button", name="See the rate").click()
        expect(page.get_by_text("The rate holds until")).to_be_visible()
        expect(page.locator(".facts").last).to_contain_text(received)
        if corridor == MY:
            expect(page.locator(".facts").last).to_contain_text("invoice.pdf")
            look_at(page)
        page.get_by_role("button", name="Create Transfer").click()
        expect(page.get_by_text("It waits for an approver")).to_be_visible()
    assert InternationalTransfer.objects.get(country="JP").amount_received % 1 == 0

    approver = open_context(viewport=PHONE).new_page()
    sign_in(approver, factories.make_member(maker.business, Role.APPROVER, name="Bayu Approver"))
    approver.goto("/approvals/")
    approver.get_by_role("link", name="London Tea").first.click()
    expect(approver.get_by_text("200000", exact=True)).to_be_visible()
    look_at(approver)
    approver.get_by_role("button", name="Approve Rp").click()
    expect(approver.get_by_text("is approved")).to_be_visible()
    approver.goto("/approvals/")
    for box in approver.locator(".tick input").all():
        box.check()
    approver.get_by_role("button", name="Review ticked").click()
    expect(approver.get_by_text("MYR 2,500.00")).to_be_visible()
    approver.get_by_role("button", name="Approve Rp").click()
    expect(approver.get_by_text("2 are approved")).to_be_visible()

    arrived = page.locator("tbody tr", has_text="Successful")
    for _time in range(40):
        page.goto("/international-transfers/")
        if arrived.count() == 3:
            break
        page.wait_for_timeout(250)
    expect(arrived).to_have_count(3)
    page.get_by_role("link", name="Kopitiam Supplies").first.click()
    expect(page.locator(".timeline")).to_contain_text("Approved by Bayu Approver")
    expect(page.get_by_text("INV-2026/11")).to_be_visible()


def type_by_keyboard(page, corridor):
    """Fill in a corridor's form, and send it, by keys alone."""
    page.locator("[name=beneficiary_bank]").focus()
    for _field in range(20):
        name = page.evaluate("document.activeElement.name")
        if name == "internal_reference":
            page.keyboard.press("Enter")
            return
        if name in ("purpose", "source_of_funds"):
            page.keyboard.press("ArrowDown")
        elif name != "side" and (value := TYPED[corridor].get(name)):
            page.keyboard.type(value)
        page.keyboard.press("Tab")
    raise AssertionError("Tab led nowhere")


def test_a_quote_that_runs_out_on_the_screen_is_shown_anew_and_never_used(page, sign_in, maker, monkeypatch):
    sign_in(page, maker)
    page.goto(address(GB))
    monkeypatch.setattr(simulated_quotes, "HOLDS_FOR", timedelta(seconds=1))
    type_by_keyboard(page, GB)
    expect(page.get_by_role("timer")).to_have_text("00:00:00")
    with rls.inside_of(maker.business_id, "live"):
        old = Quote.objects.get()
        while Quote.objects.filter(pk=old.pk, expires_at__gt=Now()).exists():
            page.wait_for_timeout(50)
    monkeypatch.setattr(simulated_quotes, "HOLDS_FOR", LONG)
    monkeypatch.setattr(simulated_quotes, "rate_at", lambda currency, moment: Decimal("21555.5000"))
    page.get_by_role("button", name="Create Transfer").press("Enter")
    expect(page.get_by_text("The quote ran out, and nothing was sent")).to_be_visible()
    expect(page.get_by_text("is 1 GBP = Rp21,555.5000 now")).to_be_visible()
    assert not InternationalTransfer.objects.exists()
    look_at(page)
    page.get_by_role("button", name="Create Transfer").press("Enter")
    expect(page.get_by_text("It waits for an approver")).to_be_visible()
    row = InternationalTransfer.objects.get()
    assert (row.rate, row.amount_received) == (Decimal("21555.5"), Decimal("1250.5"))
    assert row.quote_id != old.pk


def test_without_scripts_what_is_wrong_is_said_and_the_rest_goes_on(open_context, sign_in, maker):
    page = open_context(viewport=PHONE, java_script_enabled=False).new_page()
    sign_in(page, maker)
    page.goto(address(MY))
    fill_in(page, MY)
    page.get_by_label("Attachment").set_input_files({**PAPER, "buffer": b"MZ a program"})
    page.get_by_role("button", name="See the rate").click()
    expect(page.get_by_text("isn’t what its name says").last).to_be_visible()
    expect(page.get_by_label("Document Number")).to_have_value("INV-2026/11")
    page.get_by_label("Attachment").set_input_files(PAPER)
    page.get_by_role("button", name="See the rate").click()
    page.get_by_role("button", name="Change something").click()
    expect(page.get_by_label("Document Number")).to_have_value("INV-2026/11")
    page.get_by_role("button", name="See the rate").click()
    expect(page.get_by_text("invoice.pdf")).to_be_visible()
    page.get_by_role("button", name="Create Transfer").click()
    expect(page.get_by_text("It waits for an approver")).to_be_visible()
