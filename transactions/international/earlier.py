"""Transfers abroad that were made earlier: those of the demo, each at a past moment (transactions/demo/year.py)."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import cast

from django.db import connection

from accounts.models import Business
from flipdash import events
from flipdash.scope import Scope
from transactions.international.services import INTERNATIONAL, Draft, row_of
from transactions.models import InternationalTransfer, Quote, Side, Via
from transactions.outgoing import changes

LOOKED_AT = timedelta(seconds=12)
"""For how long whoever made one looked at its quote."""
HELD_FOR = timedelta(seconds=90)


@dataclass(frozen=True)
class Made:
    """A transfer that somebody made at some moment, and what its quote said; of rupiah that were given."""

    by: Scope
    draft: Draft
    at: datetime
    made_key: uuid.UUID
    rail: str
    rate: Decimal
    fee: int
    received: Decimal


def add_many(made: Sequence[Made]) -> list[InternationalTransfer]:
    """Write the quotes and the rows of many drafts as services.create does of each, each at its moment."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT next_transaction_id(at) FROM unnest(%s::timestamptz[]) AS at", [[o.at for o in made]])
        numbers = [number for (number,) in cursor.fetchall()]
    quotes = Quote.objects.bulk_create(_quote_of(one) for one in made)
    rows = [
        row_of(one.by, one.draft, quote, id=number, created_at=one.at, made_key=one.made_key, via=Via.DASHBOARD)
        for one, quote, number in zip(made, quotes, numbers, strict=True)
    ]
    for one, row in zip(made, rows, strict=True):
        row.business = cast(Business, one.by.business)  # read once, for all that follows
    InternationalTransfer.objects.bulk_create(rows)
    kind = INTERNATIONAL.kind("created")
    told = [events.Event(one.by, kind, row, changes.facts_of(row), one.at) for one, row in zip(made, rows, strict=True)]
    events.record_many(told)
    return rows


def _quote_of(one: Made) -> Quote:
    asked_at, wanted = one.at - LOOKED_AT, one.draft.wanted
    return Quote(
        business_id=one.by.business.pk,
        mode=one.by.mode,
        corridor=wanted.corridor,
        kind=wanted.kind,
        side=Side.SENT,
        amount=int(wanted.amount),
        rate=one.rate,
        fee=one.fee,
        amount_received=one.received,
        rail=one.rail,
        created_at=asked_at,
        expires_at=asked_at + HELD_FOR,
    )
