"""What every reader gives: rows of text, and which names a header may hold."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

MOST_COLUMNS = 300
ROWS_ABOVE_A_HEADER = 30
NAMES_OF_A_HEADER = 2
"""So many known names make a row the header; one could be a title."""

Knows = Callable[[str], bool]
"""Tells whether a text is the name of a column."""


class Number(str):
    """What a spreadsheet holds as a number, in plain digits. Zeros in front are lost, if there were any."""

    __slots__ = ()


class Broken(str):
    """A cell without a value that could be read: "#N/A", or "=" for a formula whose result the file doesn't hold."""

    __slots__ = ()


class Row(NamedTuple):
    """One record of a file, as text. The first row that a reader gives is the header."""

    number: int
    line: int
    cells: list[str]


@dataclass
class Table:
    """The rows of a file, about how many they are, and what was passed over."""

    rows: Iterator[Row]
    about: int
    ignored: list[str] = field(default_factory=list)
    above: list[Row] = field(default_factory=list)
    """What stands above the header, where a reader looks for one further down."""
    hidden_sheet: str = ""
    """The name of the sheet that is read, when it is hidden."""
    hidden_rows: int = 0
    """So many of the records stand in hidden rows."""
    separator: str = ""
    """What stands between the cells of a text file."""


def plain(header: str) -> str:
    """Return a column's name without case, spaces and punctuation, for comparing."""
    return re.sub(r"[\W_]+", "", header).casefold()


def naming(cells: Iterable[object]) -> int:
    """Return how many cells of a row could be names of columns: words without a digit."""
    return sum(
        isinstance(cell, str) and any(map(str.isalpha, cell)) and not any(map(str.isdigit, cell)) for cell in cells
    )
