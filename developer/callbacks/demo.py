"""The demo's callbacks: what Kopi Kita's shop was told in a year, the evening its server was down, and what it missed.

What the demo's history says happened earlier told nobody anything when it was written; so it is told here, in one
transaction, that no worker sends any of it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.db import connection, transaction

from accounts.demo import KOPI_KITA
from accounts.models import Member
from accounts.permissions import Role
from deposits.models import TopUp, TopUpStatus
from developer.api.disbursements import as_disbursement
from developer.callbacks import signing
from developer.callbacks.facts import as_payment, as_top_up
from developer.models import Callback, CallbackAttempt, CallbackEvent, CallbackStatus, CallbackUrl
from flipdash import clock, rls, sealing
from flipdash.actors import Actor
from flipdash.mode import Mode
from flipdash.scope import Scope
from transactions.models import MoneyTransfer, Payment, PaymentStatus, Status, Via

SEED = 20_261_130
YEAR = timedelta(days=365)
HOST = "hooks.kopikita.test"
URLS = {
    CallbackEvent.TRANSFER: f"https://{HOST}/flipdash/transfers",
    CallbackEvent.PAYMENT: f"https://{HOST}/flipdash/payments",
    CallbackEvent.TOP_UP: f"https://{HOST}/flipdash/top-ups",
}
DOWN_SINCE, DOWN_FOR = timedelta(days=12), timedelta(minutes=100)
"""How long ago the shop's server went down, and for how long."""
WAITS = (0.0, 120.0, 245.0, 360.0, 490.0, 605.0, 2_400.0, 9_700.0)
"""Seconds after the fact at which attempts began."""
TO_THE_END = (*WAITS, 28_500.0, 64_000.0, 115_000.0, 186_000.0, 272_000.0)
"""The same of a callback that was given up in the end."""
REFUSED, REFUSED_PART = '{"error":"bill_title has characters that our till does not know"}', 0.008
"""What the shop says of some payments whenever it is told of them, and of which part of all."""
BUSY = "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>"
DONE = (Status.SUCCESSFUL, Status.FAILED)
PAID = (PaymentStatus.SUCCESSFUL, PaymentStatus.CANCELLED, PaymentStatus.FAILED)
ENDED_AFTER = {Status.FAILED: timedelta(seconds=50), PaymentStatus.CANCELLED: timedelta(hours=24)}
"""When it was known what came of something, where its row doesn't say."""


@dataclass(frozen=True)
class Fact:
    """Something that happened, as a callback tells it."""

    event: CallbackEvent
    kind: str
    source: str
    pk: int
    at: datetime
    data: Any


@dataclass(frozen=True)
class Tried:
    """One attempt: seconds after the fact, what came of it, and who asked for it."""

    after: float
    seconds: float
    code: str
    problem: str = ""
    answer: str = ""
    by: Actor | None = None


def write_callbacks() -> None:
    """Write Kopi Kita's Callback URLs and a year of callbacks in each mode, unless there are some."""
    developer = Member.objects.select_related("user", "business").get(user__email=KOPI_KITA.email(Role.DEVELOPER))
    for mode in Mode:
        scope = developer.scope(mode)
        with rls.inside(scope), transaction.atomic():
            if not CallbackUrl.objects.visible_to(scope).exists():
                _write(scope)


def _write(scope: Scope) -> None:
    dice, now = Random(f"{SEED}{scope.mode}"), clock.now()
    urls = {event: _url(scope, event, now) for event in URLS}
    facts = [fact for fact in _facts(scope) if now - YEAR < fact.at < now - timedelta(minutes=3)]
    numbers = _numbers(facts)
    callbacks, attempts = [], []
    for fact, number in zip(facts, numbers, strict=True):
        to = urls[fact.event]
        callbacks.append(_callback(scope, fact, number, to))
        attempts += [
            _attempt(scope, fact, number, to, n, tried)
            for n, tried in enumerate(_tried(dice, scope, fact, now), start=1)
            if fact.at + timedelta(seconds=tried.after + tried.seconds) < now
        ]
    Callback.objects.bulk_create(callbacks, batch_size=500)
    CallbackAttempt.objects.bulk_create(attempts, batch_size=500)
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, [scope.business.pk, str(scope.mode)])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    if scope.is_test:
        _pause(scope, urls[CallbackEvent.TRANSFER], now)


def _url(scope: Scope, event: CallbackEvent, now: datetime) -> CallbackUrl:
    is_paused = scope.is_test and event == CallbackEvent.TRANSFER
    lately = now - timedelta(days=4) if is_paused else now - timedelta(minutes=20)
    return CallbackUrl.objects.create(
        business_id=scope.business.pk,
        mode=scope.mode,
        event=event,
        url=URLS[event].replace("hooks.", "hooks-dev.") if scope.is_test else URLS[event],
        host=HOST.replace("hooks.", "hooks-dev.") if scope.is_test else HOST,
        sealed_secret=sealing.seal(signing.new_secret(), CallbackUrl.SECRET_SEAL),
        changed_at=now - YEAR,
        last_success_at=lately,
        **scope.actor.columns("changer"),
    )


def _facts(scope: Scope) -> Iterator[Fact]:
    """Yield what happened, by the demo's history: top-ups, transfers by API, payments."""
    for top_up in TopUp.objects.visible_to(scope, searched=True).filter(status=TopUpStatus.SUCCESSFUL):
        at = top_up.settled_at or top_up.created_at
        yield Fact(CallbackEvent.TOP_UP, "top-up.credited", "top_up", top_up.pk, at, as_top_up(top_up))
    transfers = MoneyTransfer.objects.visible_to(scope, searched=True).filter(via=Via.API, status__in=DONE)
    for transfer in transfers:
        kind, at = f"transfer.{transfer.status}", transfer.completed_at or _ended(transfer)
        told = as_disbursement(transfer, 2)
        yield Fact(CallbackEvent.TRANSFER, kind, "money_transfer", transfer.pk, at, told)
    for payment in Payment.objects.visible_to(scope, searched=True).filter(status__in=PAID):
        kind, at = f"payment.{payment.status}", payment.paid_at or _ended(payment)
        yield Fact(CallbackEvent.PAYMENT, kind, "payment", payment.pk, at, as_payment(payment))


def _ended(row: MoneyTransfer | Payment) -> datetime:
    return row.created_at + ENDED_AFTER.get(row.status, timedelta(seconds=20))


def _numbers(facts: list[Fact]) -> list[int]:
    """Return an id for each callback, of the second after its fact."""
    with connection.cursor() as cursor:
        moments = [fact.at for fact in facts]
        cursor.execute("SELECT next_transaction_id(at) FROM unnest(%s::timestamptz[]) AS at", [moments])
        return [number for (number,) in cursor.fetchall()]


def _callback(scope: Scope, fact: Fact, number: int, to: CallbackUrl) -> Callback:
    return Callback(
        id=number,
        business_id=scope.business.pk,
        mode=scope.mode,
        callback_url=to,
        event=fact.event,
        kind=fact.kind,
        source_type=fact.source,
        source_id=fact.pk,
        url=to.url,
        data=json.dumps(fact.data, ensure_ascii=False, separators=(",", ":")),
        created_at=fact.at,
        due_at=fact.at,
    )


def _attempt(scope: Scope, fact: Fact, number: int, to: CallbackUrl, n: int, tried: Tried) -> CallbackAttempt:
    at = fact.at + timedelta(seconds=tried.after)
    return CallbackAttempt(
        business_id=scope.business.pk,
        mode=scope.mode,
        callback_id=number,
        n=n,
        at=at,
        lease_until=at + timedelta(seconds=45),
        url=to.url,
        host=to.host,
        seconds=tried.seconds,
        code=tried.code,
        problem=tried.problem,
        answer=tried.answer,
        **(tried.by.columns("asker") if tried.by else {}),
    )


def _tried(dice: Random, scope: Scope, fact: Fact, now: datetime) -> Iterator[Tried]:
    """Yield the attempts of one callback until one succeeds, or as long as the shop's server was down."""
    if fact.event == CallbackEvent.PAYMENT and fact.at < now - timedelta(days=4) and dice.random() < REFUSED_PART:
        yield from (Tried(after, 0.11, "422", answer=REFUSED) for after in TO_THE_END)
        if dice.random() < 0.4:  # mended, and resent
            yield Tried(TO_THE_END[-1] + 40_000, 0.13, "200", answer='{"ok":true}', by=scope.actor)
        return
    went_down = now - DOWN_SINCE
    came_back = went_down + DOWN_FOR
    quick = dice.lognormvariate(-1.6, 0.5)
    for after in WAITS:
        at = fact.at + timedelta(seconds=after + dice.random())
        if went_down < at < came_back:
            yield Tried(after, dice.uniform(0.02, 0.09), "503", answer=BUSY)
        elif dice.random() > 0.012:
            yield Tried(after, quick, "200", answer='{"ok":true}')
            return
        elif dice.random() < 0.4:
            yield Tried(after, 30.0, "", problem="timeout")
        else:
            yield Tried(after, quick, dice.choice(("500", "502")), answer="Internal Server Error")
    yield Tried(30_000.0, quick, "200", answer='{"ok":true}', by=scope.actor)


def _pause(scope: Scope, to: CallbackUrl, now: datetime) -> None:
    """Let the test server of one event be gone for days: what it was told last waits."""
    rows = Callback.objects.visible_to(scope).filter(callback_url=to)
    data = rows.order_by("-created_at", "-id").values_list("data", "source_id")[:5]
    for place, (body, source) in enumerate(data):
        Callback.objects.create(
            business_id=to.business_id,
            mode=to.mode,
            callback_url=to,
            event=to.event,
            kind="transfer.successful",
            source_type="money_transfer",
            source_id=source,
            url=to.url,
            data=body,
            created_at=now - timedelta(hours=5 * place + 1),
            status=CallbackStatus.PAUSED,
            due_at=None,
        )
    to.failing_since, to.paused_at = now - timedelta(days=4), now - timedelta(days=1)
    to.paused_why, to.warned_at = CallbackUrl.Paused.FAILING, now - timedelta(days=4) + timedelta(hours=1)
    to.save(update_fields=["failing_since", "paused_at", "paused_why", "warned_at"])


SETTLE = """
UPDATE developer_callback AS callback SET
    status = CASE WHEN last.code LIKE '2%%' THEN 'delivered' ELSE 'failed' END,
    due_at = NULL, attempt = last.n, tried = last.n, last_at = last.at, last_code = last.code,
    last_problem = last.problem, asker_kind = last.asker_kind, asker_id = last.asker_id, asker_name = last.asker_name,
    asked_at = CASE WHEN last.asker_kind <> '' THEN last.at END,
    delivered_at = CASE WHEN last.code LIKE '2%%' THEN last.at END
FROM (
    SELECT DISTINCT ON (callback_id) * FROM developer_callbackattempt
    WHERE business_id = %s AND mode = %s ORDER BY callback_id, n DESC
) AS last
WHERE callback.id = last.callback_id
"""
"""What is told is over: nothing of it is left for a worker to send. A callback begins unsent, so this comes after."""
