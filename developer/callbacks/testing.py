"""Send Test: one call to a Callback URL with a sample body, made at once while somebody waits for what comes of it.

It is kept as a callback of a kind of its own, so that Callback Deliveries shows it with its answer.
"""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.permissions import Permission
from accounts.rights import lock_business
from developer.callbacks import fetch, outbox, places, signing
from developer.callbacks.fetch import Answer
from developer.callbacks.pages import ShownAttempt
from developer.callbacks.samples import SAMPLES
from developer.calls import masking
from developer.keys.services import token
from developer.models import Callback, CallbackAttempt, CallbackStatus, CallbackUrl
from flipdash import clock, events, sealing
from flipdash.scope import Scope

KIND = "callback.test"
MOST_A_MINUTE = 10
"""Of one business in one mode: somebody waits in a web process meanwhile."""
WITHIN = 15.0  # seconds
LATER = timedelta(minutes=5)
"""When a worker sends it whose web process died midway."""


class TooManyTests(Exception):
    """There were as many in the last minute as there may be; the words say so."""


def send_test(scope: Scope, to: CallbackUrl) -> CallbackAttempt:
    """Call an address now and return what came of it; a success lets go on what is paused.

    Raises NotAllowed, TooManyTests, and Busy (places.py). No transaction is open while the other side answers.
    """
    with places.place(scope, to.host):
        return _send(scope, to)


def _send(scope: Scope, to: CallbackUrl) -> CallbackAttempt:
    callback = _begin(scope, to)
    at = clock.now()
    secret = token(scope)
    body = outbox.body(callback.data, secret)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        **signing.headers(str(callback.pk), at, body, secrets_of(to)),
    }
    answer = fetch.post(to.url, scope.mode, body, headers, within=WITHIN)
    return _end(scope, callback, answer, masking.readable(answer.body, secret, fetch.MOST_KEPT))


def last_of(scope: Scope, to: CallbackUrl) -> ShownAttempt | None:
    """Return what came of the last test call of an address."""
    rows = CallbackAttempt.objects.visible_to(scope).filter(callback__callback_url=to, callback__kind=KIND)
    found = rows.select_related("callback").order_by("-callback_id", "-n").first()
    return ShownAttempt(found, found.callback) if found else None


def secrets_of(to: CallbackUrl) -> list[str]:
    """Return what signs the calls to an address: its secret, and for a day the one before."""
    sealed = [to.sealed_secret]
    if to.old_secret_until and to.old_secret_until > clock.now():
        sealed.append(to.sealed_old_secret)
    return [sealing.unseal(one, CallbackUrl.SECRET_SEAL) for one in sealed]


@transaction.atomic
def _begin(scope: Scope, to: CallbackUrl) -> Callback:
    lock_business(scope, Permission.MANAGE_API)
    recent = Callback.objects.visible_to(scope).filter(kind=KIND, created_at__gt=clock.now() - timedelta(minutes=1))
    if recent.count() >= MOST_A_MINUTE:
        raise TooManyTests(
            _("%(most)s tests were sent within a minute. Wait a minute, then try again.") % {"most": MOST_A_MINUTE}
        )
    made = Callback.objects.create(
        business_id=scope.business.pk,
        mode=scope.mode,
        callback_url=to,
        event=to.event,
        kind=KIND,
        url=to.url,
        data=json.dumps(SAMPLES[to.event], ensure_ascii=False, separators=(",", ":")),
        due_at=clock.now() + LATER,
        **scope.actor.columns("asker"),
    )
    events.record(scope, "callback-url.tested", to, callback_event=to.event)
    return made


@transaction.atomic
def _end(scope: Scope, callback: Callback, answer: Answer, kept: str) -> CallbackAttempt:
    """Keep what came of it, of the answer what is kept of its body, and let go on what waited for a success."""
    to = CallbackUrl.objects.visible_to(scope).select_for_update().get(pk=callback.callback_url_id)
    made = CallbackAttempt.objects.create(
        business_id=scope.business.pk,
        mode=scope.mode,
        callback=callback,
        n=1,
        lease_until=clock.now(),
        url=callback.url,
        host=urlsplit(callback.url).hostname or "",
        seconds=answer.seconds,
        code=str(answer.status or ""),
        problem=answer.problem or "",
        answer=kept,
        **scope.actor.columns("asker"),
    )
    status = CallbackStatus.DELIVERED if answer.is_success else CallbackStatus.FAILED
    Callback.objects.visible_to(scope).filter(pk=callback.pk).update(
        status=status,
        due_at=None,
        attempt=1,
        tried=1,
        last_at=made.at,
        last_code=made.code,
        last_problem=made.problem,
        delivered_at=Now() if answer.is_success else None,
    )
    if answer.is_success and to.url == callback.url:
        _go_on(scope, to)
    return made


def _go_on(scope: Scope, to: CallbackUrl) -> None:
    """Note a success of a locked address; what was paused goes on, by the next sweeps (health.py)."""
    values: dict[str, Any] = {"last_success_at": Now(), "failing_since": None, "warned_at": None}
    if to.is_paused:
        values |= {"paused_at": None, "paused_why": ""}
        waiting = Callback.objects.visible_to(scope).filter(callback_url=to, status=CallbackStatus.PAUSED).count()
        events.record(scope, "callback-url.resumed", to, callback_event=to.event, rows=waiting)
    CallbackUrl.objects.visible_to(scope).filter(pk=to.pk).update(**values)
