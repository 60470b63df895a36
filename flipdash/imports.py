"""Bringing in the history of another system from a file.

Three steps that know little of each other: a reader turns a file into rows of text (`read_csv`), a
declaration (`Import`) says how `Checker` makes values of them, and its `store` puts the good ones into the
database; `run` does all three. Nothing is guessed: what is not certain is a `Fault`, with its record, line,
column and reason.
"""

import codecs
import csv
import io
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Any, BinaryIO, ClassVar, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection, models, transaction
from django.utils.translation import gettext as _
from psycopg import sql

from flipdash.scope import Business

MOST_RECORDS = 1_000_000
MOST_CHARACTERS_IN_A_LINE = 1_000_000
FAULTS_KEPT = 1_000
"""So many faults are kept to be shown; the others are only counted."""

INCOMING = sql.Identifier("incoming_history")
"""The temporary table in which good records wait until the whole file has been checked."""


# --- What can be wrong ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and where: the record (the header is 1) and the line on which it starts."""

    record: int
    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        place = _("record %(record)d, line %(line)d") % {"record": self.record, "line": self.line}
        return f"{place}, {self.column}: {self.reason}" if self.column else f"{place}: {self.reason}"


class Unreadable(Exception):
    """The file can't be read from this point on."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


class Doubt(ValueError):
    """A value is wrong in a way that puts other records in doubt, so that skipping this one isn't enough."""


def shown(value: str, most: int = 40) -> str:
    """Return a value from a file as a message may show it: short, with control characters made visible."""
    visible = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value[:most])
    return f"“{visible}…”" if len(value) > most else f"“{visible}”"


# --- Reading: from bytes to rows of text ------------------------------------------------------------------


class Row(NamedTuple):
    """One record of a file, as text. The first row that a reader gives is the header."""

    number: int
    line: int
    cells: list[str]


BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
DELIMITERS = (",", ";", "\t")


def read_csv(stream: BinaryIO, knows: Callable[[str], bool]) -> Iterator[Row]:
    """Yield the rows of a .csv, header first, holding one at a time; raises Unreadable.

    The text is UTF-8, or UTF-16 if a byte order mark says so. The delimiter is the one with which the header
    row has the most column names that `knows` knows. Empty lines are passed over and not counted as records.
    """
    lines = Lines(stream)
    number, start = 0, 1
    try:
        first = next((line for line in lines if line.strip()), "")
        before = max(lines.count - 1, 0)
        reader = csv.reader(chain([first], lines), delimiter=_delimiter(first, knows), strict=True)
        while True:
            start = before + reader.line_num + 1
            cells = next(reader, None)
            if cells is None:
                return
            if cells:
                number += 1
                yield Row(number, start, cells)
    except NotText as problem:
        raise Unreadable(Fault(number + 1, problem.line, "", str(problem))) from problem
    except csv.Error as problem:
        raise Unreadable(Fault(number + 1, start, "", _quoting(start, lines.count))) from problem


def _quoting(start: int, end: int) -> str:
    if start == end:
        return _("a quotation mark is opened and not closed, or stands in the middle of a cell")
    return _("a quotation mark is opened in this record and not closed (read until line %(end)d)") % {"end": end}


def _delimiter(header: str, knows: Callable[[str], bool]) -> str:
    def known_names(delimiter: str) -> int:
        return sum(knows(name) for name in next(csv.reader([header], delimiter=delimiter), []))

    return max(DELIMITERS, key=known_names)


class NotText(ValueError):
    """A file holds bytes that are no text, on the line named."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


class Lines(Iterator[str]):
    """The lines of a byte stream, with their ends, decoded piece by piece; `count` is how many were taken."""

    piece = 1 << 16  # bytes

    def __init__(self, stream: BinaryIO) -> None:
        self.count = 0
        self._lines = self._read(stream)

    def __next__(self) -> str:
        line = next(self._lines)
        self.count += 1
        if "\0" in line:
            raise NotText(self.count, _("holds a NUL character; save the file as “CSV UTF-8” and try again"))
        return line

    def _read(self, stream: BinaryIO) -> Iterator[str]:
        rest = ""
        for text in self._texts(stream):
            # StringIO ends lines at \n, \r and \r\n only; str.splitlines would at six other characters too.
            *whole, rest = list(io.StringIO(rest + text, newline="")) or [""]
            yield from whole
            if len(rest) > MOST_CHARACTERS_IN_A_LINE:
                raise NotText(self.count + 1, _("this line is too long"))
        if rest:
            yield rest

    def _texts(self, stream: BinaryIO) -> Iterator[str]:
        data = stream.read(self.piece)
        if data.startswith(WORKBOOKS):
            raise NotText(1, _("this is a workbook and not a .csv; save it as “CSV UTF-8” and try again"))
        bom = next((bom for bom in BOMS if data.startswith(bom)), b"")
        encoding = BOMS.get(bom, "utf-8")
        decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=False)
        data = data[len(bom) :]
        while True:
            try:
                yield decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                # First the good lines above, so that the record and line are known when the bad one is met.
                yield error.object[: error.start].decode(encoding)
                raise NotText(self.count + 1, _undecodable(encoding)) from error
            if not data:
                return
            data = stream.read(self.piece)


def _undecodable(encoding: str) -> str:
    reason = _("holds characters that are not %(encoding)s; save the file as “CSV UTF-8” and try again")
    return reason % {"encoding": encoding.upper().removesuffix("-LE").removesuffix("-BE")}


# --- Cleaners: from the text of a cell to a value, or a ValueError that says what is wrong ----------------

Cleaner = Callable[[str], Any]

BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
LINE_BREAKS = frozenset("\n\u2028\u2029")
SHORTENED = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+")
WITH_DECIMALS = re.compile(r"[0-9]+[.,][0-9]+")


def text(most: int, *, lines: bool = False) -> Cleaner:
    """Return a cleaner for what people wrote, kept as typed; `lines` allows line breaks and tabs in it."""
    allowed = LINE_BREAKS | {"\t"} if lines else frozenset()

    def clean(cell: str) -> str:
        value = unicodedata.normalize("NFC", cell.replace("\r\n", "\n").replace("\r", "\n"))
        for character in value:
            if character not in allowed and _is_unseen(character):
                raise ValueError(_("holds the control character %(name)s") % {"name": _code(character)})
        if len(value) > most:
            raise ValueError(_too_long(value, most))
        return value

    return clean


def _is_unseen(character: str) -> bool:
    return character in BIDI_CONTROLS or character in LINE_BREAKS or unicodedata.category(character) == "Cc"


def _code(character: str) -> str:
    return f"U+{ord(character):04X}"


def _too_long(value: str, most: int) -> str:
    return _("has %(count)d characters, at most %(most)d fit") % {"count": len(value), "most": most}


def identifier(most: int) -> Cleaner:
    """Return a cleaner for another system's id: any text of one line, unless a spreadsheet has damaged it."""
    clean_text = text(most)

    def clean(cell: str) -> str:
        value = cell.strip()
        if re.fullmatch(r"[0-9]+([.,][0-9]+)?[eE]\+[0-9]+", value):
            raise ValueError(_shortened())
        if re.fullmatch(r"[0-9]+[.,]0+", value):
            raise ValueError(_decimals())
        return clean_text(value)

    return clean


def digits(most: int, *, plus: bool = False) -> Cleaner:
    """Return a cleaner for a number that is text, as an account's: leading zeros stay, `plus` allows +62…"""
    pattern = re.compile(r"\+?[0-9]+" if plus else r"[0-9]+")

    def clean(cell: str) -> str:
        value = cell.strip()
        if SHORTENED.fullmatch(value):
            raise ValueError(_shortened())
        if WITH_DECIMALS.fullmatch(value):
            raise ValueError(_decimals())
        if not pattern.fullmatch(value):
            raise ValueError(only_digits())
        if len(value) > most:
            raise ValueError(_too_long(value, most))
        return value

    return clean


def only_digits() -> str:
    """Return the reason for a number with anything but digits in it."""
    return _("may hold only the digits 0 to 9")


def _shortened() -> str:
    return _("a spreadsheet has shortened this number; export the column as text")


def _decimals() -> str:
    return _("a spreadsheet has made a number with decimals of this; export the column as text")


def choice(words: Mapping[Any, Sequence[str]]) -> Cleaner:
    """Return a cleaner for one of a few values, each written as one of its words in any case."""
    values = {word.casefold(): value for value, said in words.items() for word in said}
    known = ", ".join(said[0] for said in words.values())

    def clean(cell: str) -> Any:
        try:
            return values[" ".join(cell.split()).casefold()]
        except KeyError:
            raise ValueError(_("is not known; known are %(known)s") % {"known": known}) from None

    return clean


TIME = r"[ T](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?"


class Dates:
    """The cleaner for all dates of one file, in the business's zone.

    The first date that can be read fixes the file's style. A date in another style means that a spreadsheet
    has changed some, and may have swapped days and months even in those that look right: a Doubt.
    """

    styles = {
        "YYYY-MM-DD": re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})" + TIME),
        "DD/MM/YYYY": re.compile(r"(?P<day>[0-9]{2})/(?P<month>[0-9]{2})/(?P<year>[0-9]{4})" + TIME),
    }
    earliest = datetime(2010, 1, 1, tzinfo=UTC)
    """A transaction's id begins with the two digits of its year, and has 19 digits from then on."""

    def __init__(self, zone: ZoneInfo, now: datetime) -> None:
        self.zone, self.now = zone, now
        self.style = ""

    def __call__(self, cell: str) -> datetime:
        """Return the moment that a cell names."""
        style, parts = self._parts(cell.strip())
        moment = self._moment(style, parts)
        self.style = self.style or style
        if style != self.style:
            reason = _("is written as %(style)s, while the dates above are %(other)s: a spreadsheet has changed some")
            raise Doubt(reason % {"style": style, "other": self.style})
        if moment > self.now:
            raise ValueError(_("is in the future"))
        if moment < self.earliest:
            raise ValueError(_("is before the year %(year)d") % {"year": self.earliest.year})
        return moment

    def _parts(self, written: str) -> tuple[str, dict[str, int]]:
        for style, pattern in self.styles.items():
            if found := pattern.fullmatch(written):
                return style, {name: int(part or 0) for name, part in found.groupdict().items()}
        if re.fullmatch(r"[0-9]+([.,][0-9]+)?", written):
            raise ValueError(_("a spreadsheet has made a number of this date; export the column as text"))
        raise ValueError(_("is not a date and time; write it as 2026-02-28 14:05 or 28/02/2026 14:05"))

    def _moment(self, style: str, parts: dict[str, int]) -> datetime:
        try:
            return datetime(**parts, tzinfo=self.zone)
        except ValueError:
            pass
        if style == "DD/MM/YYYY" and parts["month"] > 12 >= parts["day"]:
            raise Doubt(_("has no such month; the file's dates may be month/day/year, and must be day/month/year"))
        raise ValueError(_("there is no such day or time"))


# --- Declaring a kind of history --------------------------------------------------------------------------

REQUIRED: Any = object()


@dataclass(frozen=True)
class Field:
    """A column: the names it can have in a header, the first being ours, and what its cells may hold."""

    name: str
    headers: tuple[str, ...]
    clean: Cleaner
    required: bool = True
    empty: Any = REQUIRED
    """What an empty cell means; unless given, an empty cell is a fault."""

    def value(self, cell: str) -> Any:
        """Return the value of a cell; raises ValueError with the reason for people."""
        if cell.strip():
            return self.clean(cell)
        if self.empty is REQUIRED:
            raise ValueError(_("is empty"))
        return self.empty


def plain(header: str) -> str:
    """Return a column's name without case, spaces and punctuation, for comparing."""
    return re.sub(r"[\W_]+", "", header).casefold()


class Import(ABC):
    """One kind of history, about to be read from one file for one business and mode."""

    name: ClassVar[str]
    model: ClassVar[type[models.Model]]
    key: ClassVar[str]
    """The field that holds the other system's id, once per business and mode."""

    fields: tuple[Field, ...]

    def __init__(self, *, business: Business, mode: str, by: str, source: str, now: datetime) -> None:
        self.business, self.mode = business, mode
        self.by, self.source = by, source
        self.dates = Dates(ZoneInfo(business.time_zone), now)

    def field_of(self, header: str) -> Field | None:
        """Return the field that a column's name means, or None."""
        wanted = plain(header)
        return next((column for column in self.fields if wanted in map(plain, column.headers)), None)

    def knows(self, header: str) -> bool:
        """Return whether a text is the name of a column."""
        return self.field_of(header) is not None

    def check(self, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield the name of a field and a reason for each fault that one cell alone doesn't show.

        `values` lacks what was faulty already; it may be completed here.
        """
        yield from ()

    @abstractmethod
    def store(self) -> int:
        """Move the rows of INCOMING that aren't stored yet to their table, and return how many these were."""

    @property
    def columns(self) -> list[str]:
        """The columns of INCOMING."""
        return [column.name for column in self.fields]


# --- Checking ---------------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """What came of an import."""

    read: int = 0
    good: int = 0
    added: int = 0
    is_stored: bool = False
    faults: list[Fault] = field(default_factory=list)
    fault_count: int = 0
    is_doubtful: bool = False
    """Whether a fault puts the other records in doubt, so that nothing may be stored."""
    ignored_columns: list[str] = field(default_factory=list)

    @property
    def already_there(self) -> int:
        """How many good records were stored before."""
        return self.good - self.added if self.is_stored else 0

    def add(self, fault: Fault, *, is_doubtful: bool = False) -> None:
        """Note a fault."""
        self.fault_count += 1
        self.is_doubtful |= is_doubtful
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append(fault)

    def may_be_stored(self, *, skip_bad: bool) -> bool:
        """Return whether the good records may go in."""
        return not self.fault_count or (skip_bad and not self.is_doubtful)


class Checker:
    """Checks the rows of one file, and gathers in `outcome` what is wrong with them."""

    def __init__(self, kind: Import, rows: Iterable[Row]) -> None:
        self.kind, self.rows = kind, iter(rows)
        self.outcome = Outcome()
        self._header: list[str] = []
        self._places: dict[str, int] = {}
        self._first_with: dict[str, int] = {}

    def good(self) -> Iterator[list[Any]]:
        """Yield the values of each record without faults, in the order of the kind's columns."""
        try:
            if self._read_header():
                yield from self._good_records()
        except Unreadable as problem:
            self.outcome.add(problem.fault, is_doubtful=True)

    def _read_header(self) -> bool:
        header = next(self.rows, None)
        if header is None:
            self._refuse(Row(1, 1, []), "", _("the file is empty"))
            return False
        self._header = [name.strip() for name in header.cells]
        for place, name in enumerate(self._header):
            self._place(header, place, name)
        missing = [f.headers[0] for f in self.kind.fields if f.required and f.name not in self._places]
        if missing:
            reason = _("the header lacks these columns: %(names)s") % {"names": ", ".join(missing)}
            self._refuse(header, "", reason)
        return not self.outcome.fault_count

    def _place(self, header: Row, place: int, name: str) -> None:
        known = self.kind.field_of(name)
        if known is None:
            if name:
                self.outcome.ignored_columns.append(shown(name))
        elif known.name in self._places:
            other = self._header[self._places[known.name]]
            reason = _("the header has this column twice (the other is %(other)s)") % {"other": shown(other)}
            self._refuse(header, shown(name), reason)
        else:
            self._places[known.name] = place

    def _refuse(self, row: Row, column: str, reason: str) -> None:
        self.outcome.add(Fault(row.number, row.line, column, reason), is_doubtful=True)

    def _good_records(self) -> Iterator[list[Any]]:
        number = 1
        for row in self.rows:
            number = row.number
            if not any(cell.strip() for cell in row.cells):
                continue
            if row.number > MOST_RECORDS:
                raise Unreadable(Fault(*row[:2], "", _("the file has too many records; split it into several")))
            self.outcome.read += 1
            values = self._values(row)
            if values is not None:
                self.outcome.good += 1
                yield [values[name] for name in self.kind.columns]
        if not self.outcome.read:
            self._refuse(Row(number, 1, []), "", _("the file has a header and no records"))

    def _values(self, row: Row) -> dict[str, Any] | None:
        """Return a record's values, or None when it has faults, which are noted."""
        if len(row.cells) != len(self._header):
            counts = {"count": len(row.cells), "columns": len(self._header)}
            reason = _("has %(count)d cells, while the header has %(columns)d") % counts
            self.outcome.add(Fault(row.number, row.line, "", reason))
            return None
        before = self.outcome.fault_count
        values = self._cells(row)
        for name, reason in chain(self.kind.check(values), self._repeated(row, values)):
            self._fault(row, name, ValueError(reason))
        return values if self.outcome.fault_count == before else None

    def _cells(self, row: Row) -> dict[str, Any]:
        values = {}
        for column in self.kind.fields:
            place = self._places.get(column.name)
            try:
                values[column.name] = column.empty if place is None else column.value(row.cells[place])
            except ValueError as problem:
                self._fault(row, column.name, problem)
        return values

    def _repeated(self, row: Row, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
        key = values.get(self.kind.key)
        if key is None:
            return
        first = self._first_with.setdefault(key, row.number)
        if first != row.number:
            yield self.kind.key, _("stands in record %(record)d already") % {"record": first}

    def _fault(self, row: Row, name: str, problem: ValueError) -> None:
        place = self._places[name]
        cell = row.cells[place]
        reason = f"{shown(cell)}: {problem}" if cell.strip() else str(problem)
        fault = Fault(row.number, row.line, self._header[place], reason)
        self.outcome.add(fault, is_doubtful=isinstance(problem, Doubt))


# --- Storing ----------------------------------------------------------------------------------------------


def run(kind: Import, rows: Iterable[Row], *, skip_bad: bool = False) -> Outcome:
    """Check all rows of a file, and store the good ones if none is bad, or if the bad ones may be skipped.

    All or nothing, in one transaction. Records that are stored already are left alone, so that running twice
    changes nothing. A file that can't be read, or whose dates are in doubt, is never stored in part.
    """
    checker = Checker(kind, rows)
    outcome = checker.outcome
    with transaction.atomic():
        _gather(kind, checker.good())
        if outcome.may_be_stored(skip_bad=skip_bad):
            outcome.added = kind.store()
            outcome.is_stored = True
            _analyze(kind)
        _forget()
    return outcome


def _gather(kind: Import, records: Iterable[list[Any]]) -> None:
    """Copy records into INCOMING, whose columns are like those of the kind's table."""
    names = sql.SQL(", ").join(map(sql.Identifier, kind.columns))
    table = sql.Identifier(kind.model._meta.db_table)
    create = sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA")
    with connection.cursor() as cursor:
        cursor.execute(create.format(INCOMING, names, table))
        with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(INCOMING, names)) as copy:
            for record in records:
                copy.write_row(record)


def _analyze(kind: Import) -> None:
    """Tell the planner of the new rows before COMMIT, where each foreign key to them is checked.

    Without it, a table that was empty when it was last counted has every row looked up by reading many others.
    Postgres only warns if the role may not (MAINTAIN, Postgres 17).
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(kind.model._meta.db_table)))


def _forget() -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE {}").format(INCOMING))
