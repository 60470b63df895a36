"""Real BIFF8 .xls by xlwt, until a writer of our own takes its place (issue 6)."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import xlwt

from documents.writers.sheets import LONGEST_CELL, BookWriter, Heading, Kind

FLUSH_EVERY = 1_000


class _QuotePrefix(int):
    """`cell_locked` with the bit beside its own that xlwt has no name for: f123Prefix.

    It says that the cell was typed with ' in front, so that editing it doesn't wake a formula (trust.md E1).
    """

    def __and__(self, mask: int) -> int:
        return int(self)


LOCKED_AND_QUOTED = _QuotePrefix(0b1001)


class XlsWriter(BookWriter):
    """Writes typed cells under frozen headers."""

    def __init__(self, path: Path, headings: Sequence[Heading], separator: str = ",") -> None:
        super().__init__(path, headings)
        self.book = xlwt.Workbook(encoding="utf-8", style_compression=2)
        self.bold = xlwt.easyxf("font: bold on")
        self.head = xlwt.easyxf("font: bold on; borders: bottom thin; align: vertical centre")
        self.style = cache(_style)  # xlwt compares styles by identity, and slowly
        self.sheet: xlwt.Worksheet

    def _add_sheet(self, name: str, widths: Sequence[int]) -> None:
        self.sheet = self.book.add_sheet(name)
        for column, width in enumerate(widths):
            self.sheet.col(column).width = width * 256

    def _freeze_first_row(self) -> None:
        self.sheet.set_panes_frozen(True)
        self.sheet.set_horz_split_pos(1)

    def _put_bold(self, line: int, column: int, text: str) -> None:
        self.sheet.row(line).set_cell_text(column, text, self.bold)

    def _put_header(self, line: int, column: int, text: str) -> None:
        self.sheet.row(line).set_cell_text(column, text, self.head)

    def _put_row(self, line: int, kinds: Sequence[Kind], row: Sequence[Any]) -> None:
        target = self.sheet.row(line)
        for column, (kind, value) in enumerate(zip(kinds, row, strict=True)):
            if value is None or value == "":
                continue
            style = self.style(kind.format_of(value))
            if isinstance(value, str):
                target.set_cell_text(column, value[:LONGEST_CELL], style)
            elif isinstance(value, datetime):
                target.set_cell_date(column, value, style)
            else:
                target.set_cell_number(column, value, style)
        if line % FLUSH_EVERY == 0:
            self.sheet.flush_row_data()

    def _end_data(self) -> None:
        self.sheet.flush_row_data()

    def _save(self) -> None:
        self.book.save(str(self.path))


def _style(number_format: str) -> xlwt.XFStyle:
    style = xlwt.easyxf(num_format_str=number_format)
    if number_format == "@":
        style.protection.cell_locked = LOCKED_AND_QUOTED
    return style
