"""The three formats, written by themselves: types, sheets, and text that would like to be a formula (trust: E1)."""

import csv
import io
import re
import struct
import zipfile
from datetime import datetime
from decimal import Decimal

import openpyxl
import pytest
import python_calamine
import xlrd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xlrd.compdoc import CompDoc

from documents.reports.writers import WRITERS, Heading, sheets
from flipdash.tables.guard import guarded

STARTS_A_FORMULA = re.compile(r"[\s\x00-\x1f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*[=+\-@＝＋－＠]")
WAKES = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.test","Klik")',
    "=WEBSERVICE(A1)",
    "=@SUM(A1)",
    "==1",
    "=",
    '="',
    "=1,2;3",
    "={1}",
    "=\u200b1",
    "+62812345678",
    "+1+1",
    "+",
    "++1",
    "+A1",
    "-1",
    "-",
    "--1",
    "-2+3+cmd|' /C calc'!A0",
    "-A1",
    "@kasir",
    "@SUM(1+9)*cmd|' /C calc'!A0",
    "@",
    "@@",
    " =1",
    "   =1+1",
    "\u00a0=1+1",
    "\u3000=1+1",
    " +1",
    " -1",
    " @a",
    "\t=1",
    "\tTab",
    "\t",
    "\r=1",
    "\rCR",
    "\n=1",
    "\nLF",
    "\n",
    "\r\n=1",
    "\x00=1",
    "\x00",
    "\x00NUL",
    "\x01=1",
    "\x0b=1",
    "\x0c=1",
    "\x1b=1",
    "\x1f@a",
    "\x7f=1",
    "\x85=1",
    "\u200b=1",
    "\u200e=1",
    "\u202e=1",
    "\u2066=1",
    "\ufeff=1",
    "\u00ad=1",
    "＝1+1",
    "＋1",
    "－1",
    "＠a",
    " \t\u200b =1",
    "'=1",  # a reader takes one ' away again, and it has to be ours
]
HARMLESS = [
    "00123",
    "1E+15",
    "TRUE",
    "2026-11-01",
    '"=1',
    "a=1",
    "<b>x</b>",
    "<r><t>x</t></r>",
    '<r></r></is></c><c r="A9"><f>1+1</f></c><c><is><r></r>',
    "_x003D_1+1",
    "_x0041_",
    "&amp;1=1",
    "]]>",
    "a,b;c\td",
    "say \"hi\", 'ho'",
    "two\nlines",
    "🎉 gajian",
    "عبد الرحمن",
    "陈伟强",
    "http://evil.test/",
    "mailto:a@b.test",
    "x" * 300,
]
TEXTS = WAKES + HARMLESS
AT = datetime.fromisoformat("2026-11-03 16:05:09")
HEADINGS = [Heading("Name", "text"), Heading("Amount", "rupiah"), Heading("At (WIB)", "datetime")]


@pytest.fixture
def write(tmp_path):
    """Return what writes rows in a format, and gives the path."""

    def one(format, rows, headings=HEADINGS, summary=(), **options):
        path = tmp_path / f"report.{format}.part"
        writer = WRITERS[format](path, headings, **options)
        writer.summary("Money Transfer", summary)
        writer.rows(rows)
        writer.close()
        return path

    return one


def by_xlrd(path):
    return xlrd.open_workbook(path, formatting_info=True)


def by_openpyxl(path):
    return openpyxl.load_workbook(io.BytesIO(path.read_bytes()))


def by_calamine(path):
    return python_calamine.load_workbook(io.BytesIO(path.read_bytes()))


def unescaped(text):
    """Read ECMA-376's _xHHHH_, which openpyxl leaves to its user."""
    return re.sub(r"_x([0-9A-F]{4})_", lambda match: chr(int(match[1], 16)), text)


# --- Text stays text ----------------------------------------------------------------------------------------


def hostile_rows():
    return [[text, 1, AT] for text in TEXTS]


def records_of(path):
    """Yield the kind of each record of an .xls."""
    content = path.read_bytes()
    book, start, length = CompDoc(content).locate_named_stream("Workbook")
    at, end = start, start + length
    while at < end:
        kind, size = struct.unpack_from("<HH", book, at)
        yield kind
        at += 4 + size


def test_there_are_at_least_60_hostile_texts():
    assert len(set(WAKES)) >= 60


def test_an_xls_holds_hostile_text_unchanged_quoted_and_without_a_formula(write):
    path = write("xls", hostile_rows(), summary=[(text, text) for text in TEXTS])
    book = by_xlrd(path)
    sheet = book.sheet_by_name("Data 1")
    assert sheet.col_values(0, 1) == TEXTS
    assert book.sheet_by_name("Summary").col_values(1, 2) == TEXTS
    texts = [cell for each in book.sheets() for row in each.get_rows() for cell in row if cell.value in TEXTS]
    assert len(texts) == 3 * len(TEXTS)
    assert {cell.ctype for cell in texts} == {xlrd.XL_CELL_TEXT}
    styles = [book.xf_list[cell.xf_index] for cell in texts]
    assert {style.lotus_123_prefix for style in styles} == {1}
    assert {book.format_map[style.format_key].format_str for style in styles} == {"@"}
    kinds = set(records_of(path))
    assert 0x00FD in kinds, "labels are found this way"
    assert not kinds & {0x0006, 0x0206, 0x0406, 0x0207, 0x0221, 0x04BC}, "formulas, their strings, arrays"
    seen = [row[0] for row in by_calamine(path).get_sheet_by_name("Data 1").to_python()[1:]]
    assert seen == [text.removeprefix("\ufeff") for text in TEXTS]  # calamine takes a BOM away


def test_an_xlsx_holds_hostile_text_unchanged_quoted_and_without_a_formula(write):
    path = write("xlsx", hostile_rows(), summary=[(text, text) for text in TEXTS])
    book = by_openpyxl(path)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert "f" not in {cell.data_type for cell in cells}
    assert [unescaped(cell.value) for cell in book["Data 1"]["A"][1:]] == TEXTS
    texts = [*book["Data 1"]["A"][1:], *book["Summary"]["A"][2:], *book["Summary"]["B"][2:]]
    assert len(texts) == 3 * len(TEXTS)
    assert {(cell.data_type, cell.quotePrefix, cell.number_format) for cell in texts} == {("s", True, "@")}
    assert all(cell.hyperlink is None for cell in cells)
    with zipfile.ZipFile(path) as parts:
        assert b"<f>" not in b"".join(parts.read(name) for name in parts.namelist())
    seen = [row[0] for row in by_calamine(path).get_sheet_by_name("Data 1").to_python()[1:]]
    assert [text.replace("\r\n", "\n") for text in seen] == [text.replace("\r\n", "\n") for text in TEXTS]


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_csv_puts_a_quote_before_what_would_wake_and_nothing_else(write, separator):
    path = write("csv", hostile_rows(), separator=separator)
    with path.open(encoding="utf-8-sig", newline="") as file:
        _header, *rows = csv.reader(file, delimiter=separator)
    assert [row[0] for row in rows] == [f"'{text}" for text in WAKES] + HARMLESS
    assert {tuple(row[1:]) for row in rows} == {("1", "2026-11-03 16:05:09")}


# --- Types, sheets, sums --------------------------------------------------------------------------------------


ROWS = [
    ["0012345678901234567", 1_240_500, AT],
    ["7000000000000000001", 999_999_999_999_999, datetime.fromisoformat("2000-01-01 00:00:01")],
    ["", None, None],
    [None, -5, datetime.fromisoformat("2099-12-31 23:59:59")],
    ["x" * 40_000, 0, AT],
]


def test_both_books_hold_the_same_typed_cells(write):
    expected = [[value or (0 if value == 0 else "") for value in row] for row in ROWS]
    expected[-1][0] = "x" * 32_767
    for format in ("xls", "xlsx"):
        seen = by_calamine(write(format, ROWS)).get_sheet_by_name("Data 1").to_python()
        assert seen[0] == [heading.label for heading in HEADINGS]
        assert [[v.replace(microsecond=0) if hasattr(v, "hour") else v for v in row] for row in seen[1:]] == expected
    sheet = by_openpyxl(write("xlsx", ROWS))["Data 1"]
    assert [cell.data_type for cell in sheet[2]] == ["s", "n", "d"]
    assert [cell.number_format for cell in sheet[2]] == ["@", "#,##0", "yyyy-mm-dd hh:mm:ss"]


def test_a_csv_holds_bom_ids_with_every_digit_plain_figures_and_full_dates(write):
    content = write("csv", ROWS[:4]).read_bytes()
    assert content == (
        b"\xef\xbb\xbfName,Amount,At (WIB)\r\n"
        b"0012345678901234567,1240500,2026-11-03 16:05:09\r\n"
        b"7000000000000000001,999999999999999,2000-01-01 00:00:01\r\n"
        b",,\r\n"
        b",-5,2099-12-31 23:59:59\r\n"
    )


@pytest.mark.parametrize("format", ["xls", "xlsx"])
@pytest.mark.parametrize(("rows", "lengths"), [(0, [1]), (4, [5]), (5, [5, 2]), (9, [5, 5, 2])])
def test_a_next_sheet_begins_before_the_last_is_overfull(write, monkeypatch, format, rows, lengths):
    assert sheets.ROWS_A_SHEET + 1 <= 65_536
    monkeypatch.setattr(sheets, "ROWS_A_SHEET", 4)
    book = by_calamine(write(format, [[str(n), n, AT] for n in range(rows)]))
    data = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names[1:]]
    assert book.sheet_names == ["Summary", *(f"Data {n}" for n in range(1, len(lengths) + 1))]
    assert [len(sheet) for sheet in data] == lengths
    assert {tuple(sheet[0]) for sheet in data} == {("Name", "Amount", "At (WIB)")}
    assert [row[0] for sheet in data for row in sheet[1:]] == [str(n) for n in range(rows)]


def test_every_data_sheet_is_frozen_under_its_header_and_filtered(write, monkeypatch):
    monkeypatch.setattr(sheets, "ROWS_A_SHEET", 2)
    rows = [[str(n), n, AT] for n in range(3)]
    for sheet in by_openpyxl(write("xlsx", rows)).worksheets[1:]:
        assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", f"A1:C{sheet.max_row}")
    for sheet in by_xlrd(write("xls", rows)).sheets()[1:]:
        assert (sheet.panes_are_frozen, sheet.horz_split_pos) == (1, 1)


@pytest.mark.parametrize("format", ["xls", "xlsx", "csv"])
def test_an_amount_shows_its_own_decimals(write, format):
    """A column of foreign amounts has those of each row's currency."""
    amounts = [Decimal("1500"), Decimal("12.50"), Decimal("3.125"), Decimal("0E-2")]
    path = write(format, [[amount] for amount in amounts], [Heading("Received", "decimal")])
    if format == "csv":
        assert path.read_text("utf-8-sig").split() == ["Received", "1500", "12.50", "3.125", "0.00"]
        return
    expected = ["#,##0", "#,##0.00", "#,##0.000", "#,##0.00"]
    if format == "xlsx":
        cells = by_openpyxl(path)["Data 1"]["A"][1:]
        assert [(cell.value, cell.number_format) for cell in cells] == [
            (float(amount), shown) for amount, shown in zip(amounts, expected, strict=True)
        ]
        return
    book = by_xlrd(path)
    cells = book.sheet_by_name("Data 1").col(0, 1)
    assert [cell.value for cell in cells] == [float(amount) for amount in amounts]
    assert [book.format_map[book.xf_list[cell.xf_index].format_key].format_str for cell in cells] == expected


@pytest.mark.parametrize("separator", [",", ";"])
def test_nothing_wakes_when_the_file_is_opened_with_the_other_separator(tmp_path, separator):
    """It knows nothing of the quotes around this one's fields, so a cell can begin inside of them."""
    other = ";,"[separator == ";"]
    texts = [
        f"kopi{place}{text};x" for text in WAKES for place in (other, "\n", "\t", f'{other}"', f"{other} ", "\r\n")
    ]
    path = tmp_path / "report.csv"
    writer = WRITERS["csv"](path, [Heading("A", "text"), Heading("B", "text")], separator)
    writer.columns([["a"] * len(texts), texts])
    writer.close()
    for opened_with in (separator, other, "\t"):
        # As a spreadsheet does that sees no field begin with a quote: lines first, then cells.
        lines = re.split("[\r\n]+", path.read_text(encoding="utf-8-sig"))
        cells = [cell.lstrip('"') for line in lines for cell in line.split(opened_with)]
        if opened_with != separator:
            assert not [cell for cell in cells if STARTS_A_FORMULA.match(cell)]
    with path.open(encoding="utf-8-sig", newline="") as file:
        _header, *rows = csv.reader(file, delimiter=separator)
    assert [row[1].replace("'", "") for row in rows] == [text.replace("'", "") for text in texts]


@given(
    rows=st.lists(
        st.tuples(st.text() | st.none(), st.integers() | st.none(), st.text(alphabet=',;"\r\n a=-')), min_size=1
    ),
    separator=st.sampled_from(",;"),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_csv_is_what_pythons_own_writer_would_write(tmp_path, rows, separator):
    """A whole column at once is quoted as field by field."""
    path = tmp_path / "report.csv"
    writer = WRITERS["csv"](path, [Heading("A", "text"), Heading("B", "rupiah"), Heading("C", "text")], separator)
    writer.rows(rows)
    writer.close()
    expected = io.StringIO(newline="")
    by_python = csv.writer(expected, delimiter=separator)
    by_python.writerow(["A", "B", "C"])
    by_python.writerows([guarded(v, separator) if isinstance(v, str) else v for v in row] for row in rows)
    assert path.read_bytes().decode("utf-8-sig") == expected.getvalue()


@pytest.mark.parametrize("texts", [["", "a"], ["a", None, 'say "hi"']])
def test_a_line_of_one_empty_field_is_still_a_line(tmp_path, texts):
    writer = WRITERS["csv"](tmp_path / "report.csv", [Heading("A", "text")], ",")
    writer.columns([texts])
    writer.close()
    with (tmp_path / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [["A"], *([text or ""] for text in texts)]
