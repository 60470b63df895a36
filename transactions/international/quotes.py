"""What a transfer abroad costs: asked of the rail, shown while it holds, used once, asked for anew once it ran out."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db import connections
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from flipdash import clock, money
from flipdash.scope import Scope
from transactions import rails
from transactions.corridors import CORRIDORS
from transactions.models import Corridor, InternationalTransfer, Quote, Side
from transactions.outgoing.refusals import CorridorClosed, NothingSends, OutgoingRefused
from transactions.rails import NotOffered, RailProblem, Rated

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MOST_A_MINUTE, MOST_A_DAY = 100, 3_000
"""Rates that a business is told in a mode: quotes are kept (trust.md Q1)."""
KEPT_FOR = timedelta(days=2)
"""How long a quote is kept of which nothing was made: longer than it is counted."""
LOOKED_FOR = timedelta(days=30)
"""For how long after that the unused ones are looked for: those that were used stay for good."""
FORGOTTEN_AT_ONCE = 10_000


class NoQuote(OutgoingRefused):
    """The rail gives no rate now."""


class OutOfLimits(OutgoingRefused):
    """What arrives is less, or more, than the corridor takes."""


@dataclass(frozen=True)
class Wanted:
    """What a rate is asked for: a kind of transfer by a corridor, and the amount of one side."""

    corridor: Corridor
    kind: str
    side: str
    amount: Decimal
    """Whole rupiah that are sent, or what arrives, in the corridor's currency."""

    @classmethod
    def as_in(cls, quote: Quote) -> "Wanted":
        """Return what a quote was asked for."""
        amount = Decimal(quote.amount) if quote.side == Side.SENT else quote.amount_received
        return cls(quote.corridor, quote.kind, quote.side, amount)

    def is_answered_by(self, quote: Quote) -> bool:
        """Return whether a quote is about exactly this."""
        same = (quote.corridor_id, quote.kind, quote.side) == (self.corridor.pk, self.kind, self.side)
        return same and Wanted.as_in(quote).amount == self.amount


def corridor_to(country: str) -> Corridor | None:
    """Return the corridor to a country that is open now."""
    return Corridor.objects.filter(country=country, is_active=True).first() if country in CORRIDORS else None


def ask(scope: Scope, wanted: Wanted, *, renews: Quote | None = None) -> Quote:
    """Ask the rail what it costs now, and keep the answer. Raises CorridorClosed, NoQuote, NothingSends,
    OutOfLimits.

    Call it outside of any transaction: a rail takes its time, and by so much less its answer holds.
    """
    if not wanted.corridor.is_active:
        raise CorridorClosed
    if wanted.side == Side.RECEIVED:  # so that no rail is asked for what is refused anyway
        check_limits(wanted.corridor, wanted.amount)
    _count(scope)
    currency = wanted.corridor.currency
    given = {"sent": int(wanted.amount)} if wanted.side == Side.SENT else {"received": wanted.amount}
    question = Rated(scope.business.pk, scope.mode, wanted.corridor.country, currency, wanted.kind, **given)
    asked_at = time.monotonic()
    try:
        rail = rails.serving(scope.mode)
        offer = rail.quote(question)
    except rails.NoRail as problem:
        raise NothingSends from problem
    except NotOffered as problem:
        raise CorridorClosed from problem
    except RailProblem as problem:
        raise NoQuote(_("No rate can be had at the moment. Nothing was sent: try again.")) from problem
    check_limits(wanted.corridor, offer.received)
    took = timedelta(seconds=time.monotonic() - asked_at)
    if took >= offer.holds_for:
        raise NoQuote(_("No rate can be had at the moment. Nothing was sent: try again."))
    quote = Quote.objects.create(
        business_id=scope.business.pk,
        mode=scope.mode,
        corridor=wanted.corridor,
        kind=wanted.kind,
        side=wanted.side,
        amount=offer.sent,
        rate=offer.rate,
        fee=offer.fee,
        amount_received=offer.received,
        rail=rail.name,
        reference=offer.reference,
        renews=renews,
        expires_at=Now() + (offer.holds_for - took),
    )
    quote.refresh_from_db()
    return quote


def _count(scope: Scope) -> None:
    """Count one more ask, before the rail hears of it and whatever it says. Raises NoQuote above what is allowed.

    The cache counts those that come at the same time one after the other. Those that are kept are counted in the
    database too, which is there when the cache isn't.
    """
    a_minute = _("Too many rates were asked for within a minute. Wait for one, then ask again.")
    a_day = _("Too many rates were asked for within a day. Ask again tomorrow.")
    for span, most, words in ((MINUTE, MOST_A_MINUTE, a_minute), (DAY, MOST_A_DAY, a_day)):
        key = f"quotes/{scope.business.pk}/{scope.mode}/{span.total_seconds():.0f}"
        cache.add(key, 0, span.total_seconds())
        kept = Quote.objects.visible_to(scope).filter(created_at__gt=Now() - span)
        if cache.incr(key) > most or kept[:most].count() >= most:
            raise NoQuote(words)


FORGET = """
DELETE FROM transactions_quote q USING (
    SELECT o.id FROM transactions_quote o
    WHERE o.created_at BETWEEN now() - %(from)s AND now() - %(until)s
        AND NOT EXISTS (
            SELECT FROM transactions_internationaltransfer t
            WHERE t.business_id = o.business_id AND t.mode = o.mode AND t.quote_id = o.id
        ) AND NOT EXISTS (
            SELECT FROM transactions_quote r
            WHERE r.business_id = o.business_id AND r.mode = o.mode AND r.renews_id = o.id
        )
    ORDER BY o.created_at LIMIT %(most)s
) old WHERE q.id = old.id
"""


def forget_unused() -> int:
    """Delete quotes of which nothing was made, and that none of those is compared with; returns how many."""
    with connections["operator"].cursor() as cursor:
        asked: dict[str, Any] = {"from": KEPT_FOR + LOOKED_FOR, "until": KEPT_FOR, "most": FORGOTTEN_AT_ONCE}
        cursor.execute(FORGET, asked)
        return int(cursor.rowcount)


def check_limits(corridor: Corridor, received: Decimal) -> None:
    """Raise OutOfLimits unless the corridor takes what would arrive."""
    rules = CORRIDORS[corridor.country]
    least, most = (money.foreign(limit, rules.currency) for limit in (rules.minimum, rules.maximum))
    if received < rules.minimum:
        raise OutOfLimits(_("The smallest amount that arrives there is %s.") % least)
    if received > rules.maximum:
        raise OutOfLimits(_("The largest amount that arrives there is %s. Send it in parts.") % most)


def seconds_left(quote: Quote, now: datetime | None = None) -> int:
    """Return for how long a quote still holds; 0 when it has run out, or another rail serves its mode by now."""
    if quote.rail != rail_of(quote.mode):
        return 0
    return max(0, int((quote.expires_at - (now or clock.now())).total_seconds()))


def found(scope: Scope, pk: str) -> Quote | None:
    """Return a quote of the scope by its number as a form brings it back, whatever it is now."""
    if not (pk.isascii() and pk.isdecimal() and len(pk) < 19):
        return None
    rows = Quote.objects.visible_to(scope).select_related("corridor", "renews")
    quote: Quote | None = rows.filter(pk=int(pk)).first()
    return quote


def holds(scope: Scope, pk: int) -> bool:
    """Return whether a quote of the scope can be used now: it hasn't run out, and nothing was made of it."""
    used = Exists(made_of(scope).filter(quote=OuterRef("pk")))
    return bool(holding(Quote.objects.visible_to(scope).filter(~used, pk=pk), scope.mode).exists())


def holding(rows: QuerySet, mode: str) -> QuerySet:
    """Return those of some quotes of a mode that can be used now: a rail keeps to its own, and while they hold."""
    return rows.filter(expires_at__gt=Now(), rail=rail_of(mode))


def rail_of(mode: str) -> str:
    """Return the name of the rail that serves a mode now; "" where none does."""
    try:
        return rails.serving(mode).name
    except rails.NoRail:
        return ""


def made_of(scope: Scope) -> QuerySet:
    """Return the transfers among which the one that was made of a quote is found by its index."""
    return InternationalTransfer.objects.filter(business_id=scope.business.pk, mode=scope.mode)


def seen_before(quote: Quote, made_at: datetime) -> Quote | None:
    """Return the quote at which somebody made a transfer that has another one now; None where it is the same."""
    return quote.renews if quote.created_at > made_at else None
