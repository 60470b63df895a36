"""Receipts on their way to others: found, sent, read without signing in, revoked; and many at once."""

import io
from datetime import timedelta
from hashlib import sha256

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from documents.models import ReceiptFile
from flipdash import clock, rls
from flipdash.models import Message
from tests import factories
from tests.browser.looking import focus_problems, outline_problems, problems_of

CLICKS = """addEventListener("click", (event) => {
  if (event.detail) sessionStorage.clicks = Number(sessionStorage.clicks ?? 0) + 1;
}, true)"""
"""Counts what is pressed with the mouse, over all pages; Enter presses a form's button without a detail."""


@pytest.fixture(autouse=True)
def addresses(settings, live_server):
    """Let mails lead to this server."""
    settings.SITE_URL = live_server.url


@pytest.fixture
def sri(kopi_kita):
    """What the review looked for: Rp1,850,000 to Sri, last week; and others like it."""
    last_week = clock.now() - timedelta(days=7)
    for name, amount, at in (
        ("Sri Wahyuni", 1_850_000, clock.now()),
        ("Sri Kusuma", 185_000, last_week),
        ("Dewi Lestari", 1_850_000, last_week),
    ):
        factories.make_transfer(kopi_kita, beneficiary_name=name, amount=amount, created_at=at)
    return factories.make_transfer(
        kopi_kita, beneficiary_name="Sri Wahyuni", amount=1_850_000, fee=2_500, created_at=last_week
    )


def looks(page: Page) -> list[str]:
    return [*problems_of(page), *outline_problems(page), *focus_problems(page)]


def test_the_receipt_of_last_weeks_transfer_to_sri_in_three_clicks(open_context, page, sign_in, admin, sri, worker):
    sign_in(page, admin)
    page.add_init_script(CLICKS)
    page.goto("/money-transfers/")
    page.keyboard.press("/")
    page.keyboard.type("sri 1850000 last week")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name=str(sri.pk)).click()
    page.get_by_role("link", name="Send Receipt").click()
    page.get_by_label("Email").fill("sri@example.com")
    page.get_by_role("button", name="Send Receipt").click()
    expect(page.get_by_text("The receipt is on its way to sri@example.com.")).to_be_visible()
    assert int(page.evaluate("sessionStorage.clicks")) == 3
    assert Message.objects.filter(to="sri@example.com").count() == 1
    assert looks(page) == []

    page.goto("/outbox/")
    mail = page.get_by_role("article", name="Kopi Kita: receipt of Rp1,850,000")
    address = mail.get_by_role("link").get_attribute("href")

    reader = open_context(viewport={"width": 390, "height": 844}, accept_downloads=True).new_page()
    reader.goto(address)
    for said in ("Transfer receipt", "Rp1,850,000", "Sri Wahyuni", "PT Kopi Kita Nusantara", str(sri.pk)):
        expect(reader.locator("main")).to_contain_text(said)
    expect(reader.locator("main")).not_to_contain_text("Rp2,500")
    assert looks(reader) == []
    with reader.expect_download() as download:
        reader.get_by_role("link", name="Receipt (PDF)").click()
    assert download.value.suggested_filename.startswith("Receipt_Sri-Wahyuni_Rp1.850.000_")

    page.goto(f"/documents/receipts/money-transfers/{sri.pk}/sending/")
    page.get_by_role("button", name="Revoke what was sent to sri@example.com").click()
    expect(page.get_by_text("The link is revoked")).to_be_visible()
    expect(page.get_by_text("Revoked", exact=True)).to_be_visible()
    reader.reload()
    expect(reader.get_by_role("heading", name="No receipt here")).to_be_visible()
    assert looks(reader) == []


def test_a_link_is_made_and_copied(open_context, sign_in, admin, sri):
    context = open_context(viewport={"width": 1440, "height": 900}, permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    sign_in(page, admin)
    page.goto(f"/documents/receipts/money-transfers/{sri.pk}/sending/")
    page.get_by_role("button", name="Create Link").click()
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    reader = open_context(viewport={"width": 1440, "height": 900}).new_page()
    reader.goto(page.evaluate("navigator.clipboard.readText()"))
    expect(reader.locator("main")).to_contain_text("Rp1,850,000")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_receipt_that_is_waited_for_downloads_by_itself(open_context, sign_in, admin, sri, worker, scripts):
    context = open_context(viewport={"width": 390, "height": 844}, java_script_enabled=scripts, accept_downloads=True)
    page = context.new_page()
    sign_in(page, admin)
    page.goto(f"/money-transfers/{sri.pk}/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Receipt (PDF)").click()
    with rls.inside_of(sri.business_id, sri.mode):
        made = ReceiptFile.objects.get(row_id=sri.pk)
    assert download.value.suggested_filename == made.file_name
    assert sha256(download.value.path().read_bytes()).hexdigest() == made.sha256
    expect(page.get_by_role("heading", name="Receipt (PDF)", level=1)).to_be_visible()
    if scripts:
        expect(page.get_by_role("link", name="Receipt (PDF)")).to_be_visible()
        assert looks(page) == []


def test_a_wrong_address_is_said_beside_its_field_and_stays_without_scripts_too(open_context, sign_in, admin, sri):
    for scripts in (True, False):
        page = open_context(viewport={"width": 390, "height": 844}, java_script_enabled=scripts).new_page()
        sign_in(page, admin)
        page.goto(f"/documents/receipts/money-transfers/{sri.pk}/sending/")
        page.get_by_label("Email").fill("sri@example.com, dewi@example.com")
        page.get_by_role("button", name="Send Receipt").click()
        expect(page.locator(".field--bad")).to_contain_text("Write one address")
        expect(page.get_by_label("Email")).to_have_value("sri@example.com, dewi@example.com")
    assert not Message.objects.filter(to__contains="example.com").exists()


def test_all_that_the_filter_shows_become_one_file(page, sign_in, admin, sri, worker):
    sign_in(page, admin)
    page.goto("/money-transfers/?q=sri")
    page.get_by_role("button", name="Create Report").click()
    dialog = page.get_by_role("dialog", name="Create Report")
    expect(dialog.get_by_label("Show the fee")).to_be_hidden()
    dialog.get_by_label(".pdf").check()
    dialog.get_by_label("Show the fee").uncheck()
    assert list(problems_of(page)) == []
    page.get_by_role("button", name="Create Report").click()
    expect(page.locator("#tray")).to_contain_text("3 receipts")
    expect(page.locator("#tray")).to_contain_text("R000001")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download R000001").click()
    pages = PdfReader(io.BytesIO(download.value.path().read_bytes())).pages
    assert len(pages) == 3
    assert all("Sri" in page.extract_text() and "Rp2,500" not in page.extract_text() for page in pages)
