"""The one line by which a fact is told to a business's systems: a callback, written in the transaction of the fact.

    @events.on("top-up.credited")
    def _(told: events.Event) -> None:
        outbox.tell(told, CallbackEvent.TOP_UP, as_top_up(told.subject), source=("top_up", told.subject.pk))

It can't exist without its fact, nor the fact without it (trust.md C1, C2). A worker sends it (sending.py).
"""

import json
import logging
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from kombu.exceptions import OperationalError

from developer.models import Callback, CallbackEvent, CallbackStatus, CallbackUrl
from flipdash import events
from flipdash.celery import app

log = logging.getLogger(__name__)

QUEUE, TASK = "callbacks", "developer.tasks.send_callbacks"


def tell(
    told: events.Event, event: CallbackEvent, data: Any, *, source: tuple[str, int] | None = None
) -> Callback | None:
    """Write the callback of a fact; None where the business has no URL for such. Call it in the fact's transaction.

    `data` is what our API would say of it, fit for JSON. `source` is the kind and the id of the transaction, as the
    ledger names them. What the seed says happened earlier is told to nobody.
    """
    if told.at is not None:
        return None
    to = CallbackUrl.objects.visible_to(told.scope).exclude(url="").filter(event=event).first()
    if to is None:
        return None
    source_type, source_id = source or ("", None)
    waits = {"status": CallbackStatus.PAUSED, "due_at": None} if to.is_paused else {}
    callback: Callback = Callback.objects.create(
        business_id=to.business_id,
        mode=to.mode,
        callback_url=to,
        event=event,
        kind=told.kind,
        source_type=source_type,
        source_id=source_id,
        url=to.url,
        data=json.dumps(data, ensure_ascii=False, separators=(",", ":")),
        **waits,
    )
    transaction.on_commit(wake)
    return callback


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
