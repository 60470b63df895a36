"""From rows of text to good records, and everything that is wrong with the others."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from django.utils.translation import gettext as _

from flipdash.tables.faults import CELL_KEPT, Doubt, Fault, Unreadable, broken
from flipdash.tables.layouts import Field, Header, Layout
from flipdash.tables.reader.tables import Broken, Row
from flipdash.tables.reading import FileRows

FAULTS_KEPT = 1_000
"""So many faults are kept to be shown; the others are only counted."""


@dataclass
class Outcome:
    """What came of reading a file."""

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
    """Checks the rows of one file, header first, and gathers in `outcome` what is wrong with them."""

    def __init__(self, layout: Layout, rows: Iterable[Row], file: FileRows | None = None) -> None:
        """`file` is what the rows come from, where that is one."""
        self.layout, self.rows = layout, iter(rows)
        self._file = rows if file is None and isinstance(rows, FileRows) else file
        self.outcome = Outcome()
        self._header = Header([])
        self._least = 0
        self._first_with: dict[str, int] = {}

    def good(self) -> Iterator[Any]:
        """Yield what each record without faults becomes."""
        try:
            if self._read_header():
                yield from self._good_records()
        except Unreadable as problem:
            self.outcome.add(problem.fault, is_doubtful=True)

    def _read_header(self) -> bool:
        first = next(self.rows, None)
        if first is None:
            self._refuse(Row(1, 1, []), "", _("the file is empty"))
            return False
        self._header = self.layout.read_header(first.cells)
        self._least = max(self._header.places.values(), default=0) + 1
        self.layout.heed(self._header, self._file.separator if self._file else "")
        self.outcome.ignored_columns += self._header.ignored
        for column, reason in self._header.problems:
            self._refuse(first, column, reason)
        return not self._header.problems

    def _refuse(self, row: Row, column: str, reason: str) -> None:
        self.outcome.add(Fault(row.number, row.line, column, reason), is_doubtful=True)

    def _good_records(self) -> Iterator[Any]:
        number = 1
        for row in self.rows:
            number = row.number
            if not any(cell.strip() for cell in row.cells):
                continue
            if row.number > self.layout.most_records + 1:
                words = {"most": self.layout.most_records}
                reason = _("the file has more than %(most)d records; split it into several") % words
                raise Unreadable(Fault(*row[:2], "", reason))
            if self.outcome.fault_count > self.layout.most_faults:
                raise Unreadable(Fault(*row[:2], "", _("there are too many faults; the rest was not read")))
            self.outcome.read += 1
            values = self._values(row)
            if values is not None:
                self.outcome.good += 1
                yield self.layout.record(values)
        if not self.outcome.read and self.layout.needs_records:
            self._refuse(Row(number, 1, []), "", _("the file has a header and no records"))
        if self.layout.asks_order:
            self._refuse(Row(1, 1, []), "", _("nothing says whether days or months come first in its dates"))

    def _values(self, row: Row) -> dict[str, Any] | None:
        """Return a record's values, or None when it has faults, which are noted."""
        width = len(self._header.names)
        if len(row.cells) < self._least or (self.layout.is_even and len(row.cells) != width):
            reason = _("has %(count)d cells, while the header has %(columns)d")
            counts = {"count": len(row.cells), "columns": width}
            self.outcome.add(Fault(row.number, row.line, "", reason % counts))
            return None
        before = self.outcome.fault_count
        values = self._cells(row)
        for name, reason in chain(self.layout.check(values), self._repeated(row, values)):
            self._fault(row, name, ValueError(reason))
        return values if self.outcome.fault_count == before else None

    def _cells(self, row: Row) -> dict[str, Any]:
        values = {}
        for column in self.layout.fields:
            place = self._header.places.get(column.name)
            said = self._header.constants.get(column.name, "")
            try:
                if place is None and not said:
                    values[column.name] = column.empty
                else:
                    values[column.name] = self._value(column, said if place is None else row.cells[place])
            except ValueError as problem:
                self._fault(row, column.name, problem)
        return values

    def _value(self, column: Field, cell: str) -> Any:
        if isinstance(cell, Broken):
            raise ValueError(broken(cell))
        return self.layout.value(column, cell)

    def _repeated(self, row: Row, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
        key = values.get(self.layout.key)
        if key is None:
            return
        first = self._first_with.setdefault(key, row.number)
        if first != row.number:
            yield self.layout.key, _("stands in record %(record)d already") % {"record": first}

    def _fault(self, row: Row, name: str, problem: ValueError) -> None:
        place = self._header.places.get(name)
        cell = "" if place is None else row.cells[place][:CELL_KEPT]
        column = self.layout.name_of(name) if place is None else self._header.names[place]
        fault = Fault(row.number, row.line, column, str(problem), cell)
        self.outcome.add(fault, is_doubtful=isinstance(problem, Doubt))
