"""Settlement: each payment reaches the deposit once, on the next day on which banks work (trust: L1, L3, Z1, D8)."""

import json
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, transaction

from accounts.models import Activity
from deposits import ledger
from deposits.ledger import checks
from deposits.models import Entry, Posting
from developer.models import Callback, CallbackEvent
from documents.invoices import fees
from flipdash import clock, rls
from flipdash.leases import Stopped
from tests import factories
from tests.leased import let_time_pass
from tests.superuser import superuser
from tests.transactions.settling import begin, paid, settle
from transactions.models import Payment, PaymentEvent, SettledPayment, SettlementRun
from transactions.payments import settling
from transactions.payments.settling import SETTLEMENTS

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]
TUESDAY = date(2025, 9, 2)
MONDAY_NOON = datetime(2025, 9, 1, 5, tzinfo=UTC)


def at(day, hour, minute=0, zone="Asia/Jakarta"):
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone))


def now_is(monkeypatch, moment):
    monkeypatch.setattr(clock, "now", lambda using="default": moment)


def runs():
    return SettlementRun.objects.using("operator")


def available(business, mode="live"):
    with rls.inside_of(business.pk, mode):
        return ledger.balance(ledger.LedgerOwner(business, mode)).available


def holds():
    """Ask the ledger and all that is known of payments whether everything adds up."""
    out = StringIO()
    call_command("check_ledger", stdout=out)
    return "The ledger holds." in out.getvalue()


# --- The calendar ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "zone", "is_begun"),
    [
        (at(TUESDAY, 5, 59), "Asia/Jakarta", False),
        (at(TUESDAY, 6, 0), "Asia/Jakarta", True),
        (at(TUESDAY, 4, 30), "Asia/Jayapura", True),  # 06:30 there
        (at(TUESDAY, 4, 30), "Asia/Makassar", False),
        (at(date(2025, 9, 6), 12), "Asia/Jakarta", False),  # a Saturday
        (at(date(2025, 12, 25), 12), "Asia/Jakarta", False),  # Christmas
    ],
)
def test_a_day_begins_in_the_businesss_zone_on_days_on_which_banks_work(kopi_kita, monkeypatch, moment, zone, is_begun):
    kopi_kita.time_zone = zone
    kopi_kita.save()
    paid(kopi_kita, MONDAY_NOON)
    now_is(monkeypatch, moment)
    settling.tidy()
    settling.tidy()  # the sweep comes again and again
    assert [run.day for run in runs()] == ([TUESDAY] if is_begun else [])


def test_what_was_paid_after_midnight_comes_a_day_later(kopi_kita, monkeypatch):
    before, after = paid(kopi_kita, at(date(2025, 9, 1), 23, 59)), paid(kopi_kita, at(TUESDAY, 0, 1))
    now_is(monkeypatch, at(TUESDAY, 7))
    settling.tidy()
    settle(runs().get())
    states = {payment.pk: payment.settlement_status for payment in Payment.objects.all()}
    assert states == {before.pk: "settled", after.pk: "pending"}
    settling.tidy()
    assert runs().count() == 1, "a day has one"
    scope = factories.make_member(kopi_kita).scope("live")
    with rls.inside(scope):
        assert settling.day_of(scope, after) == date(2025, 9, 3)
        after.paid_at = before.paid_at  # known too late: Tuesday's has begun
        assert settling.day_of(scope, after) == date(2025, 9, 3)


def test_a_payment_says_its_day_while_that_is_being_settled(kopi_kita, monkeypatch):
    taken, waits = paid(kopi_kita, MONDAY_NOON), paid(kopi_kita, MONDAY_NOON)
    now_is(monkeypatch, at(TUESDAY, 6))
    settling.tidy()
    scope = factories.make_member(kopi_kita).scope("live")
    with rls.inside(scope):
        SettledPayment.objects.create(business=kopi_kita, mode="live", payment=taken, run_id=runs().get().pk)
        assert [settling.day_of(scope, one) for one in (taken, waits)] == [TUESDAY, TUESDAY]
        rows, wednesday = SettlementRun.objects.filter(pk=runs().get().pk), date(2025, 9, 3)
        rows.update(status="running")
        assert [settling.day_of(scope, one) for one in (taken, waits)] == [TUESDAY, wednesday], (
            "it may be past this one"
        )
        rows.update(status="queued")
        settling.post(runs().get())
        assert [settling.day_of(scope, one) for one in (taken, waits)] == [TUESDAY, wednesday]


def test_a_payment_whose_settlement_was_given_up_says_that_it_is_late(kopi_kita, monkeypatch, client_of):
    taken, waits = paid(kopi_kita, MONDAY_NOON), paid(kopi_kita, MONDAY_NOON)
    now_is(monkeypatch, at(TUESDAY, 6))
    settling.tidy()
    member = factories.make_member(kopi_kita)
    with rls.inside(member.scope("live")):
        SettledPayment.objects.create(business=kopi_kita, mode="live", payment=taken, run_id=runs().get().pk)
        SettlementRun.objects.update(status="failed", finished_at=at(TUESDAY, 7))
        said = [settling.day_of(member.scope("live"), one) for one in (taken, waits)]
    assert said == [None, date(2025, 9, 3)]
    monkeypatch.undo()
    page = client_of(member).get(f"/payments/{taken.pk}/").content.decode()
    assert "This settlement is late" in page


# --- A settlement ----------------------------------------------------------------------------------------------------


def test_it_ties_payments_fees_and_one_entry_to_the_rupiah(kopi_kita, admin, told):
    for event in (CallbackEvent.PAYMENT, CallbackEvent.SETTLEMENT):
        factories.make_callback_url(admin, event)
    ours = [
        paid(kopi_kita, MONDAY_NOON, amount=350_000, fee=4_000),
        paid(kopi_kita, MONDAY_NOON, amount=100_000, fee=700, channel="qris", channel_kind="qris"),
        paid(kopi_kita, MONDAY_NOON, amount=50_000, fee=0),
    ]
    imported = factories.make_payment(kopi_kita, created_at=MONDAY_NOON)
    test_mode = paid(kopi_kita, MONDAY_NOON, mode="test")
    run = settle(begin(kopi_kita, TUESDAY))
    assert (run.status, run.count, run.amount, run.fee, run.net) == ("done", 3, 500_000, 4_700, 495_300)
    assert available(kopi_kita) == 495_300
    for payment in ours:
        payment.refresh_from_db()
        assert (payment.settlement_status, payment.settled_amount) == ("settled", payment.amount - payment.fee)
        assert payment.settled_at == run.posted_at
        assert list(payment.events.values_list("kind", flat=True)) == ["settled"]
    for other in (imported, test_mode):
        other.refresh_from_db()
        assert other.settlement_status == "pending"
    with rls.inside_of(kopi_kita.pk, "live"):
        entry = Entry.objects.get(account__kind="available")
        assert (entry.amount, entry.posting_id, entry.posting.source_id) == (495_300, run.posting_id, run.pk)
        channels = Entry.objects.filter(account__kind="clearing").values_list("account__detail", "amount")
        assert dict(channels) == {"bca": -400_000, "qris": -100_000}
    callbacks = [json.loads(one.data) for one in Callback.objects.using("operator").order_by("source_id")]
    assert [one["status"] for one in callbacks] == ["SETTLED"] * 3
    heard = set(Callback.objects.using("operator").values_list("callback_url__event", flat=True))
    assert heard == {CallbackEvent.SETTLEMENT}, "who reads payments as Flip tells them takes SETTLED for no payment"
    assert sum(one["settled_amount"] for one in callbacks) == 495_300
    assert [event.kind for event in told] == ["settlement.posted"]
    assert Activity.objects.using("operator").filter(kind="settlement.posted").count() == 1
    settle(begin(kopi_kita, TUESDAY, mode="test"))
    assert holds()


def test_nothing_to_settle_posts_nothing(kopi_kita):
    run = settle(begin(kopi_kita, TUESDAY))
    assert (run.status, run.count, run.posting_id) == ("done", 0, None)
    assert not Posting.objects.using("operator").exists()
    assert holds()


def test_a_fee_that_is_the_whole_amount_leaves_nothing_for_the_deposit(kopi_kita):
    paid(kopi_kita, MONDAY_NOON, amount=4_000, fee=4_000)
    assert settle(begin(kopi_kita, TUESDAY)).net == 0
    assert available(kopi_kita) == 0
    assert holds()


class Killed(BaseException):
    """A worker that is gone; nothing in the code catches it."""


class Countdown:
    """Kill at one of the statements that are sent; it is rolled back, as what a killed worker leaves open is."""

    def __init__(self, left):
        self.left = left

    def __call__(self, execute, sql, params, many, context):
        self.left -= 1
        if self.left == 0:
            raise Killed
        return execute(sql, params, many, context)


POINTS = 10


def test_killed_at_ten_points_each_payment_is_settled_once(kopi_kita, admin, monkeypatch):
    factories.make_callback_url(admin, CallbackEvent.SETTLEMENT)
    monkeypatch.setattr(settling, "STEP", 2)

    def a_day(number):
        """Make the payments of one more day, and its settlement."""
        for minute in range(5):
            paid(kopi_kita, MONDAY_NOON + timedelta(days=number, minutes=minute), amount=100_000 + number)
        return begin(kopi_kita, TUESDAY + timedelta(days=number))

    both = (connection, connections[SETTLEMENTS.using])  # what is claimed, noted and finished goes by the other one

    @contextmanager
    def counting(countdown):
        with both[0].execute_wrapper(countdown), both[1].execute_wrapper(countdown):
            yield

    counted, first = Countdown(0), a_day(0)
    with counting(counted):
        settle(first)
    statements = -counted.left
    assert statements > 3 * POINTS
    for point in range(1, POINTS + 1):
        run = a_day(point)
        with suppress(Killed), counting(Countdown(point * statements // (POINTS + 1) + 1)):
            settle(run)
            pytest.fail(f"nobody was killed at {point}")
        for one in both:
            one.rollback()
        let_time_pass(SETTLEMENTS)
        assert settle(run).status == "done", point
    assert not Payment.objects.exclude(settlement_status="settled").exists()
    payments = Payment.objects.count()
    assert PaymentEvent.objects.filter(kind="settled").count() == payments == 5 * (POINTS + 1)
    assert Callback.objects.using("operator").values("source_id").distinct().count() == payments
    assert Callback.objects.using("operator").count() == payments
    assert Posting.objects.using("operator").count() == POINTS + 1
    assert available(kopi_kita) == sum(5 * (96_000 + day) for day in range(POINTS + 1))
    assert holds()


def test_a_late_worker_adds_nothing_to_what_is_posted(kopi_kita):
    paid(kopi_kita, MONDAY_NOON)
    begin(kopi_kita, TUESDAY)
    late = SETTLEMENTS.claim()
    let_time_pass(SETTLEMENTS)
    settle(late)
    more = paid(kopi_kita, MONDAY_NOON)
    with rls.inside_of(kopi_kita.pk, "live"):
        assert settling.gather(late, None) is None
        settling.post(late)
        assert settling.mark(late, None) is not None  # the one that is marked already
        with pytest.raises(DatabaseError, match="takes no more payments"):
            SettledPayment.objects.create(business=kopi_kita, mode="live", payment=more, run_id=late.pk)
    with pytest.raises(Stopped):
        SETTLEMENTS.note(late)
    assert PaymentEvent.objects.filter(kind="settled").count() == 1
    assert Posting.objects.using("operator").count() == 1
    settle(begin(kopi_kita, date(2025, 9, 3)))
    assert holds()


# --- What the database refuses, and what the check finds -------------------------------------------------------------


def test_the_database_keeps_what_was_settled(kopi_kita):
    payment = paid(kopi_kita, MONDAY_NOON)
    run = settle(begin(kopi_kita, TUESDAY))
    other = paid(kopi_kita, MONDAY_NOON)
    statements = [
        f"UPDATE transactions_settlementrun SET net = net + 1, amount = amount + 1 WHERE id = {run.pk}",
        f"UPDATE transactions_settlementrun SET day = '2025-09-03' WHERE id = {run.pk}",
        f"UPDATE transactions_settlementrun SET status = 'queued' WHERE id = {run.pk}",
        f"DELETE FROM transactions_settlementrun WHERE id = {run.pk}",
        f"UPDATE transactions_settledpayment SET payment_id = {other.pk}",
        "DELETE FROM transactions_settledpayment",
        f"UPDATE transactions_payment SET settlement_status = 'pending', settled_at = NULL, settled_amount = NULL "
        f"WHERE id = {payment.pk}",
        f"INSERT INTO transactions_settlementrun (business_id, mode, day, until, status, attempt, problem) "
        f"SELECT business_id, mode, day, until, 'queued', 0, '' FROM transactions_settlementrun WHERE id = {run.pk}",
        f"INSERT INTO transactions_settlementrun (business_id, mode, day, until, payment_id, status, attempt, problem) "
        f"VALUES ({kopi_kita.pk}, 'live', now(), now(), {other.pk}, 'queued', 0, '')",
    ]
    for statement in statements:
        with (
            rls.inside_of(kopi_kita.pk, "live"),
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
            pytest.fail(statement)


def test_the_check_finds_what_was_planted(kopi_kita):
    payment = paid(kopi_kita, MONDAY_NOON)
    run = settle(begin(kopi_kita, TUESDAY))
    paid(kopi_kita, MONDAY_NOON)
    check = next(one for one in checks.registered() if one.name.startswith("Every settled payment belongs to one"))
    planted = [
        f"UPDATE transactions_payment SET amount = amount + 1, settled_amount = settled_amount + 1 "
        f"WHERE id = {payment.pk}",
        f"UPDATE transactions_payment SET settlement_status = 'pending', settled_at = NULL, settled_amount = NULL "
        f"WHERE id = {payment.pk}",
        f"UPDATE transactions_payment SET settlement_status = 'settled', settled_amount = 146000, settled_at = now() "
        f"WHERE id <> {payment.pk}",
        "DELETE FROM transactions_settledpayment",
        f"UPDATE transactions_settlementrun SET amount = amount + 1, net = net + 1 WHERE id = {run.pk}",
        f"UPDATE deposits_posting SET source_id = source_id + 1 WHERE id = {run.posting_id}",
        "UPDATE deposits_entry SET amount = amount - 1 WHERE amount > 100000",
    ]
    with superuser() as owner:
        with owner.cursor() as cursor:
            assert next(checks.run(cursor, [check])).count == 0
        for statement in planted:
            with owner.transaction(force_rollback=True), owner.cursor() as cursor:
                cursor.execute(statement)
                assert next(checks.run(cursor, [check])).count > 0, statement


# --- And its fees ---------------------------------------------------------------------------------------------------


def test_an_invoice_tells_the_fee_of_each_payment(kopi_kita):
    """The ledger has one entry of all their fees; an invoice is of single ones."""
    ours = [
        paid(kopi_kita, MONDAY_NOON, amount=350_000, fee=4_000),
        paid(kopi_kita, MONDAY_NOON, amount=250_000, fee=4_000),
        paid(kopi_kita, MONDAY_NOON, amount=100_000, fee=700, channel="qris", channel_kind="qris"),
        paid(kopi_kita, MONDAY_NOON, amount=50_000, fee=0, channel="qris", channel_kind="qris"),
    ]
    run = settle(begin(kopi_kita, TUESDAY))
    hour = timedelta(hours=1)
    month = fees.Time(kopi_kita, "live", run.posted_at - hour, run.posted_at + hour, "Asia/Jakarta")
    with rls.inside_of(kopi_kita.pk, "live"):
        lines = [(line.product, line.price, line.count, line.received, line.amount) for line in month.lines()]
        assert sorted(lines) == [
            ("payment.qris", None, 1, 100_000, 700),
            ("payment.va", 4_000, 2, None, 8_000),
        ]
        behind, after = [], None
        while some := month.behind(after=after, most=1):
            behind += some
            after = some[-1].place
    told = [(fee.source_type, fee.source_id, fee.amount) for fee in behind]
    assert told == sorted(("payment", payment.pk, payment.fee) for payment in ours if payment.fee)
