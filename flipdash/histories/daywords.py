"""Days as people type them, in English and Indonesian: "kemarin", "last week", "27 nov", "27/11/2026", "Mei 2026"."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

MOST_WORDS = 3
"""Of a day: 27 nov 2026."""
FIRST_YEAR, LAST_YEAR = 2000, 2100
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januari",
            "feb february februari",
            "mar march maret",
            "apr april",
            "may mei",
            "jun june juni",
            "jul july juli",
            "aug august agu ags agt agustus",
            "sep sept september",
            "oct october okt oktober",
            "nov november nop nopember",
            "dec december des desember",
        ),
        start=1,
    )
    for name in names.split()
}
MONTH = f"(?P<month>{'|'.join(MONTHS)})"
YEAR = "(?P<year>[0-9]{4})"
DAYS = [
    re.compile(pattern)
    for pattern in (
        rf"(?P<day>[0-9]{{1,2}}) ?{MONTH}(?:,? {YEAR})?",
        rf"{MONTH} (?P<day>[0-9]{{1,2}})(?:,? {YEAR})?",
        rf"{MONTH}(?: {YEAR})?",
        rf"{YEAR}-(?P<number>[0-9]{{1,2}})-(?P<day>[0-9]{{1,2}})",
        rf"(?P<day>[0-9]{{1,2}})/(?P<number>[0-9]{{1,2}})(?:/{YEAR})?",
        rf"(?P<day>[0-9]{{1,2}})(?P<point>[.-])(?P<number>[0-9]{{1,2}})(?P=point){YEAR}",
        YEAR,
    )
]
"""A day stands before its month, as in Indonesia, where both are numbers."""


@dataclass(frozen=True)
class Days:
    """The days that are meant, both included; `is_broad` says that a month or a year was named alone."""

    first: date
    last: date
    is_broad: bool = False


class NoSuchDays(ValueError):
    """What reads like a day, but isn't one; the message says so to people."""


def read(said: str, today: Callable[[], date]) -> Days | None:
    """Return the days that are meant, or None for what doesn't read like days; raises NoSuchDays.

    Without a year it is the latest one in which they have begun: nobody looks for what is still to come.
    """
    words = " ".join(said.casefold().split())
    if words in RELATIVE:
        return RELATIVE[words](today())
    for pattern in DAYS:
        if found := pattern.fullmatch(words):
            return _days(said, found.groupdict(), today)
    return None


def _days(said: str, parts: dict[str, str | None], today: Callable[[], date]) -> Days | None:
    named, year = parts.get("day"), int(parts.get("year") or 0)
    day = int(named or 1)
    month = int(parts.get("number") or MONTHS.get(parts.get("month") or "", 0))
    if year and not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    if year and not month and named is None:
        return Days(date(year, 1, 1), date(year, 12, 31), is_broad=True)
    if not 1 <= month <= 12 or day > 31:
        return None
    try:
        first = date(year, month, day) if year else _latest(month, day, today())
    except ValueError as error:
        raise NoSuchDays(_("There is no day “%s”.") % said) from error
    return Days(first, first) if named else Days(first, _end_of_month(first), is_broad=not year)


def _latest(month: int, day: int, today: date) -> date:
    """Return the latest such day that has begun; 29 February can be three years ago, and seven at the turn of 2100."""
    date(2000, month, day)  # a year that has every day there is
    for year in range(today.year, today.year - 9, -1):
        try:
            latest = date(year, month, day)
        except ValueError:
            continue
        if latest <= today:
            return latest
    raise ValueError("There is no such day.")


def _end_of_month(first: date) -> date:
    return (first.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _day(ago: int) -> Callable[[date], Days]:
    return lambda today: Days(today - timedelta(days=ago), today - timedelta(days=ago))


def _week(ago: int) -> Callable[[date], Days]:
    """Return what makes a week from Monday to Sunday."""

    def week(today: date) -> Days:
        monday = today - timedelta(days=today.weekday() + 7 * ago)
        return Days(monday, monday + timedelta(days=6))

    return week


def _this_month(today: date) -> Days:
    return Days(today.replace(day=1), _end_of_month(today))


def _last_month(today: date) -> Days:
    last = today.replace(day=1) - timedelta(days=1)
    return Days(last.replace(day=1), last)


def _year(ago: int) -> Callable[[date], Days]:
    return lambda today: Days(date(today.year - ago, 1, 1), date(today.year - ago, 12, 31))


RELATIVE: dict[str, Callable[[date], Days]] = {
    words: days
    for said, days in (
        ("today/hari ini", _day(0)),
        ("yesterday/kemarin", _day(1)),
        ("this week/minggu ini/pekan ini", _week(0)),
        ("last week/minggu lalu/pekan lalu/minggu kemarin", _week(1)),
        ("this month/bulan ini", _this_month),
        ("last month/bulan lalu/bulan kemarin", _last_month),
        ("this year/tahun ini", _year(0)),
        ("last year/tahun lalu/tahun kemarin", _year(1)),
    )
    for words in said.split("/")
}
