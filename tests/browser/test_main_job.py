"""The main job: past transfers are imported, found, filtered, looked at, and taken home as .xls."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlrd
from django.core.management import call_command
from django.db.models import Q, QuerySet, Sum
from playwright.sync_api import Locator, Page, expect
from python_calamine import CalamineWorkbook

from documents.models import Report
from tests import factories
from transactions.models import MoneyTransfer, Status

DATA = Path(__file__).parent.parent / "data" / "money-transfers.csv"
WANTED = "58000003"
"""The old id of the transfer to be found: Luwes Nashiruddin, S.IP; 0066166304 at BRI; Rp938.101; INV/2025/076381."""
CELLS = """rows => rows.map(row => [...row.cells].map(cell => {
  const time = cell.querySelector("time"), text = cell.querySelector("bdi");
  return time ? time.dateTime : text ? text.textContent : cell.textContent.trim().replace(/^–$/, "");
}))"""
"""What each row of the table says, with the whole time instead of the short one."""
ZONE = " (WIB)"


class Screen:
    """Money Transfer → Transaction History as a person uses it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.table = page.get_by_role("region", name="Transaction History").locator("table")
        self.chips = page.get_by_role("list", name="Applied search and filters")
        self.panel = page.locator("[data-filter] > .panel")

    def open(self) -> None:
        self.page.goto("/money-transfers/")

    def search(self, words: str) -> None:
        self.page.get_by_role("searchbox", name="Search").fill(words)
        self.page.keyboard.press("Enter")
        # What was typed is no attribute, so the page is the new one.
        expect(self.page.get_by_role("searchbox", name="Search")).to_have_attribute("value", words)

    @contextmanager
    def filter(self) -> Iterator[Locator]:
        """Open the filter's panel, and apply what was set in it."""
        self.page.locator("summary", has_text="Filter").click()
        yield self.panel
        self.panel.get_by_role("button", name="Apply").click()
        expect(self.panel).to_be_hidden()

    def chip(self, name: str) -> Locator:
        name_of_it = self.page.locator(".chip__name", has_text=re.compile(f"^{re.escape(name)}$"))
        return self.chips.get_by_role("listitem").filter(has=name_of_it)

    def remove_chip(self, name: str) -> None:
        self.page.get_by_role("link", name=f"Remove filter {name}", exact=True).click()
        expect(self.chip(name)).to_have_count(0)

    def shows(self, expected: QuerySet) -> None:
        """The count says how many, and the first page begins with the newest of them."""
        count = expected.count()
        assert count, "a search or filter that finds nothing shows nothing"
        words = f"{count:,} transaction{'s' if count != 1 else ''}"
        expect(self.page.locator(".pager__count")).to_have_text(words)
        newest = newest_first(expected)[:50]
        expect(self.table.locator("tbody .cell--id a")).to_have_text([str(pk) for pk in newest])

    def rows(self) -> list[list[str]]:
        return self.table.locator("tbody tr").evaluate_all(CELLS)

    def turn(self, button: str) -> bool:
        """Press Older or Newer; False at the end."""
        link = self.page.get_by_role("link", name=button, exact=True)
        if not link.count():
            return False
        address = self.page.url
        link.click()
        self.page.wait_for_function("address => location.href !== address", arg=address)
        return True

    def all_rows(self) -> list[list[str]]:
        """Every row of every page, from this page on."""
        rows = self.rows()
        while self.turn("Older"):
            rows += self.rows()
        return rows


@pytest.fixture
def history(kopi_kita, toko_sebelah) -> QuerySet:
    """5,000 imported transfers, 30 of today in a batch, and what nobody of Kopi Kita may see in Live Mode."""
    call_command("import_history", "money-transfer", str(DATA), "--business", kopi_kita.slug)
    batch = factories.make_batch(kopi_kita, "Payroll Nov 2026")
    for number in range(3):
        factories.make_transfer(
            kopi_kita, batch=batch, beneficiary_name=f"Karyawan {number}", amount=4_000_000 + number
        )
    factories.make_transfer(kopi_kita, mode="test", amount=938_101, account_number="0066166304")
    factories.make_transfer(toko_sebelah, beneficiary_name="Luwes Nashiruddin", amount=938_101)
    return MoneyTransfer.objects.filter(business=kopi_kita, mode="live")


@pytest.fixture
def screen(page, sign_in, admin, history) -> Screen:
    sign_in(page, admin)
    return Screen(page)


def test_the_main_job(screen, history, worker, tmp_path):
    find_one_by_each_field(screen, history)
    narrow_by_each_filter(screen, history)
    see_what_filters_hide(screen, history)

    shown = narrow_to_many_pages(screen, history)
    rows = walk_to_the_end_and_back(screen, shown)
    press_create_report(screen.page, worker)
    file = download(screen.page, "R000001", tmp_path)

    assert re.fullmatch(r"Kopi-Kita_Money-Transfer_2026-01-01_2026-02-28_WIB_R000001\.xls", file.name)
    headers = screen.table.locator("thead th").all_text_contents()
    for sheet in (read_by_xlrd(file), read_by_calamine(file)):
        assert [as_the_screen_says(row, headers) for row in sheet] == rows
        assert [row["External ID"] for row in sheet] == [*newest_first(shown, "external_id")]
    check_summary(file, shown, ("Status", "Successful"), ("Bank / VA / E-Wallet", "E-Wallet"))
    find_it_under_reports(screen.page, file, tmp_path)
    take_home_everything(screen, history, worker, tmp_path)


# --- Finding and narrowing -----------------------------------------------------------------------------------


def find_one_by_each_field(screen: Screen, history: QuerySet) -> None:
    wanted = history.get(external_id=WANTED)
    one = history.filter(pk=wanted.pk)
    screen.open()
    searches = {
        str(wanted.pk): one,
        WANTED: one,
        "0066166304": one,
        "006616": history.filter(account_number__startswith="006616"),
        "6304": history.filter(Q(account_number__startswith="6304") | Q(account_number__endswith="6304")),
        "Rp938.101": one,
        "938,101": one,
        "938101": one,
        "nashirud": history.filter(beneficiary_name__icontains="nashirud"),
        "2025/0763": history.filter(remark__contains="2025/0763"),
    }
    for words, expected in searches.items():
        assert expected.contains(wanted), words
        screen.search(words)
        screen.shows(expected)
    screen.page.get_by_role("link", name="Clear all").click()
    expect(screen.chips).to_have_count(0)
    screen.shows(history)


def narrow_by_each_filter(screen: Screen, history: QuerySet) -> None:
    with screen.filter() as panel:
        panel.get_by_label("From").fill("2026-03-01")
        panel.get_by_label("To").fill("2026-03-31")
    screen.shows(history.filter(created_at__gte=wib("2026-03-01"), created_at__lt=wib("2026-04-01")))
    with screen.filter() as panel:
        panel.get_by_label("Completed Date").check()
    screen.shows(history.filter(completed_at__gte=wib("2026-03-01"), completed_at__lt=wib("2026-04-01")))
    expect(screen.chip("Completed Date").locator(".chip__value")).to_have_text("1 – 31 Mar 2026")
    screen.remove_chip("Completed Date")

    boxes = {
        "Status": ({"Failed", "Cancelled"}, Q(status__in=["failed", "cancelled"])),
        "Bank / VA / E-Wallet": ({"VA"}, Q(destination_kind="va")),
        "Created via": ({"API"}, Q(via="api")),
    }
    for name, (words, condition) in boxes.items():
        with screen.filter() as panel:
            for word in words:
                panel.get_by_role("group", name=name, exact=True).get_by_label(word, exact=True).check()
        screen.shows(history.filter(condition))
        screen.remove_chip(name)
    lists = {
        "Single bank": ("BCA · Bank Central Asia", Q(bank="bca")),
        "Batch": ("Payroll Nov 2026", Q(batch__name="Payroll Nov 2026")),
    }
    for name, (word, condition) in lists.items():
        with screen.filter() as panel:
            panel.get_by_label(name).select_option(label=word)
        screen.shows(history.filter(condition))
        expect(screen.chip(name).locator(".chip__value")).to_have_text(word)
        screen.remove_chip(name)
    screen.shows(history)


def see_what_filters_hide(screen: Screen, history: QuerySet) -> None:
    with screen.filter() as panel:
        panel.get_by_label("Failed", exact=True).check()
    screen.search("Nashiruddin, S.IP")
    message = "1 transaction matches “Nashiruddin, S.IP”, but your filters hide it"
    expect(screen.page.get_by_role("heading", name=message)).to_be_visible()
    screen.page.get_by_role("link", name="Search without filters").click()
    screen.shows(history.filter(external_id=WANTED))


def narrow_to_many_pages(screen: Screen, history: QuerySet) -> QuerySet:
    screen.open()
    with screen.filter() as panel:
        panel.get_by_label("From").fill("2026-01-01")
        panel.get_by_label("To").fill("2026-02-28")
        panel.get_by_label("Successful", exact=True).check()
        panel.get_by_label("E-Wallet", exact=True).check()
    dates = Q(created_at__gte=wib("2026-01-01"), created_at__lt=wib("2026-03-01"))
    shown = history.filter(dates, status="successful", destination_kind="ewallet")
    screen.shows(shown)
    return shown


def walk_to_the_end_and_back(screen: Screen, shown: QuerySet) -> list[list[str]]:
    first_page, rows = screen.rows(), screen.all_rows()
    assert [row[0] for row in rows] == [str(pk) for pk in newest_first(shown)]
    assert len(rows) > 75, "three pages and a bit, at least"
    while screen.turn("Newer"):
        pass
    assert screen.rows() == first_page
    return rows


def newest_first(rows: QuerySet, field: str = "id") -> QuerySet:
    return rows.order_by("-created_at", "-id").values_list(field, flat=True)


def wib(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T00:00:00+07:00")


# --- The report ----------------------------------------------------------------------------------------------


def press_create_report(page: Page, worker) -> list[int | None]:
    """Press Create Report and return what the header's progress showed, until the report was ready.

    The worker goes on in short slices and is held still at each look, so that a fast machine sees it move too.
    None stands for a bar that can't tell yet how far it is.
    """
    bar = page.locator("#tray progress")
    seen: list[int | None] = []
    with worker.paused():
        page.get_by_role("button", name="Create Report").click()
        page.get_by_role("dialog", name="Create Report").get_by_role("button", name="Create Report").click()
        expect(bar).to_be_visible()
        seen.append(value_of(bar))
        reference = Report.objects.latest("number").reference
        while report := report_further_than(seen[-1] or 0, worker):
            expect(page.locator("#tray")).to_contain_text(f"{report.rows_done:,} of {report.rows_total:,} rows")
            seen.append(value_of(bar))
            assert seen[-1] == report.rows_done
    expect(page.locator("#tray").get_by_role("link", name=f"Download {reference}")).to_be_visible()
    expect(bar).to_have_count(0)
    return seen


def report_further_than(done: int, worker) -> Report | None:
    """Let the worker go on until it has written more rows; None when the report is finished."""
    end = time.monotonic() + 60
    while report := Report.objects.unfinished().first():
        if report.rows_done > done:
            return report
        assert time.monotonic() < end, "the report makes no progress"
        with worker.going():
            time.sleep(0.005)
    return None


def value_of(bar: Locator) -> int | None:
    value = bar.get_attribute("value")
    return None if value is None else int(value)


def download(page: Page, reference: str, folder: Path) -> Path:
    with page.expect_download() as wait:
        page.get_by_role("link", name=f"Download {reference}").click()
    file = folder / wait.value.suggested_filename
    wait.value.save_as(file)
    return file


def find_it_under_reports(page: Page, file: Path, folder: Path) -> None:
    menu = page.get_by_role("navigation", name="Main menu")
    menu.get_by_text("Document", exact=True).click()
    menu.get_by_role("link", name="Reports").click()
    main = page.get_by_role("main")
    expect(main.get_by_role("listitem").filter(has_text=file.name)).to_contain_text("Ready")
    (folder / "again").mkdir()
    assert download(page, "R000001", folder / "again").read_bytes() == file.read_bytes()


def take_home_everything(screen: Screen, history: QuerySet, worker, folder: Path) -> None:
    screen.open()
    values = press_create_report(screen.page, worker)
    numbers = [value for value in values if value is not None]
    assert values[0] is None, "it waits before anybody knows how many rows there are"
    assert len(set(numbers)) > 2, f"too few steps: {values}"
    assert numbers == sorted(numbers)
    file = download(screen.page, "R000002", folder)
    check_summary(file, history, ("Search and filters", "None: everything"))
    assert [row["Transaction ID"] for row in read_by_xlrd(file)] == [str(pk) for pk in newest_first(history)]


Row = dict[str, Any]


def read_by_xlrd(file: Path) -> list[Row]:
    """Return the rows of Data 1, each cell checked for its type, with "" for an empty one."""
    book = xlrd.open_workbook(file)
    assert book.sheet_names() == ["Summary", "Data 1"]
    sheet = book.sheet_by_name("Data 1")
    headers = sheet.row_values(0)
    rows = [dict(zip(headers, sheet.row(number), strict=True)) for number in range(1, sheet.nrows)]
    return [{header: typed(header, cell, book.datemode) for header, cell in row.items()} for row in rows]


def typed(header: str, cell: xlrd.sheet.Cell, datemode: int) -> Any:
    if cell.ctype in {xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK}:
        return ""
    is_date, is_money = header.endswith(ZONE), header in {"Amount", "Fee"}
    assert cell.ctype == (xlrd.XL_CELL_DATE if is_date else xlrd.XL_CELL_NUMBER if is_money else xlrd.XL_CELL_TEXT)
    if is_date:
        return to_the_second(xlrd.xldate.xldate_as_datetime(cell.value, datemode))
    return cell.value


def read_by_calamine(file: Path) -> list[Row]:
    """Return the rows of Data 1 with the types that calamine finds."""
    book = CalamineWorkbook.from_path(file)
    assert book.sheet_names == ["Summary", "Data 1"]
    headers, *rows = book.get_sheet_by_name("Data 1").to_python()
    for row in rows:
        for header, value in zip(headers, row, strict=True):
            kind = datetime if str(header).endswith(ZONE) else int | float if header in {"Amount", "Fee"} else str
            assert value == "" or isinstance(value, kind), (header, value)
    return [
        {str(h): to_the_second(v) if isinstance(v, datetime) else v for h, v in zip(headers, row, strict=True)}
        for row in rows
    ]


def to_the_second(at: datetime) -> datetime:
    """A sheet's day is a float, so a reader may be some microseconds off."""
    return (at + timedelta(milliseconds=500)).replace(microsecond=0)


def as_the_screen_says(row: Row, headers: list[str]) -> list[str]:
    """Write a sheet's row as the table of the page does."""
    return [said(header, row[header + ZONE if header.endswith("Date") else header]) for header in headers]


def said(header: str, value: Any) -> str:
    if value == "":
        return ""
    if isinstance(value, datetime):
        return f"{value.isoformat()}+07:00"
    if isinstance(value, int | float):
        assert value == int(value)
        return f"Rp{int(value):,}"
    if header == "Transfer Destination":
        return re.sub(r" \((\S+)\)$", r" \1", value)
    return value.split()[0] if header == "Maker Name" else value


def check_summary(file: Path, shown: QuerySet, *filters: tuple[str, str]) -> None:
    """The sheet Summary says whose rows these are, how they were found, and what they come to per status."""
    sheet = xlrd.open_workbook(file).sheet_by_name("Summary")
    lines = [sheet.row_values(number) for number in range(sheet.nrows)]
    said = {line[0]: line[1] for line in lines if line[0]}
    assert said["Business"] == "PT Kopi Kita Nusantara"
    assert said["NPWP"] == "0123456789012345"
    assert (said["Mode"], said["Made by"]) == ("Live Mode", "Rina Admin")
    assert file.stem.endswith(said["Report ID"])
    assert said["Rows"] == shown.count()
    for label, words in filters:
        assert [label, words] in [line[:2] for line in lines]
    for status in Status:
        sums = shown.filter(status=status).aggregate(amount=Sum("amount"), fee=Sum("fee"))
        line = [[line[0], *line[1:4]] for line in lines if line[0] == status.label]
        count = shown.filter(status=status).count()
        assert line == ([[status.label, count, sums["amount"], sums["fee"]]] if count else [])
