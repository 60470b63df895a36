"""The days on which banks work, by which payments are settled."""

from datetime import date

import pytest
from django.utils import translation

from transactions.payments import calendar


@pytest.mark.parametrize(
    ("paid_on", "settled_on"),
    [
        (date(2026, 11, 30), date(2026, 12, 1)),
        (date(2026, 11, 27), date(2026, 11, 30)),  # over a weekend
        (date(2026, 12, 23), date(2026, 12, 28)),  # over Christmas, its joint holiday, and a weekend
        (date(2026, 12, 31), date(2027, 1, 4)),  # over the turn of the year
        (date(2026, 3, 17), date(2026, 3, 25)),  # over Nyepi and the joint holidays of Idul Fitri
    ],
)
def test_money_comes_on_the_next_day_on_which_banks_work(paid_on, settled_on):
    assert calendar.banking_day_after(paid_on) == settled_on


def test_holidays_are_named_in_the_readers_language():
    first, last = date(2026, 12, 20), date(2026, 12, 31)
    with translation.override("en"):
        assert calendar.closed_in_words(first, last) == (
            "Thu 24 Dec (Christmas Joint Holiday); Fri 25 Dec (Christmas Day)"
        )
    with translation.override("id"):
        assert "Jum 25 Des (Hari Raya Natal)" in calendar.closed_in_words(first, last)
