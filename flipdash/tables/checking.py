"""From rows of text to good records, and everything that is wrong with the others."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from django.utils.translation import gettext as _

from flipdash.tables.faults import Doubt, Fault, Unreadable, shown
from flipdash.tables.kinds import Import
from flipdash.tables.reader.tables import Row

MOST_RECORDS = 1_000_000
MOST_FAULTS = 100_000
"""A file with more is not what it was said to be, and isn't read to its end."""
FAULTS_KEPT = 1_000
"""So many faults are kept to be shown; the others are only counted."""


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
    note: Callable[[Fault], None] | None = None
    """Is told of each fault."""
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
        if self.note:
            self.note(fault)

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
            if self.outcome.fault_count > MOST_FAULTS:
                raise Unreadable(Fault(*row[:2], "", _("there are too many faults; the rest was not read")))
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
        place = self._places.get(name)
        cell = "" if place is None else row.cells[place]
        column = self.kind.name_of(name) if place is None else self._header[place]
        reason = f"{shown(cell)}: {problem}" if cell.strip() else str(problem)
        self.outcome.add(Fault(row.number, row.line, column, reason), is_doubtful=isinstance(problem, Doubt))
