"""How times and words are written for people, in the active language and the active time zone."""

from datetime import date, datetime, tzinfo

from django.utils import timezone
from django.utils.dates import MONTHS_3, WEEKDAYS_ABBR
from django.utils.functional import lazy
from django.utils.translation import get_language
from django.utils.translation import gettext as _


class Moments:
    """Writes times in the language and the zone of the moment when it is made; a page of many makes one for all."""

    def __init__(self) -> None:
        self.zone = timezone.get_current_timezone()
        self.separator = "." if get_language() == "id" else ":"
        self.months: dict[int, str] = {}

    def local(self, at: datetime) -> datetime:
        """Return the time in the zone."""
        return at.astimezone(self.zone)

    def full(self, at: datetime) -> str:
        """Write a time in full: 22 Nov 2026, 16:05."""
        return f"{self.day(self.local(at))}, {self.time_of_day(at)}"

    def to_the_second(self, at: datetime) -> str:
        """Write a time to the second: 22 Nov 2026, 16:05:09."""
        return f"{self.full(at)}{self.separator}{at.second:02}"

    def short(self, at: datetime, today: date) -> str:
        """Write a time as a table does: 22 Nov, 16:05, with the year only when it isn't this year's."""
        local = self.local(at)
        return f"{self.month(local) if local.year == today.year else self.day(local)}, {self.time_of_day(at)}"

    def time_of_day(self, at: datetime) -> str:
        """Write the time of a day that is known: 16:05."""
        local = self.local(at)
        return f"{local.hour:02}{self.separator}{local.minute:02}"

    def day(self, on: date) -> str:
        """Write a day: 22 Nov 2026."""
        return f"{self.month(on)} {on.year}"

    def month(self, on: date) -> str:
        """Write a day of a year that is known: 22 Nov."""
        if on.month not in self.months:
            self.months[on.month] = str(MONTHS_3[on.month]).title()
        return f"{on.day} {self.months[on.month]}"


def moment(at: datetime) -> str:
    """Write a time in full: 22 Nov 2026, 16:05."""
    return Moments().full(at)


def moment_with_zone(at: datetime, zone: tzinfo, zone_name: str) -> str:
    """Write a time for whoever may read it elsewhere: 22 Nov 2026, 16:05 WIB."""
    with timezone.override(zone):
        return f"{moment(at)} {zone_name}"


moment_with_zone_lazy = lazy(moment_with_zone, str)
"""The same for a mail, whose language is its reader's."""


def moment_to_the_second(at: datetime) -> str:
    """Write a time to the second: 22 Nov 2026, 16:05:09."""
    return Moments().to_the_second(at)


def time_of_day(at: datetime) -> str:
    """Write the time of a day that is known: 16:05."""
    return Moments().time_of_day(at)


def day(on: date) -> str:
    """Write a day: 22 Nov 2026."""
    return Moments().day(on)


def short_day(on: date) -> str:
    """Write a day of which one knows the year: 22 Nov."""
    return Moments().month(on)


def weekday(on: date) -> str:
    """Write a day of which one knows the year, with its name: Tue 1 Dec."""
    return f"{str(WEEKDAYS_ABBR[on.weekday()]).title()} {short_day(on)}"


def days(first: date | None, last: date | None) -> str:
    """Write a range of days as shortly as it is clear: 1 – 22 Nov 2026."""
    if first is None or last is None:
        return _("from %s") % day(first) if first else _("until %s") % day(last) if last else ""
    if first == last:
        return day(first)
    is_same_year, is_same_month = first.year == last.year, (first.year, first.month) == (last.year, last.month)
    start = str(first.day) if is_same_month else Moments().month(first) if is_same_year else day(first)
    return f"{start} – {day(last)}"
