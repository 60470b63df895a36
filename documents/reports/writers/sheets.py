"""What .xls and .xlsx share: the order of the sheets, and when a next sheet begins."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from documents.reports.writers.cells import BOLD, HEADER, KINDS, Cells, kind_of, typed

ROWS_A_SHEET = 65_535
"""Rows in a sheet without the header, which takes the first: what .xls can hold, so that all books look alike."""
AT_A_TIME = 1_000
SUMMARY_WIDTHS = (28, 30, 20, 20)


@dataclass(frozen=True)
class Heading:
    """A column of the sheet: its header, and of which of the KINDS its values are."""

    label: str
    kind: str


class BookWriter(ABC):
    """Writes Summary, Data 1, Data 2 …, each Data sheet with the headers in its first row, frozen and filtered."""

    def __init__(self, path: Path, headings: Sequence[Heading], separator: str = ",") -> None:
        self.path, self.headings = path, headings
        self.kinds = [KINDS[heading.kind] for heading in headings]
        self.sheets = 0
        self.line = ROWS_A_SHEET + 1  # as if a sheet before the first were full

    def summary(self, title: str, lines: Iterable[Sequence[Any]]) -> None:
        """Write the sheet Summary: the title, then lines whose first cell is a label."""
        self._add_sheet("Summary", SUMMARY_WIDTHS, is_data=False)
        self._put([typed([title], KINDS["text"], BOLD)])
        for line in ((), *lines):
            self._put([typed([value], KINDS[kind_of(value)]) for value in line or ("",)])

    def rows(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write rows, each with a value for each heading."""
        rows = iter(rows)
        while batch := list(islice(rows, AT_A_TIME)):
            self.columns(list(zip(*batch, strict=True)))

    def columns(self, columns: Sequence[Sequence[Any]]) -> None:
        """Write rows that come as columns, which is faster; a sheet is begun when there is none or the last is full."""
        count, start = len(columns[0]), 0
        while start < count:
            if self.line > ROWS_A_SHEET:
                self._begin_data()
            stop = min(count, start + ROWS_A_SHEET + 1 - self.line)
            parts = columns if stop - start == count else [column[start:stop] for column in columns]
            self._put([typed(values, kind) for values, kind in zip(parts, self.kinds, strict=True)])
            self.line += stop - start
            start = stop

    def close(self) -> None:
        """Save the file. A report without rows still has its Data 1 with the headers."""
        if not self.sheets:
            self._begin_data()
        self._save()

    def _begin_data(self) -> None:
        self.sheets += 1
        self._add_sheet(f"Data {self.sheets}", [kind.width for kind in self.kinds], is_data=True)
        self._put([typed([heading.label], KINDS["text"], HEADER) for heading in self.headings])
        self.line = 1

    @abstractmethod
    def _add_sheet(self, name: str, widths: Sequence[int], *, is_data: bool) -> None:
        """Begin the next sheet; nothing is written to an earlier one any more. A Data sheet is frozen and filtered."""

    @abstractmethod
    def _put(self, columns: Sequence[Cells]) -> None:
        """Write rows behind those of the sheet, which come as columns."""

    @abstractmethod
    def _save(self) -> None:
        """Write the file."""
