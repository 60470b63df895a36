"""Transfers that were made earlier: those of the demo, each at a moment that is past (transactions/demo/year.py)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from django.db import connection

from accounts.models import Business
from flipdash import events, timeline
from flipdash.scope import Scope
from transactions.models import MoneyTransfer
from transactions.outgoing import changes
from transactions.transfers.services import MONEY_TRANSFERS, Draft, row_of


@dataclass(frozen=True)
class Made:
    """A transfer that somebody made at some moment."""

    by: Scope
    draft: Draft
    at: datetime
    fields: Mapping[str, Any]
    """What else its row has: its channel, and by which key or in which batch it was made."""


def add_many(made: Sequence[Made]) -> list[MoneyTransfer]:
    """Write the rows of many drafts as services.add does of each, each at its moment. Raises WrongDate.

    Those of a batch have their line only: one event tells of all of it.
    """
    with connection.cursor() as cursor:
        moments = [one.at for one in made]
        cursor.execute("SELECT next_transaction_id(at) FROM unnest(%s::timestamptz[]) AS at", [moments])
        numbers = [number for (number,) in cursor.fetchall()]
    rows = [
        row_of(replace(one.by, asked_at=one.at), one.draft, id=number, created_at=one.at, **one.fields)
        for one, number in zip(made, numbers, strict=True)
    ]
    for one, row in zip(made, rows, strict=True):
        row.business = cast(Business, one.by.business)  # read once, for all that follows
    MoneyTransfer.objects.bulk_create(rows)
    kind = MONEY_TRANSFERS.kind("created")
    alone: list[events.Event] = []
    in_batches: list[events.Event] = []
    for one, row in zip(made, rows, strict=True):
        told = alone if row.batch_id is None else in_batches
        told.append(events.Event(one.by, kind, row, changes.facts_of(row), one.at))
    events.record_many(alone)
    timeline.write_lines(in_batches)
    return rows
