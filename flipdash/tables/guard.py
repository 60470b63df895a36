"""What keeps texts from waking as formulas when a .csv is opened in a spreadsheet (trust.md E1)."""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from types import NoneType
from typing import Any

UNSEEN = r"\s\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
"""What no reader shows and what may stand before the sign: space, controls, marks of direction, soft hyphens, a BOM."""
SIGN = r"=+\-@＝＋－＠"
WAKES_A_FORMULA = re.compile(rf"'*(?:[{UNSEEN}]*[{SIGN}]|[\t\r\n\x00])")
"""Also where ' stands in front already: whoever reads the file takes one away again, and it has to be ours."""
WAKES_INSIDE = {
    separator: re.compile(rf"""([{other}\t\r\n]["{UNSEEN}]*)(?='*[{SIGN}])""")
    for separator, other in ((",", ";"), (";", ","))
}
"""Where a cell would begin with a formula if the file were opened with the other separator, which knows nothing of the
quotes around this one's fields."""
INSERTED = {
    separator: re.compile(rf"([{other}\t\r\n][\"{UNSEEN}]*)'(?='*[{SIGN}])")
    for separator, other in ((",", ";"), (";", ","))
}
"""Where `guarded` has put a ' inside."""
LEADING = re.compile(rf"\A[{UNSEEN}]+")
SIGNS = "=+-@＝＋－＠\t\r\n\x00"
"""What a text must have anywhere to wake a formula."""


def guarded(text: str, separator: str) -> str:
    """Put ' in front of what a spreadsheet would take for a formula, and inside where another cell would begin with
    one if the file were opened with the other separator.
    """
    start = len(text) - len(LEADING.sub("", text))
    inside = text[:start] + WAKES_INSIDE[separator].sub(r"\1'", text[start:])
    return f"'{inside}" if WAKES_A_FORMULA.match(text) else inside


def unguarded(text: str, separator: str) -> str:
    """Return what `guarded` was given where a text is what it makes of something; else the text itself."""
    if "'" not in text:
        return text
    for outer in (text[1:], text):
        start = len(outer) - len(LEADING.sub("", outer))
        for bare in (outer, outer[:start] + INSERTED[separator].sub(r"\1", outer[start:])):
            if bare != text and guarded(bare, separator) == text:
                return bare
    return text


def plain_column(values: Sequence[Any], separator: str) -> Sequence[str]:
    """Write a column's values as texts, of which none wakes a formula; all at once where they are of one kind."""
    types = set(map(type, values))
    if NoneType in types:
        values = ["" if value is None else value for value in values]
        types = types - {NoneType} | {str}
    if types == {str}:
        all_of_them = "".join(values)
        may = any(sign in all_of_them for sign in SIGNS) and (
            any(map(may_wake, {value[:1] for value in values})) or WAKES_INSIDE[separator].search(all_of_them)
        )
        return [guarded(value, separator) for value in values] if may else values
    if types == {int}:
        return list(map(str, values))
    return [plain(value, separator) for value in values]


@lru_cache(maxsize=4_096)
def may_wake(first: str) -> bool:
    """Return whether a text that begins with this character may have to be guarded."""
    return bool(first) and WAKES_A_FORMULA.match(first + "=") is not None


def plain(value: Any, separator: str) -> str:
    """Write a value as text: rupiah as digits, a time as yyyy-mm-dd hh:mm:ss."""
    if isinstance(value, str):
        return guarded(value, separator)
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return "" if value is None else f"{value:f}" if hasattr(value, "as_tuple") else str(value)
