"""The demo's history: a year of believable transactions of every kind, from a fixed seed (design.md §11)."""

from transactions.demo import deposit, international, living, payments
from transactions.demo.money_transfers import HISTORIES, fill, plan, write

__all__ = ["HISTORIES", "deposit", "fill", "international", "living", "payments", "plan", "write", "write_all"]


def is_written() -> bool:
    """Return whether all is there: the deposits are written last, each to its last movement."""
    return all(map(deposit.is_written, HISTORIES))


def write_all(*, slug: str | None = None) -> None:
    """Write what is missing of all histories, or of one business's."""
    for histories, write_one in (
        (HISTORIES, write),
        (international.HISTORIES, international.write),
        (payments.HISTORIES, payments.write),
    ):
        for history in histories:
            if slug in {None, history.slug}:
                write_one(history)
    for history in HISTORIES:
        if slug in {None, history.slug}:
            deposit.write(history)
            living.wake(history)
