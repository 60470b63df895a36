"""Streamed .xlsx by XlsxWriter, which keeps one row in memory and guesses nothing (trust.md §3, Files)."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from documents.writers.sheets import LONGEST_CELL, BookWriter, Heading, Kind


class _PlainText(Worksheet):
    """A sheet in which a text that begins with <r> and ends with </r> stays text.

    XlsxWriter takes that for markup of its own and writes it unescaped: a person's text could hold a formula.
    """

    def _xml_rich_inline_string(self, string: str, attributes: list[tuple[str, Any]]) -> None:
        self._xml_inline_string(string, False, attributes)


class XlsxWriter(BookWriter):
    """Writes typed cells under frozen headers with an autofilter; its own temporary files lie beside the file."""

    def __init__(self, path: Path, headings: Sequence[Heading], separator: str = ",") -> None:
        super().__init__(path, headings)
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "tmpdir": str(path.parent),
        }
        self.book = xlsxwriter.Workbook(str(path), options)
        self.bold = self.book.add_format({"bold": True})
        self.head = self.book.add_format({"bold": True, "bottom": 1, "valign": "vcenter"})
        self.style = cache(self._style)
        self.sheet: Any = None

    def _add_sheet(self, name: str, widths: Sequence[int]) -> None:
        self.sheet = self.book.add_worksheet(name, _PlainText)
        for column, width in enumerate(widths):
            self.sheet.set_column(column, column, width)

    def _freeze_first_row(self) -> None:
        self.sheet.freeze_panes(1, 0)

    def _put_bold(self, line: int, column: int, text: str) -> None:
        self.sheet.write_string(line, column, text, self.bold)

    def _put_header(self, line: int, column: int, text: str) -> None:
        self.sheet.write_string(line, column, text, self.head)

    def _put_row(self, line: int, kinds: Sequence[Kind], row: Sequence[Any]) -> None:
        sheet = self.sheet
        for column, (kind, value) in enumerate(zip(kinds, row, strict=True)):
            if value is None or value == "":
                continue
            style = self.style(kind.format_of(value))
            if isinstance(value, str):
                sheet.write_string(line, column, value[:LONGEST_CELL], style)
            elif isinstance(value, datetime):
                sheet.write_datetime(line, column, value, style)
            else:
                sheet.write_number(line, column, value, style)

    def _end_data(self) -> None:
        self.sheet.autofilter(0, 0, self.line - 1, len(self.headings) - 1)

    def _save(self) -> None:
        self.book.close()

    def _style(self, number_format: str) -> Any:
        return self.book.add_format({"num_format": number_format, "quote_prefix": number_format == "@"})
