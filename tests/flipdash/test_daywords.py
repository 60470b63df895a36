"""Days as people type them."""

from datetime import date

import pytest

from flipdash.histories import daywords

TODAY = date(2026, 11, 28)


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        ("today", date(2026, 11, 28), None),
        ("Hari  Ini", date(2026, 11, 28), None),
        ("yesterday", date(2026, 11, 27), None),
        ("kemarin", date(2026, 11, 27), None),
        ("this week", date(2026, 11, 23), date(2026, 11, 29)),
        ("last week", date(2026, 11, 16), date(2026, 11, 22)),
        ("minggu lalu", date(2026, 11, 16), date(2026, 11, 22)),
        ("bulan ini", date(2026, 11, 1), date(2026, 11, 30)),
        ("bulan lalu", date(2026, 10, 1), date(2026, 10, 31)),
        ("tahun lalu", date(2025, 1, 1), date(2025, 12, 31)),
        ("27 nov", date(2026, 11, 27), None),
        ("27nov", date(2026, 11, 27), None),
        ("Nov 27", date(2026, 11, 27), None),
        ("29 november", date(2025, 11, 29), None),  # tomorrow, so a year ago
        ("27 nov 2024", date(2024, 11, 27), None),
        ("1 Agustus", date(2026, 8, 1), None),
        ("31 des", date(2025, 12, 31), None),
        ("29 feb", date(2024, 2, 29), None),
        ("2026-11-27", date(2026, 11, 27), None),
        ("27/11", date(2026, 11, 27), None),
        ("3/4/2026", date(2026, 4, 3), None),
        ("27.11.2026", date(2026, 11, 27), None),
        ("27-11-2026", date(2026, 11, 27), None),
        ("nov 2026", date(2026, 11, 1), date(2026, 11, 30)),
        ("feb 2024", date(2024, 2, 1), date(2024, 2, 29)),
        ("desember", date(2025, 12, 1), date(2025, 12, 31)),
        ("2025", date(2025, 1, 1), date(2025, 12, 31)),
    ],
)
def test_days_are_read_in_both_languages(said, first, last):
    days = daywords.read(said, lambda: TODAY)
    assert days is not None
    assert (days.first, days.last) == (first, last or first)


@pytest.mark.parametrize("said", ["31 feb", "30/02/2026", "2026-02-31", "31 april 2026", "0 nov", "29 feb 2025"])
def test_a_day_that_does_not_exist_is_none(said):
    with pytest.raises(daywords.NoSuchDays):
        daywords.read(said, lambda: TODAY)


@pytest.mark.parametrize(
    "said",
    ["", "novel", "nov27x", "1999", "2101", "27", "12/45", "45 nov", "1.10", "2026/11", "٢٧ nov", "hari", "week"],
)
def test_what_is_no_day_is_none(said):
    assert daywords.read(said, lambda: TODAY) is None
