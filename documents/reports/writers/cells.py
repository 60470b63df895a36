"""What .xls and .xlsx share: a column of values, made ready to be written as texts and numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import repeat
from operator import sub, truediv
from types import NoneType
from typing import Any

from documents.reports.writers.biff import Look

LONGEST_CELL = 32_767
"""UTF-16 units that a cell holds."""
ZERO_DAY, DAY = datetime(1899, 12, 30), timedelta(days=1)  # noqa: DTZ001  (sheets know no zones)
FIRST_DAY = 61
"""1 March 1900: from here on days are counted right. A sheet believes that there was a 29 February 1900."""


TEXT, DATE = Look("@"), Look("yyyy-mm-dd")
BOLD, HEADER = Look(is_bold=True), Look(is_header=True)


@dataclass(frozen=True)
class Kind:
    """How a column is typed: the number format of its cells, and its width in characters."""

    number_format: str
    width: int

    @property
    def look(self) -> Look:
        """The look of its cells."""
        return Look(self.number_format)

    def look_of(self, value: Any) -> Look:
        """Return the look of a value; a Decimal shows the decimals that it has, and what isn't a text isn't quoted."""
        decimals = -int(value.as_tuple().exponent) if isinstance(value, Decimal) else 0
        return Look(f"{self.number_format}.{'0' * decimals}") if decimals > 0 else self.look


KINDS = {
    "text": Kind("@", 22),
    "rupiah": Kind("#,##0", 16),
    "decimal": Kind("#,##0", 18),
    "datetime": Kind("yyyy-mm-dd hh:mm:ss", 20),
}
"""The kinds that a heading can name. What the cell is goes by the value: str, int or Decimal, datetime."""


def kind_of(value: Any) -> str:
    """Return the kind of a single value, where no heading names one."""
    return {int: "rupiah", Decimal: "rupiah"}.get(type(value)) or ("datetime" if hasattr(value, "hour") else "text")


@dataclass(slots=True)
class Cells:
    """One column of some rows: texts and numbers, None where there is no cell; one look, or one for each cell."""

    values: Sequence[Any]
    look: Look | Sequence[Look]
    is_whole: bool
    """Whether all cells are there and of one type."""


def typed(values: Sequence[Any], kind: Kind, look: Look | None = None) -> Cells:
    """Make values ready: None and "" are no cells, a time is the number of its day, a text is cut where cells end.

    What the values are decides: a text in a column of figures is quoted, a figure in a column of texts is a figure,
    and a time among figures is a time.
    Raises ValueError for a figure that isn't finite, TypeError for what no cell can hold.
    """
    types = set(map(type, values)) - {NoneType}
    if types == {int} or types == {datetime}:
        kind = _kind_for(next(value for value in values if value is not None), kind)
    if look is None and (made := _alike(values, types, kind)) is not None:
        return Cells(*made, is_whole=None not in made[0])
    cells = [_cell(value) for value in values]
    is_whole = None not in cells and len({type(cell) is str for cell in cells}) == 1
    return Cells(cells, look or _looks(values, cells, kind), is_whole)


def _alike(values: Sequence[Any], types: set[type], kind: Kind) -> tuple[Sequence[Any], Look] | None:
    """Return cells and look of values of one of the usual types, among which some may be missing; else None."""
    if not types:
        return values, kind.look
    if types == {str}:
        longest = max(map(len, filter(None, values)), default=0)
        texts = [value and cut(value) for value in values] if longest * 2 > LONGEST_CELL else values
        return [text or None for text in texts] if "" in texts else texts, TEXT
    if types == {int}:
        return values, kind.look
    if types == {datetime}:
        if None not in values:
            days = list(map(truediv, map(sub, values, repeat(ZERO_DAY)), repeat(DAY)))
        else:
            days = [None if value is None else (value - ZERO_DAY) / DAY for value in values]
        known = days if None not in days else [day for day in days if day is not None]
        return (days, kind.look) if min(known) >= FIRST_DAY else None
    return None


def _kind_for(value: Any, kind: Kind) -> Kind:
    """Return the column's kind where it suits a figure or a time, else the value's own."""
    if isinstance(value, datetime):
        return KINDS["datetime"]
    return KINDS["rupiah"] if kind.look.is_quoted or kind is KINDS["datetime"] else kind


def cell_of_day(at: date) -> float | str:
    """Return a day's number; a day before March 1900 is written in words."""
    moment = at if isinstance(at, datetime) else datetime(at.year, at.month, at.day)  # noqa: DTZ001  (as ZERO_DAY)
    day = (moment - ZERO_DAY) / DAY
    return day if day >= FIRST_DAY else str(at)


def cut(text: str) -> str:
    """Return as much of a text as a cell holds, without half a character at the end."""
    if len(text) * 2 <= LONGEST_CELL:
        return text
    wide = text.encode("utf-16-le", "replace")
    return text if len(wide) <= LONGEST_CELL * 2 else wide[: LONGEST_CELL * 2].decode("utf-16-le", "ignore")


def _cell(value: Any) -> str | float | Decimal | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return cut(str(value))
    if isinstance(value, date):
        return cell_of_day(value)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float | Decimal):
        if not math.isfinite(value):
            raise ValueError(f"no cell holds {value}")
        return value
    raise TypeError(f"no cell holds a {type(value).__name__}")


def _looks(values: Sequence[Any], cells: Sequence[Any], kind: Kind) -> Look | list[Look]:
    """Return the looks of cells that aren't all alike: whatever the column, a text is quoted."""
    looks = [
        TEXT if type(cell) is str else DATE if type(value) is date else _kind_for(value, kind).look_of(value)
        for value, cell in zip(values, cells, strict=True)
        if cell is not None
    ]
    if len(set(looks)) < 2:
        return looks[0] if looks else kind.look
    in_order = iter(looks)
    return [kind.look if cell is None else next(in_order) for cell in cells]
