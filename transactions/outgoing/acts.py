"""What people do to money that leaves: approve, reject, cancel; and what happens by itself: its date comes, or nobody
approves it in time.

Each act locks its row, asks the permission again under the lock, and moves state and money in one transaction.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Business, Member
from accounts.permissions import Permission
from accounts.rights import NotAllowed, ask_again, lock_row
from deposits import ledger
from flipdash import clock, db, notes, rls, sweeps
from flipdash.actors import Actor, ActorKind
from flipdash.scope import Scope
from transactions import rails
from transactions.models import RefundStatus, Status, TransferSeries
from transactions.models.base import OutgoingTransfer
from transactions.outgoing import changes, orders, own
from transactions.outgoing import products as declared
from transactions.outgoing.products import Product, products
from transactions.outgoing.refusals import (
    Changed,
    MayBeTwice,
    NothingSends,
    NotWaiting,
    SecondPersonNeeded,
    ShortOfMoney,
    UnderWay,
    judging_quotes,
)
from transactions.reasons import Reason

WAITING = (Status.PENDING_APPROVAL, Status.SCHEDULED, RefundStatus.WAITING)
"""Where it can still be stopped: nothing has left."""
APPROVER_GONE = notes.declare("note:approver-gone", _("Whoever approved it may no longer approve"))


# --- What people do ----------------------------------------------------------------------------------------------


def approve(scope: Scope, product: Product, pk: int, *, seen: str, sure: bool = False) -> OutgoingTransfer:
    """Let a waiting transaction go: its amount and fee are held, and it is sent, at once or on its date.

    `seen` is the digest of what the approver looked at; `sure` says that they know of its possible duplicates. Raises
    NotWaiting, Changed, SecondPersonNeeded, MayBeTwice, ShortOfMoney, NothingSends, NotAllowed.
    """
    with transaction.atomic():
        one_at_a_time(scope, product)
        locked = _lock(scope, product, pk, Permission.APPROVE_TRANSACTIONS)
        if locked.status != Status.PENDING_APPROVAL:
            raise NotWaiting(locked)
        if seen != product.digest_of(scope, locked):
            raise Changed
        if not may_approve(scope, locked):
            raise SecondPersonNeeded
        if not sure and product.duplicates(scope, locked):
            raise MayBeTwice
        let_go(scope, product, locked)
    return locked


def one_at_a_time(scope: Scope, product: Product) -> None:
    """Let nobody else of the business make or approve one of this kind until the transaction ends.

    Two that pay the same are made, or approved, one after the other: the second is seen as a duplicate (trust.md L5).
    Taken before a row is locked, and never after. Raises UnderWay where somebody else has it longer than a page waits.
    """
    try:
        db.lock(f"{product.source}/{scope.business.pk}/{scope.mode}")
    except db.Busy as problem:
        raise UnderWay from problem


def may_approve(scope: Scope, row: OutgoingTransfer | TransferSeries) -> bool:
    """Return whether the second-person rule, as it is at this moment, lets the actor approve this row."""
    rule = Business.objects.get(pk=scope.business.pk).second_person_rule()
    return not own.is_own(scope.actor, row) or not rule.holds_for(own.judged(row))


def goes_at_once(scope: Scope, row: OutgoingTransfer | TransferSeries) -> bool:
    """Return whether making a row lets it go: its maker may approve, or is a program that the business gave a key that
    creates, and the second-person rule asks for nobody else.
    """
    may = scope.can(Permission.APPROVE_TRANSACTIONS) or scope.actor.kind == ActorKind.KEY
    return may and may_approve(scope, row)


def need_reauthentication(scope: Scope) -> bool:
    """Return whether the business wants the password once more before anything is approved."""
    return Business.objects.filter(pk=scope.business.pk, approvals_need_reauthentication=True).exists()


def let_go(scope: Scope, product: Product, locked: OutgoingTransfer, *, note: str = "") -> None:
    """Hold the money of a locked row that waits, and send it, or let it wait for its date; `note` says by what.

    What may wait for the deposit does, where that is short. Raises ShortOfMoney, NothingSends, QuoteOver.
    """
    product.ready([locked])
    try:
        rail = rails.serving(locked.mode)
        waits = locked.send_at is not None and locked.send_at > clock.now()
        to = Status.SCHEDULED if waits else Status.PROCESSING
        with judging_quotes():
            changes.carry_out(changes.letting_go(scope, product, locked, to, note=note))
    except rails.NoRail as problem:
        raise NothingSends from problem
    except ledger.NotEnoughDeposit as problem:
        if not product.waits:
            raise ShortOfMoney(problem) from problem
        changes.carry_out(changes.waiting_for_money(scope, product, locked, missing=problem.missing))
        return
    if not waits:
        orders.queue(product, locked, rail.name)


def reject(scope: Scope, product: Product, pk: int, *, reason: str = "", note: str = "") -> OutgoingTransfer:
    """Refuse what waits, for a reason of our list or in somebody's words; what was held comes back.

    Raises NotWaiting, NotAllowed.
    """
    with transaction.atomic():
        locked = _lock(scope, product, pk, Permission.APPROVE_TRANSACTIONS)
        _stop(scope, product, locked, "rejected", reason=reason, note=note)
    return locked


def cancel(scope: Scope, product: Product, pk: int, *, reason: str = "", note: str = "") -> OutgoingTransfer:
    """Stop what one made oneself before it is sent; whoever may approve stops anybody's.

    Raises NotWaiting, NotAllowed.
    """
    with transaction.atomic():
        locked = _lock(scope, product, pk, product.requested_by)
        if not may_cancel(scope, locked):
            raise NotAllowed(Permission.APPROVE_TRANSACTIONS)
        if scope.actor != locked.maker:
            ask_again(scope, Permission.APPROVE_TRANSACTIONS)
        _stop(scope, product, locked, "cancelled", reason=reason, note=note)
    return locked


def may_cancel(scope: Scope, row: OutgoingTransfer) -> bool:
    """Return whether the actor may stop this row while it waits."""
    return scope.can(declared.of(row).requested_by) and (
        scope.actor == row.maker or scope.can(Permission.APPROVE_TRANSACTIONS)
    )


def _stop(by: Scope, product: Product, locked: OutgoingTransfer, act: str, *, reason: str = "", note: str = "") -> None:
    if locked.status not in WAITING:
        raise NotWaiting(locked)
    changes.carry_out(changes.stopping(by, product, locked, act, reason=reason, note=note))


def _lock(scope: Scope, product: Product, pk: int, permission: Permission) -> OutgoingTransfer:
    rows = product.model.objects.visible_to(scope, searched=True)
    return lock_row(scope, rows, pk, permission)


# --- What happens by itself --------------------------------------------------------------------------------------


def send_due(most: int = 200) -> int:
    """Send what waited for its date, if whoever approved it still may (trust.md Q2); returns how many were found.

    A row that can't be handled now is logged, and keeps none of the others from it.
    """
    return sum(_each(product, "due", most) for product in products.values())


def expire_due(most: int = 200) -> int:
    """Cancel what nobody approved in time; returns how many were found."""
    return sum(_each(product, "expired", most) for product in products.values())


def come(product: Product, act: str) -> Any:
    """Return the rows of which the time has come: to be sent ("due"), or to be cancelled ("expired")."""
    return product.model.objects.using("operator").filter(**_conditions(act))


def _conditions(act: str) -> dict[str, Any]:
    if act == "due":
        return {"status": Status.SCHEDULED, "send_at__lte": Now()}
    return {"status": Status.PENDING_APPROVAL, "created_at__lte": Now() - timedelta(days=settings.APPROVAL_DAYS)}


def _each(product: Product, act: str, most: int) -> int:
    due = _conditions(act)
    rows = come(product, act).order_by("?")
    found = rows.values_list("pk", "business_id", "mode")[:most]
    for pk, business_id, mode in found:
        with sweeps.by_itself(f"{product.source}, {act},", pk), rls.inside_of(business_id, mode), transaction.atomic():
            _one(product, act, product.model.objects.filter(pk=pk, **due))
    return len(found)


def _one(product: Product, act: str, row: Any) -> None:
    if locked := row.select_for_update(skip_locked=True, of=("self",)).select_related("business").first():
        _send_now(product, locked) if act == "due" else _expire(product, locked)


def _expire(product: Product, locked: OutgoingTransfer) -> None:
    itself = Scope.by_itself(locked.business, locked.mode)
    _stop(itself, product, locked, "expired", reason=Reason.NOT_APPROVED)


def _send_now(product: Product, locked: OutgoingTransfer) -> None:
    if was_stopped(product, locked):
        return
    itself = Scope.by_itself(locked.business, locked.mode)
    changes.carry_out(changes.coming_due(itself, product, locked))
    orders.queue(product, locked, rails.serving(locked.mode).name)


def was_stopped(product: Product, locked: OutgoingTransfer) -> bool:
    """Cancel a locked row whose approver may approve no more, before it goes on by itself; returns whether it was."""
    if may_still(locked):
        return False
    itself = Scope.by_itself(locked.business, locked.mode)
    _stop(itself, product, locked, "cancelled", reason=Reason.NOT_APPROVED, note=APPROVER_GONE)
    return True


def may_still(row: OutgoingTransfer, known: dict[Actor, bool] | None = None) -> bool:
    """Return whether who approved a row still may, and whether the second-person rule of today lets them.

    `known` keeps who may, for whoever asks of many rows of a business in one moment.
    """
    approver, known = row.approver, {} if known is None else known
    if own.is_own(approver, row):
        rule = row.business.second_person_rule()
        if rule.required and rule.holds_for(own.judged(row)):
            return False
    if approver is None or approver.kind != ActorKind.MEMBER:
        return approver is not None and approver.kind != ActorKind.KEY
    if approver not in known:
        member = Member.objects.active().behind(approver).filter(business_id=row.business_id).first()
        known[approver] = member is not None and Permission.APPROVE_TRANSACTIONS in member.permissions
    return known[approver]
