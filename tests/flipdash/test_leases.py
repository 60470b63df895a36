"""Leased work of every kind: killed, late, worn out, without a broker, and when the clock steps back (trust: Z)."""

import time
from datetime import timedelta
from threading import Thread, current_thread

import pytest
from django.db import Error, connections, transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from kombu.exceptions import OperationalError

from documents.invoices import services as invoices
from flipdash import clock, leases, leases_of_many, mail, processes, tasks
from flipdash.celery import app
from flipdash.models import Message
from flipdash.operations import measures
from tests.leased import MAKERS, let_time_pass, step_the_clock_back
from transactions.outgoing import orders
from transactions.payments import settling

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("files"),
]
HOUR = timedelta(hours=1)


@pytest.fixture
def woken(monkeypatch):
    """The names of the workers that were woken; nobody hears of it."""
    names: list[str] = []
    monkeypatch.setattr(leases.Worker, "wake", lambda worker: names.append(worker.name))
    return names


@pytest.fixture(params=sorted(MAKERS))
def worker(request, woken, monkeypatch):
    worker = leases.workers[request.param]
    monkeypatch.setattr(worker, "_tidy", None)
    monkeypatch.setattr(worker, "most_attempts", min(worker.most_attempts, 12))  # some may be tried for weeks
    if isinstance(worker, leases_of_many.ManyWorker):
        monkeypatch.setattr(worker, "together", 1)  # with many: tests/transactions/test_outgoing_together.py
    return worker


@pytest.fixture
def row(worker, admin):
    """A row that waits."""
    return MAKERS[worker.name](admin)


def state_of(worker, row):
    return worker.rows.values_list("status", "attempt", "problem").get(pk=row.pk)


def all_of(worker, row):
    return worker.rows.filter(pk=row.pk).values().get()


def test_every_worker_is_tested_here():
    assert set(leases.workers) == set(MAKERS)


def test_a_row_wakes_its_worker_and_is_leased_once(worker, row, woken):
    assert woken == [worker.name]
    mine = worker.claim()
    assert (mine.pk, mine.attempt, mine.finished_at) == (row.pk, 1, None)
    assert clock.now() < mine.lease_until
    assert worker.claim() is None
    assert worker.claim(row.pk) is None


def test_a_killed_workers_row_goes_on_within_a_minute(worker, row, woken, settings):
    """trust: Z1. Killed between its claim and its first word."""
    lost = worker.claim()
    period = settings.CELERY_BEAT_SCHEDULE["sweep"]["schedule"]
    assert lost.lease_until + timedelta(seconds=period) < clock.now() + timedelta(seconds=60)
    worker.sweep()
    assert worker.claim() is None, "it may still be at work"
    let_time_pass(worker)
    woken.clear()
    worker.sweep()
    assert woken == [worker.name]
    taken_over = worker.claim()
    assert (taken_over.pk, taken_over.attempt, taken_over.status) == (row.pk, 2, lost.status)


def test_a_worker_that_comes_back_after_its_lease_was_taken_changes_nothing(worker, row):
    lost = worker.claim()
    let_time_pass(worker)
    assert worker.claim()
    before = all_of(worker, row)
    for act in (
        lambda: worker.note(lost, problem="late"),
        lambda: worker.finish(lost, worker.model.Status.FAILED, problem="late"),
        lambda: worker.hold(lost),
    ):
        with pytest.raises(leases.Stopped), transaction.atomic(using=worker.using):
            act()
    worker._again(lost)
    worker._fail(lost, "late")
    assert all_of(worker, row) == before


def test_what_a_late_worker_does_is_stopped_without_a_word_in_the_row(worker, row, monkeypatch):
    def lose_it(late):
        let_time_pass(worker)
        assert worker.claim()
        raise RuntimeError("too late to matter")

    monkeypatch.setattr(worker, "_run", lose_it)
    assert worker.work()
    _status, attempt, problem = state_of(worker, row)
    assert (attempt, problem) == (2, "")


def test_a_lease_is_renewed_while_the_work_runs_and_one_that_cannot_be_is_lost(worker, row, settings, monkeypatch):
    settings.LEASE_SECONDS = 1
    taken, mine = [], worker.mine

    def work_long(row):
        time.sleep(1.6)
        taken.append(worker.claim())
        worker.note(row, problem="noted")

    def broken_in_threads(row):
        if current_thread().name.startswith("lease of"):
            raise Error("the connection is gone")
        return mine(row)

    monkeypatch.setattr(worker, "_run", work_long)
    worker.work()
    assert taken == [None]
    assert state_of(worker, row)[1:] == (1, "noted")

    let_time_pass(worker)
    worker.rows.update(problem="")
    monkeypatch.setattr(worker, "mine", broken_in_threads)
    worker.work()
    assert taken[1].attempt == 3
    assert state_of(worker, row)[1:] == (3, ""), "its late word was not taken"


def test_a_clock_that_steps_back_neither_stops_work_nor_does_it_twice(worker, row, woken):
    """The rows look as if all of it came an hour later; then the clock goes on from there."""
    step_the_clock_back(worker, HOUR)
    mine = worker.claim()
    assert mine, "what waits doesn't wait for the clock to catch up"
    step_the_clock_back(worker, HOUR)
    worker.sweep()
    assert worker.claim() is None, "its worker may be alive, and gets time to say so"
    assert worker.rows.get(pk=row.pk).lease_until < clock.now() + timedelta(seconds=60)
    worker.note(mine)

    worker._again(mine)
    step_the_clock_back(worker, HOUR)
    assert worker.claim() is None
    worker.sweep()
    assert worker.rows.get(pk=row.pk).due_at <= clock.now() + max(worker.wait, worker.longest_rest)
    assert state_of(worker, row)[1] == 1


def test_what_is_begun_anew_doesnt_wait_for_the_clock_to_catch_up(worker, row, woken):
    worker.rows.update(attempt=0, due_at=Now())
    step_the_clock_back(worker, HOUR)
    worker.sweep()
    assert worker.rows.get(pk=row.pk).due_at <= clock.now() + max(worker.wait, worker.longest_rest)


def test_since_when_a_row_waits_is_measured(worker, row, monkeypatch):
    """What waits for its first attempt since nobody knows when would be well for ever."""
    worker.rows.update(due_at=None)
    monkeypatch.setattr(measures, "Now", lambda: Now() + HOUR)
    name = worker.name.replace(" ", "_")
    (queue,) = (one for one in measures.all_of_them() if isinstance(one, measures.Queue) and one.name == name)
    waiting, oldest = queue.read()
    assert waiting >= 1
    assert oldest >= HOUR.total_seconds()


@pytest.mark.parametrize(
    ("name", "begin_anew"),
    [
        ("mails", lambda _row: mail.send_again(Message.objects.all())),
        ("invoices", lambda _row: invoices.try_again()),
        ("orders", orders.ask_again),
        ("settlements", settling.try_again),
    ],
)
def test_what_is_begun_anew_waits_since_then(admin, woken, name, begin_anew):
    """Not since it was made, which may be weeks ago: it would be late before a worker could have begun."""
    worker = leases.workers[name]
    row = MAKERS[name](admin)
    worker._fail(worker.claim(row.pk), "error")
    begin_anew(row)
    begun = worker.rows.get(pk=row.pk)
    assert begun.finished_at is None
    assert begun.due_at > begun.created_at
    assert worker.due().filter(pk=row.pk).exists()


def test_a_failure_is_tried_again_later_and_in_the_end_said_in_plain_words(worker, row, monkeypatch):
    monkeypatch.setattr(worker, "_run", lambda row: 1 / 0)
    for attempt in range(1, worker.most_attempts + 1):
        assert state_of(worker, row)[1:] == (attempt - 1, "")
        assert worker.work()
        found = worker.rows.get(pk=row.pk)
        if attempt < worker.most_attempts:
            wait = min(worker.wait * 2 ** (attempt - 1), worker.longest_wait)
            if worker.name == "orders":  # a bank that is back is tried within the hour
                wait = min(wait, timedelta(hours=1))
            assert wait - timedelta(seconds=30) < found.due_at - clock.now() <= wait
            assert not worker.work(), "it waits"
            let_time_pass(worker)
    assert (found.status, found.problem) == ("failed", "error")
    assert found.finished_at
    assert found.problem_in_words in map(str, worker.model.PROBLEMS.values())
    assert not worker.work()


def test_what_kills_every_worker_is_given_up_by_the_sweep_and_says_so(worker, row):
    for _attempt in range(worker.most_attempts):
        assert worker.claim()
        let_time_pass(worker)
    worker.sweep()
    found = worker.rows.get(pk=row.pk)
    assert (found.status, found.problem, found.attempt) == ("failed", "error", worker.most_attempts)
    assert (found.lease_until, bool(found.finished_at)) == (None, True)


def test_without_a_broker_a_row_waits_for_the_sweep(worker, admin, monkeypatch):
    """trust: Z3."""
    monkeypatch.undo()
    sent: list[str] = []

    def no_broker(*args, **kwargs):
        raise OperationalError("gone")

    monkeypatch.setattr(app, "send_task", no_broker)
    MAKERS[worker.name](admin)
    monkeypatch.setattr(app, "send_task", lambda task, args, queue, expires: sent.append((task, args, queue)))
    worker.sweep()
    assert sent == [(tasks.work.name, [worker.name], worker.queue)]


def test_whoever_works_wakes_another_one_for_what_waits_besides(
    worker, row, admin, stranger, woken, monkeypatch, settings
):
    settings.WORKERS = 4  # more than one bank's share
    monkeypatch.setattr("flipdash.mail.A_TURN", 0)  # seconds: a turn sends one
    monkeypatch.setattr(worker, "_run", lambda row: None)
    MAKERS[worker.name](stranger)
    woken.clear()
    worker.work()
    assert set(woken) == {worker.name}, "workers of many look twice"
    woken.clear()
    worker.work()
    assert woken == [], "nothing else waits"


def test_a_sweep_waits_for_no_row_that_somebody_holds(worker, row):
    """A third attempt whose lease can't be renewed, since its rows are just going in."""
    for _attempt in range(worker.most_attempts):
        let_time_pass(worker)
        mine = worker.claim()
    let_time_pass(worker)
    began, swept = time.monotonic(), []

    def sweep():
        worker.sweep()
        swept.append(worker.claim())
        connections.close_all()

    with transaction.atomic(using=worker.using):
        worker.hold(mine)
        other = Thread(target=sweep)
        other.start()
        other.join(timeout=10)
        worker.finish(mine, worker.model.Status.FAILED, problem="mine")
    assert (swept, time.monotonic() - began < 10) == ([None], True)
    assert state_of(worker, row) == ("failed", worker.most_attempts, "mine")


def test_a_kind_of_work_whose_sweep_fails_keeps_no_other_waiting(monkeypatch):
    swept = []

    def sweep(worker):
        swept.append(worker.name)
        raise RuntimeError

    monkeypatch.setattr(leases.Worker, "sweep", sweep)
    monkeypatch.setattr(leases, "unfinished", lambda: set(leases.workers))
    tasks.sweep()
    assert swept == list(leases.workers)


def test_a_table_that_fails_keeps_no_other_waiting(monkeypatch):
    """One statement asks all tables: where one fails, each is asked alone."""

    class Broken(leases.Worker):
        @property
        def rows(self):
            return super().rows.extra(where=["no_such_column"])

    monkeypatch.setitem(leases.workers, "broken", Broken("broken", Message))
    swept = []
    sweep = leases.Worker.sweep
    monkeypatch.setattr(leases.Worker, "sweep", lambda worker: (sweep(worker), swept.append(worker.name)))
    tasks.sweep()
    assert set(swept) == {name for name, worker in leases.workers.items() if worker.using == "default"} - {"broken"}


def test_what_waits_is_swept(worker, row, monkeypatch):
    swept = []
    monkeypatch.setattr(leases.Worker, "sweep", lambda worker: swept.append(worker.name))
    tasks.sweep()
    assert worker.name in swept
    assert set(swept) < set(leases.workers), "and what has no work isn't"


def test_a_sweep_for_nothing_asks_one_statement_of_each_connection_and_tidies(monkeypatch):
    """It runs every half minute on every machine, also where nobody is."""
    tidied = []
    monkeypatch.setattr(leases.Worker, "tidy", lambda worker: tidied.append(worker.name))
    with (
        CaptureQueriesContext(connections["default"]) as first,
        CaptureQueriesContext(connections["operator"]) as second,
    ):
        tasks.sweep()
    assert tidied == list(leases.workers)
    assert 1 <= len(first) + len(second) <= 2


def test_a_task_works_on_what_it_is_named_for(worker, row, monkeypatch):
    worked = []
    monkeypatch.setattr(worker, "_run", worked.append)
    tasks.work(worker.name)
    assert [found.pk for found in worked] == [row.pk]


def test_the_tasks_and_their_messages_go_to_our_broker(settings):
    """Were our Celery application not loaded, a web process would look for RabbitMQ on this machine."""
    assert tasks.work.app is app
    assert app.conf.broker_url == settings.CELERY_BROKER_URL


def test_every_queue_is_served_by_a_worker(settings):
    command = processes.worker()
    queues = command[command.index("--queues") + 1].split(",")
    assert {worker.queue for worker in leases.workers.values()} <= set(queues)
    asked = {task["options"].get("queue", "default") for task in settings.CELERY_BEAT_SCHEDULE.values()}
    assert asked == {"default", "callbacks"}
    assert "--queues callbacks" in " ".join(processes.sender())


STOPPABLE = [name for name in sorted(MAKERS) if "CANCELLED" in leases.workers[name].model.Status.__members__]


@pytest.mark.parametrize("worker", STOPPABLE, indirect=True)
def test_what_somebody_stops_is_stopped_once_and_for_its_worker_too(worker, row):
    mine = worker.claim()
    assert worker.cancel(row)
    assert not worker.cancel(row), "once"
    with pytest.raises(leases.Stopped):
        worker.note(mine)
    assert state_of(worker, row)[0] == "cancelled"


@pytest.mark.parametrize("worker", STOPPABLE, indirect=True)
def test_stopping_what_is_just_being_finished_is_answered_and_refused(worker, row):
    mine = worker.claim()
    answers: list[bool] = []

    def cancel():
        answers.append(worker.cancel(row))
        connections.close_all()

    with transaction.atomic(using=worker.using):
        worker.hold(mine)
        person = Thread(target=cancel)
        person.start()
        person.join(timeout=10)
        assert answers == [False]
        worker.finish(mine, worker.model.Status.FAILED, problem="error")
    assert state_of(worker, row)[0] == "failed"
