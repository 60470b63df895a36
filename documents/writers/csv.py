"""Plain .csv: the data alone, as Excel opens it by a double click: UTF-8 with BOM, comma or semicolon."""

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from documents.writers.sheets import Heading

WAKES_A_FORMULA = re.compile(
    # what no reader shows may stand before the sign: space, controls, marks of direction, soft hyphens, a BOM
    r"[\s\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*[=+\-@＝＋－＠]|[\t\r\n\x00]"
)


class CsvWriter:
    """Writes headers and rows, ids with every digit and figures as plain digits."""

    def __init__(self, path: Path, headings: Sequence[Heading], separator: str = ",") -> None:
        self.file = path.open("w", encoding="utf-8-sig", newline="")
        self.writer = csv.writer(self.file, delimiter=separator)
        self.writer.writerow([guarded(heading.label) for heading in headings])

    def summary(self, title: str, lines: Iterable[Sequence[Any]]) -> None:
        """Leave the Summary out: a .csv holds data only."""

    def rows(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write the rows."""
        self.writer.writerows([plain(value) for value in row] for row in rows)

    def close(self) -> None:
        """Write what is still in memory."""
        self.file.close()


def plain(value: Any) -> str:
    """Write a value as text: rupiah as digits, a time as yyyy-mm-dd hh:mm:ss."""
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return "" if value is None else f"{value:f}" if hasattr(value, "as_tuple") else str(value)


def guarded(text: str) -> str:
    """Put ' in front of what a spreadsheet would take for a formula (trust.md E1)."""
    return f"'{text}" if WAKES_A_FORMULA.match(text) else text
