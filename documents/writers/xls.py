"""Real BIFF8 .xls by xlwt, until a writer of our own takes its place (issue 6).

An .xls sheet ends at 65,536 rows, so data goes on in a next sheet before that.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xlwt

if TYPE_CHECKING:
    from documents.writers import Heading

ROWS_A_SHEET = 65_535
"""Rows in a sheet without the header, which takes the first."""
LONGEST_CELL = 32_767
FLUSH_EVERY = 1_000
WIDTHS = {"text": 22, "rupiah": 16, "datetime": 20}
"""Column widths in characters."""


class XlsWriter:
    """Writes Summary, Data 1, Data 2 …, with typed cells, frozen headers and an autofilter-ready header row."""

    def __init__(self, path: Path, headings: Sequence["Heading"]) -> None:
        self.path, self.headings = path, headings
        self.book = xlwt.Workbook(encoding="utf-8", style_compression=2)
        self.bold = xlwt.easyxf("font: bold on")
        self.head = xlwt.easyxf("font: bold on; borders: bottom thin; align: vertical centre")
        self.styles = {
            "text": xlwt.easyxf(num_format_str="@"),
            "rupiah": xlwt.easyxf(num_format_str="#,##0"),
            "datetime": xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss"),
        }
        self.sheet: xlwt.Worksheet | None = None
        self.sheets = 0
        self.line = 0

    def summary(self, title: str, lines: Iterable[Sequence[Any]]) -> None:
        """Write the sheet Summary: the title, then lines whose first cell is a label."""
        sheet = self.book.add_sheet("Summary")
        sheet.write(0, 0, title, self.bold)
        for column, width in enumerate((28, 30, 20, 20)):
            sheet.col(column).width = width * 256
        for number, line in enumerate(lines, start=2):
            for column, value in enumerate(line):
                if value not in (None, ""):
                    sheet.write(number, column, *self._cell(value))

    def rows(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write the rows; a sheet is begun when there is none or the last one is full."""
        kinds = [heading.kind for heading in self.headings]
        for row in rows:
            if self.sheet is None or self.line > ROWS_A_SHEET:
                self.sheet = self._next_sheet()
            target = self.sheet.row(self.line)
            for column, (kind, value) in enumerate(zip(kinds, row, strict=True)):
                if value is None or value == "":
                    continue
                if kind == "rupiah":
                    target.set_cell_number(column, value, self.styles[kind])
                elif kind == "datetime":
                    target.set_cell_date(column, value, self.styles[kind])
                else:
                    target.set_cell_text(column, value[:LONGEST_CELL], self.styles[kind])
            if self.line % FLUSH_EVERY == 0:
                self.sheet.flush_row_data()
            self.line += 1

    def close(self) -> None:
        """Save the file. A report without rows still has its Data 1 with the headers."""
        if self.sheet is None:
            self.sheet = self._next_sheet()
        self.book.save(str(self.path))

    def _cell(self, value: Any) -> tuple[Any, xlwt.XFStyle]:
        if isinstance(value, datetime):
            return value, self.styles["datetime"]
        if isinstance(value, int):
            return value, self.styles["rupiah"]
        return str(value)[:LONGEST_CELL], self.styles["text"]

    def _next_sheet(self) -> xlwt.Worksheet:
        if self.sheet is not None:
            self.sheet.flush_row_data()
        self.sheets += 1
        sheet = self.book.add_sheet(f"Data {self.sheets}")
        sheet.set_panes_frozen(True)
        sheet.set_horz_split_pos(1)
        for column, heading in enumerate(self.headings):
            sheet.write(0, column, heading.label, self.head)
            sheet.col(column).width = WIDTHS[heading.kind] * 256
        self.line = 1
        return sheet
