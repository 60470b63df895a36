"""The cells of bank statements: days, sums, signs, texts. Nothing is guessed: what isn't certain raises ValueError."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from flipdash.lines import without_marks
from flipdash.tables import Broken, Number, broken

FIRST_DAY = date(2000, 1, 1)
DAYS_AHEAD = 7
"""On a Friday banks book what they post on Monday, or after a holiday."""
MOST = Decimal(10) ** 15
"""Rupiah: more than any account holds, and spreadsheets keep no more digits."""

SIGNS: Final = {
    **dict.fromkeys(("cr", "c", "k", "kr", "kredit", "credit"), 1),
    **dict.fromkeys(("db", "d", "dr", "debet", "debit"), -1),
}
"""What says which way the money went: 1 in, -1 out."""

MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "january januari jan",
            "february februari pebruari feb peb",
            "march maret mar",
            "april apr",
            "may mei",
            "june juni jun",
            "july juli jul",
            "august agustus aug agu agt ags",
            "september sept sep",
            "october oktober oct okt",
            "november nopember nov nop",
            "december desember dec des",
        ),
        1,
    )
    for name in names.split()
}

CLOCK = r"(?:[ T]+(?P<hour>\d{2})(?P<between>[:.])(?P<minute>\d{2})(?:(?P=between)(?P<second>\d{2}))?)?"
DAY, MONTH, YEAR = r"(?P<day>\d{2})", r"(?P<month>\d{2})", r"(?P<year>\d{4})"
PATTERNS: Final = {
    style: re.compile(pattern + CLOCK, re.ASCII)
    for style, pattern in {
        "YYYY-MM-DD": rf"{YEAR}-{MONTH}-{DAY}",
        "DD/MM/YYYY": rf"{DAY}/{MONTH}/{YEAR}",
        "DD/MM/YY": rf"{DAY}/{MONTH}/(?P<short>\d{{2}})",
        "DD/MM": rf"{DAY}/{MONTH}",
        "D MONTH YYYY": rf"(?P<day>\d{{1,2}})[ -](?P<name>[A-Za-z]+)[ -]{YEAR}",
        "D-MON": r"(?P<day>\d{1,2})[ -](?P<name>[A-Za-z]{3,4})(?:[ -](?P<short>\d{2}))?",
        "MM/DD/YYYY": rf"{MONTH}/{DAY}/{YEAR}",
        "MM/DD/YY": rf"{MONTH}/{DAY}/(?P<short>\d{{2}})",
    }.items()
}
SUMS: Final = {
    ".": re.compile(r"(?P<whole>\d{1,3}(?:,\d{3})+|\d{1,16})?(?:\.(?P<part>\d{1,2}))?", re.ASCII),
    ",": re.compile(r"(?P<whole>\d{1,3}(?:\.\d{3})+|\d{1,16})?(?:,(?P<part>\d{1,2}))?", re.ASCII),
}
DECIMALS = tuple(SUMS)
CURRENCY = re.compile(r"(?:rp\.?|idr)\s*", re.IGNORECASE)
BEHIND = re.compile(r"(?P<sum>.*?[\d)])\s*(?P<sign>[A-Za-z]+\.?)", re.DOTALL)
PARENTHESES = re.compile(r"\((.*)\)")
KEPT_AS_TEXT = re.compile(r"=\"([^\"]*)\"")
FILLER = re.compile(r"[-0\s.]*|[A-Za-z]{1,3}|NONREF.*", re.IGNORECASE)
"""What stands in place of a reference: dashes, zeros, the last letters of a message."""


@dataclass(frozen=True)
class Period:
    """The days a statement is of, where it says so."""

    first: date
    last: date


@dataclass(frozen=True)
class Sum:
    """A sum as it was written: how much, whether with a minus, and what stands behind it."""

    value: Decimal
    is_minus: bool
    sign: int | None


def bare(cell: str) -> str:
    """Return a cell without the signs that keep it a text, and without blanks around it; raises ValueError for one
    without a value."""
    if isinstance(cell, Broken):
        raise ValueError(broken(cell))
    text = cell.strip()
    if kept := KEPT_AS_TEXT.fullmatch(text):
        text = kept[1]
    return text.lstrip("'`").strip()


# --- Days ------------------------------------------------------------------------------------------------------------


def day(cell: str, styles: tuple[str, ...], *, today: date, period: Period | None = None) -> tuple[date, time | None]:
    """Return the day that a cell names in one of the styles, and the time if it says one."""
    text = bare(cell)
    found = {}
    for style in styles:
        if parts := PATTERNS[style].fullmatch(text):
            found[style] = _day(parts, today, period)
    if not found:
        raise ValueError(_("this is no date as this bank writes it: %s") % ", ".join(styles))
    if len(set(found.values())) > 1:
        raise ValueError(_("this date can be read in two ways: %s") % ", ".join(found))
    (value, moment), *_others = found.values()
    if not FIRST_DAY <= value <= today + timedelta(days=DAYS_AHEAD):
        raise ValueError(_("this date is in the future, or long past"))
    return value, moment


def _day(parts: re.Match[str], today: date, period: Period | None) -> tuple[date, time | None]:
    said = parts.groupdict()
    month = MONTHS.get(said["name"].casefold(), 0) if said.get("name") else int(said["month"])
    number = int(said["day"])
    try:
        if said.get("year"):
            value = date(int(said["year"]), month, number)
        elif said.get("short"):
            value = date(2000 + int(said["short"]), month, number)
        else:
            value = without_year(number, month, today=today, period=period)
        moment = time(int(said["hour"]), int(said["minute"]), int(said["second"] or 0)) if said["hour"] else None
    except ValueError as problem:
        raise ValueError(str(problem) if problem.args and isinstance(problem, NoSuchDay) else _no_day()) from None
    return value, moment


class NoSuchDay(ValueError):
    """There is no such day in the statement's period."""


def _no_day() -> str:
    return _("there is no such day or time")


def without_year(number: int, month: int, *, today: date, period: Period | None = None) -> date:
    """Return the day in the period, or the latest one that isn't after today."""
    years = range(period.last.year, period.first.year - 1, -1) if period else range(today.year, today.year - 9, -1)
    first, last = (period.first, period.last) if period else (FIRST_DAY, today)
    for year in years:
        try:
            value = date(year, month, number)
        except ValueError:
            continue
        if first <= value <= last:
            return value
    raise NoSuchDay(_("there is no such day in the time that this statement is of"))


# --- Sums ------------------------------------------------------------------------------------------------------------


def money(cell: str, decimal: str) -> Sum:
    """Return a sum in rupiah, of which nothing (an empty cell, ".00") is zero; raises ValueError.

    What a workbook holds as a number is rounded to sen.
    """
    text = bare(cell)
    if isinstance(cell, Number):
        return _checked(Decimal(text).quantize(Decimal("0.01")), text.startswith("-"), None)
    sign = None
    if behind := BEHIND.fullmatch(text):
        text, sign = behind["sum"], direction(behind["sign"])
    is_minus = False
    if inside := PARENTHESES.fullmatch(text):
        text, is_minus = inside[1], True
    text = _without_currency(text)
    if text[:1] in ("-", "−") or text.endswith("-"):
        text, is_minus = text.strip("-− "), True
    text = _without_currency(text)
    found = SUMS[decimal].fullmatch(text)
    if found is None or (text and not (found["whole"] or found["part"])):
        example = "5,000,417.00" if decimal == "." else "5.000.417,00"
        raise ValueError(_("this is no sum as this bank writes it, such as %s") % example)
    whole = re.sub(r"[.,]", "", found["whole"] or "0")
    return _checked(Decimal(f"{whole}.{found['part'] or 0}"), is_minus, sign)


def _without_currency(text: str) -> str:
    found = CURRENCY.match(text)
    return text[found.end() :].strip() if found else text.strip()


def _checked(value: Decimal, is_minus: bool, sign: int | None) -> Sum:
    if abs(value) > MOST:
        raise ValueError(_("this sum is too large"))
    return Sum(abs(value), is_minus, sign)


def direction(cell: str) -> int:
    """Return 1 for money in, -1 for money out."""
    try:
        return SIGNS[bare(cell).rstrip(".").casefold()]
    except KeyError:
        raise ValueError(_("this has to be CR or K for money in, DB or D for money out")) from None


# --- Texts -----------------------------------------------------------------------------------------------------------


def words(cell: str) -> str:
    """Return what a bank printed, runs of blanks kept: they part what stands in one cell.

    More lenient than flipdash.lines.clean_line: what a bank printed can't be typed again, so marks of format are left
    out of it. Control characters show that the file is damaged.
    """
    if cell.isascii() and cell.isprintable():
        return cell.strip()
    printed = without_marks(cell)
    if any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\t\n\r" for letter in printed):
        raise ValueError(_("holds control characters"))
    return re.sub(r"[\t\n\r]", " ", printed).strip()


def folded(text: str, most: int) -> str:
    """Return a text on one line, with single blanks, cut at so many characters."""
    return " ".join(text.split())[:most].strip()


def reference(cell: str, most: int) -> str:
    """Return a bank's reference, or nothing where a filler stands."""
    text = folded(bare(cell), most)
    return "" if FILLER.fullmatch(text) else text
