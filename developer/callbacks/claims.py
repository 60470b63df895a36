"""Which callbacks are sent next, and what has become of them: one statement each, as the operator (trust.md §3).

An attempt is written when it is taken, with its lease, and completed when it ends. What is under way is read from
the few attempts that haven't ended: so places at a host are counted across all workers, a claim rewrites no callback,
and whoever died leaves an attempt that says so.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connections, transaction

from accounts.models import Business
from developer.callbacks import fetch, schedule
from developer.callbacks.fetch import Answer
from developer.calls import masking
from developer.keys.services import TOKEN
from developer.keys.services import token as make_token
from developer.models import CallbackUrl, ValidationToken
from developer.models.callbacks import INTERRUPTED
from flipdash import db, rls, sealing
from flipdash.scope import Scope

log = logging.getLogger(__name__)

USING = "operator"
AT_ONE_HOST = 4
"""How many calls go to one host at once."""
FAILING_AT_ONE_HOST = 1
"""How many of them go to URLs there that failed lately."""
GONE = 410

CLOSE = """
WITH lost AS (
    UPDATE developer_callbackattempt
    SET seconds = greatest(0, extract(epoch FROM statement_timestamp() - at)), problem = %(interrupted)s
    WHERE seconds IS NULL AND lease_until NOT BETWEEN
        statement_timestamp() AND statement_timestamp() + make_interval(secs => %(lease)s)
    RETURNING callback_id
)
UPDATE developer_callback SET attempt = attempt + 1 WHERE id IN (SELECT callback_id FROM lost)
"""
"""Ends the attempts whose worker died. A lease that ends later than it can began before the clock stepped back."""

TAKE = """
WITH RECURSIVE url (id) AS (
    (SELECT callback_url_id FROM developer_callback WHERE status IN ('waiting', 'retrying')
     ORDER BY callback_url_id LIMIT 1)
    UNION ALL
    SELECT (SELECT later.callback_url_id FROM developer_callback AS later
            WHERE later.status IN ('waiting', 'retrying') AND later.callback_url_id > url.id
            ORDER BY later.callback_url_id LIMIT 1)
    FROM url WHERE url.id IS NOT NULL
),
place (host, is_failing) AS (
    SELECT attempt.host, to_.failing_since IS NOT NULL
    FROM developer_callbackattempt AS attempt
    JOIN developer_callback AS callback ON callback.id = attempt.callback_id
    JOIN developer_callbackurl AS to_ ON to_.id = callback.callback_url_id
    WHERE attempt.seconds IS NULL
    UNION ALL
    SELECT host, false FROM unnest(%(resting)s::text[]) AS host
),
busy AS (
    SELECT host, count(*) AS calls, count(*) FILTER (WHERE is_failing) AS failing FROM place GROUP BY host
),
due AS (
    SELECT callback.id, callback.due_at, to_.host, to_.failing_since IS NOT NULL AS is_failing,
        row_number() OVER (PARTITION BY to_.id ORDER BY callback.due_at) AS turn
    FROM url
    JOIN developer_callbackurl AS to_ ON to_.id = url.id
    CROSS JOIN LATERAL (
        SELECT due.id, due.due_at FROM developer_callback AS due
        WHERE due.callback_url_id = to_.id AND due.status IN ('waiting', 'retrying')
        AND due.due_at <= statement_timestamp()
        AND NOT EXISTS (
            SELECT FROM developer_callbackattempt AS mine WHERE mine.callback_id = due.id AND mine.seconds IS NULL
        )
        ORDER BY due.due_at LIMIT %(at_host)s + 1  -- one more than it may get, to see that more waits
    ) AS callback
    WHERE to_.paused_at IS NULL AND to_.url <> ''
),
placed AS (
    SELECT due.id, due.due_at, due.is_failing,
        coalesce(busy.calls, 0)
            + row_number() OVER (PARTITION BY due.host ORDER BY due.is_failing, due.turn, due.due_at) AS at_host,
        coalesce(busy.failing, 0)
            + row_number() OVER (PARTITION BY due.host, due.is_failing ORDER BY due.turn, due.due_at) AS failing_at_host
    FROM due LEFT JOIN busy ON busy.host = due.host
),
admitted AS (
    SELECT id, due_at, is_failing, row_number() OVER (PARTITION BY is_failing ORDER BY due_at, id) AS place
    FROM placed
    WHERE at_host <= %(at_host)s AND (NOT is_failing OR failing_at_host <= %(failing_at_host)s)
),
chosen AS (
    SELECT id FROM admitted WHERE NOT is_failing OR place <= %(failing_room)s
    ORDER BY is_failing, due_at LIMIT %(room)s
),
locked AS (
    SELECT callback.* FROM developer_callback AS callback JOIN chosen ON chosen.id = callback.id
    WHERE callback.status IN ('waiting', 'retrying')
    FOR UPDATE OF callback SKIP LOCKED
),
taken AS (
    INSERT INTO developer_callbackattempt
        (business_id, mode, callback_id, n, at, lease_until, url, host, asker_kind, asker_id, asker_name,
         code, problem, answer)
    SELECT locked.business_id, locked.mode, locked.id,
        1 + (SELECT coalesce(max(n), 0) FROM developer_callbackattempt WHERE callback_id = locked.id),
        statement_timestamp(), statement_timestamp() + make_interval(secs => %(lease)s), to_.url, to_.host,
        CASE WHEN locked.tried = 0 THEN locked.asker_kind ELSE '' END,
        CASE WHEN locked.tried = 0 THEN locked.asker_id END,
        CASE WHEN locked.tried = 0 THEN locked.asker_name ELSE '' END,
        '', '', ''
    FROM locked JOIN developer_callbackurl AS to_ ON to_.id = locked.callback_url_id
    RETURNING id, callback_id, at, url, host
)
SELECT (SELECT count(*) FROM due), taken.id, taken.callback_id, taken.at, taken.url, taken.host,
    locked.business_id, locked.mode, locked.event, locked.tried, locked.data, to_.id, to_.failing_since IS NOT NULL,
    to_.sealed_secret,
    CASE WHEN to_.old_secret_until > statement_timestamp() THEN to_.sealed_old_secret ELSE '' END
FROM (VALUES (1)) AS always
LEFT JOIN (taken JOIN locked ON locked.id = taken.callback_id
    JOIN developer_callbackurl AS to_ ON to_.id = locked.callback_url_id) ON true
"""
"""Takes what is due: the longest waiting first, of each URL of a host in turn, and what failed lately last.

`url` are those for which anything waits: one step of the index each, however much waits for one of them.
"""

END = """
WITH result AS (
    SELECT * FROM unnest(
        %(attempts)s::bigint[], %(urls)s::bigint[], %(seconds)s::float8[], %(codes)s::text[], %(problems)s::text[],
        %(answers)s::text[], %(waits)s::float8[], %(last)s::bool[]
    ) AS result (attempt_id, url_id, seconds, code, problem, answer, wait, is_last)
),
ended AS (
    UPDATE developer_callbackattempt AS attempt
    SET seconds = result.seconds, code = result.code, problem = result.problem, answer = result.answer
    FROM result WHERE attempt.id = result.attempt_id AND attempt.seconds IS NULL
    RETURNING attempt.id, attempt.callback_id, attempt.url
),
told AS (
    SELECT ended.callback_id, ended.url, result.*, result.code LIKE '2%%' AS is_success FROM ended
    JOIN result ON result.attempt_id = ended.id
),
health AS (
    UPDATE developer_callbackurl AS to_ SET
        last_success_at = CASE WHEN by_url.is_success THEN statement_timestamp() ELSE to_.last_success_at END,
        last_failure_at = CASE WHEN by_url.is_failure THEN statement_timestamp() ELSE to_.last_failure_at END,
        failing_since = CASE WHEN NOT by_url.is_success THEN coalesce(to_.failing_since, statement_timestamp()) END,
        warned_at = CASE WHEN NOT by_url.is_success THEN to_.warned_at END
    FROM (SELECT url_id, url, bool_or(is_success) AS is_success, bool_or(NOT is_success) AS is_failure
          FROM told GROUP BY url_id, url) AS by_url
    WHERE to_.id = by_url.url_id AND to_.url = by_url.url  -- else another one has been saved meanwhile
    AND (by_url.is_failure OR to_.failing_since IS NOT NULL
         OR coalesce(to_.last_success_at, '-infinity') < statement_timestamp() - interval '1 minute')
)
UPDATE developer_callback AS callback SET
    attempt = callback.attempt + 1,
    tried = callback.tried + 1,
    last_at = statement_timestamp(),
    url = told.url,
    last_code = told.code,
    last_problem = told.problem,
    status = next.status,
    due_at = CASE WHEN next.status = 'retrying' THEN statement_timestamp() + make_interval(secs => told.wait) END,
    delivered_at = CASE WHEN told.is_success THEN coalesce(callback.delivered_at, statement_timestamp())
        ELSE callback.delivered_at END
FROM told
JOIN developer_callbackurl AS to_ ON to_.id = told.url_id
JOIN developer_callback AS before ON before.id = told.callback_id
CROSS JOIN LATERAL (SELECT CASE
    WHEN told.is_success THEN 'delivered'
    WHEN told.wait IS NULL OR (told.is_last AND to_.last_success_at > before.created_at) THEN 'failed'
    WHEN to_.paused_at IS NOT NULL OR to_.url = '' THEN 'paused'
    ELSE 'retrying' END AS status) AS next
WHERE callback.id = told.callback_id AND callback.status IN ('waiting', 'retrying', 'paused')
"""
"""Notes how attempts ended, of those that are still ours, and what follows for their callbacks and URLs."""


@dataclass(frozen=True)
class Call:
    """An attempt that this process has taken, with all that it takes to make it."""

    attempt: int
    """The id of its row."""
    callback: int
    url_id: int
    at: datetime
    url: str
    host: str
    business: int
    mode: str
    event: str
    tried: int
    """How many attempts of its schedule went before."""
    is_failing: bool
    """Whether its URL failed lately."""
    data: str
    token: str
    secrets: tuple[str, ...]


@dataclass(frozen=True)
class Ended:
    """How an attempt ended."""

    call: Call
    answer: Answer | None
    """None if it failed on our side: nothing is noted, and it is made again when its lease is over."""


def take(*, room: int, failing_room: int, resting: Sequence[str] = ()) -> tuple[list[Call], bool]:
    """Take what is due, at most as much as there is room for; and whether something due was left.

    `resting` names a host for each place there that stays free a moment longer.

    Claims come one after the other, across all workers, so that no host gets more than its places.
    """
    asked = {
        "room": room,
        "failing_room": failing_room,
        "at_host": AT_ONE_HOST,
        "failing_at_host": FAILING_AT_ONE_HOST,
        "lease": settings.CALLBACK_LEASE_SECONDS,
        "interrupted": INTERRUPTED,
        "resting": list(resting),
    }
    with transaction.atomic(using=USING):
        db.lock("claim/callbacks", using=USING)
        with connections[USING].cursor() as cursor:
            cursor.execute(CLOSE, asked)
            cursor.execute(TAKE, asked)
            rows = cursor.fetchall()
    taken = [row for row in rows if row[1] is not None]
    tokens = _tokens({(row[6], row[7]) for row in taken})
    calls = []
    for (
        _due,
        attempt,
        callback,
        at,
        url,
        host,
        business,
        mode,
        event,
        tried,
        data,
        url_id,
        is_failing,
        *sealed,
    ) in taken:
        try:
            keys = tuple(sealing.unseal(secret, CallbackUrl.SECRET_SEAL) for secret in sealed if secret)
            token = sealing.unseal(tokens[business, mode], TOKEN)
        except sealing.Unsealable:  # the others aren't held up; this one comes again when its lease is over
            log.exception("callback %s: its secret can't be opened", callback)
            continue
        calls.append(
            Call(attempt, callback, url_id, at, url, host, business, mode, event, tried, is_failing, data, token, keys)
        )
    return calls, bool(rows[0][0] > len(taken))


def _tokens(owners: set[tuple[int, str]]) -> dict[tuple[int, str], str]:
    """Return the Validation Token of each business and mode, sealed."""
    kept = ValidationToken.objects.using(USING).filter(business_id__in={business for business, _mode in owners})
    sealed = {(token.business_id, token.mode): token.sealed for token in (kept if owners else ())}
    for business, mode in owners - sealed.keys():
        with rls.inside_of(business, mode):
            make_token(Scope.by_itself(Business.objects.get(pk=business), mode))
            sealed[business, mode] = ValidationToken.objects.get(business_id=business, mode=mode).sealed
    return sealed


def end(ended: Sequence[Ended]) -> None:
    """Note how attempts ended. Whoever lost the lease changes nothing."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("attempts", "urls", "seconds", "codes", "problems", "answers", "waits", "last")
    }
    for one in ended:
        call, answer = one.call, one.answer
        if answer is None:
            continue
        wait = schedule.wait_after(call.event, call.tried + 1)
        values = (
            *(call.attempt, call.url_id, answer.seconds, str(answer.status or ""), str(answer.problem or "")),
            masking.readable(answer.body, call.token, fetch.MOST_KEPT),
            *(wait.total_seconds() if wait else None, schedule.is_last(call.tried + 1)),
        )
        for column, value in zip(columns.values(), values, strict=True):
            column.append(value)
    with transaction.atomic(using=USING), connections[USING].cursor() as cursor:
        cursor.execute(END, columns)
