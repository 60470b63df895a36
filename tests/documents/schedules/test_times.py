"""Days and hours of schedules, in the business's zone."""

from datetime import UTC, date, datetime

import pytest

from documents.schedules.times import Plan

DAILY = Plan("day", 0, 1, 8)
MONDAYS = Plan("week", 0, 1, 8)
LAST_DAYS = Plan("month", 0, 31, 23)


@pytest.mark.parametrize(
    ("plan", "day", "following"),
    [
        (DAILY, date(2026, 12, 31), date(2027, 1, 1)),
        (MONDAYS, date(2026, 11, 29), date(2026, 11, 30)),  # from a Sunday
        (MONDAYS, date(2026, 11, 30), date(2026, 12, 7)),
        (LAST_DAYS, date(2027, 1, 31), date(2027, 2, 28)),
        (LAST_DAYS, date(2027, 2, 28), date(2027, 3, 31)),
        (LAST_DAYS, date(2028, 1, 31), date(2028, 2, 29)),
        (LAST_DAYS, date(2026, 12, 30), date(2026, 12, 31)),
        (LAST_DAYS, date(2026, 12, 31), date(2027, 1, 31)),
        (Plan("month", 0, 1, 8), date(2026, 12, 1), date(2027, 1, 1)),
    ],
)
def test_the_day_after(plan, day, following):
    assert plan.day_after(day) == following


@pytest.mark.parametrize(("zone", "hour"), [("Asia/Jakarta", 1), ("Asia/Makassar", 0), ("Asia/Jayapura", 23)])
def test_an_hour_is_that_of_the_zone(zone, hour):
    """08:00 WIB is 01:00 UTC, 08:00 WITA 00:00, and 08:00 WIT 23:00 of the day before."""
    assert DAILY.moment(date(2026, 11, 30), zone).astimezone(UTC).hour == hour


def test_the_first_time_is_still_to_come():
    before, after = datetime(2026, 11, 30, 0, 59, tzinfo=UTC), datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
    assert DAILY.first_after(before, "Asia/Jakarta") == date(2026, 11, 30)
    assert DAILY.first_after(after, "Asia/Jakarta") == date(2026, 12, 1)


def test_what_was_missed_is_caught_up_by_the_last_of_it():
    now = datetime(2026, 12, 3, 0, 30, tzinfo=UTC)  # 07:30 WIB: today's is still to come
    assert DAILY.caught_up(date(2026, 11, 30), now, "Asia/Jakarta") == (date(2026, 12, 2), 2, date(2026, 12, 3))
    assert MONDAYS.caught_up(date(2026, 11, 30), now, "Asia/Jakarta") == (date(2026, 11, 30), 0, date(2026, 12, 7))
