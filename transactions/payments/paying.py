"""What strangers do on a public payment page: open a link, start a payment, look what became of it.

They have two random addresses and nothing else: the link's, which anybody has, and their payment's own. Amounts come
from the link (trust.md D5); how much they may start is counted in Postgres (Q1), by what was started and not paid, so
that whoever pays costs nobody anything (Q3). In Test Mode nothing is paid, and all that was started counts.
"""

import hashlib
import hmac
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models.sign_in import network_of
from flipdash import clock, events, money, rls
from flipdash.actors import Actor
from flipdash.mode import Mode
from flipdash.scope import Itself, Scope
from transactions import rails
from transactions.channels import NAMES, ChannelKind
from transactions.models import Payment, PaymentLink, PaymentStatus
from transactions.models.payment_link import new_slug
from transactions.payments import charges, links, prices
from transactions.payments.history import SLUG

WITHIN = timedelta(hours=1)
OF_A_NETWORK, OF_A_NETWORK_IN_ALL = 20, 100
"""How many payments one network may start within an hour and not pay: at one link, and at all links of a business in
one mode."""
OF_A_LINK, OF_A_BUSINESS, AT_MOST = 200, 2_000, 10_000
"""With so many of all networks at a link, or at all links of a business, only those are let in that have started none;
with the last so many, nobody."""
OF_A_PHONE = 5
"""How many payments may be sent to the e-wallet of one number within an hour, by whomever, and not be paid; beyond
that, a business that hasn't asked it may, once: none locks a number out for another."""


class Unusable(Exception):
    """There is nothing at this address."""


class CantPay(Exception):
    """The payment can't be started; the message says why, in words for the payer. `field` is what it is about."""

    def __init__(self, words: str, field: str | None = None) -> None:
        super().__init__(words)
        self.field = field


class Reused(CantPay):
    """The form was sent before, and says something else now: it needs another key."""


class Changed(CantPay):
    """The link asks for something else than what the payer saw."""


class Payer(Itself):
    """Whoever pays, of whom the name is known that they typed. They may do nothing that members may."""

    def __init__(self, name: str) -> None:
        self.name, self.actor = name, Actor.named(name)


@dataclass(frozen=True)
class Draft:
    """What a payer says. The amount is rupiah, and counts for an open link only."""

    channel: str
    amount: int | None
    name: str
    email: str = ""
    phone: str = ""
    address: str = ""
    terms: str | None = None
    """What the payer saw that the link asks for (`terms_of`); None for whoever saw no page."""


@contextmanager
def opened(slug: str) -> Iterator[PaymentLink]:
    """Give a link by its name, inside its business and mode and in the business's zone. Raises Unusable."""
    _check_name(slug)
    with connection.cursor() as cursor:
        cursor.execute("SELECT business_id, mode FROM transactions_payment_link_place(%s)", [slug])
        place = cursor.fetchone()
    if place is None:
        raise Unusable
    with rls.inside_of(*place):
        link = PaymentLink.objects.select_related("business").filter(slug=slug).first()
        if link is None:
            raise Unusable
        with timezone.override(link.business.time_zone):
            yield link


@contextmanager
def started(slug: str) -> Iterator[Payment]:
    """Give a payment by the name of its own page, likewise. Raises Unusable."""
    _check_name(slug)
    found = Payment.objects.filter(slug=slug).values_list("business_id", "mode", "pk").first()
    if found is None:
        raise Unusable
    business_id, mode, pk = found
    with rls.inside_of(business_id, mode):
        payment = Payment.objects.select_related("business", "link").get(pk=pk)
        with timezone.override(payment.business.time_zone):
            yield payment


def _check_name(slug: str) -> None:
    """Raise Unusable for what can't be the name of anything; the database isn't asked, which takes no NUL."""
    if not SLUG.fullmatch(slug):
        raise Unusable


def channels_of(link: PaymentLink) -> list[tuple[str, str]]:
    """Return the kind and the code of each channel by which a link can be paid, the commonest kind first."""
    try:
        offered = set(rails.serving(link.mode).channels())
    except rails.NoRail:
        return []
    kinds = list(prices.PRICES)
    found = [(prices.KIND_OF[code], code) for code in NAMES if code in offered]
    found.sort(key=lambda pair: kinds.index(pair[0]))
    if link.amount is None:
        return found
    return [(kind, code) for kind, code in found if prices.takes(kind, sum_for(link, kind, link.amount).amount)]


def sum_for(link: PaymentLink, kind: str, asked: int) -> prices.Sum:
    """Return what a payer pays by a kind of channel for what the link asks, and the fee in it."""
    return prices.sum_of(kind, asked, payer_bears=link.fee_bearer == PaymentLink.Bearer.PAYER)


def terms_of(link: PaymentLink) -> str:
    """Return what a link asks for, so that nobody pays what they didn't see."""
    return f"{link.amount or 'open'}-{link.fee_bearer}"


@transaction.atomic
def start(link: PaymentLink, draft: Draft, *, made_key: uuid.UUID, address: str, language: str) -> Payment:
    """Start a payment, once for each form; its rail is told as soon as this has committed. Raises CantPay."""
    link = PaymentLink.objects.select_for_update(no_key=True, of=("self",)).select_related("business").get(pk=link.pk)
    if (there := _started_before(link, draft, made_key)) is not None:
        return there
    if links.shown_status(link) != PaymentLink.Status.ACTIVE:
        raise CantPay(_("This link can’t be paid any more. Nothing was started."))
    if draft.terms not in (None, terms_of(link)):
        raise Changed(_("The business has changed this link meanwhile. Look at what it asks for now, then continue."))
    network = _network(address)
    _check_room(link, network)
    kind, asked = _judge(link, draft)
    if kind == ChannelKind.EWALLET:
        _check_phone(link, draft.phone)
    total = sum_for(link, kind, asked)
    until = clock.now() + prices.PRICES[kind].open_for
    payment: Payment = Payment.objects.create(
        business=link.business,
        mode=link.mode,
        link=link,
        title=link.title,
        slug=new_slug(),
        made_key=made_key,
        is_only=link.is_of_one_use,
        sender_name=draft.name,
        sender_email=draft.email,
        sender_phone=draft.phone,
        sender_address=draft.address,
        language=language,
        network=network,
        channel_kind=kind,
        channel=draft.channel,
        amount=total.amount,
        fee=total.fee,
        status=PaymentStatus.PENDING,
        settlement_status="",
        expires_at=min(until, link.expires_at) if link.expires_at else until,
    )
    payment.refresh_from_db()
    charges.queue(payment, rails.serving(link.mode).name)
    by = Scope(link.business, Mode(link.mode), Payer(draft.name), via="system")
    events.record(by, "payment.created", payment, amount=payment.amount, fee=payment.fee)
    return payment


def _started_before(link: PaymentLink, draft: Draft, made_key: uuid.UUID) -> Payment | None:
    """Return what the same form has started. Raises Reused where it said something else then (trust.md L4)."""
    with connection.cursor() as cursor:  # two links of a business aren't locked for each other
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"payer's form {made_key}"])
    there: Payment | None = Payment.objects.filter(business=link.business, mode=link.mode, made_key=made_key).first()
    if there is None:
        return None
    net = there.amount - there.fee if link.fee_bearer == PaymentLink.Bearer.PAYER else there.amount
    is_same = (there.link_id, there.channel) == (link.pk, draft.channel)
    if not is_same or (link.amount is None and draft.amount != net):
        raise Reused(_("This form was sent before, with something else. Look at it again, then continue."))
    return there


def _judge(link: PaymentLink, draft: Draft) -> tuple[str, int]:
    """Return the kind of the chosen channel and the rupiah that the link asks. Raises CantPay."""
    kind = {code: kind for kind, code in channels_of(link)}.get(draft.channel)
    if kind is None:
        raise CantPay(_("Choose how you want to pay."), "channel")
    asked = link.amount or draft.amount
    if not asked:
        raise CantPay(_("Say how much you want to pay."), "amount")
    price = prices.PRICES[kind]
    if not prices.takes(kind, sum_for(link, kind, asked).amount):
        words = _("By %(channel)s a payment can be from %(least)s to %(most)s.")
        said = {"channel": NAMES[draft.channel], "least": money.rupiah(price.least), "most": money.rupiah(price.most)}
        raise CantPay(words % said, "amount" if link.amount is None else "channel")
    return kind, asked


def _check_room(link: PaymentLink, network: str) -> None:
    """Raise CantPay where too many were started and not paid. Call it with the link locked.

    A network that floods a business closes its links to itself first, and never to one that has started nothing.
    """
    started = Payment.objects.filter(
        business=link.business, mode=link.mode, slug__isnull=False, created_at__gt=clock.now() - WITHIN
    )
    if link.mode == Mode.LIVE:
        started = started.exclude(status=PaymentStatus.SUCCESSFUL)
    here, mine = Q(link=link), Q(network=network)
    n = started.aggregate(
        all=Count("pk"),
        here=Count("pk", filter=here),
        mine=Count("pk", filter=mine),
        both=Count("pk", filter=here & mine),
    )
    if network and (n["both"] >= OF_A_NETWORK or n["mine"] >= OF_A_NETWORK_IN_ALL):
        raise CantPay(
            _("Too many payments were started from your network and not paid. Pay one of them, or wait an hour.")
        )
    is_full = n["here"] >= OF_A_LINK or n["all"] >= OF_A_BUSINESS
    if (is_full and (n["mine"] or not network)) or n["all"] >= AT_MOST:
        raise CantPay(_("Too many payments are under way here. Wait a while, then try again."))


def _check_phone(link: PaymentLink, phone: str) -> None:
    """Raise CantPay where the owner of a number was asked often to pay: anybody can type it.

    In Test Mode nobody is asked, so what is started there counts only there.
    """
    asked = Payment.objects.filter(
        sender_phone=phone, channel_kind=ChannelKind.EWALLET, slug__isnull=False, created_at__gt=clock.now() - WITHIN
    ).filter(mode=link.mode)
    if link.mode == Mode.LIVE:
        asked = asked.exclude(status=PaymentStatus.SUCCESSFUL)
    n = asked.aggregate(all=Count("pk"), ours=Count("pk", filter=Q(business=link.business)))
    if n["all"] >= OF_A_PHONE and n["ours"]:
        words = _("This number was asked to pay too often. Wait an hour, or choose another way to pay.")
        raise CantPay(words, "phone")


def _network(address: str) -> str:
    """Return what stands for a network address in the tries: nobody reads the address itself from it."""
    network = network_of(address)
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, f"payer {network}".encode(), hashlib.sha256).hexdigest()[:32] if network else ""


# --- What its page says ------------------------------------------------------------------------------------------


def stage_of(payment: Payment) -> str:
    """Return where a payment stands for its payer: preparing, waiting, over, or as it ended."""
    if payment.status != PaymentStatus.PENDING:
        return str(payment.status)
    if payment.expires_at is not None and payment.expires_at <= clock.now():
        return "over"
    return "waiting" if payment.charge.opened_at else "preparing"


def waits_for_a_person(payment: Payment) -> list[Any]:
    """Return the money that came and that nobody has decided about yet."""
    return list(payment.arrivals.filter(status="waiting").order_by("at", "id"))
