"""The demo's history: a year of believable transactions of every kind, from a fixed seed (design.md §11)."""

from transactions.demo import deposit, international, payments
from transactions.demo.money_transfers import HISTORIES, fill, plan, write

__all__ = ["HISTORIES", "deposit", "fill", "international", "payments", "plan", "write", "write_all"]


def write_all(*, slug: str | None = None, newest: bool = False, pause: float = 0) -> None:
    """Write what is missing of all histories, or of one business's; `newest` keeps to what a first start needs."""
    for histories, write_one in (
        (HISTORIES, write),
        (international.HISTORIES, international.write),
        (payments.HISTORIES, payments.write),
    ):
        for history in histories:
            if slug in {None, history.slug}:
                write_one(history, newest=history.small if newest else None, pause=pause)
    if not newest:
        for history in HISTORIES:
            if slug in {None, history.slug}:
                deposit.write(history, pause=pause)
