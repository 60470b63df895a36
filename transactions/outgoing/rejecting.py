"""Rejecting many transactions as one act, in a few statements. None holds money yet: there is nothing to give back.

What somebody decided meanwhile is left as it is. Each row's timeline says who rejected it and why, as for one alone;
the Activity Log has one line, and each maker gets one mail.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction

from accounts import rights
from accounts.permissions import Permission
from flipdash import events
from flipdash.scope import Scope
from transactions.models import Status
from transactions.outgoing import mails, many
from transactions.outgoing.products import Product
from transactions.reasons import Reason

Listener = Callable[[Scope, str, Sequence[Any]], None]
_listeners: list[Listener] = []


def on_many(listener: Listener) -> Listener:
    """Register what is called with the event that one alone would tell, and the rows, in the act's transaction."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


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
