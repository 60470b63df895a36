"""A year of believable money transfers, from a fixed seed.

The history of a demo business ends 13 months after `Business.created_at` (accounts/demo.py sets that to 13
months before its making), so every run plans the same transfers at the same microseconds. That moment is what
an existing transfer is recognised by: a run adds only those of the plan that are missing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from random import Random
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from accounts.demo import HISTORY, KOPI_KITA, TOKO_SEBELAH
from accounts.models import Business
from flipdash import clock
from flipdash.mode import Mode
from transactions.demo.author import Author, Cast, staff, suppliers
from transactions.demo.plans import SEED, DemoHistory
from transactions.demo.pouring import Row, load, pour
from transactions.demo.rhythm import moments, paydays
from transactions.models import MoneyTransfer

BULK_STEP = 20_000  # rows of one transaction, when a business is filled
HISTORIES = (
    DemoHistory(KOPI_KITA.slug, Mode.LIVE, total=5_400, small=600, staff=110),
    DemoHistory(KOPI_KITA.slug, Mode.TEST, total=300, small=40, staff=0),
    DemoHistory(TOKO_SEBELAH.slug, Mode.LIVE, total=420, small=60, staff=9),
)


def plan(history: DemoHistory, business: Business) -> list[Row]:
    """Write the whole history, the newest first."""
    zone, start = ZoneInfo(business.time_zone), business.created_at
    end = start + HISTORY
    random = Random(f"{SEED}:{history.slug}:{history.mode}")
    author = Author(random, Cast.of(business, history.mode), end, zone=zone)
    rows = [*author.open(), *_batches(history, author, start, end, zone)]
    when = Random(f"{SEED}:{history.slug}:{history.mode}:when")
    rows += [author.everyday(at) for at in moments(when, start, end, history.total - len(rows), zone)]
    rows.sort(key=lambda row: row.created_at, reverse=True)
    return rows


def _batches(history: DemoHistory, author: Author, start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Row]:
    for number, payday in enumerate(paydays(start, end, zone) if history.staff else ()):
        people = staff()[: history.staff * (number + 13) // 26]  # the business grows
        yield from author.batch(f"Payroll {payday:%B %Y}", payday, people, f"Payroll {payday:%b %Y}", 9_000_000)
        for week in (1, 2):
            run = payday - timedelta(days=14 * week - 4, hours=-week)
            some = suppliers()[: 3 + history.staff // 8]
            yield from author.batch(f"Supplier run {run:%d %b %Y}", run, some, f"Supplier {run:%d %b}", 24_000_000)


# --- Writing ---------------------------------------------------------------------------------------------
def fill(business: Business, *, rows: int) -> int:
    """Fill a business up to so many transfers in Live Mode; return how many were added."""
    with _alone(business):
        there = MoneyTransfer.objects.filter(business=business, mode=Mode.LIVE).count()
        missing, end = max(0, rows - there), clock.now()
        author = Author(Random(f"{SEED}:{there}"), Cast.of(business, Mode.LIVE), end)
        when = moments(Random(there), end - HISTORY, end, missing, ZoneInfo(business.time_zone))
        for _ in range(0, missing, BULK_STEP):
            with transaction.atomic(), connection.cursor() as cursor:
                load(cursor, (author.everyday(at) for at in islice(when, BULK_STEP)))
                pour(cursor, business, Mode.LIVE)
    return missing


@contextmanager
def _alone(business: Business) -> Iterator[None]:
    """Let nobody else fill the same business meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [SEED + 1, business.pk])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [SEED + 1, business.pk])
