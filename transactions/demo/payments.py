"""Payments of the demo: what guests, caterings and pupils of the barista school pay by link."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from accounts.demo import HISTORY, KOPI_KITA, TOKO_SEBELAH
from accounts.models import Business
from flipdash import rls
from flipdash.actors import SYSTEM, Actor
from flipdash.mode import Mode
from transactions.channels import ChannelKind
from transactions.demo.author import Author, Cast
from transactions.demo.plans import SEED, DemoHistory
from transactions.demo.rhythm import moments
from transactions.demo.words import FIRST_NAMES, HARD_NAMES, LAST_NAMES
from transactions.demo.writing import Line, Planned, Tables, business_of, write_missing
from transactions.models import Payment, PaymentEvent, PaymentLink, PaymentStatus, Settlement
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
FEES: dict[str, Callable[[int], int]] = {
    ChannelKind.QRIS: lambda amount: amount * 7 // 1_000,
    ChannelKind.VA: lambda amount: 4_000,
    ChannelKind.EWALLET: lambda amount: amount * 15 // 1_000,
    ChannelKind.CARD: lambda amount: 2_000 + amount * 29 // 1_000,
}
OPEN_FOR = timedelta(hours=24)
REFUSALS: dict[str, tuple[Reason, ...]] = {
    ChannelKind.QRIS: (Reason.PAYER_SHORT, Reason.PAYER_UNAVAILABLE),
    ChannelKind.VA: (Reason.PAYER_UNAVAILABLE, Reason.PAYER_SHORT),
    ChannelKind.EWALLET: (Reason.PAYER_SHORT, Reason.PAYER_UNAVAILABLE),
    ChannelKind.CARD: (Reason.CARD_DECLINED, Reason.PAYER_UNAVAILABLE),
}
"""Why each kind of channel refuses, the commonest first."""


def write(history: DemoHistory, *, newest: int | None = None) -> None:
    """Write what is missing of a history, or of its newest part."""
    business = business_of(history)
    with rls.inside_of(business.pk, history.mode):
        links = _links(history, business)
    rows = plan(history, business)[:newest]
    for row in rows:
        row.fields["link"] = links[row.fields["title"]]
    write_missing(TABLES, history, rows)


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
        "channel_kind": kind,
        "channel": channel,
        "amount": amount,
        "fee": FEES[kind](amount),
        "reference": f"{kind.upper()[:2]}{at:%y%m%d}{author.digits(6)}",
    }
    ending, lines = _ending(author, at, fields)
    return Planned(at, {**fields, **ending}, [("created", at, Actor.named(name), ""), *lines])


def _ending(author: Author, at: datetime, fields: dict) -> tuple[dict, list[Line]]:
    """Return how a payment ends before `until`, if it does: paid and settled, refused, or not paid in time."""
    choice, answered_at = author.random.random(), author.after(at, 240)
    if choice < 0.09 or answered_at >= author.until:
        expired_at = at + OPEN_FOR
        if expired_at >= author.until:
            return {"status": PaymentStatus.PENDING}, []
        return {"status": PaymentStatus.CANCELLED, "reason": Reason.NOT_PAID}, [("cancelled", expired_at, SYSTEM, "")]
    if choice < 0.14:
        why = author.pick(REFUSALS[fields["channel_kind"]], 1.6)
        return {"status": PaymentStatus.FAILED, "reason": why}, [("failed", answered_at, SYSTEM, "")]
    ending = {"status": PaymentStatus.SUCCESSFUL, "paid_at": answered_at, "settlement_status": Settlement.PENDING}
    lines: list[Line] = [("successful", answered_at, SYSTEM, "")]
    settled_at = author.after(answered_at, 100_000)
    if settled_at < author.until:
        ending |= {
            "settlement_status": Settlement.SETTLED,
            "settled_at": settled_at,
            "settled_amount": fields["amount"] - fields["fee"],
        }
        lines.append(("settled", settled_at, SYSTEM, ""))
    return ending, lines
