"""The .xls writer, record by record and against xlwt: what one writes the other does, as two readers see it.

The numbers of sections are those of [MS-XLS], [MS-CFB] and [MS-ODRAW].
"""

import struct
import tracemalloc
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
import python_calamine
import xlrd
import xlwt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xlrd.compdoc import CompDoc

from documents.reports.writers import Heading, biff, sheets
from documents.reports.writers.biff import ole, records, strings
from documents.reports.writers.biff.ole import CompoundFile
from documents.reports.writers.cells import BOLD, HEADER, KINDS, Look, cut, typed
from documents.reports.writers.xls import XlsWriter

AT = datetime.fromisoformat("2026-11-03 16:05:09")
HEADINGS = [Heading("Text", "text"), Heading("Figure", "rupiah"), Heading("Time", "datetime")]
BOUNDSHEET, SST, CONTINUE, EXTSST, ROW, DBCELL, INDEX = 0x85, 0xFC, 0x3C, 0xFF, 0x208, 0xD7, 0x20B
BOF, EOF, LABELSST, NUMBER, XF, FONT, OBJ, MSODRAWING = 0x809, 0x0A, 0xFD, 0x203, 0xE0, 0x31, 0x5D, 0xEC


def write(path, rows, headings=HEADINGS, columns=None):
    writer = XlsWriter(path, headings)
    writer.summary("Money Transfer", [("Business", "PT Kopi Kita"), (), ("Rows", 3), ("Made at", AT)])
    if columns:
        writer.columns(columns)
    writer.rows(rows)
    writer.close()
    return path


def stream_of(path) -> bytes:
    content, start, size = CompDoc(path.read_bytes()).locate_named_stream("Workbook")
    return bytes(content[start : start + size])


def records_of(stream: bytes):
    """Return (place, kind, content) of every record; a stream that was too short is filled up with zeros."""
    found, at = [], 0
    while at < len(stream) and stream[at : at + 4] != bytes(4):
        kind, size = struct.unpack_from("<HH", stream, at)
        assert size <= 8_224
        found.append((at, kind, stream[at + 4 : at + 4 + size]))
        at += 4 + size
    return found


def kinds_of(found, wanted=None):
    return [kind for _at, kind, _content in found if wanted is None or kind in wanted]


def of_kind(found, kind):
    return [(at, content) for at, one, content in found if one == kind]


def sheets_of(found):
    """Return the globals' records, and those of each sheet."""
    parts = []
    for one in found:
        if one[1] == BOF:
            parts.append([])
        parts[-1].append(one)
    return parts


MANY = [[f"Baris {n}", n, AT + timedelta(hours=n)] for n in range(1_000)]


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The records of a book with two Data sheets, one with blocks that aren't full."""
    path = tmp_path_factory.mktemp("biff") / "report.xls"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sheets, "ROWS_A_SHEET", 600)
        write(path, MANY)
    return stream_of(path)


# --- Record by record ---------------------------------------------------------------------------------------


def test_the_globals_stand_in_the_order_of_the_format(book):
    found = sheets_of(records_of(book))[0]
    assert [kind for kind in dict.fromkeys(kinds_of(found)) if kind != CONTINUE] == [
        0x809, 0xE1, 0xC1, 0xE2, 0x5C, 0x42, 0x161, 0x13D, 0x9C, 0x19, 0x12, 0x13, 0x1AF, 0x1BC, 0x3D, 0x40, 0x8D,
        0x22, 0xE, 0x1B7, 0xDA, 0x31, 0x41E, 0xE0, 0x293, 0x160, 0x85, 0x8C, 0x1AE, 0x17, 0x18, 0xEB, 0xFC, 0xFF, 0xA,
    ]  # fmt: skip


def test_a_sheets_records_stand_in_the_order_of_the_format(book):
    _globals, summary, data, _rest = sheets_of(records_of(book))
    around = [
        0x809, 0x20B, 0xD, 0xC, 0xF, 0x11, 0x10, 0x5F, 0x2A, 0x2B, 0x82, 0x80, 0x225, 0x81, 0x14, 0x15, 0x83, 0x84,
        0x26, 0x27, 0x28, 0x29, 0xA1, 0x55, 0x7D,
    ]  # fmt: skip
    cells = {ROW, LABELSST, NUMBER, DBCELL}
    alone = [kind for kind in dict.fromkeys(kinds_of(data)) if kind not in cells]
    assert alone == [*around, 0x9D, 0x200, MSODRAWING, OBJ, 0x23E, 0x41, 0x1D, 0xA]
    assert [kind for kind in dict.fromkeys(kinds_of(summary)) if kind not in cells] == [
        *around,
        0x200,
        0x23E,
        0x1D,
        0xA,
    ]


def test_at_least_what_xlwt_writes_is_written(book, tmp_path):
    theirs = xlwt.Workbook()
    sheet = theirs.add_sheet("Data 1")
    sheet.set_panes_frozen(True)
    sheet.set_horz_split_pos(1)
    for row, values in enumerate(MANY[:3]):
        for column, value in enumerate(values[:2]):
            sheet.write(row, column, value)
    theirs.save(str(tmp_path / "theirs.xls"))
    parts = sheets_of(records_of(stream_of(tmp_path / "theirs.xls")))
    ours = sheets_of(records_of(book))
    optional = {
        *(0x27E, 0x1A, 0x1B),  # RK, the breaks of a sheet that has none
        0x63,  # protected objects, which [MS-XLS] knows in sheets alone
        *(0x12, 0xDD, 0x19, 0x63, 0x13),  # a sheet's protection, which isn't on
    }
    assert set(kinds_of(parts[0])) - {0x63} <= set(kinds_of(ours[0]))
    assert set(kinds_of(parts[1])) - optional <= set(kinds_of(ours[2]))


def test_boundsheet_says_where_each_sheet_begins(book):
    found = records_of(book)
    bounds = [
        (struct.unpack_from("<I", content)[0], content[8:].decode()) for _at, content in of_kind(found, BOUNDSHEET)
    ]
    begins = [at for at, _content in of_kind(found, BOF)][1:]
    assert bounds == list(zip(begins, ["Summary", "Data 1", "Data 2"], strict=True))


def test_rows_stand_in_blocks_of_32_which_index_and_dbcell_find(book):
    """§2.4.78, §2.4.144, §2.1.7.20.5."""
    for number, found in enumerate(sheets_of(records_of(book))[1:]):
        at_of = {at: (kind, content) for at, kind, content in found}
        ((_at, index),) = of_kind(found, INDEX)
        _zero, first, last, widths, *blocks = struct.unpack(f"<{len(index) // 4}I", index)
        assert at_of[widths][0] == 0x55, "DEFCOLWIDTH"
        assert (first, last) == (0, [5, 601, 401][number] + (number == 0))
        assert blocks == [at for at, _content in of_kind(found, DBCELL)]
        rows = [at for at, _content in of_kind(found, ROW)]
        assert len(blocks) == -(-last // 32)
        seen = 0
        for place in blocks:
            back, *offsets = struct.unpack(f"<I{len(at_of[place][1]) // 2 - 2}H", at_of[place][1])
            mine = rows[seen : seen + 32]
            assert place - back == mine[0], "from DBCELL back to the block's first ROW"
            assert len(offsets) == len(mine)
            at = mine[0] + 20  # the second ROW
            for row, offset in zip(mine, offsets, strict=True):
                at += offset
                line = struct.unpack_from("<H", at_of[row][1])[0]
                if struct.unpack_from("<H", at_of[row][1], 4)[0]:
                    assert struct.unpack_from("<HH", at_of[at][1]) == (line, 0), "the row's first cell"
                else:
                    assert number == 0, "only the Summary has rows without cells"
            seen += len(mine)
        assert seen == last


def test_a_row_says_which_columns_it_uses(tmp_path):
    rows = [["a", 1, AT], [None, 1, None], [None, None, AT], [None, None, None], ["a", None, None]]
    found = sheets_of(records_of(stream_of(write(tmp_path / "a.xls", rows))))[2]
    used = [struct.unpack_from("<HHH", content)[1:] for _at, content in of_kind(found, ROW)][1:]
    assert used == [(0, 3), (1, 2), (2, 3), (0, 0), (0, 1)]


@pytest.mark.parametrize("count", [1, 7, 8, 1_023, 1_024, 1_025, 20_000])
def test_extsst_says_where_every_so_manieth_string_stands(tmp_path, count):
    """§2.4.107: its place in the stream, and in its record."""
    path = write(tmp_path / "a.xls", [[f"Teks {n} " + "é" * (n % 40), n, AT] for n in range(count)])
    stream = stream_of(path)
    found = records_of(stream)
    texts = xlrd.open_workbook(path, on_demand=True)._sharedstrings
    ((_at, content),) = of_kind(found, EXTSST)
    step = struct.unpack_from("<H", content)[0]
    assert step >= 8
    places = list(struct.iter_unpack("<IHH", content[2:]))
    assert len(places) == -(-len(texts) // step) <= 128
    starts = {at for at, kind, _content in found if kind in (SST, CONTINUE)}
    for (place, offset, zero), text in zip(places, texts[::step], strict=True):
        assert zero == 0
        assert place - offset in starts, "from the record's beginning"
        length, wide = struct.unpack_from("<HB", stream, place)
        assert wide == 0
        assert stream[place + 3 : place + 3 + length].decode("latin-1") == text


def test_the_table_of_strings_counts_them(tmp_path):
    rows = [[f"Teks {n % 5}", n, AT] for n in range(2_000)]
    found = records_of(stream_of(write(tmp_path / "a.xls", rows)))
    cells, count = struct.unpack_from("<II", of_kind(found, SST)[0][1])
    assert cells == len(of_kind(found, LABELSST)) == 2_000 + 3 + 5
    assert count == 5 + 3 + 5, "what repeats is there once"


def test_there_are_excels_fonts_and_styles_and_ours_behind_them(book):
    found = sheets_of(records_of(book))[0]
    assert len(of_kind(found, FONT)) == 5
    bold = of_kind(found, FONT)[4][1]
    assert struct.unpack_from("<HHHH", bold)[3] == 700
    styles = [struct.unpack_from("<HHH", content) for _at, content in of_kind(found, XF)]
    assert {flags for _font, _format, flags in styles[:15]} == {0xFFF5}
    assert styles[15][2] == 0x0001
    ours = styles[21:]
    assert {flags & 0x4 for _font, _format, flags in ours} == {0}, "cells, not styles"
    assert {font for font, _format, _flags in ours} == {0, 5}, "4 is no font"
    quoted = [(number_format, flags) for _font, number_format, flags in ours if flags & 0x8]
    assert quoted == [(49, 0x9)], "text and nothing else counts as typed with an apostrophe"


def test_a_data_sheet_is_frozen_filtered_and_as_wide_as_its_columns(tmp_path):
    path = write(tmp_path / "a.xls", MANY[:3])
    read = xlrd.open_workbook(path, formatting_info=True)
    sheet = read.sheet_by_name("Data 1")
    assert (sheet.panes_are_frozen, sheet.horz_split_pos, sheet.horz_split_first_visible) == (1, 1, 1)
    assert [sheet.colinfo_map[column].width for column in range(3)] == [22 * 256, 16 * 256, 20 * 256]
    (name,) = read.name_obj_list
    assert (name.name, name.builtin, name.hidden, name.scope) == ("_FilterDatabase", 1, 1, 1)
    assert name.result.text == "'Data 1'!$A$1:$C$4"


def test_a_filter_has_an_arrow_in_each_column(book):
    """[MS-ODRAW] §2.2.13: one drawing, cut into pieces whose lengths the first one tells."""
    group = of_kind(sheets_of(records_of(book))[0], 0xEB)[0][1]
    last, clusters, shapes, drawings = struct.unpack_from("<IIII", group, 16)
    assert (clusters, shapes, drawings) == (3, 2 * 4, 2)
    assert len(group) == 8 + struct.unpack_from("<I", group, 4)[0]
    ids = []
    for found in sheets_of(records_of(book))[2:]:
        pieces = [content for _at, content in of_kind(found, MSODRAWING)]
        assert len(pieces) == len(of_kind(found, OBJ)) == 3
        whole = b"".join(pieces)
        assert len(whole) == 8 + struct.unpack_from("<I", whole, 4)[0]
        at = []
        walk(whole, at)
        ids += [shape for kind, shape in at if kind == 0xF00A]
        assert [kind for kind, _shape in at].count(0xF010) == 3
        for number, (_at, content) in enumerate(of_kind(found, OBJ), 1):
            assert struct.unpack_from("<HHHH", content) == (0x15, 18, 0x14, number)
            assert len(content) == 70
    assert ids == [1024, 1025, 1026, 1027, 2048, 2049, 2050, 2051]
    assert last == ids[-1] + 1


def walk(content, found):
    at = 0
    while at < len(content):
        head, kind, size = struct.unpack_from("<HHI", content, at)
        inside = content[at + 8 : at + 8 + size]
        assert len(inside) == size
        found.append((kind, struct.unpack_from("<I", inside)[0] if kind == 0xF00A else None))
        if head & 0xF == 0xF:
            walk(inside, found)
        at += 8 + size


# --- Strings that don't fit a record --------------------------------------------------------------------------


LONG = [
    *("x" * n for n in (8_100, 8_195, 8_213, 8_214, 8_220, 8_221, 8_222, 8_225, 20_000, 32_767)),
    *("陈" * n for n in (4_100, 4_109, 4_110, 4_111, 9_000, 32_767)),
    "a" * 8_000 + "🎉" * 3_000,
    "é" * 300,
    "🎉" * 16_383,
]


@pytest.mark.parametrize("order", [1, -1])
def test_a_long_string_goes_on_in_records_that_repeat_its_option(tmp_path, order):
    """§2.5.293. xlrd and calamine both read it as it was."""
    texts = [text for long in LONG[::order] for text in (long, "pendek", "陈")]
    path = write(tmp_path / "a.xls", [[text, 1, AT] for text in texts])
    assert xlrd.open_workbook(path).sheet_by_name("Data 1").col_values(0, 1) == texts
    seen = python_calamine.load_workbook(path.open("rb")).get_sheet_by_name("Data 1").to_python()
    assert [row[0] for row in seen[1:]] == texts
    assert max(len(content) for _at, _kind, content in records_of(stream_of(path))) <= 8_224


@pytest.mark.parametrize("first", range(8_180, 8_230))
def test_any_length_before_a_long_string_will_do(tmp_path, first):
    texts = ["y" * (first % 8_000), "z" * 8_000, "陈" * 5_000, "x" * 9_000, "é"]
    path = write(tmp_path / "a.xls", [[text, 1, AT] for text in texts])
    assert xlrd.open_workbook(path).sheet_by_name("Data 1").col_values(0, 1) == texts


# --- The file around it -----------------------------------------------------------------------------------------


def test_a_small_book_has_no_mini_stream(tmp_path):
    content = write(tmp_path / "a.xls", []).read_bytes()
    assert len(content) % 512 == 0
    smallest, first_mini, minis = struct.unpack_from("<III", content, 0x38)
    assert (smallest, first_mini, minis) == (4_096, 0xFFFFFFFE, 0)
    directory = 512 * (1 + struct.unpack_from("<I", content, 0x30)[0])
    entries = [content[directory + 128 * n : directory + 128 * (n + 1)] for n in range(4)]
    names = [entry[: struct.unpack_from("<H", entry, 64)[0] - 2].decode("utf-16-le") for entry in entries]
    assert names == ["Root Entry", "Workbook", ole.SUMMARY, ole.DOCUMENT_SUMMARY]
    assert struct.unpack_from("<I", entries[0], 76)[0] == 2
    assert struct.unpack_from("<II", entries[2], 68) == (1, 3)
    assert min(struct.unpack_from("<Q", entry, 120)[0] for entry in entries[1:]) >= 4_096


@pytest.mark.parametrize("sectors", [1, 127, 128, 13_841, 13_843, 14_000, 30_001, 60_000])
def test_fat_and_difat_name_every_sector(tmp_path, sectors):
    """§2.3, §2.5: more than 109 sectors of the FAT are named by the DIFAT."""
    path = tmp_path / "a"
    with path.open("wb") as file:
        compound = ole.CompoundFile(file)
        for name in ("Workbook", ole.SUMMARY, ole.DOCUMENT_SUMMARY):
            file.write(name[-1:].encode() * 512 * (sectors if name == "Workbook" else 8))
            compound.end_stream(name)
        compound.close()
    content = path.read_bytes()
    fats, first_difat, difats = (struct.unpack_from("<I", content, at)[0] for at in (0x2C, 0x44, 0x48))
    total = len(content) // 512 - 1
    named = list(struct.unpack_from("<109I", content, 0x4C))
    seen = 0
    while first_difat != 0xFFFFFFFE:
        *more, first_difat = struct.unpack_from("<128I", content, 512 * (first_difat + 1))
        named += more
        seen += 1
    assert seen == difats == -(-max(0, fats - 109) // 127)
    named = [sector for sector in named if sector != 0xFFFFFFFF]
    assert len(named) == fats
    fat = [entry for sector in named for entry in struct.unpack_from("<128I", content, 512 * (sector + 1))]
    assert [fat[sector] for sector in named] == [0xFFFFFFFD] * fats
    assert fat.count(0xFFFFFFFC) == difats
    assert fat[total:] == [0xFFFFFFFF] * (len(fat) - total)
    assert fat.count(0xFFFFFFFE) == 4, "an end for each stream and the directory"
    read = CompDoc(content)
    for name in ("Workbook", ole.SUMMARY, ole.DOCUMENT_SUMMARY):
        whole, start, size = read.locate_named_stream(name)
        expected = sectors * 512 if name == "Workbook" else 4_096
        assert whole[start : start + expected] == name[-1:].encode() * expected
        assert size == max(4_096, expected)


def test_a_book_of_many_megabytes_is_read_back(tmp_path):
    rows = [[f"{n:06d}" + "x" * 240, n, AT] for n in range(32_000)]
    path = write(tmp_path / "a.xls", rows)
    assert path.stat().st_size > 109 * 128 * 512
    assert struct.unpack_from("<I", path.read_bytes(), 0x48)[0] > 0, "a DIFAT"
    sheet = xlrd.open_workbook(path).sheet_by_name("Data 1")
    assert sheet.col_values(0, 1) == [row[0] for row in rows]
    assert sheet.col_values(1, 1) == [row[1] for row in rows]


def test_more_than_a_stream_holds_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(ole, "LONGEST_STREAM", 10_000)
    with pytest.raises(ole.TooBig):
        write(tmp_path / "a.xls", MANY)


def test_more_than_a_stream_holds_is_noticed_where_the_next_sheet_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(ole, "LONGEST_STREAM", 10_000)
    writer = XlsWriter(tmp_path / "a.xls", HEADINGS)
    writer.rows(MANY)
    with pytest.raises(ole.TooBig):
        writer.book.add_sheet("Data 2", [])


def test_strings_alone_can_be_more_than_a_stream_holds(tmp_path, monkeypatch):
    """It is noticed where they are written, long before the table of their places would be too small."""
    monkeypatch.setattr(ole, "LONGEST_STREAM", 10_000)
    writer = XlsWriter(tmp_path / "a.xls", HEADINGS)
    with pytest.raises(ole.TooBig):
        writer.rows([[f"{number:04d}" + "x" * 200, number, AT] for number in range(1_000)])


def test_what_is_refused_in_the_end_is_refused_before_it_is_written(tmp_path, monkeypatch):
    writer = XlsWriter(tmp_path / "a.xls", HEADINGS)
    writer.rows(MANY)
    monkeypatch.setattr(ole, "LONGEST_STREAM", 10_000)
    monkeypatch.setattr(CompoundFile, "end_stream", lambda self, name: pytest.fail("written all the same"))
    with pytest.raises(ole.TooBig):
        writer.close()


def test_a_sheet_has_no_more_than_256_columns(tmp_path):
    with pytest.raises(ValueError, match="256 columns"):
        XlsWriter(tmp_path / "a.xls", HEADINGS).book.add_sheet("Wide", [10] * 257)


def test_what_waits_has_no_name_that_could_be_left_behind(tmp_path):
    writer = XlsWriter(tmp_path / "a.xls", HEADINGS)
    writer.summary("Money Transfer", [])
    writer.rows(MANY)
    assert list(tmp_path.iterdir()) == []
    del writer
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_grow_with_the_rows(tmp_path):
    def peak(count):
        tracemalloc.start()
        write(tmp_path / "a.xls", ([f"Penerima nomor {n}", n, AT] for n in range(count)))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(70_000) - peak(10_000) < 60_000 * 20, "bytes: an entry for each 32 rows, and one for each sector"


# --- The same as xlwt -------------------------------------------------------------------------------------------


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.text(
    "ab🎉é陈", min_size=200, max_size=3_000
)
FIGURES = st.integers(-(10**17), 10**17) | st.decimals(-(10**12), 10**12, places=2)
TIMES = st.datetimes(datetime(1900, 3, 1), datetime(9999, 12, 31)).map(lambda at: at.replace(microsecond=0))
EMPTY = st.none() | st.just("")
ROWS = st.lists(st.tuples(TEXTS | EMPTY, FIGURES | EMPTY, TIMES | EMPTY), max_size=80)


def by_xlwt(path, rows):
    book = xlwt.Workbook(style_compression=2)
    sheet = book.add_sheet("Data 1")
    for column, heading in enumerate(HEADINGS):
        sheet.row(0).set_cell_text(column, heading.label)
    for line, row in enumerate(rows, 1):
        for column, (heading, value) in enumerate(zip(HEADINGS, row, strict=True)):
            if value is None or value == "":
                continue
            figures = heading.kind if heading.kind in {"rupiah", "decimal"} else "rupiah"
            kind = {str: "text", datetime: "datetime"}.get(type(value), figures)
            shown = KINDS[kind].look_of(value).number_format
            put = {str: "set_cell_text", datetime: "set_cell_date"}.get(type(value), "set_cell_number")
            getattr(sheet.row(line), put)(column, value, xlwt.easyxf(num_format_str=shown))
    book.save(str(path))
    return path


def seen_by_xlrd(path):
    """Return the cells that there are, by their place: type, value and number format."""
    book = xlrd.open_workbook(path, formatting_info=True)
    sheet = book.sheet_by_name("Data 1")
    return {
        (row, column): (cell.ctype, value_of(cell), book.format_map[book.xf_list[cell.xf_index].format_key].format_str)
        for row in range(1, sheet.nrows)
        for column, cell in enumerate(sheet.row(row))
        if cell.ctype != xlrd.XL_CELL_EMPTY
    }


def value_of(cell):
    return round(cell.value * 86_400) if cell.ctype == xlrd.XL_CELL_DATE else cell.value


def seen_by_calamine(path):
    rows = python_calamine.load_workbook(path.open("rb")).get_sheet_by_name("Data 1").to_python()[1:]
    return {
        (line, column): (value + timedelta(milliseconds=500)).replace(microsecond=0)
        if isinstance(value, datetime)
        else value
        for line, row in enumerate(rows, 1)
        for column, value in enumerate(row)
        if value != ""
    }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(rows=ROWS)
def test_the_same_rows_are_the_same_cells_as_by_xlwt(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("both")
    ours, theirs = write(folder / "ours.xls", rows), by_xlwt(folder / "theirs.xls", rows)
    assert seen_by_xlrd(ours) == seen_by_xlrd(theirs)
    assert seen_by_calamine(ours) == seen_by_calamine(theirs)
    texts = {(line, 0): row[0] for line, row in enumerate(rows, 1) if row[0]}
    assert {place: cell[1] for place, cell in seen_by_xlrd(ours).items() if place[1] == 0} == texts


def test_mixed_columns_are_the_same_cells_as_by_xlwt(tmp_path):
    values = ["=1+1", 7, Decimal("12.50"), AT, None, "", "é", "陈", -(2**40), 0]
    rows = [[values[(n + shift) % len(values)] for shift in (0, 3, 7)] for n in range(100)]
    assert seen_by_xlrd(write(tmp_path / "o.xls", rows)) == seen_by_xlrd(by_xlwt(tmp_path / "t.xls", rows))


def test_rows_and_columns_say_the_same(tmp_path):
    write(tmp_path / "rows.xls", MANY)
    write(tmp_path / "columns.xls", [], columns=list(zip(*MANY, strict=True)))
    assert (tmp_path / "rows.xls").read_bytes() == (tmp_path / "columns.xls").read_bytes()


# --- What a cell can hold ------------------------------------------------------------------------------------


def test_text_is_quoted_whatever_the_column(tmp_path):
    path = write(tmp_path / "a.xls", [["a", "=1+1", "=2+2"], ["b", 1, AT], ["c", None, "1899-12-31"]])
    book = xlrd.open_workbook(path, formatting_info=True)
    for cell in (cell for row in list(book.sheet_by_name("Data 1").get_rows())[1:] for cell in row):
        is_text = cell.ctype == xlrd.XL_CELL_TEXT
        assert book.xf_list[cell.xf_index].lotus_123_prefix == is_text


@pytest.mark.parametrize(
    ("value", "cell", "shown"),
    [
        (date(2026, 11, 3), 46_329.0, "yyyy-mm-dd"),
        (datetime(1900, 3, 1), 61.0, "yyyy-mm-dd hh:mm:ss"),
        (datetime(1900, 2, 28), "1900-02-28 00:00:00", "@"),
        (date(1899, 1, 1), "1899-01-01", "@"),
        (True, 1, "#,##0"),
        (datetime(1899, 12, 30), "1899-12-30 00:00:00", "@"),
    ],
)
def test_days_before_march_1900_are_words(value, cell, shown):
    for values in ([value], [value, None], [value, AT], [value, None, AT, "a"]):
        made = typed(values, KINDS["datetime"])
        assert made.values[0] == cell
        look = made.look if isinstance(made.look, Look) else made.look[0]
        assert look.number_format == shown


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity")])
def test_what_is_no_figure_is_refused(value):
    with pytest.raises(ValueError, match="no cell holds"):
        typed([value], KINDS["rupiah"])


def test_what_is_no_value_is_refused():
    with pytest.raises(TypeError, match="no cell holds a list"):
        typed([[1]], KINDS["text"])


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x" * 32_768, "x" * 32_767),
        ("陈" * 40_000, "陈" * 32_767),
        ("🎉" * 16_384, "🎉" * 16_383),
        ("a" + "🎉" * 16_383, "a" + "🎉" * 16_383),
        ("🎉" * 16_383, "🎉" * 16_383),
    ],
)
def test_a_text_is_cut_where_a_cell_ends_and_never_inside_a_character(tmp_path, text, kept):
    assert cut(text) == kept
    path = write(tmp_path / "a.xls", [[text, 1, AT], ["", 1, AT]])
    assert xlrd.open_workbook(path).sheet_by_name("Data 1").cell_value(1, 0) == kept


def test_half_a_pair_of_surrogates_harms_nobody(tmp_path):
    path = write(tmp_path / "a.xls", [["a\ud800b", 1, AT]])
    assert xlrd.open_workbook(path).sheet_by_name("Data 1").cell_value(1, 0) == "a?b"


def test_looks_have_numbers_of_their_own():
    styles = biff.styles.Styles()
    looks = [Look("@"), Look("#,##0"), Look("#,##0.000"), BOLD, HEADER, Look("yyyy-mm-dd")]
    assert [styles.number_of(look) for look in looks + looks] == [*range(21, 27)] * 2
    assert styles.formats["#,##0.000"] == 164
    assert styles.formats["yyyy-mm-dd"] == 165


def test_names_may_be_wide():
    assert records.short_text("Data 1") == b"\x06\0Data 1"
    assert records.short_text("数据") == b"\x02\x01" + "数据".encode("utf-16-le")


def test_places_of_strings_thin_out_evenly():
    import io

    table = strings.SharedStrings(io.BytesIO())
    for first in range(0, 50_000, 997):
        table.numbers_of([f"s{n}" for n in range(first, min(50_000, first + 997))])
    places = table.places[::2], table.places[1::2]
    assert len(places[0]) == -(-50_000 // table.step) <= 128
    absolute = [start + offset for start, offset in zip(*places, strict=True)]
    assert all(before < after for before, after in pairwise(absolute))
