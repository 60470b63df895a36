"""Plain .csv: the data alone, without a Summary."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from documents.reports.writers.sheets import Heading
from flipdash.tables.writing import CsvFile


class CsvWriter(CsvFile):
    """Writes headers and rows."""

    def __init__(self, path: Path, headings: Sequence[Heading], separator: str = ",") -> None:
        self._whole = path.open("wb")
        super().__init__(self._whole, [heading.label for heading in headings], separator)

    def summary(self, title: str, lines: Iterable[Sequence[Any]]) -> None:
        """Leave the Summary out: a .csv holds data only."""

    def close(self) -> None:
        """Write what is still in memory."""
        self._whole.close()
