"""What waits for money, or for a person, before it moves the deposit: told by the apps that own it.

An app registers, in `ready()`, a function that returns its lines for a scope; My Deposit shows them all.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flipdash.scope import Scope
from flipdash.words import Words


@dataclass(frozen=True)
class PendingTotal:
    """Some rows that wait: how many, how many rupiah (positive comes in, negative goes out), and where they are."""

    label: Words
    count: int
    rupiah: int
    url: str


_tellers: list[Callable[[Scope], list[PendingTotal]]] = []


def register(teller: Callable[[Scope], list[PendingTotal]]) -> Callable[[Scope], list[PendingTotal]]:
    """Make known what tells of pending rows; it asks the database a fixed number of times."""
    if teller not in _tellers:
        _tellers.append(teller)
    return teller


def all_pending(scope: Scope) -> list[PendingTotal]:
    """Return what waits in a scope, without what there is none of."""
    return [line for teller in _tellers for line in teller(scope) if line.count]
