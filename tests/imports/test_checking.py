"""The reader and the checker, with a kind of history of three columns that stores nothing."""

import io
import tempfile
from datetime import UTC, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flipdash.actors import SYSTEM
from flipdash.tables import (
    Checker,
    Dates,
    Doubt,
    Fault,
    Field,
    Import,
    Kept,
    checking,
    choice,
    digits,
    identifier,
    read_file,
    shown,
    text,
)
from flipdash.tables.reader import delimited
from flipdash.tables.reader.refusals import Refused

NOW = datetime(2026, 11, 23, tzinfo=UTC)
JAKARTA = ZoneInfo("Asia/Jakarta")


class Notes(Import):
    name, key = "notes", "number"
    fields = (
        Field("number", "Number", "Nomor", clean=identifier(10)),
        Field("at", "Created Date", "Tanggal Dibuat", clean=Kept("dates")),
        Field("remark", "Remark", "Keterangan", clean=text(20, lines=True), empty=""),
        Field("extra", "Extra", clean=text(5), required=False, empty="-"),
    )

    def __init__(self) -> None:
        business = SimpleNamespace(pk=1, name="Kopi Kita", time_zone="Asia/Jakarta")
        super().__init__(business=business, mode="live", by=SYSTEM, source="", now=NOW)

    def store(self) -> int:
        raise NotImplementedError


HEADER = "Number,Created Date,Remark\n"
ROW = "1,2026-01-02 03:04,x\n"


def check(data: bytes | str):
    """Return the good records and the outcome of checking a file."""
    kind = Notes()
    with tempfile.TemporaryFile() as stream:
        stream.write(data.encode() if isinstance(data, str) else data)
        checker = Checker(kind, read_file(stream, kind.header_names))
        return list(checker.good()), checker.outcome


def places(outcome):
    return [(fault.record, fault.line, fault.column) for fault in outcome.faults]


# --- The file --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_that_are_certain_are_read(encoding):
    boms = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
    data = boms.get(encoding, b"") + (HEADER + "1,2026-01-02 03:04,Müller 😀 عبد\n").encode(encoding)
    records, outcome = check(data)
    assert not outcome.faults
    assert records[0][2] == "Müller 😀 عبد"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiter_and_line_end_are_found(delimiter, end):
    data = (HEADER + ROW).replace(",", delimiter).replace("\n", end)
    records, outcome = check(data)
    assert not outcome.faults
    assert records == [["1", datetime(2026, 1, 2, 3, 4, tzinfo=JAKARTA), "x", "-"]]


def test_a_delimiter_is_not_taken_from_names_it_stands_in():
    records, outcome = check('"Number";"Created Date";"Remark"\n1;2026-01-02 03:04;"a, b, c"\n')
    assert not outcome.faults
    assert records[0][2] == "a, b, c"


def test_wrong_encoding_names_record_and_line_and_the_way_out():
    data = (HEADER + '1,2026-01-02 03:04,"two\nlines"\n').encode() + "2,2026-01-02 03:04,Müller\n".encode("cp1252")
    records, outcome = check(data)
    assert len(records) == 1
    assert places(outcome) == [(3, 4, "")]
    assert "CSV UTF-8" in outcome.faults[0].reason
    assert outcome.is_doubtful


def test_wrong_encoding_far_into_the_file_names_its_line():
    rows = "".join(f"{n},2026-01-02 03:04,é\n" for n in range(20_000))
    data = (HEADER + rows).encode() + b"x,2026-01-02 03:04,\xe9\n"
    assert places(check(data)[1]) == [(20_002, 20_002, "")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\n\n\r\n", "empty"),
        (HEADER.encode(), "no records"),
        (HEADER.encode() + b"\n,,\n", "no records"),
        (HEADER.encode() + b"1,2026-01-02 03:04,a\0b\n", "NUL"),
        ((HEADER + ROW).encode("utf-16-le"), "NUL"),
        ((HEADER + ROW).encode("utf-32"), "NUL"),
        (b"\xff\xfeN\0u\0", "lacks"),
        (b"\xff\xfeN", "UTF-16"),
        (b"PK\x03\x04 a zip", "the end of this workbook is missing"),
        (b'Number,Created Date,"Remark\n1,2,3\n', "quotation"),
    ],
)
def test_files_that_are_no_csv_are_refused_in_words(data, reason):
    records, outcome = check(data)
    assert records == []
    assert reason in outcome.faults[0].reason
    assert outcome.is_doubtful
    assert not outcome.may_be_stored(skip_bad=True)


def test_a_line_without_end_is_refused_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr(delimited, "MOST_CHARACTERS_IN_A_LINE", 100_000)
    endless = io.BytesIO(b"x" * 5_000_000)
    with pytest.raises(Refused, match="long line"):
        list(delimited.read_csv(endless, lambda name: False).rows)
    assert endless.tell() <= 100_000 + 2 * delimited.Lines.piece
    assert "this line is too long" in check(b"x" * 2_000_000)[1].faults[0].reason


def test_a_quote_that_is_never_closed_names_where_it_opens():
    _, outcome = check(HEADER + ROW + '2,2026-01-02 03:04,"open\n' + ROW * 3)
    assert places(outcome) == [(3, 3, "")]
    assert "read until line 6" in outcome.faults[0].reason


def test_a_quote_in_the_middle_of_a_quoted_cell_is_refused():
    _, outcome = check(HEADER + '2,2026-01-02 03:04,"a"b\n')
    assert places(outcome) == [(2, 2, "")]
    assert outcome.is_doubtful


def test_a_file_with_too_many_records_is_refused(monkeypatch):
    monkeypatch.setattr(Notes, "most_records", 2)
    records, outcome = check(HEADER + "".join(f"{n},2026-01-02 03:04,\n" for n in range(5)))
    assert len(records) == 2
    assert "split it" in outcome.faults[0].reason


@settings(max_examples=30, deadline=None)  # each starts a process
@given(st.binary(max_size=300))
def test_any_bytes_give_faults_and_no_error(data):
    records, outcome = check(HEADER.encode() + data)
    assert len(records) == outcome.good
    assert outcome.good or outcome.faults


# --- The header ------------------------------------------------------------------------------------------


def test_header_names_are_compared_without_case_spaces_punctuation():
    records, outcome = check("  NOMOR ;tanggal_dibuat; Keterangan.\n1;2026-01-02 03:04;x\n")
    assert (len(records), outcome.faults) == (1, [])


def test_missing_columns_are_named_together():
    _, outcome = check("Remark\nx\n")
    assert str(outcome.faults[0]) == "record 1, line 1: the header lacks these columns: Number, Created Date"
    assert outcome.read == 0


def test_a_column_that_stands_twice_under_two_names_is_a_fault():
    _, outcome = check("Number,Nomor,Created Date,Remark\n1,1,2026-01-02 03:04,x\n")
    assert "twice" in outcome.faults[0].reason
    assert outcome.is_doubtful


def test_unknown_columns_are_ignored_and_said():
    records, outcome = check("Number,Created Date,Remark,Saldo\x1b,\n1,2026-01-02 03:04,x,5,\n")
    assert (len(records), outcome.faults) == (1, [])
    assert outcome.ignored_columns == ["“Saldo\\x1b”"]


# --- The records -----------------------------------------------------------------------------------------


def test_record_and_line_are_counted_apart():
    lines = '1,2026-01-02 03:04,"two\nlines"\n\n,,\n2,2026-01-02 03:04,x,y\n3,2026-01-02 03:04\n4,nonsense,\n'
    records, outcome = check(HEADER + lines)
    assert records[0][2] == "two\nlines"
    assert places(outcome) == [(4, 6, ""), (5, 7, ""), (6, 8, "Created Date")]
    assert "has 4 cells, while the header has 3" in outcome.faults[0].reason


def test_the_later_of_two_records_with_one_id_is_the_fault():
    records, outcome = check(HEADER + ROW + "2,2026-01-02 03:04,\n" + ROW)
    assert len(records) == 2
    assert str(outcome.faults[0]) == "record 4, line 4, Number: “1”: stands in record 2 already"


def test_an_id_of_a_faulty_record_counts_too():
    _, outcome = check(HEADER + "1,never,\n" + ROW)
    assert places(outcome) == [(2, 2, "Created Date"), (3, 3, "Number")]


def test_the_column_is_named_as_the_file_names_it():
    _, outcome = check("Nomor,Tanggal Dibuat,Keterangan\n1,,\n")
    assert str(outcome.faults[0]) == "record 2, line 2, Tanggal Dibuat: is empty"


def test_only_so_many_faults_are_kept_and_all_are_counted():
    _, outcome = check(HEADER + "1,never,\n" * 3_000)
    assert len(outcome.faults) == checking.FAULTS_KEPT
    assert outcome.fault_count == 3_000 + 2_999


# --- Cells -----------------------------------------------------------------------------------------------


def read_date(cell, dates=None):
    return (dates or Dates(JAKARTA, NOW))(cell)


@pytest.mark.parametrize(
    "cell",
    [
        *("2026-02-28 14:05", "2026-02-28 14:05:00", "2026-02-28T14:05", " 28/02/2026 14:05:00 ", "28/02/2026T14:05"),
        *("28/02/2026 14.05", "28/02/2026 14.05.00", "28-02-2026 14:05", "28-02-2026 14.05", "2026-02-28 14:05:00.123"),
        *("2026-02-28T14:05:00+07:00", "2026-02-28T07:05:00Z", "2026-02-28 16:05+0900"),
    ],
)
def test_dates_are_read_in_the_zone_of_the_business(cell):
    assert read_date(cell) == datetime(2026, 2, 28, 7, 5, tzinfo=UTC)


@pytest.mark.parametrize("cell", ["2/1/2026 9:05", "02/1/2026 09:05", "2-1-2026 9.05"])
def test_zeros_in_front_may_be_missing(cell):
    assert read_date(cell) == datetime(2026, 1, 2, 9, 5, tzinfo=JAKARTA)


@pytest.mark.parametrize("cell", ["2026-02-28", "28/02/2026", "28-02-2026"])
def test_a_day_without_a_time_begins_at_midnight_of_the_business(cell):
    assert read_date(cell) == datetime(2026, 2, 28, tzinfo=JAKARTA)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("31/02/2026 10:00", "no such day"),
        ("2026-02-29 10:00", "no such day"),
        ("2026-02-28 24:00", "no such day or time"),
        ("2026-02-28 10:60", "no such day or time"),
        ("2026-13-01 10:00", "no such day"),
        ("0000-01-01 10:00", "no such day"),
        ("02/13/2026 10:00", "month/day/year"),
        ("28.02.2026 10:00", "write it as"),
        ("28/02/26", "write it as"),
        ("02-13-2026", "month/day/year"),
        ("28/02/2026 14.05:00", "write it as"),
        ("28/02/2026 14:05+07:00", "write it as"),
        ("2026-02-28 10:00 PM", "write it as"),
        ("２026-02-28 10:00", "write it as"),
        ("46081.4201", "made a number of this date"),
        ("46081", "made a number of this date"),
        ("2026-11-24 00:00", "future"),
        ("1999-12-31 10:00", "before the year 2010"),
    ],
)
def test_what_is_not_a_date_is_refused(cell, reason):
    with pytest.raises(ValueError, match=reason):
        read_date(cell)


def test_the_first_date_fixes_the_style_and_another_style_is_a_doubt():
    dates = Dates(JAKARTA, NOW)
    with pytest.raises(ValueError, match="no such day"):
        dates("31/02/2026 10:00")
    dates("2026-02-03 10:00")
    with pytest.raises(Doubt, match="written as DD/MM/YYYY, while the dates above are YYYY-MM-DD"):
        dates("03/02/2026 10:00")
    assert dates("2026-02-04 10:00")


def test_mixed_dates_keep_the_whole_file_out():
    records, outcome = check(HEADER + ROW + "2,02/03/2026 10:00,\n3,Feb 3 2026,\n")
    assert len(records) == 1
    assert places(outcome) == [(3, 3, "Created Date"), (4, 4, "Created Date")]
    assert not outcome.may_be_stored(skip_bad=True)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("a\x1bb", r"U\+001B"),
        ("a\u202eb", r"U\+202E"),
        ("a\u2066b", r"U\+2066"),
        ("a\u200fb", r"U\+200F"),
        ("\u200b\u200b", r"U\+200B"),
        ("a\x85b", r"U\+0085"),
        ("x" * 21, "has 21 characters, at most 20 fit"),
    ],
)
def test_texts_with_unseen_controls_or_too_long_are_refused(cell, reason):
    with pytest.raises(ValueError, match=reason):
        text(20, lines=True)(cell)


def test_a_text_is_kept_as_typed():
    for kept in [
        "\tTab",
        "a\nb",
        "👩\u200d🌾 😀",
        "عبد الرحمن",
        "می\u200cخواهم",
        "Siti\u00a0A",
        " =1+1 ",
        "'0812",
        "<b>",
    ]:
        assert text(20, lines=True)(kept) == kept
    assert text(20)("Mu\u0308ller") == "Müller"
    assert text(20, lines=True)("a\r\nb") == "a\nb"
    for broken in ["a\nb", "a\tb", "a\u2028b"]:
        with pytest.raises(ValueError, match="control character"):
            text(20)(broken)


@pytest.mark.parametrize(
    "cell", ["8.93288E+09", "1E+15", "8932879217.0", "8932879217,00", "12AB34", "１２", "-5", "1  2", "12.34", ""]
)
def test_a_damaged_number_is_refused(cell):
    with pytest.raises(ValueError, match=r"spreadsheet|only the digits"):
        digits(32)(cell)


def test_leading_zeros_stay():
    assert digits(32)(" 0012 ") == "0012"
    assert identifier(20)("0012") == "0012"
    with pytest.raises(ValueError, match="at most 3"):
        digits(3)("0012")


@pytest.mark.parametrize("cell", ["0012 3456 78", "0012-345-678", "0012.345.678", '="0012345678"', "'0012345678"])
def test_an_account_may_stand_in_groups_or_be_kept_as_a_text(cell):
    assert digits(32)(cell) == "0012345678"
    assert digits(32, plus=True)("+62 812-3456-7890") == "+6281234567890"


@pytest.mark.parametrize("cell", ["5.8E+07", "58000000.0", "a\nb", "x" * 21])
def test_a_damaged_id_is_refused(cell):
    with pytest.raises(ValueError, match=r"spreadsheet|control|at most"):
        identifier(20)(cell)


def test_a_choice_is_known_by_its_words_in_any_case():
    read = choice({1: ("One", "Satu"), 2: ("Two",)})
    assert (read(" satu "), read("TWO")) == (1, 2)
    with pytest.raises(ValueError, match="known are One, Two"):
        read("Satu?")


def test_a_shown_value_is_short_and_visible():
    assert shown("a\x1b[31m\u202e\n") == "“a\\x1b[31m\\u202e\\n”"
    assert shown("x" * 50) == f"“{'x' * 40}…”"
    assert str(Fault(5, 7, "Amount", "why")) == "record 5, line 7, Amount: why"
