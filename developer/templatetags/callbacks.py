"""Callbacks on their own pages, and on those of the transactions that they tell of."""

from collections.abc import Iterable
from typing import Any

from django import template

from deposits.ledger import sources
from developer.callbacks import pages, resending, wording
from developer.callbacks.forms import AddressForm
from developer.callbacks.pages import Destination, ShownAttempt
from developer.models import Callback, CallbackUrl
from flipdash.histories import History
from flipdash.scope import Scope

register = template.Library()

MOST = 50
"""How many callbacks a transaction's page lists, and how many attempts the page of one of them; newest first."""


@register.simple_tag
def destinations(scope: Scope, bound: AddressForm | None) -> list[Destination]:
    """Return the form of each event's address; `bound` is the one that was sent and couldn't be saved."""
    return pages.destinations(scope, bound or None)


@register.simple_tag
def callbacks_of(history: History, row: Any) -> Iterable[Callback]:
    """Return the callbacks that tell of a transaction, newest first; none for rows that are no transactions."""
    if not history.ledger_source:
        return []
    told = Callback.objects.visible_to(history.scope, searched=True)
    return told.filter(source_type=history.ledger_source, source_id=row.pk).order_by("-id")[:MOST]


@register.simple_tag
def source_url(scope: Scope, callback: Callback) -> str:
    """Return the page of the transaction that a callback tells of; "" where it is none, or the scope can't open it."""
    return sources.url_of(scope, callback.source_type, callback.source_id) if callback.source_id else ""


@register.simple_tag
def attempts_of(callback: Callback) -> list[ShownAttempt]:
    """Return the newest attempts to send a callback, newest first."""
    return [ShownAttempt(attempt, callback) for attempt in callback.attempts.order_by("-n")[:MOST]]


@register.simple_tag
def body_of(callback: Callback) -> str:
    """Return the field `data`, laid out for people."""
    return pages.laid_out(callback.data)


@register.simple_tag
def paused_of(callback: Callback) -> CallbackUrl | None:
    """Return the address that a callback waits for, if that is paused."""
    return callback.callback_url if callback.status == Callback.Status.PAUSED else None


@register.filter
def answered(callback: Callback) -> str:
    """Return in short what came of the last attempt."""
    return wording.in_short(callback.last_code, callback.last_problem)


@register.filter
def may_be_resent(callback: Callback) -> bool:
    """Return whether it would be sent once more: others are sent by themselves."""
    return callback.status in resending.RESENDABLE
