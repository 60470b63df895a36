"""What the demo's transactions abroad and its payments held, paid and brought in, and how its people top up. Once those
post by themselves, as money transfers do (year.py), the first part goes.
"""

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from accounts.models import Business
from accounts.permissions import Permission
from deposits import banks, ledger
from deposits.ledger import Line, NewPosting, Source
from deposits.models import AccountKind, PostingKind
from deposits.statements import matching
from deposits.topups import services as topups
from flipdash.actors import Actor, ActorKind
from flipdash.mode import Mode
from flipdash.scope import Scope
from transactions.demo import international, payments
from transactions.demo.plans import SEED

RAIL = "simulator"
RESERVE = 25_000_000
"""Rupiah that the demo's finance staff like to have left; below it they top up."""
ROUND = 10_000_000
LARGEST_TOP_UP = 1_000_000_000
NOTES = ("", "Modal kerja", "Gaji bulan ini", "", "Pembayaran pemasok")

MOVEMENTS = """
WITH sent AS (
    SELECT t.id, t.amount, t.fee, e.kind, e.at, e.by_kind, e.by_id, e.by_name
    FROM transactions_internationaltransfer t JOIN transactions_internationalevent e ON e.transfer_id = t.id
    WHERE t.business_id = %(business)s AND t.mode = %(mode)s AND t.created_at = ANY (%(moments)s)
)
SELECT s.at, CASE s.kind
        WHEN 'approved' THEN 'hold' WHEN 'successful' THEN 'capture' WHEN 'returned' THEN 'return' ELSE 'release' END,
    'international_transfer', s.id, s.amount, s.fee, '', s.by_kind, s.by_id, s.by_name
FROM sent s JOIN sent approval ON approval.id = s.id AND approval.kind = 'approved'
WHERE s.kind IN ('approved', 'successful', 'failed', 'cancelled', 'returned')
UNION ALL
SELECT e.at, 'settlement', 'payment', p.id, p.amount, p.amount - p.settled_amount, p.channel,
    e.by_kind, e.by_id, e.by_name
FROM transactions_payment p JOIN transactions_paymentevent e ON e.payment_id = p.id AND e.kind = 'settled'
WHERE p.business_id = %(business)s AND p.mode = %(mode)s AND p.created_at = ANY (%(moments)s)
    AND p.settled_amount IS NOT NULL
ORDER BY 1, 2 DESC, 4
"""


@dataclass(frozen=True)
class Movement:
    """What one transaction did to the deposit at some moment; rupiah."""

    at: datetime
    kind: str
    source: str
    id: int
    amount: int
    fee: int
    channel: str
    by_kind: str
    by_id: int | None
    by_name: str

    @property
    def lines(self) -> list[Line]:
        """The lines of its posting."""
        return {
            PostingKind.HOLD: lambda: ledger.hold_lines(self.amount + self.fee),
            PostingKind.RELEASE: lambda: ledger.release_lines(self.amount + self.fee),
            PostingKind.CAPTURE: lambda: ledger.capture_lines(self.amount, self.fee, RAIL),
            PostingKind.RETURN: lambda: ledger.return_lines(self.amount, RAIL),
            PostingKind.SETTLEMENT: lambda: ledger.settlement_lines(self.amount, self.fee, self.channel),
        }[PostingKind(self.kind)]()

    @property
    def posting(self) -> NewPosting:
        """Its posting, at its moment."""
        by = Actor(ActorKind(self.by_kind), self.by_id, self.by_name)
        return NewPosting(PostingKind(self.kind), Source(self.source, self.id), self.lines, by, self.at)

    @property
    def change(self) -> int:
        """By how much it changes what is available."""
        return sum(line.amount for line in self.lines if line.account == AccountKind.AVAILABLE)


def movements(business: Business, mode: str) -> Iterator[Movement]:
    with connection.cursor() as cursor:
        moments = list(_moments(business, mode))
        cursor.execute(MOVEMENTS, {"business": business.pk, "mode": str(mode), "moments": moments})
        yield from (Movement(*row) for row in cursor.fetchall())


def _moments(business: Business, mode: str) -> Iterator[datetime]:
    """Yield when the transactions of the plan were made: others, by which a business was filled, move no deposit."""
    for kind in (international, payments):
        for history in kind.HISTORIES:
            if (history.slug, history.mode) == (business.slug, mode):
                yield from (row.created_at for row in kind.plan(history, business))


def treasurer(business: Business, mode: str) -> Scope:
    """Who tops up: whoever may and may do least else."""
    members = business.members.active().select_related("business", "user")
    able = [member for member in members if Permission.TOP_UP_DEPOSIT in member.permissions]
    return min(able, key=lambda member: (len(member.permissions), member.pk)).scope(Mode(mode), via="demo")


def top_ups(short: int) -> Iterator[int]:
    """Yield the round amounts that make up for what is short."""
    wanted = max(25 * ROUND, -(-short // ROUND) * ROUND)
    while wanted > 0:
        yield min(wanted, LARGEST_TOP_UP)
        wanted -= LARGEST_TOP_UP


def top_up(scope: Scope, number: int, amount: int, at: datetime) -> int:
    """Top up as people do, seen by the simulated bank; returns what was credited, its code included."""
    key = uuid.uuid5(uuid.NAMESPACE_OID, f"flipdash demo {SEED} {scope.business.pk} {scope.mode} {number}")
    bank = tuple(banks.NAMES)[number % 3]
    asked_at = at - timedelta(minutes=25)
    note = NOTES[number % len(NOTES)]
    top_up = topups.request_top_up(scope, amount=amount, bank=bank, note=note, idempotency_key=key, at=asked_at).top_up
    line = matching.report_payment(top_up, at=at) if top_up.is_open else None
    if line is not None and matching.match(line.pk) is not None:
        matching.credit_matched(line.pk, at=at)
    top_up.refresh_from_db()
    while top_up.is_open and top_up.lines.using("operator").exists():  # a sweep has it
        time.sleep(0.1)
        top_up.refresh_from_db()
    return top_up.credited_amount or 0
