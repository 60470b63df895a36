"""The one line by which a fact is told to a business's systems: a callback, written in the transaction of the fact.

    @events.on("top-up.credited")
    def _(told: events.Event) -> None:
        outbox.tell(told, CallbackEvent.TOP_UP, as_top_up(told.subject), source=("top_up", told.subject.pk))

It can't exist without its fact, nor the fact without it (trust.md C1, C2). A worker sends it (sending.py).
"""

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from kombu.exceptions import OperationalError

from developer.models import Callback, CallbackEvent, CallbackStatus, CallbackUrl
from flipdash import events
from flipdash.celery import app
from flipdash.scope import Scope

log = logging.getLogger(__name__)

QUEUE, TASK = "callbacks", "developer.tasks.send_callbacks"
AT_ONCE = 1_000
"""Callbacks that are written in one statement."""


def tell(
    told: events.Event, event: CallbackEvent, data: Any, *, source: tuple[str, int] | None = None
) -> Callback | None:
    """Write the callback of a fact; None where the business has no URL for such. Call it in the fact's transaction.

    `data` is what our API would say of it, fit for JSON. `source` is the kind and the id of the transaction, as the
    ledger names them. What the seed says happened earlier is told to nobody.
    """
    if told.at is not None:
        return None
    to = url_for(told.scope, event)
    if to is None:
        return None
    callback = _new(to, told.kind, data, source or ("", None))
    callback.save(force_insert=True)
    wake_on_commit()
    return callback


def tell_all(
    told: Sequence[events.Event], event: CallbackEvent, source_type: str, as_data: Callable[[Any], Any]
) -> None:
    """Write the callbacks of what happened to many transactions of a kind, as `tell` of each, in few statements.

    `as_data` says what our API would say of one.
    """
    urls: dict[tuple[int, str], CallbackUrl | None] = {}
    new = []
    for one in told:
        whose, row = (one.scope.business.pk, str(one.scope.mode)), one.subject
        if one.at is not None or row is None:
            continue
        if whose not in urls:
            urls[whose] = url_for(one.scope, event)
        if (to := urls[whose]) is not None:
            new.append(_new(to, one.kind, as_data(row), (source_type, row.pk)))
    _write(new)


def tell_many(to: CallbackUrl, kind: str, source_type: str, facts: Iterable[tuple[int, Any]]) -> None:
    """Write the callbacks of many facts of one kind, each an id and its data, as `tell` of each, in few statements."""
    _write([_new(to, kind, data, (source_type, pk)) for pk, data in facts])


def _write(new: Sequence[Callback]) -> None:
    if new:
        Callback.objects.bulk_create(new, batch_size=AT_ONCE)
        wake_on_commit()


def url_for(scope: Scope, event: CallbackEvent) -> CallbackUrl | None:
    """Return where a business wants to hear of an event; None where it doesn't."""
    found: CallbackUrl | None = CallbackUrl.objects.visible_to(scope).exclude(url="").filter(event=event).first()
    return found


def _new(to: CallbackUrl, kind: str, data: Any, source: tuple[str, int | None]) -> Callback:
    waits = {"status": CallbackStatus.PAUSED, "due_at": None} if to.is_paused else {}
    return Callback(
        business_id=to.business_id,
        mode=to.mode,
        callback_url=to,
        event=to.event,
        kind=kind,
        source_type=source[0],
        source_id=source[1],
        url=to.url,
        data=json.dumps(data, ensure_ascii=False, separators=(",", ":")),
        **waits,
    )


def wake_on_commit() -> None:
    """Tell the worker once that callbacks wait, however many this transaction writes."""
    if not any(wake in waiting for waiting in transaction.get_connection().run_on_commit):
        transaction.on_commit(wake)


def wake() -> None:
    """Tell the worker that callbacks wait. Without a broker nothing is lost: the sweep tells it later."""
    try:
        app.send_task(TASK, queue=QUEUE, expires=60)
    except OperationalError:
        log.warning("callbacks: no broker to wake the worker")


def body(data: str, token: str) -> bytes:
    """Return the body of a call: a form with `data` and `token`, as Flip's callbacks have it (flip-api.md §8.1).

    The same data gives the same bytes, as long as nobody changes the token.
    """
    return urlencode({"data": data, "token": token}).encode()
