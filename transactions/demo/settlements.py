"""Settlements of the demo's year: its payments reach the deposit day by day, as payments/settling.py brings them there.

The stages are those of a settlement; each is done for many days at once. Which payments belong to a day is written with
the payments; the sums are posted in the order of the year, among all else that moves the deposit (year.py), and in the
same transaction the payments are told that they are settled.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from accounts.demo import HISTORY
from accounts.models import Business
from flipdash import events
from flipdash.actors import SYSTEM
from flipdash.mode import Mode
from flipdash.scope import Scope
from transactions.models import SettlementRun
from transactions.payments import calendar, settling

AFTER = timedelta(seconds=9)
"""How long after a day's settlements begin the demo's is posted."""

BEGIN = """
INSERT INTO transactions_settlementrun
    (id, business_id, mode, day, until, status, attempt, problem, created_at, started_at)
SELECT next_transaction_id(t.at), %(business)s, %(mode)s, t.day, t.until, 'running', 1, '', t.at, t.at
FROM unnest(%(days)s::date[], %(untils)s::timestamptz[], %(ats)s::timestamptz[]) AS t (day, until, at)
ON CONFLICT DO NOTHING
"""
GATHER = """
INSERT INTO transactions_settledpayment (payment_id, run_id, business_id, mode)
SELECT p.id, r.id, p.business_id, p.mode
FROM transactions_payment p
JOIN unnest(%(paid)s::timestamptz[], %(of_days)s::date[]) AS t (created_at, day) ON t.created_at = p.created_at
JOIN transactions_settlementrun r ON (r.business_id, r.mode, r.day) = (p.business_id, p.mode, t.day)
    AND r.payment_id IS NULL AND r.posted_at IS NULL
WHERE p.business_id = %(business)s AND p.mode = %(mode)s AND p.settlement_status = 'pending'
ON CONFLICT (payment_id) DO NOTHING
"""
OF_THE_YEAR = """
SELECT r.id, r.created_at, c.amount, c.fee, c.channels
FROM transactions_settlementrun r
JOIN (
    SELECT s.run_id, sum(s.amount)::bigint AS amount, sum(s.fee)::bigint AS fee,
        json_object_agg(s.channel, s.amount)::text AS channels
    FROM (
        SELECT d.run_id, p.channel, sum(p.amount)::bigint AS amount, sum(p.fee)::bigint AS fee
        FROM transactions_settledpayment d JOIN transactions_payment p ON p.id = d.payment_id
        WHERE p.business_id = %(business)s AND p.mode = %(mode)s GROUP BY 1, 2
    ) s GROUP BY 1
) c ON c.run_id = r.id
WHERE r.business_id = %(business)s AND r.mode = %(mode)s AND r.payment_id IS NULL AND r.created_at < %(end)s
ORDER BY r.created_at
"""
FINISH = """
UPDATE transactions_settlementrun r
SET status = 'done', posting_id = g.id, posted_at = g.effective_at, finished_at = g.effective_at, count = s.count,
    amount = s.amount, fee = s.fee, net = s.amount - s.fee
FROM deposits_posting g, LATERAL (
    SELECT count(*) AS count, sum(p.amount)::bigint AS amount, sum(p.fee)::bigint AS fee
    FROM transactions_settledpayment d JOIN transactions_payment p ON p.id = d.payment_id WHERE d.run_id = g.source_id
) s
WHERE r.id = ANY (%(runs)s) AND r.posted_at IS NULL
    AND (g.business_id, g.mode, g.source_type, g.source_id, g.kind)
        = (%(business)s, %(mode)s, 'settlement', r.id, 'settlement')
"""
MARK = """
WITH changed AS (
    UPDATE transactions_payment p
    SET settlement_status = 'settled', settled_amount = p.amount - p.fee, settled_at = r.posted_at
    FROM transactions_settledpayment d JOIN transactions_settlementrun r ON r.id = d.run_id
    WHERE d.run_id = ANY (%(runs)s) AND p.id = d.payment_id AND p.settlement_status = 'pending'
    RETURNING p.id, p.settled_at
)
INSERT INTO transactions_paymentevent (business_id, mode, payment_id, kind, at, by_kind, by_id, by_name, note)
SELECT %(business)s, %(mode)s, c.id, 'settled', c.settled_at, %(by_kind)s, %(by_id)s, %(by_name)s, ''
FROM changed c ORDER BY c.settled_at, c.id
"""


def moment(paid_at: datetime, zone: ZoneInfo) -> datetime:
    """Return when what was paid at some moment is settled."""
    day = calendar.banking_day_after(paid_at.astimezone(zone).date())
    return datetime.combine(day, calendar.FROM, tzinfo=zone) + AFTER


def begin(business: Business, mode: str, paid: Sequence[tuple[datetime, datetime]]) -> None:
    """Make the settlements that payments belong to, of those whose day has come by the end of the year.

    Payments are known by when they were made; beside that stands when each was paid.
    """
    zone, end = ZoneInfo(business.time_zone), business.created_at + HISTORY
    by_day: dict[date, datetime] = {}
    of: list[tuple[datetime, date]] = []
    for created_at, paid_at in paid:
        at = moment(paid_at, zone)
        if at < end:
            by_day[at.date()] = at
            of.append((created_at, at.date()))
    days = sorted(by_day)
    with connection.cursor() as cursor:
        known: dict[str, Any] = {"business": business.pk, "mode": str(mode)}
        untils = [datetime.combine(day, time.min, tzinfo=zone) for day in days]
        cursor.execute(BEGIN, {**known, "days": days, "untils": untils, "ats": [by_day[day] for day in days]})
        cursor.execute(GATHER, {**known, "paid": [one for one, _day in of], "of_days": [day for _one, day in of]})


def of_the_year(business: Business, mode: str) -> Iterator[tuple[int, datetime, int, int, dict[str, int]]]:
    """Yield its settlements in order: number, when it is posted, amount, fee, and the amount of each channel."""
    asked: dict[str, Any] = {"business": business.pk, "mode": str(mode), "end": business.created_at + HISTORY}
    with connection.cursor() as cursor:
        cursor.execute(OF_THE_YEAR, asked)
        for number, at, amount, fee, channels in cursor.fetchall():
            yield number, at, amount, fee, json.loads(channels)


def finish(business: Business, mode: Mode, runs: Sequence[int]) -> None:
    """Note what settlements that were just posted came to, tell each of their payments, and tell of them."""
    if not runs:
        return
    known = {"business": business.pk, "mode": str(mode), "runs": list(runs), **SYSTEM.columns("by")}
    with connection.cursor() as cursor:
        cursor.execute(FINISH, known)
        cursor.execute(MARK, known)
    itself = Scope.by_itself(business, mode)
    done: Any = SettlementRun.objects.filter(pk__in=runs).order_by("created_at")
    events.record_many(
        [
            events.Event(
                itself,
                f"{settling.SOURCE}.posted",
                run,
                {"count": run.count, "amount": run.net, "fee": run.fee},
                run.posted_at,
            )
            for run in done
        ]
    )
