"""What waits for money, or for a person, before it moves the deposit: told by the apps that own it.

An app registers, in `ready()`, a function that says of which rows there may be some for a scope; My Deposit counts them
all, by one statement, and shows what there is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from flipdash.scope import Scope, TenantModel
from flipdash.words import Words


@dataclass(frozen=True)
class Pending:
    """Rows that wait: which they are, what each will move, and where they are shown."""

    label: Words
    model: type[TenantModel]
    field: str
    """The column that says of which rows it is true: those where it is one of the states."""
    states: Sequence[str]
    rupiah: str
    """SQL for what one of them moves: positive comes in."""
    url: str


@dataclass(frozen=True)
class PendingTotal:
    """What such rows come to: how many, and how many rupiah."""

    label: Words
    count: int
    rupiah: int
    url: str


_tellers: list[Callable[[Scope], list[Pending]]] = []


def register(teller: Callable[[Scope], list[Pending]]) -> Callable[[Scope], list[Pending]]:
    """Make known what tells of pending rows; it asks the database nothing itself."""
    if teller not in _tellers:
        _tellers.append(teller)
    return teller


def all_pending(scope: Scope) -> list[PendingTotal]:
    """Return what waits in a scope, without what there is none of."""
    waits = [pending for teller in _tellers for pending in teller(scope)]
    if not waits:
        return []
    asks: dict[str, Any] = {"business": scope.business.pk, "mode": str(scope.mode)}
    parts = []
    for place, pending in enumerate(waits):
        asks[f"states_{place}"] = list(map(str, pending.states))
        table = connection.ops.quote_name(pending.model._meta.db_table)
        parts.append(
            f"SELECT {place}, COUNT(*), COALESCE(SUM({pending.rupiah}), 0)::bigint FROM {table} "  # noqa: S608  (ours)
            f"WHERE business_id = %(business)s AND mode = %(mode)s AND {pending.field} = ANY(%(states_{place})s)"
        )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), asks)
        totals = {place: (count, rupiah) for place, count, rupiah in cursor.fetchall()}
    return [
        PendingTotal(pending.label, *totals[place], pending.url)
        for place, pending in enumerate(waits)
        if totals[place][0]
    ]
