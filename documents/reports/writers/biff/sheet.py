"""One worksheet: its cells wait in the book's spool, packed; what stands around them is made when the book ends."""

import struct
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import compress, repeat
from types import NoneType
from typing import Any, BinaryIO

from documents.reports.writers.biff import records
from documents.reports.writers.biff.drawing import arrows
from documents.reports.writers.biff.records import DBCELL, INDEX, LABELSST, NUMBER, ROW, record
from documents.reports.writers.biff.strings import SharedStrings

BLOCK = 32
"""Rows whose ROW records stand together, before their cells (§2.1.7.20.5, CELLTABLE)."""
LABEL_HEAD, NUMBER_HEAD, ROW_HEAD = (
    struct.pack("<HH", kind, size) for kind, size in ((LABELSST, 10), (NUMBER, 14), (ROW, 16))
)
ROW_SIZE = 20
USUAL_ROW = 0x000F0100
"""A row of the usual height and style (§2.4.221)."""
pack_place = struct.Struct("<HH").pack
pack_label = struct.Struct("<4sH4sI").pack
pack_number = struct.Struct("<4sH4sd").pack
pack_row = struct.Struct("<4sHHHHII").pack


@dataclass(slots=True)
class Cells:
    """One column of some rows: texts and numbers, None where there is no cell; one style's number, or one a cell."""

    values: Sequence[str | float | None]
    style: int | Sequence[int]
    is_whole: bool = False
    """Whether all cells are there and of one type, so that they can be packed together."""


class Sheet:
    """Takes rows from the first on, as columns."""

    def __init__(self, name: str, widths: Sequence[int], spool: BinaryIO, strings: SharedStrings) -> None:
        self.name, self.widths = name, widths
        self.spool, self.strings = spool, strings
        self.begin = spool.tell()
        self.size = 0
        self.rows = self.columns = 0
        self.is_filtered = False
        self.blocks = array("I")
        """Where the DBCELL of each block begins, counted from the first."""
        self.waiting_rows: list[bytes] = []
        self.waiting_cells: list[bytes] = []

    def add(self, columns: Sequence[Cells]) -> None:
        """Write rows behind those that are there; a column of theirs for each column, all of the same length."""
        count = len(columns[0].values)
        lines = range(self.rows, self.rows + count)
        parts = list(self._parts(columns, lines))
        self.waiting_cells += parts[0] if len(parts) == 1 else map(b"".join, zip(*parts, strict=True))
        self.waiting_rows += map(
            pack_row, repeat(ROW_HEAD), lines, *_used(columns, count), repeat(0x00FF), repeat(0), repeat(USUAL_ROW)
        )  # fmt: skip
        self.rows += count
        self.columns = max(self.columns, len(columns))
        self._write_blocks(BLOCK)

    def end(self) -> None:
        """Write the rows of a block that isn't full."""
        self._write_blocks(1)

    def before(self, position: int) -> bytes:
        """Return what stands before the cells, in a sheet that begins at this place of the workbook's stream."""
        head = b"".join(
            [
                records.SHEET_HEAD,
                records.DEFCOLWIDTH,
                *(records.column_width(column, width) for column, width in enumerate(self.widths)),
                record(0x009D, "H", self.columns) if self.is_filtered else b"",  # AUTOFILTERINFO §2.4.8
                records.dimensions(self.rows, self.columns),
            ]
        )
        index_size = 20 + 4 * len(self.blocks)
        start = position + len(records.BOF_SHEET) + index_size
        places = (start + len(head) + place for place in self.blocks)
        widths_at = start + len(records.SHEET_HEAD)
        index = record(INDEX, f"IIII{len(self.blocks)}I", 0, 0, self.rows, widths_at, *places)  # §2.4.144
        return records.BOF_SHEET + index + head

    def after(self, drawing: int, *, is_front: bool) -> bytes:
        """Return what stands behind the cells; the arrows of a filter are the drawing of this number."""
        drawn = arrows(drawing, self.columns) if self.is_filtered else b""
        return drawn + records.window(is_front=is_front, is_frozen=self.is_filtered) + records.EOF

    def _parts(self, columns: Sequence[Cells], lines: range) -> Iterable[list[bytes]]:
        """Yield the cells of each row in pieces: whole columns side by side are packed at once, others one by one."""
        form, arguments = "<", []
        for number, cells in enumerate(columns):
            if cells.is_whole:
                more, values = self._whole(cells, number, lines)
                form += more
                arguments += values
                continue
            if arguments:
                yield list(map(_packer(form), *arguments))
                form, arguments = "<", []
            if any(map(_is_there, cells.values)):
                yield self._one_by_one(cells, number, lines)
        if arguments or not lines:
            yield list(map(_packer(form), *arguments))
        elif form == "<":
            yield [b""] * len(lines)

    def _whole(self, cells: Cells, column: int, lines: range) -> tuple[str, list[Iterable[Any]]]:
        """Return the form of LABELSST (§2.4.149) or NUMBER (§2.4.180), and the arguments for it row by row."""
        places = _places(column, cells.style)
        if isinstance(cells.values[0], str):
            numbers = self.strings.numbers_of(cells.values)  # type: ignore[arg-type]  # all are texts
            return "4sH4sI", [repeat(LABEL_HEAD), lines, places, numbers]
        return "4sH4sd", [repeat(NUMBER_HEAD), lines, places, cells.values]

    def _one_by_one(self, cells: Cells, column: int, lines: range) -> list[bytes]:
        """Return each cell packed; b"" where there is none."""
        types = set(map(type, cells.values))
        there = [value is not None for value in cells.values]
        if str not in types or types <= {str, NoneType}:
            found = [b""] * len(lines)
            packed = self._packed(cells, column, lines, there, is_text=str in types)
            for place, cell in zip(compress(range(len(lines)), there), packed, strict=True):
                found[place] = cell
            return found
        is_text = [isinstance(value, str) for value in cells.values]
        is_number = [is_there and not text for is_there, text in zip(there, is_text, strict=True)]
        texts = self._packed(cells, column, lines, is_text, is_text=True)
        numbers = self._packed(cells, column, lines, is_number, is_text=False)
        return [
            next(texts) if text else next(numbers) if number else b""
            for text, number in zip(is_text, is_number, strict=True)
        ]

    def _packed(self, cells: Cells, column: int, lines: range, which: list[bool], *, is_text: bool) -> Iterator[bytes]:
        """Return the cells at some of the lines, which are all texts or all numbers."""
        values: Sequence[Any] = list(compress(cells.values, which))
        pack, head = (pack_label, LABEL_HEAD) if is_text else (pack_number, NUMBER_HEAD)
        if is_text:
            values = self.strings.numbers_of(values)
        places = _places(column, cells.style if isinstance(cells.style, int) else list(compress(cells.style, which)))
        return map(pack, repeat(head), compress(lines, which), places, values)

    def _write_blocks(self, fewest: int) -> None:
        """Write blocks of 32 rows while at least so many rows wait: ROW records, cells, DBCELL (§2.4.78)."""
        at, blocks = 0, []
        while len(self.waiting_rows) - at >= fewest and at < len(self.waiting_rows):
            rows, cells = self.waiting_rows[at : at + BLOCK], self.waiting_cells[at : at + BLOCK]
            sizes = list(map(len, cells))
            back = len(rows) * ROW_SIZE + sum(sizes)
            # the first row's cells from the second ROW on, then each row's cells from those of the row before
            offsets = [(len(rows) - 1) * ROW_SIZE, *sizes[:-1]]
            blocks += [*rows, *cells, record(DBCELL, f"I{len(rows)}H", back, *offsets)]
            self.blocks.append(self.size + back)
            self.size += back + 8 + 2 * len(rows)
            at += BLOCK
        self.spool.write(b"".join(blocks))
        del self.waiting_rows[:at], self.waiting_cells[:at]


def _used(columns: Sequence[Cells], count: int) -> tuple[Iterable[int], Iterable[int]]:
    """Return for each row its first column with a cell, and the one behind its last."""
    whole = [number for number, cells in enumerate(columns) if cells.is_whole]
    first, last = (whole[0], whole[-1] + 1) if whole else (len(columns), 0)
    if first == 0 and last == len(columns):
        return repeat(first), repeat(last)
    begins, ends = [first] * count, [last] * count
    for number in reversed(range(first)):
        begins = [at if v is None else number for at, v in zip(begins, columns[number].values, strict=True)]
    for number in range(last, len(columns)):
        ends = [at if v is None else number + 1 for at, v in zip(ends, columns[number].values, strict=True)]
    return [begin if end else 0 for begin, end in zip(begins, ends, strict=True)], ends


def _places(column: int, style: int | Sequence[int]) -> Iterable[bytes]:
    """Return the column and the style of each cell, packed."""
    if isinstance(style, int):
        return repeat(pack_place(column, style))
    return map(pack_place, repeat(column), style)


def _is_there(value: Any) -> bool:
    return value is not None


@cache
def _packer(form: str) -> Callable[..., bytes]:
    return struct.Struct(form).pack
