"""Refunds of the demo's year: what guests got back of what they had paid, all of it over by the year's last days.

The ledger posts them in the order of the year (year.py); those of the demo's living day are refunds.py's.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef

from accounts.demo import HISTORY
from accounts.models import Business
from accounts.permissions import Permission
from flipdash import rls
from flipdash.actors import SYSTEM, Actor
from transactions.demo.author import CANCELLATIONS, REFUSALS, Author, Cast
from transactions.demo.plans import SEED, DemoHistory
from transactions.demo.writing import Line, Planned, Tables, business_of, write_missing
from transactions.destinations import Kind
from transactions.fees import FEES
from transactions.models import Payment, PaymentStatus, RailOrder, Refund, RefundEvent, SimulatedPayout, Via
from transactions.models import RefundStatus as Status
from transactions.rails import Answer, Outcome, simulator
from transactions.refunds import services
from transactions.refunds.services import REFUNDS

STEPS: dict[str, tuple[str, ...]] = {
    Status.SUCCESSFUL: (Status.PROCESSING, Status.SUCCESSFUL),
    Status.FAILED: (Status.PROCESSING, Status.FAILED),
    Status.CANCELLED: (Status.CANCELLED,),
}
TABLES = Tables(Refund, RefundEvent, "refund", Status.PENDING_APPROVAL, STEPS)
SHARE = 1 / 55
"""Of how many payments something is given back."""
OVER_BY = timedelta(days=6)
"""How long before the end of the year nobody asks for more: the living day does (refunds.py)."""
CAUSES = (
    *("Pesanan dibatalkan", "Barang habis", "Dobel bayar", "Kelas penuh", "Biji kopi salah kirim"),
    *("Datang terlambat, meja sudah diberikan", "Salah nominal", "Pesanan kurang satu"),
)
"""Why, the commonest first."""
ORDERS = """
INSERT INTO transactions_railorder (business_id, mode, source, source_id, key, rail, bank, told_at, sent_at, status,
    attempt, started_at, finished_at, problem, created_at)
SELECT r.business_id, r.mode, 'refund', r.id, 'refund-' || r.id, %(rail)s, r.bank, s.at, s.at, 'done', 1, s.at, e.at,
    '', s.at
FROM transactions_refund r
JOIN transactions_refundevent s ON s.refund_id = r.id AND s.kind = 'sent'
JOIN transactions_refundevent e ON e.refund_id = r.id AND e.kind IN ('successful', 'failed')
WHERE r.business_id = %(business)s AND r.mode = %(mode)s AND r.created_at < %(end)s
ORDER BY r.id ON CONFLICT DO NOTHING
"""
POSTED = """
SELECT e.at, CASE e.kind WHEN 'approved' THEN 'hold' WHEN 'successful' THEN 'capture' ELSE 'release' END,
    'refund', r.id, r.amount, r.fee, e.by_kind, e.by_id, e.by_name
FROM transactions_refund r JOIN transactions_refundevent e ON e.refund_id = r.id
WHERE r.business_id = %(business)s AND r.mode = %(mode)s AND r.created_at < %(end)s
    AND e.kind IN ('approved', 'successful', 'failed')
ORDER BY e.at, r.id
"""


def write(history: DemoHistory, rail: str) -> None:
    """Write what is missing of a year's refunds; its payments are there."""
    business = business_of(history)
    with rls.inside_of(business.pk, history.mode):
        write_missing(TABLES, history, list(plan(history, business)))
        with connection.cursor() as cursor:
            cursor.execute(ORDERS, _of(business, history.mode) | {"rail": rail})
        _remember(business, history.mode)


def _remember(business: Business, mode: str) -> None:
    """Let the simulated rail know what it was told to pay back, and what it said."""
    orders = RailOrder.objects.filter(
        business=business, mode=mode, source=REFUNDS.source, created_at__lt=_of(business, mode)["end"]
    )
    known = SimulatedPayout.objects.filter(key=OuterRef("key"))
    missing = {order.source_id: order for order in orders.filter(~Exists(known))}
    told = []
    for refund in Refund.objects.filter(pk__in=missing):
        outcome = Outcome.SUCCESSFUL if refund.status == Status.SUCCESSFUL else Outcome.FAILED
        order = missing[refund.pk]
        answer = Answer(outcome, refund.reason, refund.bank_reference)
        told.append((REFUNDS.payout(order.key, refund), answer, order.finished_at or order.created_at))
    simulator.remember(told)


def posted(business: Business, mode: str) -> Iterator[tuple[Any, ...]]:
    """Yield what the ledger posts for them: when, what, the refund, amount, fee, and by whom."""
    with connection.cursor() as cursor:
        cursor.execute(POSTED, _of(business, mode))
        yield from cursor.fetchall()


def _of(business: Business, mode: str) -> dict[str, Any]:
    return {"business": business.pk, "mode": str(mode), "end": business.created_at + HISTORY - OVER_BY}


def plan(history: DemoHistory, business: Business) -> Iterator[Planned]:
    """Plan a year's refunds: of each payment by itself, so that they are the same on every run."""
    end = business.created_at + HISTORY - OVER_BY
    members = business.members.active().select_related("user").order_by("pk")
    people = sorted(members, key=lambda member: len(member.permissions))
    askers = [who.actor for who in people if Permission.REQUEST_REFUND in who.permissions]
    paid = Payment.objects.filter(
        business=business, mode=history.mode, status=PaymentStatus.SUCCESSFUL, slug__isnull=False, paid_at__lt=end
    )
    cast = Cast.of(business, history.mode)
    for payment in paid.order_by("created_at") if askers else ():
        random = Random(f"{SEED}:{history.slug}:{history.mode}:refund:{payment.created_at.isoformat()}")
        if random.random() < SHARE:
            author = Author(random, cast, end)
            at = author.after(payment.paid_at or payment.created_at, 130_000)
            if at + timedelta(hours=4) < end:
                yield _refund(author, askers, payment, at)


def _refund(author: Author, askers: Sequence[Actor], payment: Payment, at: datetime) -> Planned:
    """Plan the refund of a payment; of the askers, whoever may least besides comes first, and asks most."""
    asker, payee = author.pick(askers, 1.8), author.person()
    kind, bank, number = services.account_of_payer(payment) or (Kind.BANK, "bca", author.digits(10))
    if payee.kind == Kind.BANK and kind == Kind.BANK:
        bank, number = payee.bank, payee.account_number
    share = 100 if author.random.random() < 0.6 else author.pick((50, 30, 20, 70))
    amount = payment.amount if share == 100 else max(10_000, payment.amount * share // 100_000 * 1_000)
    fields = {
        "payment": payment,
        "status": Status.SUCCESSFUL,
        "destination_kind": kind,
        "bank": bank,
        "account_number": number,
        "beneficiary_name": payment.sender_name,
        "holder_name": payment.sender_name.upper(),
        "cause": author.pick(CAUSES, 1.4),
        "amount": amount,
        "fee": FEES[kind],
        "via": Via.DASHBOARD,
        **asker.columns("maker"),
    }
    ending, lines = _ending(author, asker, at, amount)
    return Planned(at, fields | ending, [("created", at, asker, ""), *lines])


def _ending(author: Author, asker: Actor, at: datetime, amount: int) -> tuple[dict[str, Any], list[Line]]:
    """Return how a refund ends: taken back by whoever asked, rejected, refused by the bank, or with its payer."""
    choice, approver, decided_at = author.random.random(), asker, at + timedelta(milliseconds=12)
    if not author.cast.lets_go(asker, amount):
        others = [who for who in author.cast.approvers if who != asker]
        approver, decided_at = author.pick(others or author.cast.approvers, 1.5), author.after(at, 2_400)
    if approver != asker and choice < 0.08:
        by, line, reason = (approver, "rejected", "") if choice < 0.04 else (asker, "cancelled", CANCELLATIONS[0])
        return {"status": Status.CANCELLED, "reason": reason}, [(line, decided_at, by, "")]
    sent_at = author.after(decided_at, 2)
    ended_at = author.after(sent_at, author.answers_after)
    signed = approver.columns("approver")
    lines: list[Line] = [("approved", decided_at, approver, ""), ("sent", sent_at, SYSTEM, "")]
    if choice > 0.93:
        signed |= {"status": Status.FAILED, "reason": author.pick(REFUSALS, 1.6)}
        return signed, [*lines, ("failed", ended_at, SYSTEM, "")]
    signed |= {"completed_at": ended_at, "bank_reference": f"FT{ended_at:%y%j}{author.digits(8)}"}
    return signed, [*lines, ("successful", ended_at, SYSTEM, "")]
