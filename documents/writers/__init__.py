"""The formats of a report, each behind the same small interface."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from documents.writers.xls import XlsWriter


@dataclass(frozen=True)
class Heading:
    """A column of the sheet: its header, and how its values are typed: text, rupiah or datetime."""

    label: str
    kind: str


class Writer(Protocol):
    """Writes one report file: first the Summary, then any number of rows."""

    def __init__(self, path: Path, headings: Sequence["Heading"]) -> None: ...

    def summary(self, title: str, lines: Iterable[Sequence[Any]]) -> None:
        """Write the sheet Summary, a line of cells each."""

    def rows(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write rows into Data 1, Data 2 …, in the order of the headings."""

    def close(self) -> None:
        """Finish the file; without this it is no file."""


WRITERS: dict[str, type[Writer]] = {"xls": XlsWriter}

CONTENT_TYPES = {"xls": "application/vnd.ms-excel"}
