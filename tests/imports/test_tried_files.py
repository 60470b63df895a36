"""Files that public bug reports describe, made for these tests (tests/data/files): each is read right, or named."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flipdash.actors import SYSTEM
from flipdash.tables import Checker, FileRows, Import, Outcome, kinds, read_file
from tests.workbooks import make_xls, make_xlsx, sheet_xml, xlsx_parts, zipped

FILES = Path(__file__).parent.parent / "data" / "files"
NOW = datetime(2026, 11, 27, tzinfo=UTC)
MARCH = datetime(2026, 2, 28, 7, 5, tzinfo=UTC)
HEADER = (
    "Transaction ID,Status,Destination Type,Bank,Account Number,Beneficiary Name,Amount,Fee,Remark,Maker Name,"
    "Created From,Created Date,Completed Date"
)
ROW = (
    "BUG-1,Successful,Bank,bca,0012345678,Siti Rahmawati,1250000,2500,Nota 7,Ratna Sari,Dashboard,"
    "2025-10-01 10:00:00,2025-10-01 10:03:00"
)


def transfers() -> Import:
    business: Any = SimpleNamespace(pk=1, name="Kopi Kita", time_zone="Asia/Jakarta")
    return kinds()["money-transfer"](business=business, mode="live", by=SYSTEM, source="", now=NOW)


def check(data: bytes | str) -> tuple[list[dict[str, Any]], Outcome, FileRows]:
    """Return the good records by the names of their fields, what is wrong, and the file."""
    kind = transfers()
    with tempfile.TemporaryFile() as stream:
        stream.write(data.encode() if isinstance(data, str) else data)
        rows = read_file(stream, kind.header_names)
        checker = Checker(kind, rows)
        records = [dict(zip(kind.columns, record, strict=True)) for record in checker.good()]
    return records, checker.outcome, rows


def one_of(name: str) -> dict[str, Any]:
    """Return the one record of a file without faults."""
    records, outcome, _rows = check((FILES / name).read_bytes())
    assert outcome.faults == []
    assert len(records) == 1
    return records[0]


@pytest.mark.parametrize("name", ["fee-error.xlsx", "fee-formula.xlsx", "fee-lookup.xls"])
def test_a_fee_that_is_an_error_or_a_formula_without_a_value_is_no_zero(name):
    records, outcome, _rows = check((FILES / name).read_bytes())
    assert records == []
    assert {fault.column for fault in outcome.faults} == {"Fee"}
    words = {fault.words for fault in outcome.faults}
    assert all("not a value" in text or "whose result the file doesn’t hold" in text for text in words)


def test_each_kind_of_error_is_named_with_its_cell_in_both_formats():
    errors = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")
    cells = [ROW.split(",") for _error in errors]
    xml = sheet_xml([HEADER.split(","), *cells])
    for row, error in enumerate(errors, 2):
        xml = xml.replace(
            f'<c r="I{row}" t="inlineStr"><is><t xml:space="preserve">Nota 7</t></is></c>',
            f'<c r="I{row}" t="e"><v>{error}</v></c>',
        )
    _records, outcome, _rows = check(zipped(xlsx_parts({"Data": xml})))
    found = [(fault.line, fault.cell) for fault in outcome.faults if fault.column == "Remark"]
    assert found == list(enumerate(errors, 2))


def test_a_cell_that_is_an_error_in_a_column_nobody_reads_is_no_fault():
    xml = sheet_xml([[*HEADER.split(","), "Kurs"], [*ROW.split(","), "x"]])
    broken = xml.replace(
        '<c r="N2" t="inlineStr"><is><t xml:space="preserve">x</t></is></c>', '<c r="N2" t="e"><v>#N/A</v></c>'
    )
    assert broken != xml
    records, outcome, _rows = check(zipped(xlsx_parts({"Data": broken})))
    assert (len(records), outcome.faults) == (1, [])


@pytest.mark.parametrize("name", ["id-excel-time.csv", "dash-dates.csv"])
def test_times_as_indonesian_spreadsheets_and_others_write_them(name):
    assert one_of(name)["created_at"] == MARCH


def test_a_day_without_a_time():
    assert one_of("date-only.csv")["created_at"] == datetime(2026, 2, 27, 17, tzinfo=UTC)


@pytest.mark.parametrize("name", ["sep-line.csv", "preamble.csv"])
def test_lines_above_the_header(name):
    assert one_of(name)["account_number"] == "0012345678"


def test_lines_above_are_counted_as_an_editor_does():
    _records, outcome, rows = check(f"Laporan transfer\n\nPeriode: Oktober\n{HEADER}\n{ROW.replace('Bank', 'Kartu')}\n")
    assert [(fault.record, fault.line) for fault in outcome.faults] == [(2, 5)]
    assert [(row.line, row.cells) for row in rows.above] == [(1, ["Laporan transfer"]), (3, ["Periode: Oktober"])]


def test_a_header_further_down_than_thirty_lines_is_not_looked_for():
    _records, outcome, _rows = check("x\n" * 31 + f"{HEADER}\n{ROW}\n")
    assert "lacks these columns" in outcome.faults[0].reason


@pytest.mark.parametrize("number", ["0012 3456 78", "0012-3456-78", '"=""0012345678"""', "'0012345678"])
def test_account_numbers_in_groups_or_kept_as_text(number):
    records, outcome, _rows = check(f"{HEADER}\n{ROW.replace('0012345678', number)}\n")
    assert outcome.faults == []
    assert records[0]["account_number"] == "0012345678"


def test_an_e_wallet_with_its_country_in_groups():
    row = ROW.replace("Bank,bca,0012345678", "E-Wallet,gopay,+62 812-3456-7890")
    assert check(f"{HEADER}\n{row}\n")[0][0]["account_number"] == "081234567890"


def test_account_in_a_file():
    assert one_of("eq-account.csv")["account_number"] == "0012345678"


def test_noise_behind_the_fifteenth_digit_is_rounded_away():
    assert one_of("float-noise-raw.xlsx")["fee"] == 3_000


def test_sen_are_still_no_rupiah():
    cells = ROW.split(",")
    _records, outcome, _rows = check(make_xlsx([HEADER.split(","), [*cells[:7], 3000.5, *cells[8:]]]))
    assert [fault.column for fault in outcome.faults] == ["Fee"]


def test_rows_that_a_filter_hides_are_counted():
    records, _outcome, rows = check((FILES / "filtered-rows.xlsx").read_bytes())
    assert (len(records), rows.hidden_rows, rows.hidden_sheet) == (3, 2, "")


def test_a_hidden_sheet_is_named_when_it_is_the_only_table():
    _records, _outcome, rows = check((FILES / "hidden-sheet.xlsx").read_bytes())
    assert (rows.hidden_sheet, rows.ignored_sheets) == ("Lama", ["Laporan"])


@pytest.mark.parametrize("make", [make_xlsx, make_xls])
def test_sheets_that_people_see_come_before_hidden_ones(make):
    table = [HEADER.split(","), ROW.split(",")]
    records, _outcome, rows = check(make(**{"Ringkasan": [["x"]], "Data": table}))
    assert (len(records), rows.hidden_sheet, rows.hidden_rows) == (1, "", 0)


def test_a_visible_table_is_read_and_the_hidden_one_beside_it_is_not():
    table = [HEADER.split(","), ROW.split(",")]
    parts = xlsx_parts({"Lama": table, "Baru": [table[0], [cell.replace("BUG-1", "BUG-2") for cell in table[1]]]})
    book = str(parts["xl/workbook.xml"]).replace('name="Lama"', 'name="Lama" state="hidden"')
    records, _outcome, rows = check(zipped({**parts, "xl/workbook.xml": book}))
    assert [record["external_id"] for record in records] == ["BUG-2"]
    assert (rows.ignored_sheets, rows.hidden_sheet) == (["Lama"], "")
