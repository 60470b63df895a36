"""How times and words are written for people, in the active language and the active time zone."""

from datetime import date, datetime

from django.utils import timezone
from django.utils.dates import MONTHS_3
from django.utils.translation import get_language
from django.utils.translation import gettext as _


def _clock(at: datetime, separator: str = "") -> str:
    separator = separator or ("." if get_language() == "id" else ":")
    return f"{at.hour:02}{separator}{at.minute:02}"


def _month(on: date) -> str:
    return f"{on.day} {str(MONTHS_3[on.month]).title()}"


def moment(at: datetime) -> str:
    """Write a time in full: 22 Nov 2026, 16:05."""
    local = timezone.localtime(at)
    return f"{day(local)}, {_clock(local)}"


def moment_to_the_second(at: datetime) -> str:
    """Write a time to the second: 22 Nov 2026, 16:05:09."""
    local = timezone.localtime(at)
    separator = "." if get_language() == "id" else ":"
    return f"{day(local)}, {_clock(local, separator)}{separator}{local.second:02}"


def short_moment(at: datetime, today: date) -> str:
    """Write a time as a table does: 22 Nov, 16:05, with the year only when it isn't this year's."""
    local = timezone.localtime(at)
    return f"{_month(local) if local.year == today.year else day(local)}, {_clock(local)}"


def time_of_day(at: datetime) -> str:
    """Write the time of a day that is known: 16:05."""
    return _clock(timezone.localtime(at))


def day(on: date) -> str:
    """Write a day: 22 Nov 2026."""
    return f"{_month(on)} {on.year}"


def short_day(on: date) -> str:
    """Write a day of which one knows the year: 22 Nov."""
    return _month(on)


def days(first: date | None, last: date | None) -> str:
    """Write a range of days as shortly as it is clear: 1 – 22 Nov 2026."""
    if first is None or last is None:
        return _("from %s") % day(first) if first else _("until %s") % day(last) if last else ""
    if first == last:
        return day(first)
    is_same_year, is_same_month = first.year == last.year, (first.year, first.month) == (last.year, last.month)
    start = str(first.day) if is_same_month else _month(first) if is_same_year else day(first)
    return f"{start} – {day(last)}"
