"""The .xlsx writer: what is given is what two readers see, whatever it looks like (trust: E1)."""

import io
import re
import tracemalloc
import zipfile
from datetime import datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree

import openpyxl
import pytest
import python_calamine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from documents.reports.writers import Heading, sheets
from documents.reports.writers.xlsx import XlsxWriter, letters

AT = datetime.fromisoformat("2026-11-03 16:05:09")
HEADINGS = [Heading("Text", "text"), Heading("Figure", "rupiah"), Heading("Time", "datetime")]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.from_regex(
    "_x[0-9A-Fa-f]{4}_", fullmatch=True
)
FIGURES = st.integers(-(10**15), 10**15) | st.decimals(-(10**12), 10**12, places=2)
TIMES = st.datetimes(datetime(1900, 3, 1), datetime(9999, 12, 31)).map(lambda at: at.replace(microsecond=0))
EMPTY = st.none() | st.just("")


def write(path, rows, headings=HEADINGS):
    writer = XlsxWriter(path, headings)
    writer.summary("Money Transfer", [("Business", "PT Kopi & Kita"), (), ("Rows", 3)])
    writer.rows(rows)
    writer.close()
    return path


def unescaped(text):
    """Read ST_Xstring's _xHHHH_, which openpyxl leaves to its user."""
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), text)


def seen_by_openpyxl(path):
    sheet = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))["Data 1"]
    seen = {}
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            if cell.value is not None:
                value = unescaped(cell.value) if isinstance(cell.value, str) else cell.value
                seen[cell.row - 2, cell.column - 1] = to_the_second(value)
    return seen


def to_the_second(value):
    return (value + timedelta(milliseconds=500)).replace(microsecond=0) if isinstance(value, datetime) else value


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(st.tuples(TEXTS | EMPTY, FIGURES | EMPTY, TIMES | EMPTY), max_size=60))
def test_what_is_given_is_what_is_seen(tmp_path_factory, rows):
    path = write(tmp_path_factory.mktemp("xlsx") / "a.xlsx", rows)
    given_ = {
        (line, column): float(value) if column == 1 else value
        for line, row in enumerate(rows)
        for column, value in enumerate(row)
        if value is not None and value != ""
    }
    seen = seen_by_openpyxl(path)
    assert seen.keys() == given_.keys()
    assert {place: value for place, value in seen.items() if place[1]} == {p: v for p, v in given_.items() if p[1]}
    # XML has one way to end a line; what else could be one is written as _x000D_
    assert {p: v for p, v in seen.items() if not p[1]} == {p: v for p, v in given_.items() if not p[1]}
    assert len(python_calamine.load_workbook(path.open("rb")).get_sheet_by_name("Data 1").to_python()) >= 1


def test_mixed_columns_keep_each_cells_type_and_look(tmp_path):
    values = ["=1+1", 7, Decimal("12.50"), AT, None, " kiri", True]
    rows = [[values[(n + shift) % len(values)] for shift in range(3)] for n in range(21)]
    sheet = openpyxl.load_workbook(write(tmp_path / "a.xlsx", rows))["Data 1"]
    for row, cells in zip(rows, sheet.iter_rows(min_row=2), strict=True):
        for value, cell in zip(row, cells, strict=True):
            if isinstance(value, str):
                assert (cell.value, cell.data_type, cell.quotePrefix, cell.number_format) == (value, "s", True, "@")
            elif value is None:
                assert cell.value is None
            elif isinstance(value, datetime):
                assert (to_the_second(cell.value), cell.quotePrefix) == (value, False)
            else:
                assert (float(cell.value), cell.quotePrefix) == (float(value), False)


def test_spaces_at_the_ends_stay(tmp_path):
    texts = [" kiri", "kanan ", "\tdua\n", "tengah tengah", "\u3000"]
    sheet = openpyxl.load_workbook(write(tmp_path / "a.xlsx", [[text, 1, AT] for text in texts]))["Data 1"]
    assert [cell.value for cell in sheet["A"][1:]] == texts


def test_the_parts_are_sound_and_name_each_other(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "ROWS_A_SHEET", 2)
    path = write(tmp_path / "a.xlsx", [["a", 1, AT], ["b", Decimal("0.125"), AT], ["c", 3, AT]])
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        parts = {name: archive.read(name) for name in archive.namelist()}
    for content in parts.values():
        ElementTree.fromstring(content)  # noqa: S314  (our own)
    types = parts["[Content_Types].xml"].decode()
    assert {name for name in parts if name.startswith("xl/") and "_rels" not in name} == {
        name.removeprefix("/") for name in re.findall(r'PartName="([^"]*)"', types)
    }
    assert re.findall(r"hidden=\"1\">([^<]*)<", parts["xl/workbook.xml"].decode()) == [
        "'Data 1'!$A$1:$C$3",
        "'Data 2'!$A$1:$C$2",
    ]
    styles = ElementTree.fromstring(parts["xl/styles.xml"])  # noqa: S314  (our own)
    for name in ("numFmts", "fonts", "fills", "borders", "cellXfs", "cellStyleXfs", "cellStyles"):
        (group,) = styles.findall(f"{{*}}{name}")
        assert int(group.get("count")) == len(group)


def test_a_column_has_the_letters_that_excel_gives_it():
    assert [letters(n) for n in (0, 25, 26, 51, 52, 255, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "IV", "ZZ", "AAA"]


def test_half_a_pair_of_surrogates_harms_nobody(tmp_path):
    path = write(tmp_path / "a.xlsx", [["a\ud800b", 1, AT]])
    assert openpyxl.load_workbook(path)["Data 1"]["A2"].value == "a?b"


def test_memory_does_not_grow_with_the_rows(tmp_path):
    def peak(count):
        tracemalloc.start()
        write(tmp_path / "a.xlsx", ([f"Penerima {n}", n, AT] for n in range(count)))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(70_000) < 1.3 * peak(7_000)


@pytest.mark.parametrize("suffix", ["", "x"])
def test_what_is_given_up_is_not_finished(tmp_path, suffix):
    """A worker that is cancelled writes nothing more; its folder goes away."""
    writer = XlsxWriter(tmp_path / "a.xlsx", HEADINGS)
    writer.summary("Money Transfer", [])
    if suffix:
        writer.rows([["a", 1, AT]])
    del writer
    assert not zipfile.is_zipfile(tmp_path / "a.xlsx")
