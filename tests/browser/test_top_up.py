"""Topping up the deposit, from the form to the report, as a Deposit Admin does (issue 5); and how its pages look."""

from datetime import UTC, datetime
from threading import Event, Thread

import pytest
import python_calamine
from axe_playwright_python.sync_playwright import Axe
from django.db import connections
from playwright.sync_api import expect

from accounts.permissions import Role
from deposits import ledger, tasks
from deposits.ledger import Source
from deposits.models import TopUp
from flipdash import clock, rls
from flipdash.actors import Actor
from tests import factories


@pytest.fixture
def sweeping(settings):
    """The sweep that beat queues within two seconds, for something waits."""
    settings.SIMULATED_BANK_SECONDS = 1
    is_over = Event()

    def sweep():
        while not is_over.wait(0.5):
            tasks.sweep_top_ups()
        connections.close_all()

    thread = Thread(target=sweep)
    thread.start()
    yield
    is_over.set()
    thread.join()


def test_a_deposit_admin_tops_up_and_sees_it_credited(page, sign_in, kopi_kita, worker, sweeping, tmp_path):
    member = factories.make_member(kopi_kita, Role.DEPOSIT_ADMIN, name="Dewi Deposit")
    for status, amount in (("top_up", 250_000_417), ("hold", 90_002_500), ("settlement", 1_146_000), ("hold", 77_500)):
        factories.make_entry(kopi_kita, status=status, amount=amount, created_at=clock.now())

    def balance() -> int:
        return ledger.balance(member.scope("live"), using="operator").available

    before = balance()
    sign_in(page, member)
    page.goto("/deposit/top-up-history/")
    page.get_by_role("link", name="Top-Up Deposit").click()
    page.get_by_text("Rp5,000,000", exact=True).click()
    expect(page.get_by_role("textbox", name="Or type another amount")).to_have_value("5,000,000")
    page.get_by_role("radio", name="BCA").check()
    page.get_by_label("Note").fill("Modal akhir bulan")
    page.get_by_role("button", name="Continue to Payment").click()
    expect(page.get_by_text("Transfer exactly")).to_be_visible()
    top_up = TopUp.objects.using("operator").get()
    expect(page.locator(".payment__figure")).to_have_text(f"Rp{top_up.exact_amount:,}")
    page.evaluate("window.sameDocument = true")
    page.get_by_role("button", name="I Have Transferred").click()
    expect(page.get_by_text("Being checked")).to_be_visible()
    page.evaluate("window.sameDocument = true")
    expect(page.get_by_text("is in your deposit")).to_be_visible()
    assert page.evaluate("window.sameDocument"), "credited without reloading"
    assert balance() == before + top_up.exact_amount
    shown = page.locator(".header__deposit")
    page.get_by_role("link", name="See it in Top-Up History").click()
    expect(shown).to_contain_text(f"Rp{balance():,}")
    expect(page.get_by_text("Credited to the deposit")).to_be_visible()
    page.goto("/deposit/top-up-history/")
    row = page.locator("tbody tr").filter(has_text=str(top_up.pk))
    expect(row).to_contain_text("Successful")
    expect(row).to_contain_text(f"Rp{top_up.exact_amount:,}")

    page.get_by_role("link", name="Deposit History").click()
    row = page.locator("tbody tr").filter(has_text=str(top_up.pk))
    expect(row).to_contain_text(f"+Rp{top_up.exact_amount:,}")
    expect(row).to_contain_text(f"Rp{balance():,}")
    page.get_by_role("button", name="Create Report").click()
    page.get_by_role("dialog").get_by_role("button", name="Create Report").click()
    expect(page.locator("#tray")).to_contain_text("R000001")
    page.goto("/documents/reports/")
    link = page.get_by_role("link", name="Download R000001")
    for _turn in range(60):
        if link.count():
            break
        page.wait_for_timeout(1_000)
        page.reload()
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename.endswith(".xls")
    download.value.save_as(tmp_path / "report.xls")
    book = python_calamine.load_workbook(tmp_path / "report.xls")
    summary = {line[0]: line[1] for line in book.get_sheet_by_name("Summary").to_python()}
    heads, *rows = book.get_sheet_by_name("Data 1").to_python()
    assert str(top_up.pk) in rows[-1], "the oldest comes first"
    assert sum(row[heads.index("Amount")] for row in rows) == balance()
    assert summary["Opening balance"] + summary["Credits"] - summary["Debits"] == summary["Closing balance"]
    assert summary["Closing balance"] == rows[-1][heads.index("Balance after")] == balance()


def test_the_countdown_and_the_sender_of_an_atm_transfer(page, sign_in, admin):
    top_up = factories.make_top_up(admin)
    sign_in(page, admin)
    page.goto(f"/deposit/top-ups/{top_up.pk}/")
    left = page.locator("[data-countdown]")
    before = left.text_content()
    assert before.startswith("23:59:")
    expect(left).not_to_have_text(before)
    sender = page.get_by_label("Sender’s bank")
    expect(sender).to_be_hidden()
    page.get_by_label("I transfer using an ATM Transfer").check()
    expect(sender).to_be_visible()
    page.get_by_role("button", name="I Have Transferred").click()
    expect(page.get_by_role("alert")).to_contain_text("An ATM transfer is told apart by this.")
    expect(sender).to_be_visible()
    page.get_by_role("link", name="Cancel Top-Up").click()
    page.get_by_role("button", name="Yes, cancel it").click()
    expect(page.get_by_text("was cancelled")).to_be_visible()


def test_a_maker_gets_neither_button_nor_page(page, sign_in, kopi_kita, admin):
    top_up = factories.make_top_up(admin)
    sign_in(page, factories.make_member(kopi_kita, Role.MAKER))
    for address in ("/deposit/", "/deposit/history/", "/deposit/top-up-history/"):
        assert page.goto(address).status == 200
        expect(page.get_by_role("link", name="Top-Up Deposit")).to_have_count(0)
    page.goto(f"/deposit/top-up-history/{top_up.pk}/")
    expect(page.get_by_text("Waiting for payment").first).to_be_visible()
    expect(page.get_by_role("link", name="Payment", exact=True)).to_have_count(0)
    for address in ("top-up/", f"top-ups/{top_up.pk}/", f"top-ups/{top_up.pk}/cancellation/"):
        assert page.goto(f"/deposit/{address}").status == 403
        expect(page.get_by_text("Top Up Deposit")).to_be_visible()


STATEMENT = "document.querySelector('.table-wrap').scrollWidth - document.querySelector('.table-wrap').clientWidth"


@pytest.mark.parametrize("language", ["en", "id"])
def test_deposit_history_fits_at_every_width(open_context, sign_in, scope, admin, language):
    admin.user.language = language
    admin.user.save(update_fields=["language"])
    rina = Actor.named("Rina " * 10)
    with rls.inside(scope):
        for number, at in enumerate([datetime(2025, 12, 28, 23, 59, tzinfo=UTC), clock.now()]):
            source, how = Source("money_transfer", 2_611_221_528_282_822_810 + number), {"effective_at": at, "by": rina}
            ledger.top_up(scope, Source("top_up", source.id), amount=98_765_432_100, bank="bca", **how)
            ledger.hold(scope, source, amount=98_765_000_000, **how)
            ledger.release(scope, source, amount=98_765_000_000, **how)
    page = open_context(viewport={"width": 1440, "height": 900}).new_page()
    sign_in(page, admin)
    page.goto("/deposit/history/")
    for width in (1440, 1280, 1088, 1087, 1024, 960, 900, 899, 800, 768, 720, 700, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert (width, page.evaluate(STATEMENT)) == (width, 0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_pages_pass_axe(open_context, sign_in, admin, width, scheme):
    page = open_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True).new_page()
    sign_in(page, admin)
    waiting, checking = factories.make_top_up(admin), factories.make_top_up(admin, bank="bri")
    entry = factories.make_entry(admin.business)
    page.goto(f"/deposit/top-ups/{checking.pk}/")
    page.get_by_role("button", name="I Have Transferred").click()
    for address in (
        "/deposit/top-up/",
        f"/deposit/top-ups/{waiting.pk}/",
        f"/deposit/top-ups/{checking.pk}/",
        f"/deposit/top-ups/{waiting.pk}/cancellation/",
        "/deposit/top-up-history/",
        f"/deposit/top-up-history/{waiting.pk}/",
        "/deposit/",
        "/deposit/history/",
        f"/deposit/history/{entry.pk}/",
    ):
        page.goto(address)
        found = Axe().run(page, options={"preload": False}).response["violations"]
        assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found] == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
