"""Real BIFF8 .xls, by a writer of our own: biff."""

from collections.abc import Sequence
from pathlib import Path

from documents.reports.writers import biff
from documents.reports.writers.cells import Cells
from documents.reports.writers.sheets import BookWriter, Heading


class XlsWriter(BookWriter):
    """Writes typed cells under frozen headers with an autofilter; its own temporary files lie beside the file."""

    def __init__(self, path: Path, headings: Sequence[Heading], separator: str = ",") -> None:
        super().__init__(path, headings)
        self.book = biff.Book(path)
        self.sheet: biff.Sheet

    def _add_sheet(self, name: str, widths: Sequence[int], *, is_data: bool) -> None:
        self.sheet = self.book.add_sheet(name, widths, is_filtered=is_data)

    def _put(self, columns: Sequence[Cells]) -> None:
        self.sheet.add([biff.Cells(cells.values, self._style(cells), cells.is_whole) for cells in columns])

    def _style(self, cells: Cells) -> int | Sequence[int]:
        number_of = self.book.styles.number_of
        return number_of(cells.look) if isinstance(cells.look, biff.Look) else list(map(number_of, cells.look))

    def _save(self) -> None:
        self.book.close()
