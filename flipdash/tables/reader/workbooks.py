"""From an .xls or .xlsx to rows of text: the same text as the same table's .csv."""

import math
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
    load_workbook,
)

from .refusals import Refused
from .tables import MOST_COLUMNS, Knows, Number, Row, Table

ROWS_ABOVE_A_HEADER = 20
NAMES_OF_A_HEADER = 2
"""So many known names make a row the header; one could be a title."""
MACRO_SHEETS = (SheetTypeEnum.MacroSheet, SheetTypeEnum.Vba)
LARGEST_WHOLE = 10**15
"""Spreadsheets keep 15 digits of a number and make zeros of the others."""


class Found(NamedTuple):
    """A sheet, and where its header is: the index of the row, or None."""

    sheet: CalamineSheet
    header: int | None
    has_records: bool


def read_workbook(stream: BinaryIO, knows: Knows) -> Table:
    """Return the rows of the one sheet that has a header `knows` knows and records under it; raises Refused."""
    try:
        with load_workbook(stream) as book:
            found = _find(book, knows)
    except PasswordError as error:
        raise Refused("password") from error
    except (CalamineError, ValueError, OSError) as error:
        raise Refused("damaged") from error
    data, ignored = found
    if data is None:
        return Table(iter(()), 0, ignored)
    header = data.header or 0
    _check_merged(data.sheet, header)
    about = max(0, data.sheet.height - header - 1)
    return Table(_rows(data.sheet, header), about, ignored, _above(data.sheet, header))


def _find(book: CalamineWorkbook, knows: Knows) -> tuple[Found | None, list[str]]:
    """Return the sheet to read, and the names of those with something in them that are passed over."""
    chosen: Found | None = None
    ignored: list[str] = []
    for place, about in enumerate(book.sheets_metadata):
        if about.typ in MACRO_SHEETS:
            raise Refused("macros")
        if about.typ != SheetTypeEnum.WorkSheet:
            continue
        found = _look_into(book.get_sheet_by_index(place), knows)
        if found is None:
            continue
        if chosen is None or (chosen.header is None and found.header is not None):
            found, chosen = chosen, found
        elif _is_table(chosen) and _is_table(found):
            raise Refused("sheets", names=f"“{chosen.sheet.name}”, “{about.name}”")
        elif not chosen.has_records and _is_table(found):
            found, chosen = chosen, found
        if found is not None:
            ignored.append(found.sheet.name)
    return chosen, ignored


def _is_table(found: Found) -> bool:
    return found.header is not None and found.has_records


def _look_into(sheet: CalamineSheet, knows: Knows) -> Found | None:
    """Return where a sheet's header is, or None for an empty sheet."""
    if sheet.start is None or not sheet.height:
        return None
    if sheet.width > MOST_COLUMNS:
        raise Refused("columns", line=sheet.start[0] + 1, count=sheet.width, most=MOST_COLUMNS)
    for place, cells in enumerate(islice(sheet.iter_rows(), ROWS_ABOVE_A_HEADER)):
        if sum(isinstance(cell, str) and knows(cell) for cell in cells) >= NAMES_OF_A_HEADER:
            return Found(sheet, place, any(map(any, islice(sheet.iter_rows(), place + 1, None))))
    return Found(sheet, None, True)


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


def _rows(sheet: CalamineSheet, header: int) -> Iterator[Row]:
    top = (sheet.start or (0, 0))[0] + 1
    number, width = 0, 0
    for place, cells in enumerate(sheet.iter_rows()):
        if place < header:
            continue
        texts = [_text(cell) for cell in cells]
        while texts and not texts[-1] and len(texts) > width:
            texts.pop()
        if not any(texts):
            continue
        number += 1
        width = width or len(texts)
        yield Row(number, top + place, texts)


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
    return str(int(number)) if number == int(number) else f"{Decimal(repr(number)):f}"
