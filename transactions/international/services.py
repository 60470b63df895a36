"""International Transfer: one is made at a quote that holds, once for each form; and what is its own in the life that
all products share.

What follows (approve, send, answer) is transactions/outgoing's. A quote that has run out before it is approved is asked
for anew, and seen, before anything is sent at it.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject, Now
from django.utils.translation import gettext_lazy

from accounts.permissions import Permission
from accounts.rights import ask_again, lock_row
from flipdash import db, events, money, world
from flipdash.scope import Scope
from transactions.international import accounts, beneficiaries, identity, quotes, wording
from transactions.international.quotes import Wanted
from transactions.models import (
    Attachment,
    InternationalTransfer,
    Quote,
    Status,
    Via,
)
from transactions.models.base import MAY_BE_PAID
from transactions.outgoing import acts, changes, products, twice
from transactions.outgoing.refusals import (
    CorridorClosed,
    MayBeTwice,
    NothingSends,
    NotWaiting,
    QuoteOver,
    judging_quotes,
)
from transactions.rails import Abroad, Document, Payout

TWICE_WITHIN = timedelta(days=30)
MOST_TWINS = 5
"""How many possible duplicates are shown."""


@dataclass(frozen=True)
class Draft:
    """What a person wants to send abroad; its fields are clean."""

    wanted: Wanted
    account_number: str
    beneficiary_bank: str
    beneficiary_name: str
    purpose: str
    source_of_funds: str
    details: Mapping[str, str] = field(default_factory=dict)
    """The other fields of its corridor that were filled in."""
    attachment: Attachment | None = None
    internal_reference: str = ""
    is_sure: bool = False
    """Whether it is paid whatever its possible duplicates are."""
    seen_twins: frozenset[int] = frozenset()
    """The ids of possible duplicates that somebody saw, and said are none of them."""


@dataclass(frozen=True)
class Created:
    """The transfer that a form made; `is_new` is false when the same form had made it before."""

    transfer: InternationalTransfer
    is_new: bool


# --- Before it is made -------------------------------------------------------------------------------------------


def twins_of_draft(scope: Scope, draft: Draft) -> Sequence[InternationalTransfer]:
    """Return what a draft may pay once more."""
    same = Q(country=draft.wanted.corridor.country, account_number=draft.account_number)
    amount = Q(amount=draft.wanted.amount) if draft.wanted.side == "sent" else Q(amount_received=draft.wanted.amount)
    return _twins(scope, same & amount, draft.internal_reference)


def twins(scope: Scope, row: InternationalTransfer) -> Sequence[InternationalTransfer]:
    """Return what a row may pay once more: the same account and amount, on either side, or Internal Reference.

    Made in the last 30 days, or on its way, unless it went back; the newest MOST_TWINS of them.
    """
    same = Q(country=row.country, account_number=row.account_number)
    amount = Q(amount=row.amount) | Q(amount_received=row.amount_received)
    return _twins(scope, same & amount, row.internal_reference, but=row.pk)


def _twins(scope: Scope, same: Q, reference: str, but: int = 0) -> Sequence[InternationalTransfer]:
    if reference:
        same |= Q(internal_reference=reference)
    return list(_may_be_twice(scope, same).exclude(pk=but)[:MOST_TWINS])


def _may_be_twice(scope: Scope, same: Q) -> QuerySet:
    lately = Q(created_at__gte=Now() - TWICE_WITHIN) | Q(status__in=Status.open())
    rows = InternationalTransfer.objects.visible_to(scope, searched=True).filter(same, lately, returned_at=None)
    return rows.filter(MAY_BE_PAID).order_by("-created_at", "-pk")


def _twins_of_each(scope: Scope) -> QuerySet:
    """Return what each row of an outer query may pay once more."""
    same = Q(**{name: OuterRef(name) for name in ("country", "account_number")})
    same &= Q(amount=OuterRef("amount")) | Q(amount_received=OuterRef("amount_received"))
    same |= Q(internal_reference=OuterRef("internal_reference")) & ~Q(internal_reference="")
    return _may_be_twice(scope, same).exclude(pk=OuterRef("pk"))


def _twins_of_many(scope: Scope, ids: Sequence[int]) -> products.Twins:
    """Return, of transfers by their ids, the ids and states of what each may pay once more, the newest first."""
    each = _twins_of_each(scope).annotate(twin=JSONObject(pk=F("pk"), status=F("status"))).values("twin")
    rows = InternationalTransfer.objects.visible_to(scope, searched=True).filter(pk__in=list(ids))
    found = rows.annotate(same=ArraySubquery(each[:MOST_TWINS])).order_by("pk").values_list("pk", "same")
    return {pk: [(twin["pk"], twin["status"]) for twin in same] for pk, same in found if same}


def _paid_before_each(scope: Scope) -> QuerySet:
    """Return what has arrived at the account of each row of an outer query."""
    rows = InternationalTransfer.objects.visible_to(scope, searched=True)
    return rows.filter(accounts.same_as_outer(), status=Status.SUCCESSFUL)


def is_new_account(scope: Scope, row: InternationalTransfer) -> bool:
    """Whether nothing has ever arrived at a row's account before."""
    rows = InternationalTransfer.objects.visible_to(scope, searched=True)
    return not rows.filter(accounts.same_as(row), status=Status.SUCCESSFUL).exists()


def goes_at_once(scope: Scope, quote: Quote) -> bool:
    """Whether making one also approves it: its maker may approve, and the rule asks for nobody else."""
    row = InternationalTransfer(amount=quote.amount, **scope.actor.columns("maker"))
    return acts.goes_at_once(scope, row)


# --- Making it ---------------------------------------------------------------------------------------------------


def made_before(scope: Scope, made_key: str) -> InternationalTransfer | None:
    """Return what a form has made already; what is no key at all has made nothing."""
    try:
        key = uuid.UUID(made_key)
    except ValueError:
        return None
    rows = InternationalTransfer.objects.visible_to(scope, searched=True)
    found: InternationalTransfer | None = rows.filter(made_key=key).first()
    return found


def create(
    scope: Scope,
    draft: Draft,
    quote: Quote,
    *,
    made_key: uuid.UUID,
    via: str = Via.DASHBOARD,
    saves: bool = False,
) -> Created:
    """Make a transfer at a quote that holds, once for each form key. Who may approve it has approved it.

    `saves` keeps whom it pays, with it or not at all. Raises QuoteOver for one that has run out, was used, or is about
    something else; MayBeTwice, ShortOfMoney, NothingSends, CorridorClosed, NotAllowed.
    """
    with transaction.atomic():
        # A twin of this form waits here, and then finds our row.
        db.lock(f"form/{scope.business.pk}/{scope.mode}/{made_key}")
        ask_again(scope, Permission.CREATE_TRANSACTIONS)
        rows = InternationalTransfer.objects.visible_to(scope, searched=True)
        if before := rows.filter(made_key=made_key).first():
            return Created(before, is_new=False)
        acts.one_at_a_time(scope, INTERNATIONAL)
        if not draft.wanted.is_answered_by(quote) or not quotes.holds(scope, quote.pk):
            raise QuoteOver
        if not draft.is_sure and twice.is_new(draft, twins_of_draft(scope, draft)):
            raise MayBeTwice
        transfer = _add(scope, draft, quote, made_key=made_key, via=via)
        if saves:
            beneficiaries.save(scope, draft)
        if goes_at_once(scope, quote):
            ask_again(scope, Permission.APPROVE_TRANSACTIONS)
            acts.let_go(scope, INTERNATIONAL, transfer)
    return Created(transfer, is_new=True)


def _add(scope: Scope, draft: Draft, quote: Quote, *, made_key: uuid.UUID, via: str) -> InternationalTransfer:
    transfer = row_of(scope, draft, quote, made_key=made_key, via=via)
    transfer.save(force_insert=True)
    transfer.refresh_from_db()
    events.record(scope, INTERNATIONAL.kind("created"), transfer, **changes.facts_of(transfer))
    return transfer


def row_of(scope: Scope, draft: Draft, quote: Quote, **more: Any) -> InternationalTransfer:
    """Return the row of a draft at a quote, which nobody has approved yet."""
    corridor = draft.wanted.corridor
    row = InternationalTransfer(
        business_id=scope.business.pk,
        mode=scope.mode,
        status=Status.PENDING_APPROVAL,
        country=corridor.country,
        currency=corridor.currency,
        transfer_kind=draft.wanted.kind,
        beneficiary_bank=draft.beneficiary_bank,
        beneficiary_name=draft.beneficiary_name,
        account_number=draft.account_number,
        purpose=draft.purpose,
        source_of_funds=draft.source_of_funds,
        attachment=draft.attachment,
        internal_reference=draft.internal_reference,
        **_figures(quote),
        **scope.actor.columns("maker"),
        **more,
    )
    identity.keep(row, draft.details)
    return row


def _figures(quote: Quote) -> dict[str, Any]:
    names = ("amount", "rate", "fee", "amount_received")
    return {"quote": quote, **{name: getattr(quote, name) for name in names}}


def requote(scope: Scope, pk: int) -> InternationalTransfer:
    """Ask for a new rate for one that waits and whose quote has run out; what its maker gave stays as it is.

    One whose quote still holds, or that somebody else asked for meanwhile, stays as it is. Raises NotWaiting,
    CorridorClosed, NoQuote, OutOfLimits, NothingSends, QuoteOver, NotAllowed.
    """
    rows = InternationalTransfer.objects.visible_to(scope, searched=True)
    row, before = _to_requote(scope, rows, pk)
    if before is not None and quotes.seconds_left(before):
        return row
    # No lock is held while a rail takes its time.
    made_at = before and (quotes.seen_before(before, row.created_at) or before)
    quote = quotes.ask(scope, Wanted.as_in(before) if before else _wanted_by(row), renews=made_at)
    with transaction.atomic():
        locked = lock_row(scope, rows, pk, Permission.APPROVE_TRANSACTIONS)
        if locked.status != Status.PENDING_APPROVAL:
            raise NotWaiting(locked)
        if locked.quote_id != row.quote_id:
            return locked
        was = locked.rate
        for name, value in _figures(quote).items():
            setattr(locked, name, value)
        with judging_quotes():  # it may have run out while the lock was waited for
            locked.save(update_fields=list(_figures(quote)))
        told = {**changes.facts_of(locked), "rate": str(quote.rate), "rate_before": str(was or "")}
        events.record(scope, INTERNATIONAL.kind("requoted"), locked, **told)
    return locked


def _to_requote(scope: Scope, rows: Any, pk: int) -> tuple[InternationalTransfer, Quote | None]:
    """Return one that waits, and its quote, to whoever may ask for another. Raises NotWaiting, NotAllowed."""
    with transaction.atomic():
        row = lock_row(scope, rows, pk, Permission.APPROVE_TRANSACTIONS)
        if row.status != Status.PENDING_APPROVAL:
            raise NotWaiting(row)
        return row, _quote_of(row)


def _quote_of(row: InternationalTransfer) -> Quote | None:
    if row.quote_id is None:
        return None
    found: Quote | None = Quote.objects.select_related("corridor", "renews").filter(pk=row.quote_id).first()
    return found


def _wanted_by(row: InternationalTransfer) -> Wanted:
    """Return what is asked for a row that has never had a quote."""
    corridor = quotes.corridor_to(row.country)
    if corridor is None:
        raise CorridorClosed
    return Wanted(corridor, row.transfer_kind, "received", row.amount_received)


def quote_of(scope: Scope, row: InternationalTransfer) -> Quote | None:
    """Return the quote of a row, with the one that it renews."""
    rows = Quote.objects.visible_to(scope).select_related("corridor", "renews")
    found: Quote | None = rows.filter(pk=row.quote_id or 0).first()
    return found


# --- Its own in the life of all products -------------------------------------------------------------------------


def _payout(key: str, row: InternationalTransfer) -> Payout:
    return _told(key, row, identity.secret_of(row))


def _asked_back(key: str, row: InternationalTransfer) -> Payout:
    """Return what stops a transfer: nobody has to know who a person is for that, and a lost key keeps none from it."""
    return _told(key, row, {})


def _told(key: str, row: InternationalTransfer, who: Mapping[str, str]) -> Payout:
    quote = row.quote
    return Payout(
        key=key,
        business_id=row.business_id,
        mode=row.mode,
        bank=_queue(row),
        account_number=row.account_number,
        beneficiary_name=row.beneficiary_name,
        amount=row.amount,
        quote=quote.reference if quote else "",
        received=row.amount_received,
        abroad=Abroad(
            country=row.country,
            currency=row.currency,
            kind=row.transfer_kind,
            beneficiary_bank=row.beneficiary_bank,
            purpose=row.purpose,
            source_of_funds=row.source_of_funds,
            details=row.details,
            identity=who,
            document=_document(row.attachment) if row.attachment else None,
        ),
    )


def _document(kept: Attachment) -> Document:
    names = ("name", "content_type", "stored_as", "sha256")
    return Document(**{name: getattr(kept, name) for name in names})


def _queue(row: InternationalTransfer) -> str:
    """Each country is a queue of its own, as each bank is inside ours."""
    return f"abroad_{row.country}".lower()


def destination_of(row: InternationalTransfer) -> str:
    """Return the bank and the country that a transfer goes to."""
    return f"{row.beneficiary_bank}, {world.country_name(row.country)}"


SHOWN = (
    *("country", "currency", "transfer_kind", "beneficiary_bank", "beneficiary_name", "account_number", "quote_id"),
    *("rate", "amount_received", "purpose", "source_of_funds", "details"),
    *("attachment_id", "internal_reference"),
)


def _shown(row: InternationalTransfer) -> dict[str, Any]:
    # As pages show it: sealed anew by another key it is another text, and nothing else was seen.
    return {**{name: getattr(row, name) for name in SHOWN}, "identity": identity.shown(row)}


def _arrives(row: InternationalTransfer) -> products.Arrives:
    until = row.quote.expires_at if row.quote else None
    return products.Arrives(
        received=money.foreign(row.amount_received, row.currency),
        rate=wording.rate_in_words(row.rate, row.currency),
        until=until,
    )


def _ready(rows: Iterable[InternationalTransfer]) -> None:
    """Refuse rows of a mode whose quotes have run out, or are another rail's, or whose corridors are closed: nothing
    leaves at a rate that is over.
    """
    quote_of = {row.pk: (row.quote_id, row.mode) for row in rows}
    wanted = [pk for pk, _mode in quote_of.values()]
    modes = {mode for _pk, mode in quote_of.values()}
    if not all(map(quotes.rail_of, modes)):
        raise NothingSends
    found = Quote.objects.filter(pk__in=[pk for pk in wanted if pk])
    holding = {
        pk: is_open
        for mode in modes
        for pk, is_open in quotes.holding(found.filter(mode=mode), mode).values_list("pk", "corridor__is_active")
    }
    if not all(holding.values()):
        raise CorridorClosed
    if over := sum(pk not in holding for pk in wanted):
        raise QuoteOver(over if len(wanted) > 1 else 1)


INTERNATIONAL = products.register(
    products.Product(
        source="international_transfer",
        area="international",
        label=gettext_lazy("International transfer"),
        label_of_many=gettext_lazy("International transfers"),
        model=InternationalTransfer,
        list_url_name="transactions:international",
        row_url_name="transactions:international-detail",
        approval_url_name="transactions:international-approval",
        rejection_url_name="transactions:international-rejection",
        cancellation_url_name="transactions:international-cancellation",
        forced_url_name="transactions:international-forced",
        create_url_name="transactions:international-create",
        payout=_payout,
        asked_back=_asked_back,
        bank=_queue,
        destination=destination_of,
        shown=_shown,
        ready=_ready,
        duplicates=twins,
        twins=_twins_of_many,
        look=products.Look(
            twins=_twins_of_each,
            paid_before=_paid_before_each,
            requoted=Q(quote__created_at__gt=F("created_at")),
            reads="quote",
        ),
        arrives=_arrives,
        paid=beneficiaries.note_paid,
    )
)
