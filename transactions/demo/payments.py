"""Payments of the demo: what guests, caterings and pupils of the barista school pay by link.

Each has what one has that a payer started on a link's page: a page of its own, a charge at the rail, its money as the
rail told of it, and a settlement that brings it into the deposit (settlements.py).
"""

from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from accounts.demo import HISTORY, KOPI_KITA, TOKO_SEBELAH
from accounts.models import Business
from flipdash import rls
from flipdash.actors import SYSTEM, Actor
from flipdash.mode import Mode
from transactions.channels import ChannelKind
from transactions.demo import given_back, settlements
from transactions.demo.author import Author, Cast
from transactions.demo.plans import SEED, DemoHistory
from transactions.demo.rhythm import moments
from transactions.demo.words import FIRST_NAMES, HARD_NAMES, LAST_NAMES
from transactions.demo.writing import Line, Planned, Tables, business_of, write_missing
from transactions.models import Payment, PaymentEvent, PaymentLink, PaymentStatus, Settlement
from transactions.models.payment_link import new_slug
from transactions.payments import prices
from transactions.payments.charges import GRACE
from transactions.reasons import Reason

HISTORIES = (
    DemoHistory(KOPI_KITA.slug, Mode.LIVE, total=3_200, small=300),
    DemoHistory(KOPI_KITA.slug, Mode.TEST, total=260, small=40),
    DemoHistory(TOKO_SEBELAH.slug, Mode.LIVE, total=280, small=40),
)
TABLES = Tables(Payment, PaymentEvent, "payment")

LINKS = (
    ("Pesanan meja dan takeaway", None, 40),
    ("Langganan biji kopi bulanan", 185_000, 22),
    ("Kelas latte art", 350_000, 12),
    ("Katering kantor", None, 8),
    ("Kartu hadiah Rp100.000", 100_000, 7),
    ("Sewa ruang rapat lantai 2", 450_000, 5),
    ("Barista course — batch 7 ☕", 2_750_000, 3),
    ("Donasi petani Gayo", None, 3),
)
"""Title, amount (None is open), and how often it is paid."""
POOL = tuple(link for link in LINKS for _ in range(link[2]))
CHANNELS = (
    *((ChannelKind.QRIS, "qris"),) * 45,
    *((ChannelKind.VA, "bca"),) * 13,
    *((ChannelKind.VA, "mandiri"),) * 8,
    *((ChannelKind.VA, "bri"),) * 6,
    *((ChannelKind.VA, "bni"),) * 4,
    *((ChannelKind.EWALLET, "ovo"),) * 6,
    *((ChannelKind.EWALLET, "dana"),) * 5,
    *((ChannelKind.EWALLET, "shopeepay"),) * 5,
    *((ChannelKind.CARD, "visa"),) * 5,
    *((ChannelKind.CARD, "mastercard"),) * 3,
)
REFUSALS: dict[str, tuple[Reason, ...]] = {
    ChannelKind.QRIS: (Reason.PAYER_SHORT, Reason.PAYER_UNAVAILABLE),
    ChannelKind.VA: (Reason.PAYER_UNAVAILABLE, Reason.PAYER_SHORT),
    ChannelKind.EWALLET: (Reason.PAYER_SHORT, Reason.PAYER_UNAVAILABLE),
    ChannelKind.CARD: (Reason.CARD_DECLINED, Reason.PAYER_UNAVAILABLE),
}
"""Why each kind of channel refuses, the commonest first."""
RAIL = "simulator"
CHARGE = """
INSERT INTO transactions_railcharge (business_id, mode, payment_id, key, rail, code, qr, url, opened_at, status,
    attempt, started_at, finished_at, problem)
SELECT p.business_id, p.mode, p.id, 'payment-' || p.id, %(rail)s, '', '', '',
    CASE WHEN p.status <> 'pending' THEN p.created_at + interval '2 seconds' END,
    CASE p.status WHEN 'pending' THEN 'queued' ELSE 'done' END,
    CASE p.status WHEN 'pending' THEN 0 ELSE 1 END,
    CASE WHEN p.status <> 'pending' THEN p.created_at + interval '1 second' END,
    CASE WHEN p.status <> 'pending' THEN coalesce(p.paid_at, p.expires_at) END, ''
FROM transactions_payment p
WHERE p.business_id = %(business)s AND p.mode = %(mode)s AND p.created_at = ANY (%(moments)s) AND p.slug IS NOT NULL
ORDER BY p.id ON CONFLICT DO NOTHING
"""
"""The charges at the rail: those that are over are answered, and of the others a worker tells it."""
ARRIVE = """
INSERT INTO transactions_paymentarrival (business_id, mode, payment_id, rail, rail_id, amount, reference, at, status,
    problem)
SELECT p.business_id, p.mode, p.id, %(rail)s, 'payment-' || p.id || '-1', p.amount, p.reference, p.paid_at, 'taken', ''
FROM transactions_payment p
WHERE p.business_id = %(business)s AND p.mode = %(mode)s AND p.created_at = ANY (%(moments)s) AND p.slug IS NOT NULL
    AND p.status = 'successful'
ORDER BY p.id ON CONFLICT DO NOTHING
"""


def write(history: DemoHistory, *, newest: int | None = None) -> None:
    """Write what is missing of a history, or of its newest part."""
    business = business_of(history)
    with rls.inside_of(business.pk, history.mode):
        links = _links(history, business)
    rows = plan(history, business)[:newest]
    for row in rows:
        row.fields |= {"link": links[row.fields["title"]], "slug": new_slug()}

    def finish(some: Sequence[Planned]) -> None:
        # A settlement of today takes whatever is paid and belongs to none: these have theirs when they are first seen.
        _collect(business, history.mode, [row.created_at for row in some])
        paid = [(row.created_at, row.fields["paid_at"]) for row in some if "paid_at" in row.fields]
        settlements.begin(business, history.mode, paid)

    with rls.inside_of(business.pk, history.mode):
        write_missing(TABLES, history, rows, finish=finish)
    if newest is None:
        given_back.write(history, RAIL)


def _collect(business: Business, mode: str, moments: Sequence[datetime]) -> None:
    """Let the rail have told of payments, known by when they were made."""
    asked: dict[str, Any] = {"business": business.pk, "mode": str(mode), "moments": list(moments), "rail": RAIL}
    with connection.cursor() as cursor:
        cursor.execute(CHARGE, asked)
        cursor.execute(ARRIVE, asked)


def _links(history: DemoHistory, business: Business) -> dict[str, PaymentLink]:
    """Return the links by title, made where they are missing."""
    maker = Cast.of(business, history.mode).makers[0]
    return {
        title: PaymentLink.objects.get_or_create(
            business=business,
            mode=history.mode,
            title=title,
            defaults={"amount": amount, **maker.columns("maker"), "created_at": business.created_at},
        )[0]
        for title, amount, _weight in LINKS
    }


def plan(history: DemoHistory, business: Business) -> list[Planned]:
    """Plan the whole history, the newest first."""
    start = business.created_at
    end = start + HISTORY
    author = Author(Random(f"{SEED}:{history.slug}:{history.mode}:payments"), Cast.of(business, history.mode), end)
    when = Random(f"{SEED}:{history.slug}:{history.mode}:payments:when")
    rows = [_payment(author, at) for at in moments(when, start, end, history.total, ZoneInfo(business.time_zone))]
    return sorted(rows, key=lambda row: row.created_at, reverse=True)


def _payment(author: Author, at: datetime) -> Planned:
    title, amount, _weight = author.pick(POOL)
    kind, channel = author.pick(CHANNELS)
    amount = amount or author.amount(15_000, 1_800_000)
    name = f"{author.pick(FIRST_NAMES, 2.5)} {author.pick(LAST_NAMES, 2.5)}"
    if author.random.random() < 0.006:
        name = author.pick(HARD_NAMES)
    fields = {
        "title": title,
        "sender_name": name,
        "sender_email": f"pelanggan{author.digits(4)}@example.test",
        "sender_phone": f"0812{author.digits(8)}" if kind == ChannelKind.EWALLET else "",
        "language": "id",
        "channel_kind": kind,
        "channel": channel,
        "amount": amount,
        "fee": prices.sum_of(kind, amount, payer_bears=False).fee,
        "expires_at": at + prices.PRICES[kind].open_for,
        "settlement_status": "",
    }
    ending, lines = _ending(author, at, fields)
    return Planned(at, {**fields, **ending}, [("created", at, Actor.named(name), ""), *lines])


def _ending(author: Author, at: datetime, fields: dict) -> tuple[dict, list[Line]]:
    """Return how a payment ends before `until`, if it does: paid, refused, or not paid in time."""
    choice, answered_at = author.random.random(), author.after(at, 240)
    if choice < 0.09 or answered_at >= author.until:
        cancelled_at = fields["expires_at"] + GRACE
        if cancelled_at >= author.until:
            return {"status": PaymentStatus.PENDING}, []
        return {"status": PaymentStatus.CANCELLED, "reason": Reason.NOT_PAID}, [("cancelled", cancelled_at, SYSTEM, "")]
    if choice < 0.14:
        why = author.pick(REFUSALS[fields["channel_kind"]], 1.6)
        return {"status": PaymentStatus.FAILED, "reason": why}, [("failed", answered_at, SYSTEM, "")]
    ending = {
        "status": PaymentStatus.SUCCESSFUL,
        "paid_at": answered_at,
        "settlement_status": Settlement.PENDING,
        "reference": f"{fields['channel_kind'].upper()[:2]}{at:%y%m%d}{author.digits(6)}",
    }
    return ending, [("successful", answered_at, SYSTEM, "")]
