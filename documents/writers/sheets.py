"""What .xls and .xlsx share: the kinds of cell, the order of the sheets, and when a next sheet begins."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

ROWS_A_SHEET = 65_535
"""Rows in a sheet without the header, which takes the first: what .xls can hold, so that all books look alike."""
LONGEST_CELL = 32_767
SUMMARY_WIDTHS = (28, 30, 20, 20)


@dataclass(frozen=True)
class Kind:
    """How a column is typed: the number format of its cells, and its width in characters."""

    number_format: str
    width: int

    def format_of(self, value: Any) -> str:
        """Return the number format of a value; a Decimal shows the decimals that it has."""
        decimals = -int(value.as_tuple().exponent) if isinstance(value, Decimal) else 0
        return f"{self.number_format}.{'0' * decimals}" if decimals > 0 else self.number_format


KINDS = {
    "text": Kind("@", 22),
    "rupiah": Kind("#,##0", 16),
    "decimal": Kind("#,##0", 18),
    "datetime": Kind("yyyy-mm-dd hh:mm:ss", 20),
}
"""The kinds that a heading can name. What the cell is goes by the value: str, int or Decimal, datetime."""


@dataclass(frozen=True)
class Heading:
    """A column of the sheet: its header, and of which of the KINDS its values are."""

    label: str
    kind: str


class BookWriter(ABC):
    """Writes Summary, Data 1, Data 2 …, each Data sheet with the headers in its first row."""

    def __init__(self, path: Path, headings: Sequence[Heading], separator: str = ",") -> None:
        self.path, self.headings = path, headings
        self.kinds = [KINDS[heading.kind] for heading in headings]
        self.sheets = 0
        self.line = ROWS_A_SHEET + 1  # as if a sheet before the first were full

    def summary(self, title: str, lines: Iterable[Sequence[Any]]) -> None:
        """Write the sheet Summary: the title, then lines whose first cell is a label."""
        self._add_sheet("Summary", SUMMARY_WIDTHS)
        self._put_bold(0, 0, title)
        for number, line in enumerate(lines, start=2):
            kinds = [KINDS[kind_of(value)] for value in line]
            self._put_row(number, kinds, line)

    def rows(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write the rows; a sheet is begun when there is none or the last one is full."""
        for row in rows:
            if self.line > ROWS_A_SHEET:
                self._begin_data()
            self._put_row(self.line, self.kinds, row)
            self.line += 1

    def close(self) -> None:
        """Save the file. A report without rows still has its Data 1 with the headers."""
        if not self.sheets:
            self._begin_data()
        self._end_data()
        self._save()

    def _begin_data(self) -> None:
        if self.sheets:
            self._end_data()
        self.sheets += 1
        self._add_sheet(f"Data {self.sheets}", [kind.width for kind in self.kinds])
        self._freeze_first_row()
        for column, heading in enumerate(self.headings):
            self._put_header(0, column, heading.label)
        self.line = 1

    @abstractmethod
    def _add_sheet(self, name: str, widths: Sequence[int]) -> None:
        """Begin the next sheet; nothing is written to an earlier one any more."""

    @abstractmethod
    def _freeze_first_row(self) -> None:
        """Keep the headers in sight."""

    @abstractmethod
    def _put_bold(self, line: int, column: int, text: str) -> None:
        """Write a title."""

    @abstractmethod
    def _put_header(self, line: int, column: int, text: str) -> None:
        """Write a column's header."""

    @abstractmethod
    def _put_row(self, line: int, kinds: Sequence[Kind], row: Sequence[Any]) -> None:
        """Write a row of typed cells; None and "" leave a cell empty."""

    @abstractmethod
    def _end_data(self) -> None:
        """Finish a Data sheet whose last row is `self.line` - 1."""

    @abstractmethod
    def _save(self) -> None:
        """Write the file."""


def kind_of(value: Any) -> str:
    """Return the kind of a single value, where no heading names one."""
    return {int: "rupiah", Decimal: "rupiah"}.get(type(value)) or ("datetime" if hasattr(value, "hour") else "text")
