"""A settlement of 100,000 payments, beside its bare SQL: one UPDATE of the same rows, one INSERT of their timelines,
one of what belongs to it, in one transaction without triggers, foreign keys and steps, which is rolled back.

It is done in this process, as a worker does it: once for a business that hears nothing, and once for one that is told
of each payment by a callback, which is then to be sent by others. What was made is deleted at the end.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg

from accounts.models import Business
from bench.measure import Line
from bench.subject import Bench
from developer.callbacks import signing
from developer.models import Callback, CallbackEvent, CallbackUrl
from flipdash import clock, rls, sealing
from flipdash.actors import SYSTEM
from transactions.models import SettlementRun
from transactions.payments.settling import SETTLEMENTS

SLUG, MODE = "bench-settling", "test"
PAYMENTS, QUICK_PAYMENTS = 100_000, 10_000
OF_BUSINESS = (
    *("developer_callback", "developer_callbackurl"),
    *("transactions_settledpayment", "transactions_settlementrun", "transactions_paymentevent", "transactions_payment"),
    *("deposits_entry", "deposits_posting", "deposits_turnover", "deposits_account"),
    *("accounts_activity", "accounts_activityhead"),
)
"""What is deleted at the end, with the triggers that would refuse it put aside."""
MAKE = """
INSERT INTO transactions_payment (business_id, mode, status, amount, fee, title, sender_name, sender_email,
    channel_kind, channel, settlement_status, reference, slug, created_at, paid_at)
SELECT %(business)s, %(mode)s, 'successful', 10000 + n %% 900000, 4000, 'Kelas latte art', 'Dewi Lestari', '', 'va',
    (ARRAY['bca', 'bri', 'bni', 'mandiri'])[1 + n %% 4], 'pending', 'REF' || n, md5('settling' || n || now()),
    now() - interval '2 days' - n * interval '1 ms', now() - interval '1 day' - n * interval '1 ms'
FROM generate_series(1, %(payments)s) n
"""
BARE = """
UPDATE transactions_payment SET settlement_status = 'settled', settled_amount = amount - fee, settled_at = now()
WHERE business_id = %(business)s AND mode = %(mode)s AND settlement_status = 'pending';
INSERT INTO transactions_paymentevent (business_id, mode, payment_id, kind, by_kind, by_name, note)
SELECT business_id, mode, id, 'settled', 'system', '', '' FROM transactions_payment
WHERE business_id = %(business)s AND mode = %(mode)s;
INSERT INTO transactions_settledpayment (payment_id, run_id, business_id, mode)
SELECT id, 1, business_id, mode FROM transactions_payment WHERE business_id = %(business)s AND mode = %(mode)s
"""


def lines(bench: Bench) -> list[Line]:
    """Settle once in bare SQL, which is taken back, and as the worker does: without callbacks, and with them."""
    payments = PAYMENTS if bench.count > 1_000_000 else QUICK_PAYMENTS
    with _made(bench, payments) as (business, superuser):
        asked = {"business": business.pk, "mode": MODE}
        began = time.perf_counter()
        with superuser.transaction(force_rollback=True), superuser.cursor() as cursor:
            for statement in BARE.split(";\n"):
                cursor.execute(statement, asked)
            bare = time.perf_counter() - began
        superuser.execute("VACUUM ANALYZE transactions_payment")
        alone = _settle(business, payments)
    with _made(bench, payments) as (business, _superuser):
        _hear(business)
        told = _settle(business, payments)
        heard = Callback.objects.using("operator").filter(business=business, mode=MODE).count()
        assert heard == payments, heard
    yardstick = f"the same rows in bare SQL, {bare:.1f} s"
    return [
        Line("", f"Settlement of {payments:,} payments, {what}", f"{took:.1f} s", yardstick, round(took / bare, 1))
        for what, took in (
            ("gathered, posted, each with its line", alone),
            ("and each with its callback, to be sent", told),
        )
    ]


def _settle(business: Business, payments: int) -> float:
    """Settle all that waits; return how many seconds that took."""
    now = clock.now()
    with rls.inside_of(business.pk, MODE):
        run = SettlementRun.objects.create(business=business, mode=MODE, day=now.date(), until=now - timedelta(hours=1))
    began = time.perf_counter()
    SETTLEMENTS.work(run.pk)
    took = time.perf_counter() - began
    done = SettlementRun.objects.using("operator").get(pk=run.pk)
    assert (done.status, done.count) == ("done", payments), (done.status, done.count)
    return took


def _hear(business: Business) -> None:
    """Let a business be told of its payments, at a name that nobody has."""
    with rls.inside_of(business.pk, MODE):
        CallbackUrl.objects.create(
            business=business,
            mode=MODE,
            event=CallbackEvent.PAYMENT,
            url="https://settling.invalid/",
            host="settling.invalid",
            sealed_secret=sealing.seal(signing.new_secret(), CallbackUrl.SECRET_SEAL),
            **SYSTEM.columns("changer"),
        )


@contextmanager
def _made(bench: Bench, payments: int) -> Iterator[tuple[Business, psycopg.Connection]]:
    """Make payments that wait for their settlement; delete all that was made in the end."""
    business, _is_new = Business.objects.get_or_create(slug=SLUG, defaults={"name": "Bench settling"})
    with psycopg.connect(bench.superuser_url, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        try:
            superuser.execute(MAKE, {"business": business.pk, "mode": MODE, "payments": payments})
            superuser.execute("VACUUM ANALYZE transactions_payment")
            yield business, superuser
        finally:
            for table in OF_BUSINESS:
                superuser.execute(f"DELETE FROM {table} WHERE business_id = %s", [business.pk])  # noqa: S608  (our own)
            superuser.execute("VACUUM transactions_payment")
