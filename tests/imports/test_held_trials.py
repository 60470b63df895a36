"""Trials of files that held after public bug reports, H1 to H15 of tests/test_trials.py.

Each file is like the report's; what has to be read is read right, the rest is refused by name.
"""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
import xlwt

from tests.imports.test_tried_files import HEADER, ROW, check
from tests.workbooks import make_xls, make_xlsx, sheet_xml, xlsx_parts, zipped

FIRST, SECOND = datetime(2025, 10, 1, 3, tzinfo=UTC), datetime(2025, 10, 1, 3, 3, tzinfo=UTC)
CELLS = ROW.split(",")
AMOUNT, REMARK, NAME = 6, 8, 5


def with_cell(place: int, value: str, *, quoted: bool = True) -> str:
    cells = list(CELLS)
    cells[place] = f'"{value}"' if quoted else value
    return f"{HEADER}\n{','.join(cells)}\n"


def reasons(data: bytes | str) -> list[str]:
    return [fault.reason for fault in check(data)[1].faults]


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        *(("1.250.000,00", 1_250_000), ("Rp 1.250.000", 1_250_000), ("Rp1.250.000,-", 1_250_000)),
        *(("IDR 1,250,000.00", 1_250_000), ("1.250", 1_250), ("Rp\u00a01.250.000", 1_250_000), ("1250000", 1_250_000)),
    ],
)
def test_h1_an_amount_as_people_write_it_is_never_a_hundred_times_as_much(written, amount):
    records, outcome, _rows = check(with_cell(AMOUNT, written))
    assert (outcome.faults, records[0]["amount"]) == ([], amount)


@pytest.mark.parametrize("written", ["1,25", "1250000.50", "1 250 000", "1'250'000", "-1250000", "(1250000)", "+5000"])
def test_h1_an_amount_that_could_be_another_is_refused(written):
    assert len(reasons(with_cell(AMOUNT, written))) == 1


@pytest.mark.parametrize("form", ["xlsx", "xls"])
def test_h4_dates_counted_from_1904_are_right(form):
    days = [
        (at - datetime(1904, 1, 1)).total_seconds() / 86_400
        for at in (datetime(2025, 10, 1, 10), datetime(2025, 10, 1, 10, 3))
    ]
    row: list[Any] = [*CELLS[:11], *days]
    if form == "xls":
        old = xlwt.Workbook()
        old.dates_1904 = True
        sheet, style = old.add_sheet("A"), xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss")
        for x, name in enumerate(HEADER.split(",")):
            sheet.write(0, x, name)
            sheet.write(1, x, row[x], *([style] if x > 10 else []))
        file = io.BytesIO()
        old.save(file)
        content = file.getvalue()
    else:
        xml = sheet_xml([HEADER.split(","), row])
        for day in days:
            xml = xml.replace(f"><v>{day!r}</v>", f' s="1"><v>{day!r}</v>')
        parts = xlsx_parts({"A": xml})
        parts["xl/workbook.xml"] = str(parts["xl/workbook.xml"]).replace(
            "<sheets>", '<workbookPr date1904="1"/><sheets>'
        )
        content = zipped(parts)
    records, outcome, _rows = check(content)
    assert outcome.faults == []
    assert (records[0]["created_at"], records[0]["completed_at"]) == (FIRST, SECOND)


def test_h5_no_second_is_lost():
    row: list[Any] = [*CELLS[:11], datetime(2020, 7, 4, 10), datetime(2020, 7, 4, 10, 0, 1)]
    records, outcome, _rows = check(make_xlsx([HEADER.split(","), row]))
    assert outcome.faults == []
    assert (records[0]["created_at"].second, records[0]["completed_at"].second) == (0, 1)


@pytest.mark.parametrize("make", [make_xlsx, make_xls])
def test_h6_blank_rows_and_columns_are_no_records(make):
    blank: list[Any] = [""] * 13
    rows = [[*HEADER.split(","), "", ""], *[blank] * 30, [*CELLS, "", ""], *[blank] * 30]
    records, outcome, _rows = check(make(rows))
    assert (len(records), outcome.faults) == (1, [])


def test_h7_blank_lines_before_the_header_and_files_without_one():
    assert check(f"\n\n{HEADER}\n{ROW}\n")[1].faults == []
    assert "lacks these columns" in reasons(f"{ROW}\n{ROW}\n")[0]
    assert reasons(f"{HEADER}\n") == ["the file has a header and no records"]
    assert reasons("") == ["the file is empty"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_h8_encodings_that_say_what_they_are_are_read(encoding):
    text = with_cell(NAME, "Siti Ñurül").replace("\n", "\r")
    data = text.encode("utf-16-be" if encoding == "utf-16-be" else encoding)
    records, outcome, _rows = check((b"\xfe\xff" if encoding == "utf-16-be" else b"") + data)
    assert (outcome.faults, records[0]["beneficiary_name"]) == ([], "Siti Ñurül")


def test_h8_windows_1252_is_refused_with_what_to_do():
    assert "CSV UTF-8" in reasons(with_cell(NAME, "Siti Ñurül").encode("cp1252"))[0]


def test_h9_cells_of_several_lines_and_stray_quotes():
    records, outcome, _rows = check(with_cell(REMARK, "baris\ndua"))
    assert (outcome.faults, records[0]["remark"]) == ([], "baris\ndua")
    assert check(with_cell(NAME, 'PT ""Kopi"" Jaya'))[0][0]["beneficiary_name"] == 'PT "Kopi" Jaya'
    assert check(with_cell(NAME, 'PT "Kopi" Jaya', quoted=False))[0][0]["beneficiary_name"] == 'PT "Kopi" Jaya'
    broken = check(with_cell(NAME, 'PT "Kopi" Jaya'))[1]
    assert (broken.faults[0].line, "quotation mark" in broken.faults[0].reason) == (2, True)
    assert "control character" in reasons(with_cell(NAME, "Siti\nRahmawati"))[0]


def test_h10_two_styles_of_dates_refuse_the_whole_file():
    other = ROW.replace("BUG-1", "BUG-2").replace("2025-10-01 10:00:00", "01/10/2025 10:00:00")
    _records, outcome, _rows = check(f"{HEADER}\n{ROW}\n{other}\n")
    assert outcome.is_doubtful


def test_h11_an_account_that_is_a_number_is_refused():
    row: list[Any] = [*CELLS]
    row[4] = 12345678
    assert "drops zeros in front" in reasons(make_xlsx([HEADER.split(","), row]))[0]


def test_h12_a_title_above_is_passed_over_and_a_total_below_is_named():
    total = ["Total", *[""] * 5, "1250000", *[""] * 6]
    records, outcome, _rows = check(make_xlsx([["Riwayat"], ["Kopi Kita"], [], HEADER.split(","), CELLS, total]))
    assert len(records) == 1
    assert {fault.line for fault in outcome.faults} == {6}
    assert not outcome.is_doubtful  # so that it can be left out


def test_h13_an_error_in_a_name_or_an_amount_is_named():
    for place in (NAME, AMOUNT):
        row: list[Any] = [*CELLS]
        row[place] = "#N/A"
        xml = sheet_xml([HEADER.split(","), row])
        cell = f'<c r="{chr(65 + place)}2" t="inlineStr"><is><t xml:space="preserve">#N/A</t></is></c>'
        xml = xml.replace(cell, f'<c r="{chr(65 + place)}2" t="e"><v>#N/A</v></c>')
        assert reasons(make_xlsx(A=xml)) == ["is an error in the workbook, not a value"]


def test_h14_one_id_twice_in_a_file_is_named():
    assert reasons(f"{HEADER}\n{ROW}\n{ROW}\n") == ["stands in record 2 already"]


def test_h15_semicolons_and_indonesian_headers_in_capitals():
    header = (
        "ID TRANSAKSI;STATUS;TIPE TUJUAN;BANK TUJUAN;NO. REKENING;NAMA PENERIMA;JUMLAH;BIAYA;KETERANGAN;"
        "DIBUAT OLEH;DIBUAT DARI; Tanggal Dibuat ;TANGGAL SELESAI"
    )
    row = ROW.replace("Successful", "Berhasil").replace(",", ";").replace("Dashboard", "Dasbor")
    records, outcome, _rows = check(f"{header}\n{row}\n")
    assert (outcome.faults, records[0]["status"]) == ([], "successful")
    assert "not a final state" in reasons(f"{header}\n{row.replace('Berhasil', 'Diproses')}\n")[0]
