"""From an .xls or .xlsx to rows of text: the same text as the same table's .csv."""

import math
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    load_workbook,
)

from .marks import Marks, marks_of
from .refusals import Refused
from .tables import MOST_COLUMNS, NAMES_OF_A_HEADER, ROWS_ABOVE_A_HEADER, Broken, Knows, Number, Row, Table, naming

OUR_SUMMARY, OUR_DATA = "Summary", re.compile("Data [0-9]+")
"""The sheets of our own reports: the data may go on over several of them."""
MACRO_SHEETS = (SheetTypeEnum.MacroSheet, SheetTypeEnum.Vba)
LARGEST_WHOLE = 10**15
"""Spreadsheets keep 15 digits of a number and make zeros of the others."""


class Found(NamedTuple):
    """A sheet, and where its header is: the index of the row, or None."""

    sheet: CalamineSheet
    place: int
    header: int | None
    names: int
    """So many names of its header are known."""
    has_records: bool
    is_hidden: bool
    widest: int = 0
    """The row with the most words that could be names, where no name is known."""

    @property
    def top(self) -> int:
        """Where the table begins."""
        return self.widest if self.header is None else self.header

    @property
    def is_table(self) -> bool:
        return self.header is not None and self.has_records

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        """What is to be read comes before what isn't: tables that people see, then hidden ones."""
        return (self.is_table, self.header is not None, not self.is_hidden)


def read_workbook(stream: BinaryIO, knows: Knows, *, may_be_merged: bool = False) -> Table:
    """Return the rows of the sheet that has a header `knows` knows and records under it; those of our own reports may
    go on over several. Raises Refused."""
    try:
        with load_workbook(stream) as book:
            chosen, ignored = _find(book, knows)
    except PasswordError as error:
        raise Refused("password") from error
    except (CalamineError, ValueError, OSError) as error:
        raise Refused("damaged") from error
    if not chosen:
        return Table(iter(()), 0, ignored)
    marks = [marks_of(stream, found.place) for found in chosen]
    for found in chosen:
        if not may_be_merged:
            _check_merged(found.sheet, found.top)
    first = chosen[0]
    return Table(
        _all_rows(chosen, marks),
        sum(max(0, found.sheet.height - (found.top) - 1) for found in chosen),
        ignored,
        _above(first.sheet, first.top),
        hidden_sheet=first.sheet.name if first.is_hidden else "",
        hidden_rows=sum(map(_hidden_records, chosen, marks)),
    )


def _find(book: CalamineWorkbook, knows: Knows) -> tuple[list[Found], list[str]]:
    """Return the sheets to read, and the names of those with something in them that are passed over."""
    all_found: list[Found] = []
    for place, about in enumerate(book.sheets_metadata):
        if about.typ in MACRO_SHEETS:
            raise Refused("macros")
        if about.typ != SheetTypeEnum.WorkSheet:
            continue
        is_hidden = about.visible != SheetVisibleEnum.Visible
        if found := _look_into(book.get_sheet_by_index(place), place, is_hidden, knows):
            all_found.append(found)
    if not all_found:
        return [], []
    best = max(all_found, key=lambda found: (*found.rank, found.names, -found.place))
    chosen = [best]
    if best.is_table:
        others = [found for found in all_found if found is not best and found.rank == best.rank]
        if OUR_DATA.fullmatch(best.sheet.name) and book.sheet_names[0] == OUR_SUMMARY:
            chosen += [found for found in others if OUR_DATA.fullmatch(found.sheet.name)]
            chosen.sort(key=lambda found: found.place)
        for other in others:
            # A summary has some of the names too, but not most of them.
            if other not in chosen and other.names * 2 > best.names:
                raise Refused("sheets", names=f"“{best.sheet.name}”, “{other.sheet.name}”")
    return chosen, [found.sheet.name for found in all_found if found not in chosen]


def _look_into(sheet: CalamineSheet, place: int, is_hidden: bool, knows: Knows) -> Found | None:
    """Return where a sheet's header is, or None for an empty sheet."""
    if sheet.start is None or not sheet.height:
        return None
    if sheet.width > MOST_COLUMNS:
        raise Refused("columns", line=sheet.start[0] + 1, count=sheet.width, most=MOST_COLUMNS)
    widest, most = 0, 1
    for row, cells in enumerate(islice(sheet.iter_rows(), ROWS_ABOVE_A_HEADER)):
        names = sum(isinstance(cell, str) and knows(cell) for cell in cells)
        if names >= NAMES_OF_A_HEADER:
            has_records = any(map(any, islice(sheet.iter_rows(), row + 1, None)))
            return Found(sheet, place, row, names, has_records, is_hidden)
        if (words := naming(cells)) > most:
            widest, most = row, words
    return Found(sheet, place, None, 0, True, is_hidden, widest)


def _check_merged(sheet: CalamineSheet, header: int) -> None:
    """Refuse cells that were merged in the header or below: all but the first of them are empty."""
    first = (sheet.start or (0, 0))[0] + header
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        if bottom >= first and (top, left) != (bottom, right):
            place = f"{_letters(left)}{top + 1}:{_letters(right)}{bottom + 1}"
            reason = "merged header" if top <= first else "merged"
            raise Refused(reason, max(top, first) - first + 1, top + 1, place=place)


def _letters(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _above(sheet: CalamineSheet, header: int) -> list[Row]:
    top = (sheet.start or (0, 0))[0] + 1
    rows = enumerate(islice(sheet.iter_rows(), header))
    return [Row(0, top + place, [_text(cell) for cell in cells]) for place, cells in rows if any(cells)]


def _hidden_records(found: Found, marks: Marks) -> int:
    """Return how many records stand in rows that people don't see."""
    if not marks.hidden_rows:
        return 0
    first = (found.sheet.start or (0, 0))[0]
    rows = islice(enumerate(found.sheet.iter_rows(), first), (found.top) + 1, None)
    return sum(number in marks.hidden_rows and any(cells) for number, cells in rows)


def _all_rows(chosen: list[Found], marks: list[Marks]) -> Iterator[Row]:
    """Yield the rows of the sheets as of one: the header once, and the records counted on."""
    number = 0
    for place, (found, about) in enumerate(zip(chosen, marks, strict=True)):
        for row in islice(_rows(found.sheet, found.top, about), 1 if place else 0, None):
            number += 1
            yield Row(number, row.line, row.cells)


def _rows(sheet: CalamineSheet, header: int, marks: Marks) -> Iterator[Row]:
    top, left = sheet.start or (0, 0)
    number, width = 0, 0
    for place, cells in enumerate(sheet.iter_rows()):
        if place < header:
            continue
        texts = [_text(cell) for cell in cells]
        for column, words in marks.broken.get(top + place, {}).items():
            if 0 <= column - left < len(texts):
                texts[column - left] = Broken(words)
        while texts and not texts[-1] and len(texts) > width:
            texts.pop()
        if not any(texts):
            continue
        number += 1
        width = width or len(texts)
        yield Row(number, top + 1 + place, texts)


def _text(cell: Any) -> str:
    """Return a cell as a .csv would have it; a number says that it was one."""
    match cell:
        case str():
            return cell
        case bool():
            return str(cell).upper()
        case int() | float():
            return Number(_digits(cell))
        case datetime():
            return (cell + timedelta(microseconds=500_000)).replace(microsecond=0).isoformat(" ")
        case date():
            return f"{cell.isoformat()} 00:00:00"
        case time():
            return cell.replace(microsecond=0).isoformat()
    return "" if cell is None else str(cell)


def _digits(number: float) -> str:
    if not math.isfinite(number):
        return str(number)
    if abs(number) >= LARGEST_WHOLE:
        return f"{Decimal(number):.14E}"
    # Spreadsheets show 15 digits; what comes behind them is noise of adding up.
    return f"{Decimal(f'{number:.15g}'):f}"
