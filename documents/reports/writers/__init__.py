"""The formats of a report, each behind the same small interface."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from documents.reports.writers.biff import TooBig
from documents.reports.writers.csv import CsvWriter
from documents.reports.writers.sheets import Heading
from documents.reports.writers.xls import XlsWriter
from documents.reports.writers.xlsx import XlsxWriter

__all__ = ["CONTENT_TYPES", "WRITERS", "Heading", "TooBig", "Writer"]


class Writer(Protocol):
    """Writes one report file: first the Summary, then any number of rows."""

    def __init__(self, path: Path, headings: Sequence[Heading], separator: str = ",") -> None:
        """Begin the file; `separator` stands between the fields of a .csv."""

    def summary(self, title: str, lines: Iterable[Sequence[Any]]) -> None:
        """Write the sheet Summary, a line of cells each."""

    def rows(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write rows into Data 1, Data 2 …, in the order of the headings. Raises TooBig when it is sure to be."""

    def columns(self, columns: Sequence[Sequence[Any]]) -> None:
        """Write rows that come as columns, one for each heading, which is faster."""

    def close(self) -> None:
        """Finish the file; without this it is no file. Raises TooBig for more than the format holds."""


WRITERS: dict[str, type[Writer]] = {"xls": XlsWriter, "xlsx": XlsxWriter, "csv": CsvWriter}

CONTENT_TYPES = {
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "pdf": "application/pdf",  # receipts, which documents/receipts/ writes, as in the next one
    "zip": "application/zip",
}
