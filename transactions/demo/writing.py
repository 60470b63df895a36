"""How planned transactions are written: those of the plan that are missing, in short transactions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError
from django.db import connection, transaction

from accounts.demo import HISTORY
from accounts.models import Business
from flipdash import clock
from flipdash.actors import Actor
from transactions.demo.plans import SEED, STEP, DemoHistory
from transactions.models import Transaction, TransactionEvent

Line = tuple[str, datetime | None, Actor, str]
"""What happened, when (or never), by whom, and a note."""


@dataclass
class Planned:
    """A transaction to be, with its timeline."""

    created_at: datetime
    fields: dict[str, Any]
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True)
class Tables:
    """Where a kind of transaction and its timeline are kept; `parent` is the timeline's key.

    Where the database says in which state one begins, that is `begins`, and `steps` says of each state in which one
    ends through which it comes there, itself last.
    """

    model: type[Transaction]
    event: type[TransactionEvent]
    parent: str
    begins: str = ""
    steps: Mapping[str, Sequence[str]] = field(default_factory=dict)


def business_of(history: DemoHistory) -> Business:
    """Return the demo's business; refuses one that the demo didn't make."""
    business = Business.objects.get(slug=history.slug)
    if business.created_at + HISTORY > clock.now():
        raise CommandError(f"{business} was not made by the demo: it has no 13 months of history to fill.")
    return business


def write_missing(
    tables: Tables,
    history: DemoHistory,
    plan: Sequence[Planned],
    prepare: Callable[[list[Planned]], None] = lambda rows: None,
    finish: Callable[[list[Planned]], None] = lambda rows: None,
) -> None:
    """Write what isn't there yet, recognised by its microsecond.

    `prepare` makes what the rows point at, `finish` what points at them; nobody sees the one without the other.
    """
    business = business_of(history)
    for first in range(0, len(plan), STEP):
        some = plan[first : first + STEP]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [SEED, business.pk])
            there = tables.model.objects.filter(business=business, mode=history.mode)
            moments = [row.created_at for row in some]
            known = set(there.filter(created_at__in=moments).values_list("created_at", flat=True))
            missing = [row for row in some if row.created_at not in known]
            prepare(missing)
            _write(cursor, tables, {"business": business, "mode": history.mode}, missing)
            finish(missing)


def _write(cursor: Any, tables: Tables, owner: dict[str, Any], rows: list[Planned]) -> None:
    moments = [row.created_at for row in rows]
    cursor.execute("SELECT next_transaction_id(at) FROM unnest(%s::timestamptz[]) AS at", [moments])
    made = [
        tables.model(**owner, id=pk, created_at=row.created_at, **row.fields)
        for (pk,), row in zip(cursor.fetchall(), rows, strict=True)
    ]
    _create(tables, made)
    tables.event.objects.bulk_create(
        tables.event(**owner, **{tables.parent: transaction}, kind=kind, at=at, note=note, **by.columns("by"))
        for transaction, row in zip(made, rows, strict=True)
        for kind, at, by, note in row.lines
        if at is not None
    )


def _create(tables: Tables, made: list[Transaction]) -> None:
    """Add transactions, and take each from where it begins to where it stands, which is where it gets its reason."""
    ends = [(one, one.status, one.reason) for one in made if tables.begins and one.status != tables.begins]
    for one, _status, _reason in ends:
        one.status, one.reason = tables.begins, ""
    tables.model.objects.bulk_create(made)
    routes = [(one, list(tables.steps[status]), reason) for one, status, reason in ends]
    while routes:
        for one, steps, reason in routes:
            one.status = steps.pop(0)
            one.reason = one.reason if steps else reason
        tables.model.objects.bulk_update([one for one, _steps, _reason in routes], ["status", "reason"])
        routes = [route for route in routes if route[1]]
