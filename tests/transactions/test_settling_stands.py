"""What settlements stand: others that fail, workers that gave up, days that pass, code that errs (trust: L1, L3)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.db.models.functions import Now
from django.test import Client
from psycopg.errors import LockNotAvailable

from accounts.models import Activity
from deposits.ledger import checks
from deposits.models import Posting
from documents.invoices import fees
from flipdash import backoffice, clock, rls
from flipdash.leases import Worker
from tests import factories
from tests.deposits.conftest import connect
from tests.transactions.settling import begin, paid, settle
from transactions.models import Payment, SettledPayment, SettlementRun
from transactions.payments import settling
from transactions.payments.settling import SETTLEMENTS, Asked

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]
MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (date(2025, 9, day) for day in (1, 2, 3, 4))
MONDAY_NOON = datetime(2025, 9, 1, 5, tzinfo=UTC)
FINISHED, IN_TIME = "Settlements are finished within a day", "Payments are settled within 2 bank days of theirs"


def now_is(monkeypatch, day, hour, minute=0, zone="Asia/Jakarta"):
    moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone))
    monkeypatch.setattr(clock, "now", lambda using="default": moment)


def runs():
    return SettlementRun.objects.using("operator")


def found_by(name):
    """Return what one check finds."""
    (check,) = (one for one in checks.registered() if one.name == name)
    with connections["operator"].cursor() as cursor:
        return next(checks.run(cursor, [check])).examples


# --- Others that fail, and workers that gave up ---------------------------------------------------------------------


def test_one_that_cant_begin_keeps_no_other(kopi_kita, toko_sebelah, monkeypatch, caplog):
    for business in (kopi_kita, toko_sebelah):
        paid(business, MONDAY_NOON)
    now_is(monkeypatch, TUESDAY, 6)
    inside_of = rls.inside_of

    def breaks(business_id, mode):
        if business_id == kopi_kita.pk:
            raise ZeroDivisionError
        return inside_of(business_id, mode)

    assert kopi_kita.pk < toko_sebelah.pk, "the one that breaks comes first, and a sweep begins one only"
    with monkeypatch.context() as broken:
        broken.setattr(settling, "AT_A_TIME", 1)
        broken.setattr(settling.rls, "inside_of", breaks)
        settling.tidy()
    assert [run.business for run in runs()] == [toko_sebelah]
    assert "can't be handled now" in caplog.text
    settling.tidy()
    assert runs().count() == 2


def given_up(business):
    """A settlement that no worker could finish: it has its payment, and nothing is posted."""
    run = begin(business, TUESDAY)
    with rls.inside_of(business.pk, "live"):
        settling.gather(run, None)
        SettlementRun.objects.update(status="failed", problem="error", attempt=30_000, finished_at=Now())
    return run


@pytest.fixture
def office(monkeypatch):
    monkeypatch.setattr(backoffice, "has_second_factor", lambda user: True)
    client = Client()
    client.force_login(factories.make_operator())
    return client


def test_what_was_given_up_is_named_and_tried_again(kopi_kita, office, monkeypatch):
    payment = paid(kopi_kita, MONDAY_NOON)
    run = given_up(kopi_kita)
    assert [f"settlement {run.pk} " in one for one in found_by(FINISHED)] == [True]
    now_is(monkeypatch, WEDNESDAY, 7)
    settling.tidy()
    assert runs().count() == 1, "no empty one is begun for what another has"
    chosen = {"action": "try_again", "_selected_action": run.pk}
    answer = office.post("/admin/transactions/settlementrun/", chosen, follow=True).content.decode()
    assert "Tried again: 1" in answer
    assert settle(run).status == "done"
    payment.refresh_from_db()
    assert payment.settlement_status == "settled"
    assert "Tried again: 0" in office.post("/admin/transactions/settlementrun/", chosen, follow=True).content.decode()
    assert found_by(FINISHED) == found_by(IN_TIME) == []
    (told,) = Activity.objects.using("operator").filter(kind="settlement.tried_again")
    assert (told.subject_id, told.by_kind) == (str(run.pk), "operator")


@pytest.mark.parametrize(
    ("day", "hour", "is_late"), [(WEDNESDAY, 23, False), (THURSDAY, 5, False), (THURSDAY, 6, True)]
)
def test_what_is_two_bank_days_late_is_named(kopi_kita, toko_sebelah, monkeypatch, day, hour, is_late):
    payment = paid(kopi_kita, MONDAY_NOON)  # due on Tuesday
    factories.make_payment(kopi_kita, created_at=MONDAY_NOON)  # imported: never settled here
    paid(toko_sebelah, datetime(2025, 9, 2, 5, tzinfo=UTC))
    now_is(monkeypatch, day, hour)
    assert [f"payment {payment.pk} " in one for one in found_by(IN_TIME)] == [True] * is_late


def test_what_is_tried_in_test_mode_keeps_no_live_money_waiting(kopi_kita):
    for _payment in range(3):
        alone = paid(kopi_kita, MONDAY_NOON, mode="test")
        with rls.inside_of(kopi_kita.pk, "test"):
            SettlementRun.objects.create(business=kopi_kita, mode="test", day=TUESDAY, until=MONDAY_NOON, payment=alone)
    begin(kopi_kita, TUESDAY)
    claimed = [SETTLEMENTS.claim() for _worker in range(3)]
    assert claimed[2] is None
    assert {run.mode for run in claimed[:2]} == {"test", "live"}


# --- Settle now says the truth --------------------------------------------------------------------------------------


def test_two_clicks_ask_once_and_what_the_day_has_is_left_to_it(web, kopi_kita):
    payment = paid(kopi_kita, MONDAY_NOON, mode="test")
    for _click in range(2):
        page = web.post(f"/test/payments/{payment.pk}/settled/", follow=True).content.decode()
        assert "It is being settled" in page
    assert Activity.objects.using("operator").filter(kind="settlement.asked").count() == 1
    other = paid(kopi_kita, MONDAY_NOON, mode="test")
    day = begin(kopi_kita, TUESDAY, mode="test")
    scope = factories.make_member(kopi_kita).scope("test")
    with rls.inside(scope):
        settling.gather(day, None)
        assert settling.settle_now(scope, other) is Asked.UNDER_WAY
        assert runs().count() == 2
        SettlementRun.objects.filter(pk=day.pk).update(status="failed", finished_at=Now())
        assert settling.settle_now(scope, other) is Asked.BEGUN
    assert runs().get(pk=day.pk).status == "queued"


def test_a_worker_is_woken_once_it_can_see_the_settlement(kopi_kita, monkeypatch):
    woken = []
    monkeypatch.setattr(Worker, "wake", lambda worker: woken.append(runs().count()))
    payment = paid(kopi_kita, MONDAY_NOON, mode="test")
    scope = factories.make_member(kopi_kita).scope("test")
    with rls.inside(scope), transaction.atomic():
        assert settling.settle_now(scope, payment) is Asked.BEGUN
        assert woken == []
    assert woken == [1]


def test_what_was_known_too_late_for_one_that_was_given_up_comes_with_it(kopi_kita, monkeypatch):
    taken = paid(kopi_kita, MONDAY_NOON)
    run = begin(kopi_kita, TUESDAY)
    with rls.inside_of(kopi_kita.pk, "live"):
        settling.gather(run, None)
    runs().filter(pk=run.pk).update(status="failed", finished_at=MONDAY_NOON)
    late = paid(kopi_kita, MONDAY_NOON - timedelta(minutes=5))
    wednesday = MONDAY_NOON + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda using="default": wednesday)
    settling.tidy()
    assert list(runs().values_list("pk", flat=True)) == [run.pk], "nothing new waits"
    assert settling.try_again(run)
    assert settle(run).count == 2
    new = paid(kopi_kita, MONDAY_NOON + timedelta(days=1))
    settling.tidy()
    assert [one.day for one in runs().order_by("day")] == [TUESDAY, WEDNESDAY]
    with rls.inside_of(kopi_kita.pk, "live"):
        states = dict(Payment.objects.values_list("pk", "settlement_status"))
    assert states == {taken.pk: "settled", late.pk: "settled", new.pk: "pending"}


# --- What the database refuses --------------------------------------------------------------------------------------


def test_the_database_lets_nothing_be_settled_but_by_its_settlement(kopi_kita, toko_sebelah):
    payment = paid(kopi_kita, MONDAY_NOON)
    failed = factories.make_payment(kopi_kita, status="failed", slug="x" * 22)
    imported = factories.make_payment(kopi_kita)
    paid(toko_sebelah, MONDAY_NOON)
    settle(begin(toko_sebelah, TUESDAY))
    run = begin(kopi_kita, TUESDAY)
    with rls.inside_of(kopi_kita.pk, "live"):
        settling.gather(run, None)
    settled = "settlement_status = 'settled', settled_at = now()"
    other = Posting.objects.using("operator").get(source_type="settlement").pk
    sums = f"posted_at = now(), count = 1, amount = 150000, fee = 4000, net = 146000, posting_id = {other}"
    sums += f" WHERE id = {run.pk}"
    post = "INSERT INTO transactions_settlementrun (business_id, mode, day, until, status, attempt, problem, posted_at)"
    post += " SELECT business_id, mode, day + 1, until,"
    columns = [field.column for field in Payment._meta.local_concrete_fields if not field.generated]
    new = {
        **{"id": "id + 1", "slug": f"'{'y' * 22}'", "settlement_status": "'settled'", "settled_at": "paid_at"},
        **{"settled_amount": "amount - fee"},
    }
    pay = f"INSERT INTO transactions_payment ({', '.join(columns)}) "
    pay += f"SELECT {', '.join(new.get(column, column) for column in columns)}"
    add = "INSERT INTO transactions_settledpayment (payment_id, run_id, business_id, mode) "
    add += f"SELECT id, {run.pk}, business_id, mode FROM transactions_payment WHERE id ="
    for statement, why in (
        (f"UPDATE transactions_payment SET {settled}, settled_amount = amount - fee - 1", "settled_less_its_fee"),
        (f"UPDATE transactions_payment SET {settled}, settled_amount = amount - fee", "is settled by no settlement"),
        (f"{add} {failed.pk}", "waits for no settlement"),
        (f"{add} {imported.pk}", "waits for no settlement"),
        ("UPDATE transactions_settlementrun SET posted_at = now()", "and has 1 of 150000 less 4000"),
        (f"UPDATE transactions_settlementrun SET {sums}", f"of 146000 names posting {other}, which brought 0 by it"),
        (f"{post} 'done', 0, '', now() FROM transactions_settlementrun", "begins without a posting"),
        (f"{pay} FROM transactions_payment", "was paid here, and begins unsettled"),
    ):
        is_of_payment = statement.startswith(("UPDATE transactions_payment ", pay))
        statement += f" WHERE id = {payment.pk}" if is_of_payment else ""
        with (
            rls.inside_of(kopi_kita.pk, "live"),
            pytest.raises(DatabaseError, match=why),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    assert settle(run).net == 146_000


def test_nobody_posts_a_settlement_to_which_somebody_adds(kopi_kita):
    """trust: L3. The sum of one that is posted would be without it, for neither sees what the other has written."""
    payment, run = paid(kopi_kita, MONDAY_NOON), begin(kopi_kita, TUESDAY)
    post = "SELECT FROM transactions_settlementrun WHERE id = %s FOR NO KEY UPDATE NOWAIT"  # as an UPDATE locks it
    with rls.inside_of(kopi_kita.pk, "live"), transaction.atomic(), connect("superuser") as other:
        SettledPayment.objects.create(business=kopi_kita, mode="live", payment=payment, run=run)
        with pytest.raises(LockNotAvailable):
            other.execute(post, [run.pk])
    with connect("superuser") as other:
        other.execute(post, [run.pk])


# --- The fees behind an invoice -------------------------------------------------------------------------------------


def test_a_deep_page_of_fees_reads_no_month_from_its_start(kopi_kita):
    for day in (TUESDAY, WEDNESDAY):
        for minute in range(3):
            paid(kopi_kita, MONDAY_NOON + timedelta(days=day.day - 2, minutes=minute), fee=4_000 + minute)
        settle(begin(kopi_kita, day))
    hour = timedelta(hours=1)
    month = fees.Time(kopi_kita, "live", clock.now() - hour, clock.now() + hour, "Asia/Jakarta")
    with rls.inside_of(kopi_kita.pk, "live"):
        pages, after = [], None
        while some := month.behind(after=after, most=2):
            pages.append(some)
            after = some[-1].place
        told = [fee.source_id for page in pages for fee in page]
        assert sorted(told) == sorted(Payment.objects.values_list("pk", flat=True))
        assert told == [fee.source_id for fee in month.all_behind()]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
            rows = month._rows(f"EXPLAIN {fees.BEHIND}", month.position(after, 2), "default")
    plan = "\n".join(row[0] for row in rows)
    of_entries = next(line for line in plan.splitlines() if "Index Cond" in line and "created_at" in line)
    assert f"{after[0]:%M:%S.%f}".rstrip("0") in of_entries
    assert "payment_id > " in plan
    assert SettledPayment.objects.using("operator").count() == 6
