"""What is told of a transaction, by mail and in the page: to whoever may approve it, and to its maker. Whoever is
paid is mailed, too.

Made from its events, in the transaction of the act; what the seed says happened earlier mails nobody.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import Member
from accounts.models.people import MemberQuerySet
from accounts.permissions import Permission
from accounts.profile import notices
from flipdash import clock, events, mail, notes, rls, sweeps
from flipdash.actors import Actor, ActorKind
from flipdash.mode import Mode, mode_url
from flipdash.scope import Scope
from transactions.models import BulkApproval, MoneyTransfer, Status, TransferBatch
from transactions.models.base import OutgoingTransfer
from transactions.outgoing import acts, products
from transactions.reasons import Reason

TOLD_MAKER = {"approved", "waiting", "rejected", "cancelled", "expired", "recalled", "failed", "returned", "disputed"}
"""What a maker wants to know that they didn't do themselves."""
REMINDED_AFTER = timedelta(hours=4)
MOST_A_DAY, TO_ONE_A_DAY = 5_000, 20
"""Mails to beneficiaries that a business sends within 24 hours, and those to one address."""
MOST_AT_ONCE = 50
"""Businesses whose approvers one sweep reminds."""

WAITING, OUTCOME, OF_REFUNDS = "waiting", "outcome", "refund-outcome"
notices.declare(WAITING, gettext_lazy("Something waits for my approval"), Permission.APPROVE_TRANSACTIONS)
notices.declare(OUTCOME, gettext_lazy("What I made is approved, rejected or fails"), Permission.CREATE_TRANSACTIONS)
notices.declare(OF_REFUNDS, gettext_lazy("A refund of mine is approved, rejected or fails"), Permission.REQUEST_REFUND)


class Room:
    """How many mails to beneficiaries a business may still send within 24 hours: counted once, and then in hand."""

    def __init__(self, business_id: int) -> None:
        self._left, self._to_each = MOST_A_DAY, Counter[str]()
        with rls.outside():
            for to, sent in mail.bulk_of(business_id).values_list("to").annotate(n=Count("pk")).order_by():
                self._left -= sent
                self._to_each[to.lower()] += sent

    def take(self, address: str) -> bool:
        """Take the room of one more mail to an address; False where there is none."""
        if self._left <= 0 or self._to_each[address.lower()] >= TO_ONE_A_DAY:
            return False
        self._left -= 1
        self._to_each[address.lower()] += 1
        return True


Rooms = dict[int, Room]
"""The room of each business that pays somebody in one act."""


def tell_many(told: Sequence[events.Event]) -> None:
    """Mail what events of a product mean for somebody else than who did it."""
    rooms: Rooms = {}
    unmailed = [unsent for one in told if (unsent := _tell(one, rooms))]
    events.record_many(unmailed)


def tell(told: events.Event) -> None:
    """Mail what one event means."""
    tell_many([told])


events.handle(tell, of_many=tell_many)


def _tell(told: events.Event, rooms: Rooms) -> events.Event | None:
    """Mail what an event means; returns that beneficiaries are not mailed for whom there is no room."""
    row = told.subject
    if told.at is not None:
        return None
    if isinstance(row, BulkApproval) and told.kind.endswith(".approved_many"):
        _tell_makers(row, told)
    if not isinstance(row, OutgoingTransfer):
        return None
    product = next((one for one in products.products.values() if isinstance(row, one.model)), None)
    if product is None or events.area_of(told.kind) != product.area:
        return None
    act = told.kind.partition(".")[2]
    if getattr(row, "series_id", None) and told.scope.via == "series":
        return None  # made, and approved, by itself: its series tells whom it concerns (transfers/series/mails.py)
    if act == "created" and not acts.goes_at_once(told.scope, row):
        tell_approvers(row, product, told.scope)
    elif act in TOLD_MAKER:
        _tell_maker(row, product, act, told)
    elif act == "successful":
        return _tell_beneficiary(row, told.scope, rooms)
    return None


def tell_approvers(row: OutgoingTransfer, product: products.Product, scope: Scope, *, but_maker: bool = True) -> None:
    """Tell who may approve a new row that it waits; its maker is told where nobody is there who could."""
    others = others_than(row.business_id, row.maker if but_maker else None)
    for member in others.told(WAITING).select_related("user"):
        _send("transfer_waits", WAITING, member, row, product, maker=row.maker_name, page=product.seen_url_name)
    if who := nobody_of(others):
        maker = Member.objects.may_be_told(product.notice).behind(row.maker).select_related("user").first()
        if maker is not None:
            back = who.back and timezone.localtime(who.back, scope.zone).date()
            _send("transfer_nobody", product.notice, maker, row, product, back=back)


def tell_approvers_of_batch(scope: Scope, batch: TransferBatch, *, count: int, amount: int) -> None:
    """Tell who may approve a batch that the actor has just made that it waits: one mail for all its rupiah.

    Its maker is told where nobody is there who could.
    """
    url = f"{mode_url(batch.mode, 'transactions:approvals', absolute=True)}?batch={batch.pk}"
    others = others_than(batch.business_id, scope.actor)
    known: dict[str, Any] = {"batch": batch, "business": scope.business, "count": count, "amount": amount}
    where: dict[str, Any] = {"mode": batch.mode, "url": url}
    for member in others.told(WAITING).select_related("user"):
        notices.tell(member, WAITING, "batch_waits", **where, maker=batch.maker_name, **known)
    if who := nobody_of(others):
        maker = Member.objects.may_be_told(OUTCOME).behind(scope.actor).select_related("user").first()
        if maker is not None:
            back = who.back and timezone.localtime(who.back, scope.zone).date()
            notices.tell(maker, OUTCOME, "batch_nobody", **where, back=back, **known)


def _others(row: OutgoingTransfer) -> MemberQuerySet:
    return others_than(row.business_id, row.maker)


def others_than(business_id: int, made: Actor | None) -> MemberQuerySet:
    """The members who may approve, without who made what waits."""
    others = Member.objects.active().filter(business_id=business_id).who_may(Permission.APPROVE_TRANSACTIONS)
    own = made.id if made is not None and made.kind == ActorKind.MEMBER else None
    return others.exclude(pk=own) if own is not None else others


@dataclass(frozen=True)
class NobodyThere:
    """That nobody could approve a row now; `back` is when the first is back, None where there is nobody at all."""

    back: datetime | None


def nobody_there(row: OutgoingTransfer) -> NobodyThere | None:
    """Return that nobody but its maker could approve a row now; None where somebody could."""
    return nobody_of(_others(row))


def nobody_of(others: MemberQuerySet) -> NobodyThere | None:
    """Return that none of some members could approve anything now; None where one could."""
    days = list(others.values_list("away_until", flat=True))
    now = clock.now()
    if any(day is None or day <= now for day in days):
        return None
    return NobodyThere(min((day for day in days if day), default=None))


def _tell_makers(approval: BulkApproval, told: events.Event) -> None:
    """Tell each maker once how many of theirs were approved together."""
    product = products.products[approval.source]
    rows = product.model.objects.filter(pk__in=approval.rows, maker_kind=ActorKind.MEMBER)
    waits = Count("pk", filter=Q(status=product.waits))
    made = rows.values("maker_id").annotate(n=Count("pk"), amounts=Sum("amount"), waiting=waits).order_by()
    each = {int(one["maker_id"] or 0): one for one in made}
    for member in Member.objects.told(product.notice).filter(pk__in=each).select_related("user", "business"):
        if member.actor == told.actor:
            continue
        one = each[member.pk]
        notices.tell(
            member,
            product.notice,
            "transfers_approved",
            count=one["n"],
            amount=one["amounts"],
            waiting=one["waiting"],
            who=told.actor.name,
            mode=approval.mode,
            url=mode_url(approval.mode, product.list_url_name, absolute=True),
        )


def tell_makers_of_rejection(scope: Scope, product: products.Product, rows: Sequence[Any], *, why: str) -> None:
    """Tell each maker once how many of theirs were rejected together, and why."""
    each: dict[int, list[int]] = {}
    for row in rows:
        if row.maker_kind == ActorKind.MEMBER and row.maker != scope.actor:
            each.setdefault(row.maker_id, []).append(row.amount)
    for member in Member.objects.told(product.notice).filter(pk__in=each).select_related("user"):
        notices.tell(
            member,
            product.notice,
            "transfers_rejected",
            count=len(each[member.pk]),
            amount=sum(each[member.pk]),
            who=scope.actor.name,
            why=why,
            mode=scope.mode,
            url=mode_url(scope.mode, product.list_url_name, absolute=True),
        )


def _tell_maker(row: OutgoingTransfer, product: products.Product, act: str, told: events.Event) -> None:
    member = Member.objects.told(product.notice).behind(row.maker).select_related("user").first()
    if member is None or member.actor == told.actor:
        return
    reason = Reason.of(row.reason)
    why = notes.words_of(told.facts.get("note", "")) or (reason.what if reason else "")
    who = "" if told.actor.kind == ActorKind.SYSTEM else told.actor.name
    said: dict[str, Any] = {"act": act, "why": why, "who": who, "missing": told.facts.get("missing")}
    if act == "returned":
        said["back"] = told.facts["amount"]
    _send("transfer_outcome", product.notice, member, row, product, **said)


# --- Once more ---------------------------------------------------------------------------------------------------


def remind() -> None:
    """Remind approvers, once, of what has waited for hours; one mail for all that waits of a business in a mode.

    What nobody could be reminded of, for all but its maker are away, waits for somebody who can.
    """
    for product in products.products.values():
        some = _late(product.model.objects.using("operator")).order_by()
        reminded = 0
        for business_id, mode in some.values_list("business_id", "mode").distinct():
            alone = sweeps.by_itself("reminder of business", business_id)
            with alone, rls.inside_of(business_id, mode), transaction.atomic():
                reminded += _remind(product, business_id, mode)
            if reminded == MOST_AT_ONCE:
                break


def _reminded() -> MemberQuerySet:
    return Member.objects.told(WAITING).who_may(Permission.APPROVE_TRANSACTIONS)


def _late(rows: Any) -> Any:
    """Return those of some rows that wait for long, and of which somebody else than their maker can be reminded."""
    some = _reminded().filter(business_id=OuterRef("business_id"))
    by_member = Q(maker_kind=ActorKind.MEMBER)
    late = rows.filter(status=Status.PENDING_APPROVAL, reminded_at=None, created_at__lte=Now() - REMINDED_AFTER)
    return late.filter(by_member & Exists(some.exclude(pk=OuterRef("maker_id"))) | ~by_member & Exists(some))


def _remind(product: products.Product, business_id: int, mode: str) -> bool:
    """Remind who may approve what others made; returns whether anybody was."""
    rows = _late(product.model.objects.filter(business_id=business_id, mode=mode))
    locked = rows.select_for_update(skip_locked=True, of=("self",))
    made = list(locked.values_list("pk", "amount", "maker_kind", "maker_id"))
    told: set[int] = set()
    for member in _reminded().filter(business_id=business_id).select_related("user", "business"):
        own = (member.actor.kind, member.actor.id)
        theirs = {pk: amount for pk, amount, *maker in made if tuple(maker) != own}
        if theirs:
            told |= theirs.keys()
            notices.tell(
                member,
                WAITING,
                "transfers_wait",
                count=len(theirs),
                amount=sum(theirs.values()),
                business=member.business,
                mode=mode,
                url=mode_url(Mode(mode), "transactions:approvals", absolute=True),
            )
    product.model.objects.filter(pk__in=told).update(reminded_at=Now())
    return bool(told)


def _tell_beneficiary(row: OutgoingTransfer, scope: Scope, rooms: Rooms) -> events.Event | None:
    """Tell who was paid, where the maker asked for it, in the business's language; nobody of what Test Mode pays.

    A business mails so many within 24 hours, and so many to one address. Returns what its Activity Log says of others.
    """
    if not isinstance(row, MoneyTransfer) or row.mode != Mode.LIVE or row.status != Status.SUCCESSFUL:
        return None
    if not row.beneficiary_email:
        return None
    if row.business_id not in rooms:
        rooms[row.business_id] = Room(row.business_id)
    room = rooms[row.business_id]
    kept_back = []
    for to in row.beneficiary_email.split(","):
        if not room.take(to):
            kept_back.append(to)
            continue
        turn: dict[str, Any] = {"rank": mail.Rank.BULK, "lane": row.business_id}
        known = {"transfer": row, "business": row.business}
        mail.send("transfer_arrived", to=to, language=row.business.language, **known, **turn)
    return events.Event(scope, "transfer.unmailed", row, {"to": ", ".join(kept_back)}) if kept_back else None


def _send(
    name: str, notice: str, member: Member, row: OutgoingTransfer, product: products.Product, **more: Any
) -> None:
    url = mode_url(row.mode, more.pop("page", product.row_url_name), row.pk, absolute=True)
    notices.tell(member, notice, name, mode=row.mode, url=url, transfer=row, business=row.business, **more)
