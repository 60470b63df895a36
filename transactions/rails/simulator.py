"""The simulated rail: it serves Test Mode and demos, remembers what it was told, and answers by itself after a while.

What it does with an account depends on the last four digits of its number, and on an amount by its last three; all
others arrive. The tables are shown in docs/transfers.md and behind Test Mode's form. Nothing is thrown by chance: what
looks like chance is drawn from the key, so that a run repeats.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy

from flipdash.leases_of_many import ManyWorker
from transactions import rails
from transactions.channels import NAMES
from transactions.models import SimulatedPayout
from transactions.rails import simulated_charges as charges
from transactions.rails import simulated_quotes as quotes
from transactions.rails.protocol import (
    Answer,
    BankState,
    Charge,
    Collected,
    Holder,
    HolderStatus,
    HowToPay,
    KeyReused,
    NoAnswer,
    Offer,
    Outcome,
    Payout,
    Question,
    RailDown,
    Rated,
)
from transactions.reasons import Reason

Status = SimulatedPayout.Status

NOT_FOUND, CLOSED, BLOCKED, SLOW, OTHER_NAME = "9001", "9002", "9003", "9004", "9005"
SILENT, LOST, CONTRADICTS, RETURNS, BUSY, RETURNS_LESS = "9006", "9007", "9008", "9009", "9010", "9011"

ACCOUNTS: Mapping[str, Reason] = {
    NOT_FOUND: Reason.ACCOUNT_NOT_FOUND,
    CLOSED: Reason.ACCOUNT_CLOSED,
    BLOCKED: Reason.ACCOUNT_BLOCKED,
}
"""Endings of account numbers to which nothing can be paid, and why."""
AMOUNTS: Mapping[int, Reason] = {
    901: Reason.BANK_UNAVAILABLE,
    902: Reason.LIMIT_EXCEEDED,
    903: Reason.BANK_REFUSED,
    904: Reason.ACCOUNT_NOT_VERIFIED,
}
"""Endings of amounts that fail, and why."""
KEPT = 25_000
"""Rupiah that banks keep of what comes back from an account that ends in RETURNS_LESS."""
STRANGER = "BAMBANG SUTEJO"
"""Whose account it is where the ending says that it is somebody else's."""
FIRST = ("SITI", "BUDI", "DEWI", "AGUS", "SRI", "ANDI", "RINA", "EKO", "PUTRI", "HENDRA", "WAYAN", "MARIA")
LAST = ("RAHMAWATI", "SANTOSO", "LESTARI", "WIJAYA", "HARTONO", "PERMATA", "NUGROHO", "SIREGAR", "UTAMI", "SAPUTRA")

Knows = Callable[[Question], str]
_knows: list[Knows] = []

SIMULATED = ManyWorker(
    "simulator", SimulatedPayout, most_attempts=8, together=200, words=gettext_lazy("Simulated banks")
)


def knows_names(knows: Knows) -> Knows:
    """Register who may know the name of an account, such as by what was paid to it before; "" where they don't."""
    if knows not in _knows:
        _knows.append(knows)
    return knows


class AlreadyAnswered(Exception):
    """The simulator has answered already."""


class NotTold(Exception):
    """The simulator wasn't told of this payout yet."""


class Simulator:
    """The rail that is none."""

    name = "simulator"

    def inquire(self, question: Question) -> Holder:
        """Return whose account it is: who was paid there before, or else somebody drawn from its number."""
        ending = question.account_number[-4:]
        if ending in (NOT_FOUND, CLOSED):
            return Holder(HolderStatus.NOT_FOUND if ending == NOT_FOUND else HolderStatus.CLOSED)
        if ending == SLOW:
            return Holder(HolderStatus.FAILED)
        if ending == OTHER_NAME:
            return Holder(HolderStatus.FOUND, STRANGER)
        known = next(filter(None, (knows(question) for knows in _knows)), "")
        return Holder(HolderStatus.FOUND, known.upper() or _name_for(question))

    def send(self, payout: Payout) -> Answer:
        """Take a payout, once for each key."""
        if payout.account_number.endswith(BUSY):
            raise RailDown(payout.bank)
        row, is_new = SimulatedPayout.objects.get_or_create(key=payout.key, defaults=_taken(payout))
        _check_same(row, payout)
        if not is_new:
            SimulatedPayout.objects.filter(pk=row.pk).update(told=F("told") + 1)
        elif payout.account_number.endswith(LOST):
            raise NoAnswer(payout.key)  # taken, and nobody hears of it
        return _answer_of(row)

    def status(self, key: str) -> Answer:
        """Return what became of a payout."""
        row = SimulatedPayout.objects.filter(key=key).first()
        if row is None:
            return Answer(Outcome.UNKNOWN)
        SimulatedPayout.objects.filter(pk=row.pk).update(asked=F("asked") + 1)
        return _answer_of(row)

    def recall(self, payout: Payout) -> Answer:
        """Stop what wasn't answered yet, or never came; what was answered stays as it is."""
        with transaction.atomic():
            rows = SimulatedPayout.objects.select_for_update()
            row, _is_new = rows.get_or_create(key=payout.key, defaults=_taken(payout))
            _check_same(row, payout)
            if not row.result:
                row.result, row.reason = Outcome.FAILED.value, str(Reason.ASKED_BACK)
                row.status, row.lease_until = Status.ANSWERED, None
                row.save(update_fields=["result", "reason", "status", "lease_until"])
                SimulatedPayout.objects.filter(pk=row.pk).update(finished_at=Now())
        return _answer_of(row)

    def quote(self, asked: Rated) -> Offer:
        """Return what a transfer abroad costs at the rate of this minute."""
        return quotes.offer(asked)

    def banks(self) -> Mapping[str, BankState]:
        """Return none: the simulator reaches everybody."""
        return {}

    def channels(self) -> Collection[str]:
        """Return all of them."""
        return NAMES

    def create_payment(self, charge: Charge) -> HowToPay:
        """Take a charge, once for each key."""
        return charges.take(charge)

    def payment_status(self, key: str) -> Collected:
        """Return what was paid by a charge."""
        return charges.status(key)


RAIL = Simulator()


@SIMULATED.runs
def _answer(row: SimulatedPayout) -> None:
    """Answer a payout by itself, as its account and amount say."""
    if row.account_number.endswith(SILENT):
        SIMULATED.finish(row, Status.SILENT)
        return
    result, reason = _result_for(row)
    SIMULATED.note(row, result=result, reason=reason)
    told = Answer(result, reason, row.reference)
    rails.deliver(row.key, told)
    if row.account_number.endswith(CONTRADICTS):
        rails.deliver(row.key, Answer(Outcome.FAILED, Reason.BANK_REFUSED, row.reference))
    if row.account_number.endswith(RETURNS):
        rails.deliver(row.key, Answer(Outcome.RETURNED, "", row.reference))
    if row.account_number.endswith(RETURNS_LESS) and row.amount > KEPT:
        rails.deliver(row.key, Answer(Outcome.RETURNED, "", row.reference, row.amount - KEPT))
    SIMULATED.finish(row, Status.ANSWERED)


@SIMULATED.runs_many
def _answer_many(rows: list[SimulatedPayout]) -> None:
    """Answer payouts by itself: those that simply arrive or fail together."""
    alone = [row for row in rows if row.account_number.endswith((SILENT, CONTRADICTS, RETURNS, RETURNS_LESS))]
    for row in alone:
        _answer(row)
    done = {row.pk for row in alone}
    results: dict[tuple[Outcome, str], list[SimulatedPayout]] = {}
    for row in rows:
        if row.pk not in done:
            results.setdefault(_result_for(row), []).append(row)
    noted = [
        (row, Answer(result, reason, row.reference))
        for (result, reason), some in results.items()
        for row in SIMULATED.note_many(some, result=result, reason=reason)
    ]
    rails.deliver_many([(row.key, answer) for row, answer in noted])
    SIMULATED.finish_many([row for row, _answer in noted], Status.ANSWERED)


def force(key: str, outcome: Outcome) -> None:
    """Let the simulator answer at once, as a person says. Raises NotTold, AlreadyAnswered."""
    with transaction.atomic():
        row = SimulatedPayout.objects.select_for_update().filter(key=key).first()
        if row is None:
            raise NotTold(key)
        if row.result:
            raise AlreadyAnswered(key)
        row.result = outcome.value
        row.reason = Reason.BANK_REFUSED if outcome == Outcome.FAILED else ""
        row.status, row.lease_until = Status.ANSWERED, None
        row.save(update_fields=["result", "reason", "status", "lease_until"])
        SimulatedPayout.objects.filter(pk=row.pk).update(finished_at=Now())
        rails.deliver(key, _answer_of(row))


def remember(told: Sequence[tuple[Payout, Answer, datetime]]) -> None:
    """Note payouts of earlier (the seed), each with its answer and when that was given.

    Of what is still pending it says nothing, until somebody lets it answer.
    """
    SimulatedPayout.objects.bulk_create(
        SimulatedPayout(
            business_id=payout.business_id,
            mode=str(payout.mode),
            key=payout.key,
            bank=payout.bank,
            account_number=payout.account_number,
            amount=payout.amount,
            digest=_digest(payout),
            reference=answer.reference,
            result=answer.outcome.value if answer.is_final else "",
            reason=str(answer.reason),
            status=Status.ANSWERED if answer.is_final else Status.SILENT,
            finished_at=at,
        )
        for payout, answer, at in told
    )


def _check_same(row: SimulatedPayout, payout: Payout) -> None:
    known = (row.bank, row.account_number, row.amount, row.digest)
    if known != (payout.bank, payout.account_number, payout.amount, _digest(payout)):
        raise KeyReused(payout.key)


def _taken(payout: Payout) -> dict[str, Any]:
    """Return what is kept of a payout, besides its key."""
    return {
        "business_id": payout.business_id,
        "mode": str(payout.mode),
        "bank": payout.bank,
        "account_number": payout.account_number,
        "amount": payout.amount,
        "digest": _digest(payout),
        "reference": _reference(payout.key),
        "due_at": Now() + timedelta(seconds=settings.SIMULATED_RAIL_SECONDS * (0.5 + _drawn(payout.key, 1.0))),
    }


def _digest(payout: Payout) -> str:
    """Return what tells one thing to pay from another.

    Not who somebody is: an identity number is so short that it could be guessed from the digest (decision 0109).
    """
    told = asdict(payout) | {"received": payout.received and f"{payout.received:.3f}"}
    if payout.abroad:
        told["abroad"].pop("identity")
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _result_for(row: SimulatedPayout) -> tuple[Outcome, str]:
    reason = ACCOUNTS.get(row.account_number[-4:]) or AMOUNTS.get(row.amount % 1_000)
    return (Outcome.FAILED, str(reason)) if reason else (Outcome.SUCCESSFUL, "")


def _answer_of(row: SimulatedPayout) -> Answer:
    return Answer(Outcome(row.result), row.reason, row.reference) if row.result else Answer(Outcome.PENDING)


def _name_for(question: Question) -> str:
    text = f"{question.bank} {question.account_number}"
    return f"{FIRST[int(_drawn(text, len(FIRST)))]} {LAST[int(_drawn(f'{text} last', len(LAST)))]}"


def _reference(key: str) -> str:
    return f"SIM{int(_drawn(key, 10**12)):012d}"


def _drawn(text: str, most: float) -> float:
    """Return a number from 0 up to `most`, always the same for a text."""
    return int.from_bytes(sha256(text.encode()).digest()[:8]) / 2**64 * most
