"""Rejecting many transactions as one act, in a few statements. None holds money yet: there is nothing to give back.

What somebody decided meanwhile is left as it is. Each row's timeline says who rejected it and why, as for one alone;
the Activity Log has one line, and each maker gets one mail. A large set is rejected by a worker, in one transaction:
whatever is killed midway has rejected nothing, and is begun again.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy

from accounts import rights
from accounts.permissions import Permission
from flipdash import events, rls
from flipdash.leases import Worker
from flipdash.scope import Scope
from flipdash.timeline import LONGEST_NOTE
from transactions.models import BulkRejection, Status
from transactions.outgoing import mails, many
from transactions.outgoing.products import Product, products
from transactions.reasons import Reason

Listener = Callable[[Scope, str, Sequence[Any]], None]
_listeners: list[Listener] = []


def on_many(listener: Listener) -> Listener:
    """Register what is called with the event that one alone would tell, and the rows, in the act's transaction."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


REJECTIONS = Worker(
    "rejections",
    BulkRejection,
    per="business",
    is_alone=True,
    problems={rights.NotAllowed: "not allowed"},
    words=gettext_lazy("Rejections of many"),
)


@transaction.atomic
def reject_later(
    scope: Scope, product: Product, ids: Sequence[int], *, reason: str = "", note: str = ""
) -> BulkRejection:
    """Let a worker refuse exactly these as `reject_many` does; a second click finds the first one's.

    Raises NotAllowed.
    """
    rights.ask_again(scope, Permission.APPROVE_TRANSACTIONS)
    rows = sorted(ids)
    same = {"member_id": scope.member.pk, "source": product.source, "rows": rows}
    mine = BulkRejection.objects.visible_to(scope).filter(status__in=BulkRejection.Status.open(), **same)
    if (begun := mine.first()) is not None:
        return begun
    owner = {"business_id": scope.business.pk, "mode": scope.mode}
    said = {"reason": reason, "note": note[:LONGEST_NOTE]}
    REJECTIONS.wake_on_commit()
    return BulkRejection.objects.create(**owner, **same, **said, count=len(rows))


@REJECTIONS.runs
def _work(asked: BulkRejection) -> None:
    product, said = products[asked.source], {"reason": asked.reason, "note": asked.note}
    with rls.inside_of(asked.business_id, asked.mode):
        scope = rights.scope_now(asked.member_id, asked.mode, "dashboard", Permission.APPROVE_TRANSACTIONS)
        with transaction.atomic():
            done = reject_many(scope, product, asked.rows, **said)
            REJECTIONS.finish(asked, BulkRejection.Status.DONE, done=done)


@transaction.atomic
def reject_many(scope: Scope, product: Product, ids: Sequence[int], *, reason: str = "", note: str = "") -> int:
    """Refuse those that still wait, for a reason of our list or in somebody's words; returns how many.

    Raises NotAllowed.
    """
    waiting = product.model.objects.visible_to(scope, searched=True).filter(status=Status.PENDING_APPROVAL)
    locked: list[Any] = []
    for some in many.steps(sorted(ids)):
        locked += waiting.filter(pk__in=some).order_by("pk").select_for_update(of=("self",))
    rights.ask_again(scope, Permission.APPROVE_TRANSACTIONS)
    if not locked:
        return 0
    for rows in many.steps(locked):
        pks = [row.pk for row in rows]
        product.model.objects.filter(pk__in=pks).update(status=Status.CANCELLED, reason=reason)
        many.add_lines(scope, product, rows, "rejected", note=note)
    for row in locked:
        row.status, row.reason = Status.CANCELLED, reason
    facts: dict[str, Any] = {"amount": sum(row.amount for row in locked), "fee": sum(row.fee for row in locked)}
    facts |= {"count": len(locked), **({"note": note} if note else {})}
    events.record(scope, product.kind("rejected_many"), **facts)
    for listener in _listeners:
        listener(scope, product.kind("rejected"), locked)
    known = Reason.of(reason)
    mails.tell_makers_of_rejection(scope, product, locked, why=note or str(known.what if known else ""))
    return len(locked)
