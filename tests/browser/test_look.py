"""How the histories are worked: the keyboard is enough, scripts are not needed. See test_every_page.py too."""

import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from devtools.local.processes import wait_until
from documents.models import Report
from flipdash import histories
from tests import factories
from tests.browser.looking import WIDTHS
from tests.factories import make_entry, make_transfer
from transactions.models import Status

TRANSFERS = "/money-transfers/"


@pytest.fixture
def transfers(kopi_kita) -> None:
    """One transfer in each state, and enough others for a second page."""
    for status in Status:
        make_transfer(kopi_kita, status=status, beneficiary_name=f"{status.label} One", remark="tagihan")
    make_transfer(kopi_kita, returned_at=timezone.now(), events=True)


@pytest.fixture
def second_page(kopi_kita, transfers) -> None:
    """Enough newer transfers for a second page."""
    for number in range(50):
        make_transfer(kopi_kita, beneficiary_name=f"Kedai Nomor {number}", created_at=timezone.now())


@pytest.fixture
def at_width(open_context, sign_in) -> Callable:
    """Return what signs a member in, in a window of some width."""

    def sign_in_at(width: int, member, **options) -> Page:
        page = open_context(viewport={"width": width, "height": WIDTHS[width]}, **options).new_page()
        sign_in(page, member)
        return page

    return sign_in_at


# --- The keyboard --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", factories.MAKERS)
def test_keys_search_move_open_leave_and_explain(page, sign_in, admin, kopi_kita, name):
    for _row in range(4):
        factories.MAKERS[name](kopi_kita)
    sign_in(page, admin)
    page.goto(f"/{name}/")
    search = page.get_by_role("searchbox", name="Search")
    current = page.locator("tr.is-current")
    page.keyboard.press("/")
    expect(search).to_be_focused()
    page.keyboard.type("kedai")
    page.keyboard.press("Escape")
    expect(search).to_have_value("")
    page.keyboard.press("Escape")
    expect(search).not_to_be_focused()

    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()

    rows = page.locator("tbody tr")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(rows.nth(1)).to_have_class(re.compile("is-current"))
    page.keyboard.press("k")
    expect(rows.nth(0)).to_have_class(re.compile("is-current"))
    expect(current).to_have_count(1)
    page.keyboard.press("Escape")
    expect(current).to_have_count(0)

    page.keyboard.press("j")
    number = current.get_by_role("link").inner_text()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/{name}/{number}/$"))


def test_search_filter_open_and_back_by_keyboard_alone(page, sign_in, admin, transfers):
    sign_in(page, admin)
    press = page.keyboard.press
    press("/")
    page.keyboard.type("tagihan")
    press("Enter")
    expect(page.locator("tbody tr")).to_have_count(len(Status))

    expect(page.get_by_role("searchbox", name="Search")).to_be_focused()
    press("Tab")
    expect(page.locator("summary", has_text="Filter")).to_be_focused()
    press("Enter")
    tab_to(page, page.get_by_label("Failed", exact=True))
    press("Space")
    press("Enter")
    names = page.locator("[data-label='Beneficiary Name']")
    expect(names).to_have_text(["Failed One"])
    filtered = page.url

    press("j")
    press("Enter")
    expect(page.get_by_role("heading", name="What happened")).to_be_visible()
    tab_to(page, page.get_by_role("navigation", name="Breadcrumb").get_by_role("link"))
    page.go_back()  # Alt+Left does nothing in headless Chromium
    expect(page).to_have_url(filtered)
    expect(names).to_have_text(["Failed One"])


def tab_to(page: Page, wanted) -> None:
    """Press Tab until it has the focus."""
    for _ in range(40):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab never comes to {wanted}")


# --- Without scripts -----------------------------------------------------------------------------------------


def test_everything_works_without_scripts(at_width, admin, second_page, worker, tmp_path):
    page = at_width(1440, admin, java_script_enabled=False)
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(50)
    page.get_by_role("link", name="Older").click()
    expect(rows).to_have_count(len(Status) + 1)
    page.get_by_role("link", name="Newer").click()
    expect(rows).to_have_count(50)

    page.get_by_role("searchbox", name="Search").fill("tagihan")
    page.keyboard.press("Enter")
    expect(rows).to_have_count(len(Status))
    page.locator("summary", has_text="Filter").click()
    page.get_by_label("Failed", exact=True).check()
    page.get_by_role("button", name="Apply").click()
    expect(rows).to_have_count(1)
    rows.get_by_role("link").click()
    expect(page.get_by_role("heading", name="What happened")).to_be_visible()
    page.go_back()

    page.get_by_role("button", name="Create Report").click()
    expect(page.get_by_role("heading", name="Create Report")).to_be_visible()
    page.get_by_role("button", name="Create Report").click()
    expect(page.locator("#tray .report__name")).to_be_visible()
    wait_until(lambda: Report.objects.get().status == "ready", seconds=30, what="The report")
    page.goto("/documents/reports/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download R000001").click()
    download.value.save_as(tmp_path / "report.xls")
    assert (tmp_path / "report.xls").read_bytes().startswith(b"\xd0\xcf\x11\xe0"), "a real .xls"


# --- On paper ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", factories.MAKERS)
def test_a_printed_history_says_whose_it_is_and_shows_whole_texts(page, sign_in, admin, kopi_kita, name, tmp_path):
    long = "Perkumpulan Petani Kopi Arabika Dataran Tinggi Gayo Sejahtera"
    field = "sender_name" if name == "payments" else "beneficiary_name"
    for _row in range(51):
        factories.MAKERS[name](kopi_kita, **{field: long})
    sign_in(page, admin)
    page.goto(f"/{name}/")
    paper = tmp_path / "printed.pdf"
    page.pdf(path=paper, prefer_css_page_size=True)
    pages = PdfReader(paper).pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert pages[0].mediabox.width > pages[0].mediabox.height
    assert len(pages) <= 5
    assert "Kopi Kita" in text
    assert str(histories.get(name).section) in text
    assert "Sejahtera" in text
    for control in ("Create Report", "Filter", "Older", "Live Mode"):
        assert control not in text
    assert "50 of 51 transactions." in text, "how much of it is on paper"
    assert re.search(rf"As of \d+ \w+ \d{{4}}, \d\d:\d\d WIB, printed by {admin.name}", text)


def test_a_printed_overview_has_figures_and_no_field(page, sign_in, admin, kopi_kita, tmp_path):
    make_entry(kopi_kita, amount=1_234_567_890_123, created_at=timezone.now())
    sign_in(page, admin)
    page.goto("/deposit/")
    paper = tmp_path / "printed.pdf"
    page.pdf(path=paper, prefer_css_page_size=True)
    text = " ".join(" ".join(sheet.extract_text() for sheet in PdfReader(paper).pages).split())
    assert text.count("Rp1,234,567,890,123") >= 4, "available, its line, now, and the day"
    assert "printed by" in text
    for control in ("Warn below", "Save", "Top-Up Deposit"):
        assert control not in text


@pytest.mark.parametrize("width", [320, 390, 720, 900, 1440])
def test_a_figure_never_breaks(page, sign_in, admin, kopi_kita, width):
    make_entry(kopi_kita, amount=1_234_567_890_123, created_at=timezone.now())
    sign_in(page, admin)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/deposit/")
    lines = page.evaluate(
        """() => [...document.querySelectorAll(".stat dd, .statement td")].map((cell) => {
            const range = document.createRange(); range.selectNodeContents(cell.firstChild ?? cell);
            return [cell.firstChild?.textContent.trim(), new Set([...range.getClientRects()].map((r) => r.top)).size]
        }).filter(([words]) => words)"""
    )
    assert len(lines) > 6
    assert [words for words, on in lines if on != 1] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_card_of_the_deposit_says_which_figure_is_the_balance(page, sign_in, admin, kopi_kita):
    make_entry(kopi_kita, amount=85_000, created_at=timezone.now())
    sign_in(page, admin)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/deposit/history/")
    balance = page.locator("tbody .cell--fee").first
    assert balance.evaluate("cell => getComputedStyle(cell, '::before').content") == '"· Balance after "'


def test_a_printed_transaction_is_one_sheet_with_its_timeline(page, sign_in, admin, kopi_kita, tmp_path):
    transfer = make_transfer(kopi_kita, events=True)
    sign_in(page, admin)
    page.goto(f"{TRANSFERS}{transfer.pk}/")
    paper = tmp_path / "printed.pdf"
    page.pdf(path=paper, prefer_css_page_size=True)
    (sheet,) = PdfReader(paper).pages
    for words in ("Kopi Kita", str(transfer.pk), "What happened", "Created"):
        assert words in sheet.extract_text()
    assert "Receipt (PDF)" not in sheet.extract_text()
