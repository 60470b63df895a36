"""The days of a series: the same day of each week, or of each month; of a shorter month, its last."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from transactions.models.series import Repeats
from transactions.transfers.services import SENT_AT

WEEK = timedelta(days=7)
LONGEST = timedelta(days=731)
"""How long a series may go on: two years."""


@dataclass(frozen=True)
class Plan:
    """When a series sends."""

    repeats: str
    first: date
    last: date

    @property
    def days(self) -> list[date]:
        """All of its days."""
        return list(days_of(self.first, self.repeats, self.last))

    @property
    def times(self) -> int:
        """How many there are."""
        return len(self.days)

    def from_day(self, day: date) -> list[date]:
        """Return those from a day on."""
        return [one for one in self.days if one >= day]


def days_of(first: date, repeats: str, last: date) -> Iterator[date]:
    """Yield the days of a series, the first and the last included."""
    day = first
    while day <= last:
        yield day
        day = day_after(first, repeats, day)


def day_after(first: date, repeats: str, day: date) -> date:
    """Return the first day of a series that comes after a day, whatever its last is."""
    if day < first:
        return first
    if repeats == Repeats.WEEK:
        return first + WEEK * ((day - first).days // 7 + 1)
    this = _in_month(first, day.year, day.month)
    return this if this > day else _in_month(first, day.year + day.month // 12, day.month % 12 + 1)


def _in_month(first: date, year: int, month: int) -> date:
    return date(year, month, min(first.day, monthrange(year, month)[1]))


def moment(day: date, zone: str) -> datetime:
    """Return when the transfer of a day is sent."""
    return datetime.combine(day, SENT_AT, tzinfo=ZoneInfo(zone))
