"""What the demo's settlements and its refunds brought in and paid, and how its people top up. Transfers post by
themselves (year.py).
"""

import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import Business
from accounts.permissions import Permission
from deposits import banks, ledger
from deposits.ledger import Line, NewPosting, Source
from deposits.models import AccountKind, PostingKind
from deposits.statements import matching
from deposits.topups import services as topups
from flipdash.actors import SYSTEM, Actor, ActorKind
from flipdash.mode import Mode
from flipdash.scope import Scope
from transactions.demo import given_back, settlements
from transactions.demo.plans import SEED
from transactions.payments import settling

RAIL = "simulator"
RESERVE = 25_000_000
"""Rupiah that the demo's finance staff like to have left; below it they top up."""
ROUND = 10_000_000
LARGEST_TOP_UP = 1_000_000_000
NOTES = ("", "Modal kerja", "Gaji bulan ini", "", "Pembayaran pemasok")


@dataclass(frozen=True)
class Movement:
    """What one transaction did to the deposit at some moment; rupiah."""

    at: datetime
    kind: str
    source: str
    id: int
    amount: int
    fee: int
    channels: Mapping[str, int]
    """Of a settlement: how much came by each channel."""
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
            PostingKind.SETTLEMENT: lambda: ledger.settlement_lines_of_many(self.channels, self.fee),
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
    """Yield what is posted beside transfers, each kind in order."""
    for at, kind, source, number, amount, fee, *by in given_back.posted(business, mode):
        yield Movement(at, kind, source, number, amount, fee, {}, *by)
    itself = (SYSTEM.kind, SYSTEM.id, SYSTEM.name)
    for number, at, amount, fee, channels in settlements.of_the_year(business, mode):
        yield Movement(at, PostingKind.SETTLEMENT, settling.SOURCE, number, amount, fee, channels, *itself)


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
