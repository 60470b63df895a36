"""Beat queues a sweep only where something waits for it, and each now and then whatever waits."""

from datetime import timedelta

import pytest
from celery.beat import PersistentScheduler
from django.conf import settings as ours
from django.db import OperationalError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from accounts.activity import recording
from deposits.models import TopUp
from developer.callbacks import health
from developer.models import Callback
from documents.models import Report, ScheduledReport, ScheduleRun
from flipdash import clock, events, rls
from flipdash.celery import app
from flipdash.mode import Mode
from flipdash.models import Message
from flipdash.operations import figures, heartbeats, needs
from tests import factories
from tests.transactions.sending import fund, held
from transactions.models import RailOrder, Refund, SeriesRun
from transactions.outgoing import covering, orders
from transactions.transfers.series import running

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])  # the operator sees commits

SWEEP, SEAL, LISTS = "flipdash.tasks.sweep", "accounts.tasks.seal_activity", "flipdash.tasks.clean_search_lists"
TOP_UPS, CALLBACKS = "deposits.tasks.sweep_top_ups", "developer.tasks.sweep_callbacks"
SCHEDULES = "documents.tasks.run_schedules"


def _failed():
    return {"status": "failed", "finished_at": clock.now()}


@pytest.fixture(autouse=True)
def just_swept(monkeypatch):
    """Let all have been queued a moment ago, and nothing have been asked yet."""
    monkeypatch.setattr(needs, "_answers", needs._Answers())
    for sweep in needs._sweeps.values():
        monkeypatch.setattr(sweep, "queued_at", needs.monotonic())


def test_what_comes_every_few_seconds_is_asked_for_first():
    often = {entry["task"] for entry in ours.CELERY_BEAT_SCHEDULE.values() if entry["schedule"] <= 10}
    assert often == set(needs._sweeps) == {SWEEP, SEAL, LISTS, TOP_UPS, CALLBACKS, SCHEDULES}


def test_nothing_is_needed_where_nothing_waits():
    assert [task for task in needs._sweeps if task != LISTS and needs.is_needed(task)] == []


def test_each_is_needed_where_nobody_has_swept_for_long(monkeypatch):
    for sweep in needs._sweeps.values():
        monkeypatch.setattr(sweep, "queued_at", needs.monotonic() - needs.ANYWAY)
    assert all(map(needs.is_needed, needs._sweeps))
    assert not needs.is_needed(SWEEP), "it has been queued a moment ago"


def test_what_declared_nothing_is_always_needed():
    assert needs.is_needed("documents.tasks.issue_invoices")


def test_a_mail_that_waits_needs_the_sweep_and_one_that_is_sent_does_not():
    mail = Message.objects.create(channel=Message.Channel.MAIL, to="a@b.test", subject="Hello", text="Hello")
    assert needs.is_needed(SWEEP)
    assert not needs.is_needed(TOP_UPS)
    Message.objects.filter(pk=mail.pk).update(due_at=clock.now() + timedelta(hours=1))
    assert not needs.is_needed(SWEEP)


def test_an_entry_that_is_not_sealed_needs_the_sealer(kopi_kita):
    admin = factories.make_member(kopi_kita)
    with rls.inside_of(kopi_kita.pk, Mode.LIVE):
        events.record(admin.scope(Mode.LIVE), "password.changed", admin.user)
    assert needs.is_needed(SEAL)
    recording.seal()
    assert not needs.is_needed(SEAL)


def test_a_payment_that_the_bank_reports_now_needs_the_sweep_of_top_ups(kopi_kita):
    admin = factories.make_member(kopi_kita)
    factories.make_top_up(admin)
    assert not needs.is_needed(TOP_UPS)
    with rls.inside_of(kopi_kita.pk, Mode.LIVE):
        TopUp.objects.update(simulated_at=clock.now())
    assert needs.is_needed(TOP_UPS)


def test_a_callback_that_is_due_needs_its_sweep(kopi_kita):
    admin = factories.make_member(kopi_kita)
    factories.make_callback(factories.make_callback_url(admin))
    assert needs.is_needed(CALLBACKS)


def test_a_schedule_that_is_due_and_a_report_of_one_that_has_ended_need_their_task(kopi_kita):
    admin = factories.make_member(kopi_kita)
    schedule = factories.make_schedule(admin)
    with rls.inside_of(kopi_kita.pk, Mode.LIVE):
        report = factories.make_report(admin)
        factories.make_run(schedule, report, status=ScheduleRun.Status.MAKING)
        assert not needs.is_needed(SCHEDULES)
        Report.objects.update(status=Report.Status.CANCELLED)
        assert needs.is_needed(SCHEDULES)
        ScheduleRun.objects.update(status=ScheduleRun.Status.SENT)
        assert not needs.is_needed(SCHEDULES)
        ScheduledReport.objects.update(next_at=clock.now())
    assert needs.is_needed(SCHEDULES)


def test_callbacks_that_are_held_back_need_their_sweep_once_their_url_is_well(kopi_kita):
    to = factories.make_callback_url(factories.make_member(kopi_kita))
    for _ in range(3):
        factories.make_callback(to, status="paused", due_at=None)
    urls = type(to).objects.using("operator")
    urls.update(paused_at=clock.now(), paused_why="failing")
    assert not needs.is_needed(CALLBACKS)
    urls.update(paused_at=None, paused_why="")
    assert needs.is_needed(CALLBACKS)


def test_each_batch_of_what_is_held_back_needs_the_next_one(kopi_kita, monkeypatch):
    monkeypatch.setattr(health, "RELEASED", 2)
    to = factories.make_callback_url(factories.make_member(kopi_kita))
    for _ in range(3):
        factories.make_callback(to, status="paused", due_at=None)
    sent = Callback.objects.using("operator").exclude(status="paused")
    asked = []
    for _ in range(2):
        health.sweep()
        sent.update(status="delivered", due_at=None, delivered_at=clock.now())  # by the sender, at once
        asked.append(bool(needs.is_needed(CALLBACKS)))
    assert asked == [True, False]


def test_orders_that_were_given_up_need_the_sweep_until_somebody_is_asked_about_each(kopi_kita):
    for _ in range(3):
        transfer = held(kopi_kita)
        values = {"source": "money_transfer", "source_id": transfer.pk, "key": f"key-{transfer.pk}", "attempt": 12}
        with rls.inside_of(kopi_kita.pk, Mode.LIVE):
            RailOrder.objects.create(
                business=kopi_kita, mode=Mode.LIVE, rail="simulator", bank="bca", **values, **_failed()
            )
    asked = []
    for _ in range(2):
        assert needs.is_needed(SWEEP)
        orders.open_cases_of_given_up(most=2)
        asked.append(bool(needs.is_needed(SWEEP)))
    assert asked == [True, False]


def test_a_day_of_a_series_that_could_not_be_made_needs_the_sweep_until_its_maker_is_told(kopi_kita):
    series = factories.make_series(factories.make_member(kopi_kita))
    with rls.inside_of(kopi_kita.pk, Mode.LIVE):
        SeriesRun.objects.create(
            business=kopi_kita, mode=Mode.LIVE, series=series, day=series.first_day, problem="account", **_failed()
        )
    assert needs.is_needed(SWEEP)
    running.tidy()
    Message.objects.all().delete()  # which would need it too
    assert not needs.is_needed(SWEEP)


def test_a_transfer_of_which_the_day_has_come_needs_the_sweep(kopi_kita):
    factories.make_transfer(kopi_kita, status="scheduled", send_at=clock.now())
    assert needs.is_needed(SWEEP)


def test_what_waits_for_the_deposit_needs_the_sweep_once_there_is_enough(kopi_kita, toko_sebelah):
    refund = factories.make_refund(kopi_kita, status="waiting", amount=15_000, fee=2_500)
    fund(toko_sebelah)
    Message.objects.all().delete()
    assert not needs.is_needed(SWEEP)
    fund(kopi_kita, 17_499)
    assert not needs.is_needed(SWEEP), "the fee is short of a rupiah"
    fund(kopi_kita, 1)
    assert needs.is_needed(SWEEP)
    covering.go_on()
    assert Refund.objects.using("operator").get(pk=refund.pk).status != "waiting"


def test_what_is_asked_does_not_know_who_works_at_this_moment(kopi_kita):
    """The statement is put together once: a bank that had its share of workers then may have none now."""
    transfer = held(kopi_kita)
    values = {"business": kopi_kita, "mode": Mode.LIVE, "source": "money_transfer", "rail": "simulator", "bank": "bca"}
    now = clock.now()
    busy = {"status": "sending", "attempt": 1, "started_at": now, "lease_until": now + timedelta(minutes=1)}
    with rls.inside_of(kopi_kita.pk, Mode.LIVE):
        RailOrder.objects.create(**values, source_id=transfer.pk, key="one", **busy)
    assert not needs.is_needed(SWEEP)
    other = held(kopi_kita)
    with rls.inside_of(kopi_kita.pk, Mode.LIVE):
        RailOrder.objects.create(**values, source_id=other.pk, key="two")
    assert needs.is_needed(SWEEP)


def test_sweeps_that_are_due_in_one_moment_are_asked_for_at_once_by_a_statement_that_is_planned_once():
    figures.has_news_to_search()
    needs.is_needed(SWEEP)
    with CaptureQueriesContext(connections["operator"]) as asked:
        for task in needs._sweeps:
            needs.is_needed(task)
    (rows,) = {needs._answers.statement.name}
    said = [query["sql"] for query in asked if not query["sql"].startswith(("BEGIN", "COMMIT", "SELECT set_config"))]
    assert sorted(said) == sorted([f"EXECUTE {rows}", f"EXECUTE {figures.WRITTEN.name}"])


def test_an_answer_counts_once_and_for_a_moment_only(kopi_kita, monkeypatch):
    assert not needs.is_needed(TOP_UPS)
    Message.objects.create(channel=Message.Channel.MAIL, to="a@b.test", subject="Hello", text="Hello")
    assert not needs.is_needed(SWEEP), "asked along with the sweep of top-ups"
    assert needs.is_needed(SWEEP)
    Message.objects.all().delete()
    monkeypatch.setattr(needs._answers, "asked_at", needs.monotonic() - needs.FRESH)
    assert not needs.is_needed(TOP_UPS)
    assert not needs.is_needed(SWEEP)


def test_a_connection_that_was_lost_is_told_the_statement_again():
    assert not needs.is_needed(SWEEP)
    connections["operator"].close()
    assert not needs.is_needed(SWEEP)


def test_a_table_that_is_being_changed_holds_beat_up_for_a_moment_only(kopi_kita, monkeypatch):
    monkeypatch.setattr(needs, "PATIENCE_MS", 100)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE flipdash_message IN ACCESS EXCLUSIVE MODE")
        assert needs.is_needed(SWEEP) is needs.Why.WAITS


def test_without_a_database_nothing_is_held_back(monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("away")

    monkeypatch.setattr(connections["operator"], "cursor", away)
    assert needs.is_needed(SWEEP)


def test_beat_queues_what_is_needed_and_nothing_else(tmp_path, monkeypatch):
    queued = []
    monkeypatch.setattr(
        PersistentScheduler, "apply_entry", lambda self, entry, producer=None: queued.append(entry.task)
    )
    beat = heartbeats.Scheduler(app=app, schedule_filename=str(tmp_path / "schedule"))
    for entry in beat.schedule.values():
        beat.apply_entry(entry)
    assert not {SWEEP, SEAL, TOP_UPS, CALLBACKS, SCHEDULES} & set(queued)
    assert "documents.tasks.issue_invoices" in queued


def test_what_is_queued_because_nobody_was_for_long_waits_for_a_worker_that_is_busy(tmp_path, monkeypatch):
    queued = {}
    monkeypatch.setattr(PersistentScheduler, "apply_entry", lambda self, entry, **_: queued.update({entry.task: entry}))
    monkeypatch.setattr(needs._sweeps[SWEEP], "queued_at", needs.monotonic() - needs.ANYWAY)
    beat = heartbeats.Scheduler(app=app, schedule_filename=str(tmp_path / "schedule"))
    entry = beat.schedule["sweep"]
    beat.apply_entry(entry)
    assert queued[SWEEP].options["expires"] == needs.ANYWAY
    assert entry.options["expires"] == 2


def test_lists_are_cleaned_only_after_something_was_written(kopi_kita):
    figures.has_news_to_search()
    assert not figures.has_news_to_search()
    factories.make_transfer(kopi_kita)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT 1")
    assert figures.has_news_to_search()
