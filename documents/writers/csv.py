"""Plain .csv: the data alone, as Excel opens it by a double click: UTF-8 with BOM, comma or semicolon."""

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from types import NoneType
from typing import Any

from documents.writers.sheets import AT_A_TIME, Heading

WAKES_A_FORMULA = re.compile(
    # what no reader shows may stand before the sign: space, controls, marks of direction, soft hyphens, a BOM
    r"[\s\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*[=+\-@＝＋－＠]|[\t\r\n\x00]"
)


class CsvWriter:
    """Writes headers and rows, ids with every digit and figures as plain digits."""

    def __init__(self, path: Path, headings: Sequence[Heading], separator: str = ",") -> None:
        self.file = path.open("w", encoding="utf-8", newline="")
        self.file.write("\ufeff")  # not by the encoding utf-8-sig, which is Python, a row at a time
        self.writer = csv.writer(self.file, delimiter=separator)
        self.writer.writerow([guarded(heading.label) for heading in headings])

    def summary(self, title: str, lines: Iterable[Sequence[Any]]) -> None:
        """Leave the Summary out: a .csv holds data only."""

    def rows(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write the rows."""
        rows = iter(rows)
        while batch := list(islice(rows, AT_A_TIME)):
            self.columns(list(zip(*batch, strict=True)))

    def columns(self, columns: Sequence[Sequence[Any]]) -> None:
        """Write rows that come as columns."""
        self.writer.writerows(zip(*map(plain_column, columns), strict=True))

    def close(self) -> None:
        """Write what is still in memory."""
        self.file.close()


def plain_column(values: Sequence[Any]) -> Iterable[Any]:
    """Write a column's values as texts; texts of which none can wake a formula, and whole figures, as they are."""
    types = set(map(type, values)) - {NoneType}
    if types == {str} and not any(map(may_wake, {value[:1] for value in values if value})):
        return values
    if types == {datetime}:
        return [None if value is None else value.isoformat(" ", "seconds") for value in values]
    return values if types <= {int} else map(plain, values)


@lru_cache(maxsize=4_096)
def may_wake(first: str) -> bool:
    """Return whether a text that begins with this character may have to be guarded."""
    return bool(first) and WAKES_A_FORMULA.match(first + "=") is not None


def plain(value: Any) -> str:
    """Write a value as text: rupiah as digits, a time as yyyy-mm-dd hh:mm:ss."""
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return "" if value is None else f"{value:f}" if hasattr(value, "as_tuple") else str(value)


def guarded(text: str) -> str:
    """Put ' in front of what a spreadsheet would take for a formula (trust.md E1)."""
    return f"'{text}" if WAKES_A_FORMULA.match(text) else text
