"""The days on which banks in Indonesia work, and so on which payments are settled.

They rest on Saturdays, Sundays, public holidays and the joint holidays (cuti bersama) that the government declares for
each year; all of them are known from the library `holidays`. What it doesn't know yet, such as the joint holidays of a
year to come, is a working day until a newer one says otherwise.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from django.utils.translation import get_language
from holidays import country_holidays

from flipdash import formats

FROM = time(6)
"""When a day's settlement begins, in the business's zone: what was paid shortly before midnight is known by then."""
ALL = ("public", "government")
LANGUAGES = {"id": "id", "en": "en_US"}
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Holiday:
    """A weekday on which banks rest, and why in the reader's language."""

    day: date
    name: str


@cache
def _of_year(year: int, language: str) -> dict[date, str]:
    return dict(country_holidays("ID", years=year, categories=ALL, language=language))


def is_banking_day(day: date) -> bool:
    """Return whether banks work on a day."""
    return day.weekday() < 5 and day not in _of_year(day.year, "id")


def banking_day_after(day: date) -> date:
    """Return the next day on which banks work."""
    day += DAY
    while not is_banking_day(day):
        day += DAY
    return day


def banking_day_before(day: date) -> date:
    """Return the last day before one on which banks worked."""
    day -= DAY
    while not is_banking_day(day):
        day -= DAY
    return day


def begins(day: date, zone: ZoneInfo) -> datetime:
    """Return the moment at which a day begins in a zone."""
    return datetime.combine(day, time.min, tzinfo=zone)


def holidays_between(first: date, last: date) -> Iterator[Holiday]:
    """Yield the weekdays from one day to another, both included, on which banks rest."""
    language = LANGUAGES.get((get_language() or "en")[:2], "en_US")
    day = first
    while day <= last:
        if day.weekday() < 5 and (name := _of_year(day.year, language).get(day)):
            yield Holiday(day, name)
        day += DAY


def closed_in_words(first: date, last: date) -> str:
    """Return the same as people read it: Thu 24 Dec (Christmas Joint Holiday); Fri 25 Dec (Christmas Day)."""
    return "; ".join(f"{formats.weekday(one.day)} ({one.name})" for one in holidays_between(first, last))
