"""PPN: dated rates, and how every sum is split (reference/pdf.md §6.2)."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.invoices.tax import NoRate, Tax, half_up, rate_on, rates, split

NOW = Tax(date(2025, 1, 1), 12, 11, 12)


def test_every_sum_to_three_million_splits_by_the_written_rule():
    """PPN half up, the price is the rest; and how often the rate of the printed base is a rupiah beside."""
    odd = 0
    for total in range(3_000_001):
        made = split(total, NOW)
        assert made.ppn == (total * 22 + 111) // 222
        assert made.dpp + made.ppn == total
        assert made.other == (made.dpp * 22 + 12) // 24
        odd += half_up(made.other * 12, 100) != made.ppn
    assert odd == 297_297


@given(st.integers(-(10**15), 10**15), st.integers(0, 30), st.integers(1, 20), st.integers(0, 20))
def test_whatever_the_rate_both_add_up_and_ppn_is_the_nearest_rupiah(total, percent, numerator, more):
    tax = Tax(date(2025, 1, 1), percent, numerator, numerator + more)
    made = split(total, tax)
    assert made.total == total
    rate = Fraction(percent * numerator, 100 * (numerator + more))
    assert abs(made.ppn - total * rate / (1 + rate)) <= Fraction(1, 2)
    assert split(-total, tax).ppn == -made.ppn


def test_the_example_of_the_invoice_in_the_pictures():
    made = split(20_590_050, NOW)
    assert (made.dpp, made.other, made.ppn) == (18_549_595, 17_003_795, 2_040_455)
    assert split(25, NOW).ppn == 2


@pytest.mark.parametrize(
    ("day", "percent", "share"),
    [
        (date(2022, 4, 1), 11, (1, 1)),
        (date(2024, 12, 31), 11, (1, 1)),
        (date(2025, 1, 1), 12, (11, 12)),
        (date(2026, 11, 30), 12, (11, 12)),
    ],
)
def test_the_rate_is_that_of_the_day(day, percent, share):
    tax = rate_on(day)
    assert (tax.percent, (tax.numerator, tax.denominator)) == (percent, share)
    assert tax.has_other_base == (share != (1, 1))


def test_a_day_without_a_rate_and_a_rate_that_is_none_are_refused():
    with pytest.raises(NoRate):
        rate_on(date(2022, 3, 31))
    for wrong in ("2025-01-01 12", "2025-01-01 101 1/1", "2025-13-01 12 1/1", "2025-01-01 12 12/11", "x 12 1/1"):
        with pytest.raises(ValueError, match=r".*"):
            rates([wrong])
