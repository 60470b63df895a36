"""When things happen in a business: on which days, at which hours, and when people are paid."""

import calendar
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

HOURS = (1, 0, 0, 0, 0, 1, 2, 4, 10, 16, 18, 14, 8, 14, 16, 14, 12, 8, 4, 3, 3, 2, 2, 1)  # of a working day
WEEKDAYS = (11, 10, 10, 10, 12, 5, 2)
HOUR_POOL = tuple(hour for hour, weight in enumerate(HOURS) for _ in range(weight))


def moments(random: Random, start: datetime, end: datetime, count: int, zone: ZoneInfo) -> Iterator[datetime]:
    """Spread `count` moments over the days between, oldest day first, by the rhythm of a business."""
    first = start.astimezone(zone).date()
    days = [first + timedelta(days=number) for number in range((end.astimezone(zone).date() - first).days + 1)]
    weights = [WEEKDAYS[day.weekday()] * (1.6 if day.day >= 25 else 1) for day in days]
    so_far, done, whole = 0.0, 0, sum(weights)
    for day, weight in zip(days, weights, strict=True):
        so_far += weight
        quota, done = round(count * so_far / whole) - done, round(count * so_far / whole)
        midnight = datetime.combine(day, time.min, tzinfo=zone)
        for _ in range(quota):
            hour = HOUR_POOL[int(random.random() * len(HOUR_POOL))]
            moment = midnight + timedelta(hours=hour, microseconds=int(random.random() * 3_600_000_000))
            while moment >= end:
                moment -= timedelta(days=1)
            yield moment


def paydays(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Return the 25th of each month at 10 o'clock, or the Friday before when that is a weekend."""
    day = start.astimezone(zone).date().replace(day=25)
    while (payday := _at_ten(day - timedelta(days=max(0, day.weekday() - 4)), zone)) < end:
        if payday > start:
            yield payday
        day += timedelta(days=calendar.monthrange(day.year, day.month)[1])


def _at_ten(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(10, 4, 31), tzinfo=zone)
