"""Callbacks are sent: once due, many hosts at once, few calls at each, again when they fail (trust: C1, C3, C4, C7)."""

import threading
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic, sleep
from urllib.parse import parse_qs

import pytest
from django.db import DatabaseError, OperationalError, connections, transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.models import Activity
from developer.callbacks import claims, fetch, health, outbox, schedule, sending, testing
from developer.callbacks.fetch import Answer, Problem
from developer.callbacks.sending import Sender
from developer.keys import services as keys
from developer.models import Callback, CallbackAttempt, CallbackEvent, CallbackUrl
from flipdash import rls, sealing
from flipdash.models import Message
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])

OK = Answer(0.01, 200, b"ok")
BAD = Answer(0.01, 500, b"no")
GONE = Answer(0.01, 410, b"gone")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(sending, "REST", 0.0)
    monkeypatch.setattr(sending, "PATIENCE", 0.02)


@pytest.fixture
def to(admin):
    return factories.make_callback_url(admin)


class Web:
    """All hosts: notes what they were sent, and answers as it was told, by a piece of the URL."""

    def __init__(self, **answers) -> None:
        self.answers = answers
        self.got: list[tuple[str, bytes, dict[str, str]]] = []

    def __call__(self, url, mode, body, headers, *, within):
        self.got.append((url, body, headers))
        for piece, answer in self.answers.items():
            if piece in url:
                return answer() if callable(answer) else answer
        return OK

    @property
    def ids(self):
        return [headers["webhook-id"] for _url, _body, headers in self.got]


def row(callback) -> Callback:
    return Callback.objects.using("operator").get(pk=callback.pk)


def url_row(to) -> CallbackUrl:
    return CallbackUrl.objects.using("operator").get(pk=to.pk)


def attempts(callback):
    return list(CallbackAttempt.objects.using("operator").filter(callback=callback).order_by("n"))


def make_due(callback=None):
    rows = Callback.objects.using("operator").exclude(due_at=None)
    (rows.filter(pk=callback.pk) if callback else rows).update(due_at=Now())


def aged(to, by: timedelta) -> None:
    """Let a URL have been failing for so long."""
    CallbackUrl.objects.using("operator").filter(pk=to.pk).update(
        failing_since=F("failing_since") - by, last_failure_at=Now()
    )


def test_a_callback_that_arrives_is_delivered_and_its_attempt_says_how(to, scope):
    callback = factories.make_callback(to)
    web = Web()
    Sender(web).send_due()
    sent, (attempt,) = row(callback), attempts(callback)
    assert (sent.status, sent.attempt, sent.last_code, sent.due_at) == ("delivered", 1, "200", None)
    assert sent.delivered_at
    assert (attempt.n, attempt.code, attempt.answer, attempt.url) == (1, "200", "ok", to.url)
    assert attempt.seconds == pytest.approx(0.01)
    assert url_row(to).last_success_at
    ((url, body, headers),) = web.got
    assert url == to.url
    with rls.inside(scope):
        token = keys.token(scope)
    assert parse_qs(body.decode()) == {"data": [callback.data], "token": [token]}
    assert headers["webhook-id"] == str(callback.pk)
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_each_business_and_mode_has_its_own_token_and_secret(admin, stranger):
    targets = [factories.make_callback_url(who, mode=mode) for who in (admin, stranger) for mode in ("live", "test")]
    for target in targets:
        factories.make_callback(target)
    web = Web()
    Sender(web).send_due()
    assert len({parse_qs(body.decode())["token"][0] for _url, body, _headers in web.got}) == 4
    assert len({headers["webhook-signature"] for _url, _body, headers in web.got}) == 4


def test_what_fails_is_tried_again_by_the_schedule_and_with_the_same_bytes(to):
    callback = factories.make_callback(to)
    web = Web(kopikita=BAD)
    sender = Sender(web)
    waits = []
    for tried in range(1, 13):
        sender.send_due()
        sent = row(callback)
        assert (sent.status, sent.tried, sent.last_code) == ("retrying", tried, "500")
        waits.append((sent.due_at - sent.last_at) / schedule.WAITS[tried - 1])
        make_due()
    assert all(0.79 < wait < 1.21 for wait in waits)
    assert len(set(waits)) == len(waits)
    assert len({body for _url, body, _headers in web.got}) == 1
    assert set(web.ids) == {str(callback.pk)}
    assert sum(schedule.WAITS, timedelta()) == timedelta(hours=75, minutes=40)


def test_nothing_is_sent_before_it_is_due(to):
    callback = factories.make_callback(to)
    web = Web(kopikita=BAD)
    sender = Sender(web)
    sender.send_due()
    sender.send_due()
    assert len(web.got) == row(callback).attempt == 1


def test_at_the_end_of_the_schedule_it_fails_only_if_the_url_takes_others(to):
    callback = factories.make_callback(to)
    Callback.objects.using("operator").update(tried=len(schedule.WAITS))
    web = Web(kopikita=BAD)
    Sender(web).send_due()
    assert row(callback).status == "retrying"
    assert row(callback).due_at - row(callback).last_at > timedelta(hours=19)
    CallbackUrl.objects.using("operator").update(last_success_at=Now())
    make_due()
    Sender(web).send_due()
    assert (row(callback).status, row(callback).due_at) == ("failed", None)


@pytest.mark.parametrize("event", [CallbackEvent.INQUIRY, CallbackEvent.BANK_STATUS])
def test_what_is_soon_out_of_date_is_sent_once(admin, event):
    callback = factories.make_callback(factories.make_callback_url(admin, event))
    Sender(Web(kopikita=BAD)).send_due()
    assert row(callback).status == "failed"


@pytest.mark.parametrize(
    ("answer", "code", "problem"),
    [
        (Answer(0.0, 302), "302", ""),
        (Answer(0.0, 404), "404", ""),
        (Answer(30.0, problem=Problem.TIMEOUT), "", "timeout"),
        (Answer(0.0, problem=Problem.ADDRESS), "", "address"),
    ],
    ids=str,
)
def test_anything_but_2xx_is_a_failure(to, answer, code, problem):
    callback = factories.make_callback(to)
    Sender(Web(kopikita=answer)).send_due()
    sent = row(callback)
    assert (sent.status, sent.last_code, sent.last_problem) == ("retrying", code, problem)
    assert url_row(to).failing_since


def test_an_answer_of_any_bytes_is_kept_as_text(to):
    callback = factories.make_callback(to)
    Sender(Web(kopikita=Answer(0.0, 500, b"\x00\xff<script>" + "é".encode()[:1]))).send_due()
    assert attempts(callback)[0].answer == "\ufffd\ufffd<script>\ufffd"


# --- Places at a host --------------------------------------------------------------------------------------------


class Hanging(Web):
    """Hosts that answer only when they are told to; counts who was there at once."""

    def __init__(self, **answers) -> None:
        super().__init__(**answers)
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.lock, self.go = threading.Lock(), threading.Event()

    def __call__(self, url, mode, body, headers, *, within):
        host = url.split("/")[2]
        with self.lock:
            self.now[host] += 1
            self.most[host] = max(self.most[host], self.now[host])
        if "hang" in url:
            self.go.wait(10)
        with self.lock:
            self.now[host] -= 1
        return super().__call__(url, mode, body, headers, within=within)


@contextmanager
def sending_to(web):
    """Let a sender work in a thread; at the end all hosts answer, and it is done."""

    def go():
        try:
            Sender(web).send_due()
        finally:
            connections.close_all()

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield
    finally:
        web.go.set()
        thread.join(20)
        assert not thread.is_alive()


def wait_until(is_so, seconds=10.0):
    ends = monotonic() + seconds
    while not is_so():
        assert monotonic() < ends
        sleep(0.01)


def test_a_host_gets_four_at_once_and_the_others_dont_wait_for_it(admin, stranger):
    slow = factories.make_callback_url(admin, url="https://hang.example.com/a")
    fine = factories.make_callback_url(stranger, url="https://fine.example.com/b")
    for _ in range(10):
        factories.make_callback(slow)
    for _ in range(10):
        factories.make_callback(fine)
    web, other = Hanging(), Web()
    with sending_to(web):
        wait_until(lambda: len(web.got) == 10)
        assert {url for url, _body, _headers in web.got} == {fine.url}
        assert web.most["hang.example.com"] == claims.AT_ONE_HOST
        Sender(other).send_due()  # in another process, say
        assert not other.got
    assert len(web.got) == 20
    assert web.most["hang.example.com"] == claims.AT_ONE_HOST
    assert len(set(web.ids)) == 20


def test_a_host_that_failed_lately_gets_one_at_once(admin):
    slow = factories.make_callback_url(admin, url="https://hang.example.com/a", failing_since=Now())
    for _ in range(5):
        factories.make_callback(slow)
    web = Hanging()
    with sending_to(web):
        wait_until(lambda: web.now["hang.example.com"] == 1)
        sleep(0.2)
        assert web.most["hang.example.com"] == 1
    assert len(web.got) == 5


def test_somebody_elses_failing_url_at_a_host_leaves_the_others_their_places(admin, stranger):
    bad = factories.make_callback_url(admin, url="https://shared.example.com/hang", failing_since=Now())
    good = factories.make_callback_url(stranger, url="https://shared.example.com/fine")
    for _ in range(5):
        factories.make_callback(bad)
        factories.make_callback(good)
    web = Hanging()
    with sending_to(web):
        wait_until(lambda: len(web.got) == 5)
        assert {url for url, _body, _headers in web.got} == {good.url}


def test_a_host_gets_no_more_than_its_pace(to, monkeypatch):
    monkeypatch.setattr(sending, "REST", 0.2)
    for _ in range(9):
        factories.make_callback(to)
    began = []
    sender = Sender(lambda *args, **options: began.append(monotonic()) or OK)
    sender.send_due()
    assert len(began) == 9
    assert began[4] - began[0] > 0.19
    assert began[8] - began[4] > 0.19


def test_urls_of_one_host_take_turns(admin, stranger):
    first = factories.make_callback_url(admin, url="https://shared.example.com/first")
    second = factories.make_callback_url(stranger, url="https://shared.example.com/second")
    for _ in range(8):
        factories.make_callback(first)
    factories.make_callback(second)
    calls, is_more = claims.take(room=64, failing_room=32)
    assert is_more
    assert Counter(call.url_id for call in calls) == {first.pk: 3, second.pk: 1}


@pytest.mark.parametrize("count", [1, 12])
def test_a_claim_and_a_note_are_few_statements_however_many_they_take(
    admin, stranger, django_assert_num_queries, count
):
    for who in (admin, stranger):
        for event in CallbackEvent:
            to = factories.make_callback_url(who, event, url=f"https://{event}.example.com/")
            factories.make_callback(to)
    claims.take(room=2, failing_room=0)  # makes the tokens; BEGIN and COMMIT are statements too
    with django_assert_num_queries(6, using="operator"):
        calls, _is_more = claims.take(room=count, failing_room=0)
    assert len(calls) == count
    with django_assert_num_queries(3, using="operator"):
        claims.end([claims.Ended(call, OK) for call in calls])


def test_a_claim_finds_what_is_due_by_its_index(to):
    factories.make_callback(to)
    asked = {"room": 64, "failing_room": 32, "at_host": 4, "failing_at_host": 1, "lease": 45, "resting": []}
    with transaction.atomic(using="operator"), connections["operator"].cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("EXPLAIN " + claims.TAKE, asked)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert plan.count("callback_due on developer_callback ") >= 3
    assert "Seq Scan on developer_callback" not in plan


# --- Workers that die, and a database that is away --------------------------------------------------------------


def test_what_a_dead_worker_had_is_sent_again_and_its_attempt_says_so(to, settings):
    callback = factories.make_callback(to)
    settings.CALLBACK_LEASE_SECONDS = 1
    assert len(claims.take(room=1, failing_room=1)[0]) == 1  # and it dies
    web = Web()
    Sender(web).send_due()
    assert not web.got
    CallbackAttempt.objects.using("operator").update(lease_until=Now() - timedelta(seconds=1))
    Sender(web).send_due()
    assert row(callback).status == "delivered"
    first, second = attempts(callback)
    assert (first.problem, first.code) == ("lost", "")
    assert (second.n, second.code) == (2, "200")
    assert row(callback).tried == 1


def test_whoever_lost_the_lease_changes_nothing(to):
    callback = factories.make_callback(to)
    (call,), _ = claims.take(room=1, failing_room=1)
    CallbackAttempt.objects.using("operator").update(lease_until=Now() - timedelta(seconds=1))
    Sender(Web()).send_due()
    claims.end([claims.Ended(call, BAD)])
    assert row(callback).status == "delivered"
    assert not url_row(to).failing_since
    assert [attempt.code for attempt in attempts(callback)] == ["", "200"]


def test_a_lease_made_before_the_clock_stepped_back_is_over(to):
    callback = factories.make_callback(to)
    claims.take(room=1, failing_room=1)
    CallbackAttempt.objects.using("operator").update(lease_until=Now() + timedelta(hours=1))
    Sender(Web()).send_due()
    assert row(callback).status == "delivered"


def test_what_was_answered_while_the_database_was_away_is_noted_later(to, monkeypatch):
    callbacks = [factories.make_callback(to) for _ in range(3)]
    end, calls = claims.end, []

    def away(ended):
        calls.append(len(ended))
        if len(calls) < 3:
            raise OperationalError("the connection is lost")
        end(ended)

    monkeypatch.setattr(claims, "end", away)
    web = Web()
    Sender(web).send_due()
    assert all(row(callback).status == "delivered" for callback in callbacks)
    assert len(web.got) == 3


def test_one_that_cant_be_noted_doesnt_keep_the_others_from_it(to, monkeypatch):
    bad, good = factories.make_callback(to), factories.make_callback(to)
    end = claims.end

    def picky(ended):
        if any(one.call.callback == bad.pk for one in ended):
            raise DatabaseError("no")
        end(ended)

    monkeypatch.setattr(claims, "end", picky)
    Sender(Web()).send_due()
    assert row(good).status == "delivered"
    assert row(bad).status == "waiting"


def test_a_fault_of_ours_isnt_the_receivers(to, monkeypatch):
    callback = factories.make_callback(to)

    def broken(*args):
        raise ZeroDivisionError

    monkeypatch.setattr(outbox, "body", broken)
    Sender(Web()).send_due()
    assert row(callback).status == "waiting"
    assert not url_row(to).failing_since


def test_a_secret_that_cant_be_opened_holds_up_nobody_else(admin, stranger):
    bad = factories.make_callback(factories.make_callback_url(admin, sealed_secret="s1:abc"))
    good = factories.make_callback(factories.make_callback_url(stranger))
    Sender(Web()).send_due()
    assert (row(bad).status, row(good).status) == ("waiting", "delivered")


def test_a_worker_that_is_to_stop_takes_nothing_more(to):
    factories.make_callback(to)
    web = Web()
    sender = Sender(web)
    sender.stop()
    sender.send_due()
    assert not web.got


# --- Secrets ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hours", "count"), [(1, 2), (-1, 1)])
def test_a_changed_secret_signs_beside_the_new_one_until_its_time_is_over(admin, hours, count):
    old = sealing.seal("whsec_" + "A" * 43 + "=", CallbackUrl.SECRET_SEAL)
    to = factories.make_callback_url(admin, sealed_old_secret=old, old_secret_until=Now() + timedelta(hours=hours))
    factories.make_callback(to)
    web = Web()
    Sender(web).send_due()
    assert len(web.got[0][2]["webhook-signature"].split()) == count


# --- What fails for long -----------------------------------------------------------------------------------------


def events_of(to):
    return list(Activity.objects.filter(kind__startswith="callback-url").order_by("pk").values_list("kind", flat=True))


def mails():
    return list(Message.objects.filter(subject__contains="allback").order_by("pk").values_list("to", flat=True))


def test_after_an_hour_all_admins_are_told_once(to, admin):
    factories.make_callback(to)
    Sender(Web(kopikita=BAD)).send_due()
    health.sweep()
    assert not mails()
    aged(to, timedelta(minutes=61))
    health.sweep()
    health.sweep()
    assert mails() == [admin.user.email]


def test_after_three_days_it_is_paused_with_its_queue_and_goes_on_after_a_test(to, admin, scope, monkeypatch):
    first = factories.make_callback(to)
    Sender(Web(kopikita=BAD)).send_due()
    aged(to, timedelta(days=3, minutes=1))
    health.sweep()
    assert (url_row(to).paused_why, len(mails())) == ("failing", 1)
    assert row(first).status == "paused"
    make_due()
    with rls.inside(scope):
        late = factories.make_callback(to)  # a fact that saw the URL before
    web = Web()
    Sender(web).send_due()
    assert not web.got
    health.sweep()
    assert row(late).status == "paused"
    monkeypatch.setattr(fetch, "post", lambda *args, **options: OK)
    with rls.inside(scope):
        testing.send_test(scope, url_row(to))
    health.sweep()
    Sender(web).send_due()
    assert (row(first).status, row(late).status) == ("delivered", "delivered")
    healthy = url_row(to)
    assert (healthy.paused_at, healthy.failing_since, healthy.warned_at) == (None, None, None)


@pytest.mark.parametrize(("step", "since"), [("_pause", timedelta(days=4)), ("_warn", timedelta(hours=2))])
def test_one_that_cant_be_paused_or_warned_of_keeps_no_other(to, stranger, monkeypatch, step, since):
    other = factories.make_callback_url(stranger)
    held = factories.make_callback(other, status="paused", due_at=None)
    for failing in (to, other):
        factories.make_callback(failing)
    CallbackUrl.objects.using("operator").update(failing_since=Now() - since, last_failure_at=Now())
    act, told = getattr(health, step), {"_pause": "paused_at", "_warn": "warned_at"}[step]
    monkeypatch.setattr(health, step, lambda url, *why: 1 // (url.pk != to.pk) and act(url, *why))
    health.sweep()
    assert [bool(getattr(url_row(one), told)) for one in (to, other)] == [False, True]
    assert row(held).status == ("paused" if step == "_pause" else "waiting")


def test_one_failure_long_ago_pauses_nothing(admin):
    to = factories.make_callback_url(admin, CallbackEvent.INQUIRY)
    factories.make_callback(to)
    Sender(Web(kopikita=BAD)).send_due()
    CallbackUrl.objects.using("operator").update(
        failing_since=Now() - timedelta(days=4), last_failure_at=Now() - timedelta(days=4)
    )
    health.sweep()
    assert not url_row(to).is_paused
    assert not mails()


def test_one_failure_long_ago_pauses_nothing_while_a_new_one_waits_for_its_first_attempt(admin):
    to = factories.make_callback_url(admin, CallbackEvent.INQUIRY)
    factories.make_callback(to)
    Sender(Web(kopikita=BAD)).send_due()
    long_ago = Now() - timedelta(days=4)
    CallbackUrl.objects.using("operator").update(failing_since=long_ago, last_failure_at=long_ago)
    factories.make_callback(to)
    health.sweep()
    assert not url_row(to).is_paused
    assert not mails()


@pytest.mark.parametrize("answer", [OK, BAD], ids=["success", "failure"])
def test_what_an_address_answered_that_was_changed_meanwhile_says_nothing_of_the_new_one(to, answer):
    callback = factories.make_callback(to)

    def changed():
        since = None if answer is BAD else Now() - timedelta(hours=2)
        CallbackUrl.objects.using("operator").update(
            url="https://new.example.com/", host="new.example.com", failing_since=since
        )
        return answer

    Sender(Web(kopikita=changed)).send_due()
    new = url_row(to)
    assert (new.last_success_at, new.last_failure_at) == (None, None)
    assert bool(new.failing_since) == (answer is OK)
    assert row(callback).status == ("delivered" if answer is OK else "retrying")


def test_a_success_in_between_begins_the_count_anew(to):
    factories.make_callback(to)
    Sender(Web(kopikita=BAD)).send_due()
    aged(to, timedelta(days=4))
    make_due()
    Sender(Web()).send_due()
    health.sweep()
    assert not url_row(to).is_paused
    assert not url_row(to).failing_since


def test_410_switches_off_at_once_and_keeps_the_queue(to, admin):
    callback, other = factories.make_callback(to), factories.make_callback(to)
    Sender(Web(kopikita=GONE)).send_due()
    assert url_row(to).paused_why == "gone"
    assert mails() == [admin.user.email]
    health.sweep()
    assert {row(callback).status, row(other).status} == {"paused"}


def test_410_of_an_address_that_was_changed_meanwhile_switches_nothing_off(to):
    factories.make_callback(to)

    def gone():
        CallbackUrl.objects.using("operator").update(url="https://new.example.com/", host="new.example.com")
        connections.close_all()  # of the thread that calls
        return GONE

    Sender(Web(kopikita=gone)).send_due()
    assert not url_row(to).is_paused


def test_what_waits_for_an_address_that_was_taken_away_is_kept(to):
    callback = factories.make_callback(to)
    CallbackUrl.objects.using("operator").update(url="", host="")
    web = Web()
    Sender(web).send_due()
    health.sweep()
    assert row(callback).status == "paused"
    CallbackUrl.objects.using("operator").update(url="https://new.example.com/", host="new.example.com")
    health.sweep()
    Sender(web).send_due()
    assert [url for url, _body, _headers in web.got] == ["https://new.example.com/"]
    assert row(callback).url == "https://new.example.com/"


def test_what_is_let_go_on_comes_in_portions(to, monkeypatch):
    monkeypatch.setattr(health, "RELEASED", 2)
    for _ in range(5):
        factories.make_callback(to, status="paused", due_at=None)
    left = []
    for _ in range(3):
        health.sweep()
        left.append(Callback.objects.using("operator").filter(status="paused").count())
    assert left == [3, 1, 0]


# --- How long they are kept ----------------------------------------------------------------------------------------


def test_what_is_over_is_kept_for_400_days_and_what_waits_for_ever(to, monkeypatch):
    def make(days):
        return factories.make_callback(to, created_at=Now() - timedelta(days=days))

    young, *old = make(399), make(401), make(402), make(403)
    Sender(Web()).send_due()
    waiting = make(500)
    monkeypatch.setattr(health, "AT_A_TIME", 2)
    assert health.tidy() == len(old)
    assert set(Callback.objects.using("operator").values_list("pk", flat=True)) == {young.pk, waiting.pk}
    assert CallbackAttempt.objects.using("operator").count() == 1
