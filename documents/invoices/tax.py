"""PPN on an invoice: by which rule on a day, and how a month's fees, in which it is included, are split.

Rates come from the setting `PPN`, each with the day from which it holds; since 2025 it is 12 % of a base that is
11/12 of the price. All of it is whole rupiah and integers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

from django.conf import settings


class NoRate(Exception):
    """No PPN is set for that day."""


@dataclass(frozen=True)
class Tax:
    """PPN as it holds from a day on: `percent` of a base that is `numerator`/`denominator` of the price."""

    since: date
    percent: int
    numerator: int
    denominator: int

    @classmethod
    def read(cls, written: str) -> Self:
        """Read one of the setting's rates: "2025-01-01 12 11/12". Raises ValueError."""
        since, percent, share = written.split()
        numerator, denominator = map(int, share.split("/"))
        tax = cls(date.fromisoformat(since), int(percent), numerator, denominator)
        if not (0 <= tax.percent <= 100 and 0 < tax.numerator <= tax.denominator):
            raise ValueError(f"{written!r} is no rate of PPN")
        return tax

    @property
    def has_other_base(self) -> bool:
        """Whether the base isn't the price itself (DPP nilai lain)."""
        return self.numerator != self.denominator


@dataclass(frozen=True)
class Split:
    """What a sum that includes PPN is made of, in rupiah; `dpp + ppn` is the sum, always."""

    dpp: int
    other: int
    """DPP nilai lain: no part of the sum, but what the rate is of."""
    ppn: int

    @property
    def total(self) -> int:
        """The sum."""
        return self.dpp + self.ppn


def rates(written: Sequence[str] | None = None) -> list[Tax]:
    """Return the setting's rates, the latest first."""
    given = settings.PPN if written is None else written
    return sorted(map(Tax.read, given), key=lambda tax: tax.since, reverse=True)


def rate_on(day: date) -> Tax:
    """Return the rate that holds on a day; raises NoRate."""
    for tax in rates():
        if tax.since <= day:
            return tax
    raise NoRate(f"no PPN is set for {day}")


def split(total: int, tax: Tax) -> Split:
    """Split a sum in which PPN is included.

    The written rule for the odd rupiah: PPN is rounded half up, and the price before PPN is the rest. So both add up to
    what the ledger took; for 11 of 111 sums the rate of the printed base is one rupiah beside the printed PPN, and no
    price exists for which it weren't. What is given back is split as what was taken, below zero.
    """
    if total < 0:
        taken = split(-total, tax)
        return Split(-taken.dpp, -taken.other, -taken.ppn)
    share, whole = tax.percent * tax.numerator, 100 * tax.denominator
    ppn = half_up(total * share, whole + share)
    dpp = total - ppn
    return Split(dpp, half_up(dpp * tax.numerator, tax.denominator), ppn)


def half_up(amount: int, by: int) -> int:
    """Divide what isn't below zero, and round to a whole number: from a half on, up."""
    return (2 * amount + by) // (2 * by)
