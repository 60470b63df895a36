"""How times and words are written for people, in the active language and the active time zone."""

from datetime import date, datetime

from django.utils import timezone
from django.utils.dateformat import format as write
from django.utils.translation import get_language
from django.utils.translation import gettext as _


def _clock() -> str:
    return "H.i" if get_language() == "id" else "H:i"


def moment(at: datetime) -> str:
    """Write a time in full: 22 Nov 2026, 16:05."""
    return write(timezone.localtime(at), f"j M Y, {_clock()}")


def moment_to_the_second(at: datetime) -> str:
    """Write a time to the second: 22 Nov 2026, 16:05:09."""
    return write(timezone.localtime(at), f"j M Y, {_clock()}{_clock()[1]}s")


def short_moment(at: datetime, today: date) -> str:
    """Write a time as a table does: 22 Nov, 16:05, with the year only when it isn't this year's."""
    local = timezone.localtime(at)
    return write(local, f"j M, {_clock()}" if local.year == today.year else f"j M Y, {_clock()}")


def day(on: date) -> str:
    """Write a day: 22 Nov 2026."""
    return write(on, "j M Y")


def days(first: date | None, last: date | None) -> str:
    """Write a range of days as shortly as it is clear: 1 – 22 Nov 2026."""
    if first is None or last is None:
        return _("from %s") % day(first) if first else _("until %s") % day(last) if last else ""
    if first == last:
        return day(first)
    start = "j M Y" if first.year != last.year else "j M" if first.month != last.month else "j"
    return f"{write(first, start)} – {day(last)}"
