"""A workbook reads as the same table's .csv, and says what it has lost."""

import csv
import io
import tempfile
from datetime import datetime
from pathlib import Path

import pytest

from flipdash.tables import Number, Unreadable, digits, identifier, read_file, rupiah, text
from tests.workbooks import make_xls, make_xlsx, sheet_xml

SAMPLE = Path(__file__).parent.parent / "data" / "money-transfers.csv"
NAMES = ("Transaction ID", "Status", "Account Number", "Amount", "Created Date", "Completed Date", "Remark")
HEADER = ["Transaction ID", "Amount", "Remark"]
MAKERS = {"xlsx": make_xlsx, "xls": make_xls}


def rows_of(data: bytes):
    """Return the cells of a file's rows, and what read them."""
    with tempfile.TemporaryFile() as stream:
        stream.write(data)
        rows = read_file(stream, NAMES)
        return [row.cells for row in rows], rows


def refusal_of(data: bytes) -> str:
    with pytest.raises(Unreadable) as problem:
        rows_of(data)
    return str(problem.value)


@pytest.fixture(params=["xlsx", "xls"])
def make(request):
    return MAKERS[request.param]


def test_the_sample_as_a_workbook_of_texts_is_the_sample(make):
    lines = list(csv.reader(io.StringIO(SAMPLE.read_text(encoding="utf-8"))))[:500]
    cells, rows = rows_of(make(lines))
    assert cells == lines
    assert rows.about == 499


def test_dates_and_whole_numbers_read_as_in_a_csv(make):
    at = datetime(2025, 10, 1, 2, 11, 6)
    midnight = datetime(2025, 10, 2)
    cells, _ = rows_of(
        make([["Transaction ID", "Amount", "Created Date", "Completed Date"], ["7", 5000, at, midnight]])
    )
    assert cells[1] == ["7", "5000", "2025-10-01 02:11:06", "2025-10-02 00:00:00"]
    assert isinstance(cells[1][1], Number)
    assert not isinstance(cells[1][0], Number)


def test_every_second_of_a_day_survives_the_fractions_of_a_spreadsheet():
    moments = [datetime(2025, 10, 1, s // 3600, s // 60 % 60, s % 60) for s in range(0, 86_400, 7)]
    cells, _ = rows_of(make_xlsx([["Transaction ID", "Created Date"], *(["1", at] for at in moments)]))
    assert [row[1] for row in cells[1:]] == [str(at) for at in moments]


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "0"),
        (-5, "-5"),
        (12.5, "12.5"),
        (1234.567, "1234.567"),
        (1e-7, "0.0000001"),
        (999_999_999_999_999, "999999999999999"),
        (1_234_567_890_123_456, "1.23456789012346E+15"),
        (58000000.0, "58000000"),
    ],
)
def test_numbers_are_written_out_and_those_that_lost_digits_show_it(make, number, written):
    assert rows_of(make([HEADER, ["x", number, "y"]]))[0][1][1] == written


@pytest.mark.parametrize(
    ("clean", "number", "reason"),
    [
        (digits(32), "8932879217", "drops zeros in front"),
        (digits(32), "1.23456789012346E+15", "shortened"),
        (identifier(64), "1.23456789012346E+18", "shortened"),
        (identifier(64), "58000000.5", "decimals"),
        (identifier(64), "-5", "decimals"),
        (rupiah, "1234.567", "rupiah have no decimals"),
        (rupiah, "1.25", "rupiah have no decimals"),
        (rupiah, "-5", "no sign"),
        (rupiah, "1.23456789012346E+15", "shortened"),
        (text(100), "1.23456789012346E+15", "shortened"),
    ],
)
def test_a_number_that_may_have_lost_something_is_a_fault(clean, number, reason):
    with pytest.raises(ValueError, match=reason):
        clean(Number(number))


def test_a_number_that_lost_nothing_is_read():
    assert identifier(64)(Number("58000000")) == "58000000"
    assert rupiah(Number("1250000")) == 1_250_000
    assert rupiah("1.234") == 1_234  # as a text it is one with thousands
    assert text(100)(Number("12.5")) == "12.5"


def test_lines_are_those_of_the_sheet_and_records_are_counted_from_the_header(make):
    data = make([["Laporan bulan Oktober"], [], HEADER, ["1", "5", "a"], [], ["2", "6", "b"]])
    with tempfile.TemporaryFile() as stream:
        stream.write(data)
        found = [(row.number, row.line, row.cells[0]) for row in read_file(stream, NAMES)]
    assert found == [(1, 3, "Transaction ID"), (2, 4, "1"), (3, 6, "2")]


def test_a_cell_beside_the_table_is_not_cut_off(make):
    cells, _ = rows_of(make([HEADER, ["1", "5", "a", "", "note"], ["2", "6", "b"]]))
    assert [len(row) for row in cells] == [3, 5, 3]


def test_the_sheet_with_the_header_is_read_and_the_others_are_named(make):
    cells, rows = rows_of(make(Summary=[["Business", "PT Kopi Kita"]], Empty=[], Data=[HEADER, ["1", "5", "a"]]))
    assert cells == [HEADER, ["1", "5", "a"]]
    assert rows.ignored_sheets == ["Summary"]


def test_a_sheet_with_a_header_and_nothing_else_is_no_second_table(make):
    cells, rows = rows_of(make(Template=[HEADER], Data=[HEADER, ["1", "5", "a"]]))
    assert len(cells) == 2
    assert rows.ignored_sheets == ["Template"]


def test_several_sheets_with_records_are_named(make):
    assert "several sheets hold records: “Data 1”, “Data 2”" in refusal_of(
        make(**{"Data 1": [HEADER, ["1", "5", "a"]], "Data 2": [HEADER, ["2", "5", "a"]]})
    )


def test_a_workbook_without_a_known_header_gives_its_first_row_as_one(make):
    assert rows_of(make([["Tanggal", "Saldo"], ["x", "y"]]))[0] == [["Tanggal", "Saldo"], ["x", "y"]]


def test_an_empty_workbook_gives_no_rows(make):
    assert rows_of(make([]))[0] == []


def test_merged_cells_are_named_by_their_place():
    records = [HEADER, ["1", "5", "a"], ["2", "6", "b"]]
    titled = [["Laporan"], *records]
    assert rows_of(make_xlsx(Data=sheet_xml(titled, ("A1:C1",))))[0] == records
    assert "the header’s cells B2:C2 are merged" in refusal_of(make_xlsx(Data=sheet_xml(titled, ("B2:C2",))))
    assert "the header’s cells A1:A2 are merged" in refusal_of(make_xlsx(Data=sheet_xml(titled, ("A1:A2",))))
    assert "record 2, line 3: the cells B3:B4 are merged" in refusal_of(make_xlsx(Data=sheet_xml(titled, ("B3:B4",))))
    assert "the header’s cells B1:C1 are merged" in refusal_of(
        make_xls([["Transaction ID", "Amount"], *records[1:]], merged=(0, 0, 1, 2))
    )
