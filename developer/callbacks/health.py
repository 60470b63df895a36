"""How a URL fares (trust.md C7): all Admins are told when it has failed for an hour; after 3 days without a success, or
when its server says that it is gone, nothing more is sent to it. What waits is kept, and goes on once a test call
succeeds.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connections, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from accounts.models import Business
from developer.callbacks.claims import USING, Call
from developer.callbacks.saving import told
from developer.models import Callback, CallbackUrl
from developer.models.callbacks import DUE
from flipdash import clock, events, rls, sweeps
from flipdash.scope import Scope

WARN_AFTER, PAUSE_AFTER = timedelta(hours=1), timedelta(days=3)
AT_A_TIME = 1_000
"""How many callbacks a sweep holds back at most, and how many are deleted together."""
RELEASED = 100
"""How many callbacks of one URL a sweep lets go on; the next one, for the others, comes two seconds later."""

HOLD = """
UPDATE developer_callback SET status = 'paused', due_at = NULL WHERE id IN (
    SELECT callback.id FROM developer_callbackurl AS to_
    JOIN developer_callback AS callback ON callback.callback_url_id = to_.id
    WHERE (to_.paused_at IS NOT NULL OR to_.url = '') AND callback.status IN ('waiting', 'retrying')
    AND NOT EXISTS (
        SELECT FROM developer_callbackattempt AS mine WHERE mine.callback_id = callback.id AND mine.seconds IS NULL
    )
    LIMIT %(most)s FOR UPDATE OF callback SKIP LOCKED
)
"""
RELEASE = """
WITH RECURSIVE url (id) AS (
    (SELECT callback_url_id FROM developer_callback WHERE status = 'paused' ORDER BY callback_url_id LIMIT 1)
    UNION ALL
    SELECT (SELECT later.callback_url_id FROM developer_callback AS later
            WHERE later.status = 'paused' AND later.callback_url_id > url.id ORDER BY later.callback_url_id LIMIT 1)
    FROM url WHERE url.id IS NOT NULL
)
UPDATE developer_callback AS callback
SET status = CASE WHEN attempt > 0 THEN 'retrying' ELSE 'waiting' END, due_at = statement_timestamp()
WHERE id IN (
    SELECT held.id FROM url JOIN developer_callbackurl AS to_ ON to_.id = url.id
    CROSS JOIN LATERAL (
        SELECT one.id FROM developer_callback AS one WHERE one.callback_url_id = to_.id AND one.status = 'paused'
        ORDER BY one.id LIMIT %(most)s FOR UPDATE SKIP LOCKED
    ) AS held
    WHERE to_.paused_at IS NULL AND to_.url <> ''
)
"""

TIDY = """
WITH old AS (
    SELECT id FROM developer_callback
    WHERE created_at < statement_timestamp() - make_interval(days => %(days)s) AND status IN ('delivered', 'failed')
    ORDER BY created_at LIMIT %(most)s
), attempts AS (
    DELETE FROM developer_callbackattempt WHERE callback_id IN (SELECT id FROM old)
)
DELETE FROM developer_callback WHERE id IN (SELECT id FROM old)
"""


def sweep() -> None:
    """Tell and pause what has failed for long; hold back what waits for it, and let go on what waited for what is well.

    Called every two seconds while anything may go on, and at least every half minute.
    """
    sweeps.run(_pause_failing, _warn_failing)
    with connections[USING].cursor() as cursor:
        cursor.execute(HOLD, {"most": AT_A_TIME})
        cursor.execute(RELEASE, {"most": RELEASED})


def _pause_failing() -> None:
    for to in _failing_for(PAUSE_AFTER):
        with sweeps.by_itself("Callback URL", to.pk):
            _pause(to, CallbackUrl.Paused.FAILING)


def _warn_failing() -> None:
    for to in _failing_for(WARN_AFTER).filter(warned_at=None):
        with sweeps.by_itself("Callback URL", to.pk):
            _warn(to)


def _failing_for(limit: timedelta) -> QuerySet[CallbackUrl]:
    """Return the URLs that are still tried and have failed for so long: one failure long ago isn't enough.

    Nor is a callback that waits for its first attempt: it says nothing about the URL yet.
    """
    waits = Callback.objects.using(USING).filter(callback_url=OuterRef("pk"), status__in=DUE)
    still_waits = Exists(waits.filter(tried__gt=0, last_at__gte=OuterRef("failing_since")))
    failed_since = Q(last_failure_at__gte=F("failing_since") + limit)
    failing = CallbackUrl.objects.using(USING).filter(failing_since__lte=Now() - limit, paused_at=None)
    return failing.exclude(url="").filter(failed_since | still_waits)


def switch_off(call: Call) -> None:
    """Send nothing more to a URL whose server answered that it is gone (410)."""
    to = CallbackUrl.objects.using(USING).get(pk=call.url_id)
    if to.url == call.url:  # else another one has been saved meanwhile
        _pause(to, CallbackUrl.Paused.GONE)


def _pause(to: CallbackUrl, why: CallbackUrl.Paused) -> None:
    scope = Scope.by_itself(Business.objects.get(pk=to.business_id), to.mode)
    with rls.inside(scope), transaction.atomic():
        locked = CallbackUrl.objects.select_for_update().get(pk=to.pk)
        is_well = why == CallbackUrl.Paused.FAILING and locked.failing_since is None
        if locked.is_paused or locked.url != to.url or is_well:
            return
        locked.paused_at, locked.paused_why = clock.now(), why
        locked.save(update_fields=["paused_at", "paused_why"])
        _tell(scope, "callback-url.paused", locked, why_paused=str(why))


def _warn(to: CallbackUrl) -> None:
    scope = Scope.by_itself(Business.objects.get(pk=to.business_id), to.mode)
    with rls.inside(scope), transaction.atomic():
        locked = CallbackUrl.objects.select_for_update().get(pk=to.pk)
        if locked.warned_at or locked.failing_since is None or locked.is_paused:
            return
        locked.warned_at = clock.now()
        locked.save(update_fields=["warned_at"])
        _tell(scope, "callback-url.failing", locked)


def _tell(scope: Scope, kind: str, to: CallbackUrl, **more: Any) -> None:
    events.record(scope, kind, to, callback_event=to.event, callback_url=told(to.url), **more)


def tidy() -> int:
    """Delete the callbacks that are over and older than they are kept, a batch at a time; return how many."""
    deleted = 0
    while True:
        with connections[USING].cursor() as cursor:
            cursor.execute(TIDY, {"days": settings.CALLBACK_DAYS_KEPT, "most": AT_A_TIME})
            deleted += cursor.rowcount
            if cursor.rowcount < AT_A_TIME:
                return deleted
