"""The demo's deposit: what its transactions held, paid and brought in, in the order in which it happened, and the
top-ups without which it would not have been enough. Once transfers and payments post by themselves, this goes.

An account statement only makes sense in order, so a business's deposit is written when all its transactions are there,
from the oldest on. Whatever was written already is found again by its source, so a killed run is taken up.
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
from deposits.models import AccountKind, Posting, PostingKind
from deposits.statements import matching
from deposits.topups import crediting
from deposits.topups import services as topups
from flipdash import rls
from flipdash.actors import Actor, ActorKind
from flipdash.mode import Mode
from flipdash.scope import Scope
from transactions.demo import international, money_transfers, payments
from transactions.demo.plans import SEED, DemoHistory
from transactions.demo.writing import business_of

RAIL = "simulator"
STEP = 500
"""Postings in one statement."""
RESERVE = 25_000_000
"""Rupiah that the demo's finance staff like to have left; below it they top up."""
ROUND = 10_000_000
LARGEST_TOP_UP = 1_000_000_000
NOTES = ("", "Modal kerja", "Gaji bulan ini", "", "Pembayaran pemasok")

MOVEMENTS = """
WITH sent AS (
    SELECT 'money_transfer' AS source, t.id, t.amount, t.fee, t.via, e.kind, e.at, e.by_kind, e.by_id, e.by_name
    FROM transactions_moneytransfer t JOIN transactions_transferevent e ON e.transfer_id = t.id
    WHERE t.business_id = %(business)s AND t.mode = %(mode)s AND t.created_at = ANY (%(moments)s)
    UNION ALL
    SELECT 'international_transfer', t.id, t.amount, t.fee, t.via, e.kind, e.at, e.by_kind, e.by_id, e.by_name
    FROM transactions_internationaltransfer t JOIN transactions_internationalevent e ON e.transfer_id = t.id
    WHERE t.business_id = %(business)s AND t.mode = %(mode)s AND t.created_at = ANY (%(moments)s)
), held AS (
    -- What comes by API is sent without an approval.
    SELECT source, id, kind AS held_by FROM sent WHERE kind = 'approved' OR (kind = 'created' AND via = 'api')
)
SELECT s.at, CASE s.kind
        WHEN held_by THEN 'hold' WHEN 'successful' THEN 'capture' WHEN 'returned' THEN 'return' ELSE 'release' END,
    s.source, s.id, s.amount, s.fee, '', s.by_kind, s.by_id, s.by_name
FROM sent s JOIN held USING (source, id)
WHERE s.kind IN (held_by, 'successful', 'failed', 'cancelled', 'returned')
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


def is_written(history: DemoHistory) -> bool:
    """Return whether the deposit of a demo business in a mode is there, to its last movement."""
    business = business_of(history)
    with rls.inside_of(business.pk, history.mode):
        last = next(iter(reversed(list(_movements(business, history.mode)))), None)
        return last is not None and _is_posted(business, history.mode, last)


def write(history: DemoHistory) -> int:
    """Write the deposit of a demo business in a mode; returns the number of postings that were new."""
    business = business_of(history)
    with rls.inside_of(business.pk, history.mode):
        movements = list(_movements(business, history.mode))
        if not movements or _is_posted(business, history.mode, movements[-1]):
            return 0
        scope = _treasurer(business, history.mode)
        available = 0
        if history.mode == Mode.TEST:
            crediting.open_test_deposit(business)
            available = crediting.TEST_DEPOSIT
        return _write(scope, movements, available)


def _movements(business: Business, mode: str) -> Iterator[Movement]:
    with connection.cursor() as cursor:
        moments = list(_moments(business, mode))
        cursor.execute(MOVEMENTS, {"business": business.pk, "mode": str(mode), "moments": moments})
        yield from (Movement(*row) for row in cursor.fetchall())


def _moments(business: Business, mode: str) -> Iterator[datetime]:
    """Yield when the transactions of the plan were made: others, by which a business was filled, move no deposit."""
    for kind in (money_transfers, international, payments):
        for history in kind.HISTORIES:
            if (history.slug, history.mode) == (business.slug, mode):
                yield from (row.created_at for row in kind.plan(history, business))


def _is_posted(business: Business, mode: str, movement: Movement) -> bool:
    wanted = {"source_type": movement.source, "source_id": movement.id, "kind": movement.kind}
    return Posting.objects.filter(business=business, mode=mode, **wanted).exists()


def _treasurer(business: Business, mode: str) -> Scope:
    """Who tops up: whoever may and may do least else."""
    members = business.members.active().select_related("business", "user")
    able = [member for member in members if Permission.TOP_UP_DEPOSIT in member.permissions]
    return min(able, key=lambda member: (len(member.permissions), member.pk)).scope(Mode(mode), via="demo")


def _write(scope: Scope, movements: list[Movement], available: int) -> int:
    """Post all, and top up before whatever there would not be enough for."""
    batch: list[NewPosting] = []
    new, before, number = 0, movements[0].at - timedelta(days=1), 0
    for movement in movements:
        short = RESERVE - (available + movement.change)
        if movement.change < 0 and short > 0:
            new, batch = new + _post(scope, batch), []
            # Between what came before and what needs it, so that the statement stays in order.
            at = min(movement.at, max(before, movement.at - timedelta(minutes=40)) + (movement.at - before) / 1000)
            for amount in _top_ups(short):
                credited = 0
                while not credited:  # the sweeps that run meanwhile may find one expired: people ask again then
                    number += 1
                    credited = _top_up(scope, number, amount, at)
                available += credited
        batch.append(movement.posting)
        available, before = available + movement.change, movement.at
        if len(batch) == STEP:
            new, batch = new + _post(scope, batch), []
    return new + _post(scope, batch)


def _post(scope: Scope, batch: list[NewPosting]) -> int:
    if not batch:
        return 0
    return sum(posted.is_new for posted in ledger.post_many(scope, batch))


def _top_ups(short: int) -> Iterator[int]:
    """Yield the round amounts that make up for what is short."""
    wanted = max(25 * ROUND, -(-short // ROUND) * ROUND)
    while wanted > 0:
        yield min(wanted, LARGEST_TOP_UP)
        wanted -= LARGEST_TOP_UP


def _top_up(scope: Scope, number: int, amount: int, at: datetime) -> int:
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
