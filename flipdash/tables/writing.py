"""The one writer of .csv files: as Excel opens them by a double click, with BOM, and never a formula (trust.md E1)."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Sequence
from itertools import chain, islice, repeat
from typing import Any, Protocol

from flipdash.tables.guard import plain_column

AT_A_TIME = 1_000
"""Rows that are written at once."""


class Bytes(Protocol):
    """What a file is written into: an open file, or an answer of the web."""

    def write(self, content: bytes, /) -> Any:
        """Take the next part."""


class CsvFile:
    """Writes a header and rows in UTF-8, ids with every digit, figures as plain digits."""

    def __init__(self, file: Bytes, header: Sequence[str], separator: str = ",") -> None:
        self.separator = separator
        self.file = file
        self.file.write(BOM_UTF8)
        self.rows([header])

    def rows(self, rows: Iterable[Sequence[Any]]) -> None:
        rows = iter(rows)
        while batch := list(islice(rows, AT_A_TIME)):
            self.columns(list(zip(*batch, strict=True)))

    def columns(self, columns: Sequence[Sequence[Any]]) -> None:
        """Write rows that come as columns: the same lines as Python's csv.writer, without a look at each field."""
        fields = [self._quoted(plain_column(column, self.separator), is_alone=len(columns) == 1) for column in columns]
        lines = map(self.separator.join, zip(*fields, strict=True))
        self.file.write("".join(chain.from_iterable(zip(lines, repeat("\r\n")))).encode(errors="replace"))

    def _quoted(self, texts: Sequence[str], *, is_alone: bool) -> Sequence[str]:
        """Put quotes around what holds a separator, a quote or the end of a line, and a line's only empty field."""
        all_of_them = "".join(texts)
        if is_alone or any(sign in all_of_them for sign in (self.separator, '"', "\r", "\n")):
            must = re.compile(f'[{self.separator}"\r\n]' + ("|^$" if is_alone else "")).search
            return ['"' + text.replace('"', '""') + '"' if must(text) else text for text in texts]
        return texts
