"""The demo's history: a year of believable transactions of every kind, from a fixed seed (design.md §11)."""

from accounts.demo import KOPI_KITA
from transactions.demo import beneficiaries, deposit, given_back, international, payments, settlements, today, year
from transactions.demo.money_transfers import HISTORIES, fill, plan

__all__ = [
    "HISTORIES",
    "deposit",
    "fill",
    "given_back",
    "international",
    "payments",
    "plan",
    "settlements",
    "today",
    "write_all",
    "year",
]


def is_written() -> bool:
    """Return whether all is there: the transfers are written last, each to its last act."""
    return all(map(year.is_written, HISTORIES)) and today.is_written()


def write_all(*, slug: str | None = None) -> None:
    """Write what is missing of all histories, or of one business's."""
    for history in payments.HISTORIES:
        if slug in {None, history.slug}:
            payments.write(history)
    for history in HISTORIES:
        if slug in {None, history.slug}:
            year.write(history)
            beneficiaries.save(history)
    if slug in {None, KOPI_KITA.slug}:
        today.write()
