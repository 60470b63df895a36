"""Who runs FlipDash sees how it does: signs of life, what waits, /health/deep, /metrics, Operations, Sentry."""

import json
import logging
import re
from datetime import timedelta
from threading import Timer

import pytest
import sentry_sdk
import yaml
from celery import signals
from celery.beat import PersistentScheduler
from django.conf import settings as ours
from django.db import OperationalError, connection, connections
from django.db.models.functions import Now
from prometheus_client.parser import text_string_to_metric_families
from sentry_sdk.transport import Transport

from deposits import operations as of_deposits
from developer import operations as of_developers
from developer.callbacks import outbox
from flipdash import backoffice, judges, leases, mail
from flipdash.celery import app
from flipdash.models import Heartbeat, Message, RequestCount
from flipdash.operations import answers, errors, heartbeats, measures, office, state
from flipdash.operations.measures import Figure, Reading, Unit
from flipdash.serving import counting
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])  # the operator sees commits
TOKEN = "f" * 32
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def watched(settings, monkeypatch):
    settings.OPERATIONS_TOKEN = TOKEN
    monkeypatch.setattr(heartbeats, "_written", {})
    monkeypatch.setattr(heartbeats, "_begun", set())
    monkeypatch.setattr(state, "LEAST_ROOM", 0)


@pytest.fixture
def lively():
    """Beat and a worker of all queues live."""
    for name, queues in (("beat", ""), ("celery@web", "default,imports,reports"), ("sender@web", "callbacks")):
        Heartbeat.objects.create(name=name, queues=queues, seen_at=Now())


def deep(client):
    answer = client.get("/health/deep", headers=BEARER)
    return answer.status_code, answer.json()


def metrics(client):
    answer = client.get("/metrics", headers=BEARER)
    assert answer.status_code == 200, answer.content
    found = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        for sample in family.samples:
            found[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return found


# --- Who may ask ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["/health/deep", "/metrics"])
def test_only_who_has_the_token_is_told(client, settings, page, lively):
    for shown in ({}, {"Authorization": f"Bearer {TOKEN}f"}, {"Authorization": TOKEN}, {"Authorization": "Bearer é"}):
        answer = client.get(page, headers=shown)
        assert (answer.status_code, answer.content, answer["WWW-Authenticate"]) == (401, b"", "Bearer")
    assert client.get(page, headers=BEARER).status_code == 200
    assert client.post(page, headers=BEARER).status_code == 405
    settings.OPERATIONS_TOKEN = ""
    for shown in ({"Authorization": "Bearer "}, BEARER):
        assert client.get(page, headers=shown).status_code == 404


# --- Signs of life ------------------------------------------------------------------------------------------------


def scheduler(tmp_path, monkeypatch):
    monkeypatch.setattr(PersistentScheduler, "apply_entry", lambda *args, **kwargs: None)
    return heartbeats.Scheduler(app=app, schedule_filename=str(tmp_path / "schedule"))


def test_beat_says_that_it_lives_and_that_it_stops(tmp_path, monkeypatch):
    assert app.conf.beat_scheduler == "flipdash.operations.heartbeats:Scheduler"
    beat = scheduler(tmp_path, monkeypatch)
    assert beat.tick() <= heartbeats.EVERY
    assert [one.name for one in heartbeats.seen("operator")] == ["beat"]
    beat.close()
    assert not Heartbeat.objects.exists()


def test_beat_sleeps_once_nothing_is_due_and_does_all_that_is_first(tmp_path, monkeypatch):
    beat = scheduler(tmp_path, monkeypatch)
    for entry in beat.schedule.values():
        entry.last_run_at -= timedelta(days=1)
    waits = [beat.tick() for _each in beat.schedule]
    assert not any(waits), "while one is due, nobody sleeps"
    monkeypatch.setattr(heartbeats.PersistentScheduler, "tick", lambda *_args: 0.01)
    assert beat.tick() == heartbeats.TOGETHER
    monkeypatch.setattr(heartbeats.PersistentScheduler, "tick", lambda *_args: 300)
    assert beat.tick() == heartbeats.EVERY, "it says that it lives"


class Double:
    """Something of Celery's, with what we ask it for."""

    def __init__(self, **values):
        self.__dict__.update(values)


def test_a_worker_says_so_with_its_queues():
    queues = Double(consume_from={"b": 1, "a": 1})
    eventer = Double(hostname="celery@one", app=Double(amqp=Double(queues=queues)))
    ((_receiver, problem), *_others) = signals.heartbeat_sent.send(sender=Double(eventer=eventer))
    assert problem is None
    (one,) = heartbeats.seen("operator")
    assert (one.name, one.queues) == ("celery@one", "a,b")
    signals.worker_shutdown.send(sender=Double(hostname="celery@one"))
    assert not Heartbeat.objects.exists()


def test_it_is_said_now_and_then_only(django_assert_num_queries, monkeypatch):
    heartbeats.write("beat")
    with django_assert_num_queries(0):
        heartbeats.write("beat")
    monkeypatch.setitem(heartbeats._written, "beat", -100.0)
    Heartbeat.objects.update(seen_at=Now() - timedelta(hours=1))
    heartbeats.write("beat")
    assert heartbeats.seen("operator")[0].age < timedelta(seconds=30)


def away(*args, **kwargs):
    raise OperationalError("away")


def test_without_a_database_it_goes_on(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(connections["default"], "cursor", away)
        heartbeats.write("beat")
    assert not Heartbeat.objects.exists()


def test_who_came_back_before_the_database_is_counted_as_killed_all_the_same(monkeypatch):
    """hostile.26 9: where Docker starts all at once again, the first sign of life finds no database."""
    Heartbeat.objects.create(name="beat", seen_at=Now())
    with monkeypatch.context() as patch:
        patch.setattr(connections["default"], "cursor", away)
        heartbeats.write("beat")
    heartbeats._written["beat"] -= heartbeats.EVERY
    heartbeats.write("beat")
    assert [one.came_back for one in heartbeats.seen("operator")] == [True]


def test_who_was_killed_is_forgotten_after_a_day():
    for name, age in (("old", timedelta(hours=25)), ("new", timedelta(hours=23))):
        Heartbeat.objects.create(name=name, seen_at=Now() - age)
    heartbeats.tidy()
    assert [one.name for one in heartbeats.seen("operator")] == ["new"]
    assert "flipdash.tasks.tidy_operations" in {entry["task"] for entry in ours.CELERY_BEAT_SCHEDULE.values()}


def test_who_was_killed_and_came_back_under_its_name_is_counted_and_who_was_stopped_isnt(client, lively, monkeypatch):
    """Docker starts a killed worker again within seconds: it is never silent, and nobody would hear of it."""

    def killed():
        found = metrics(client)
        return found["flipdash_killed", ()], found["flipdash_silent", ()]

    def begins():
        monkeypatch.setattr(heartbeats, "_written", {})
        monkeypatch.setattr(heartbeats, "_begun", set())
        heartbeats.write("celery@web", "default,imports,reports")

    heartbeats.remove("celery@web")
    begins()
    assert killed() == (0, 0)
    begins()
    heartbeats._written["celery@web"] -= heartbeats.EVERY
    heartbeats.write("celery@web", "default,imports,reports")
    assert killed() == (1, 0)
    Heartbeat.objects.filter(name="sender@web").update(seen_at=Now() - timedelta(minutes=2))
    assert killed() == (2, 1)
    Heartbeat.objects.filter(name="celery@web").update(killed_at=Now() - timedelta(hours=25))
    assert killed() == (1, 1)


def test_every_alert_and_every_line_of_the_documents_names_a_measure_that_there_is(client, lively):
    """`WorkerKilled` asked for what says something else, and nobody can try an alert before it is needed."""
    there = {name for name, _labels in metrics(client)}
    RequestCount.objects.create(route="x", method="GET", status=200, within=50, requests=1, milliseconds=30)
    there |= {name for name, _labels in metrics(client)}
    told = (ours.BASE_DIR / "docs" / "running.md").read_text()
    section = told[told.index("## Watching it") : told.index("## What is kept")]
    named = set(re.findall(r"flipdash_[a-z_]+", section))
    families = {name.removesuffix("_count").removesuffix("_sum").removesuffix("_bucket") for name in there}
    assert named - there - families == set()
    scraped, rules = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", section, re.DOTALL))
    assert scraped["scrape_configs"][0]["job_name"] == "flipdash"
    for rule in rules["groups"][0]["rules"]:
        assert rule.keys() - {"for"} == {"alert", "expr"}
        assert re.search(r"flipdash_[a-z]+|up\{job=\"flipdash\"\}", rule["expr"]), rule


# --- /health/deep -------------------------------------------------------------------------------------------------


def test_all_is_well(client, lively):
    status, told = deep(client)
    assert (status, told["status"], told["wrong"]) == (200, "ok", [])
    assert {"reports", "imports", "mails", "orders", "unsealed", "callbacks", "room", "mails_failed"} <= set(
        told["measures"]
    )
    assert told["seconds_since_sign_of_life"].keys() == {"beat", "celery@web", "sender@web"}


def test_who_doesnt_live_is_named(client, lively):
    Heartbeat.objects.filter(name__in=["beat", "sender@web"]).update(seen_at=Now() - timedelta(seconds=61))
    status, told = deep(client)
    assert status == 503
    assert told["wrong"] == [
        "beat: no sign of life for a minute",
        "workers: nobody takes from the queue callbacks",
    ]
    Heartbeat.objects.create(name="sender@two", queues="callbacks", seen_at=Now())
    assert deep(client)[1]["wrong"] == ["beat: no sign of life for a minute"]


OLD = timedelta(minutes=16)


def old_report(admin):
    factories.make_report(admin, status="queued", created_at=Now() - OLD)


def old_import(admin):
    factories.make_import(admin, status="queued", stored_as="past.csv", created_at=Now() - OLD)


def old_mail(admin):
    message = mail.queue(to="a@b.test", subject="s", text="t", language="en")
    Message.objects.filter(pk=message.pk).update(due_at=Now() - OLD)


def old_event(admin):
    from accounts.models import Activity

    by = admin.actor.columns("by")
    Activity.objects.create(business=admin.business, mode="live", kind="a.b", area="a", created_at=Now() - OLD, **by)


def old_callback(admin):
    url = factories.make_callback_url(admin)
    callback = factories.make_callback(url)
    type(callback).objects.using("operator").filter(pk=callback.pk).update(status="waiting", due_at=Now() - OLD)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (old_report, "reports"),
        (old_import, "imports"),
        (old_mail, "mails"),
        (old_event, "unsealed"),
        (old_callback, "callbacks"),
    ],
)
def test_what_waits_too_long_is_named(client, lively, admin, make, name):
    make(admin)
    status, told = deep(client)
    assert status == 503
    assert [wrong.partition(":")[0] for wrong in told["wrong"]] == [name]
    assert re.search(r"the oldest has waited 9[67]\d seconds, more than (900|300)", told["wrong"][0])
    found = metrics(client)
    assert found["flipdash_waiting", (("queue", name),)] == 1
    assert found["flipdash_oldest_seconds", (("queue", name),)] >= 960
    assert found["flipdash_wrong", ()] == 1


def test_a_receiver_that_fails_is_nobodys_fault_here(admin):
    old_callback(admin)
    assert of_developers.callbacks()[0] == 1
    connection_of = connections["operator"]
    with connection_of.cursor() as cursor:
        cursor.execute("UPDATE developer_callbackurl SET failing_since = now()")
    assert of_developers.callbacks() == (0, 0)


def test_what_waits_for_its_next_attempt_isnt_late(client, lively):
    old_mail(None)
    Message.objects.update(due_at=Now() + timedelta(minutes=1), created_at=Now() - timedelta(days=1))
    assert deep(client)[0] == 200


def test_what_a_dead_worker_holds_is_late(client, lively):
    old_mail(None)
    Message.objects.update(status="sending", lease_until=Now() - OLD, due_at=None)
    assert deep(client)[1]["wrong"][0].startswith("mails: the oldest has waited")


def test_failed_mails_and_a_full_disk_are_named(client, lively, monkeypatch):
    for n in range(11):
        message = mail.queue(to=f"{n}@b.test", subject="s", text="t", language="en")
        Message.objects.filter(pk=message.pk).update(status="sending")
        Message.objects.filter(pk=message.pk).update(status="failed", finished_at=Now())
    monkeypatch.setattr(state, "LEAST_ROOM", 1 << 80)
    assert [wrong.partition(":")[0] for wrong in deep(client)[1]["wrong"]] == ["room", "mails_failed"]


def test_reports_that_fail_are_named_where_nothing_waits(client, lively, kopi_kita):
    """A font that is gone fails each at once: every queue is empty, and looks better than on a slow day."""
    member = factories.make_member(kopi_kita)
    for _number in range(6):
        factories.make_report(member, status="failed", problem="error", finished_at=Now())
    factories.make_report(member, status="failed", problem="too big", finished_at=Now())
    assert deep(client)[1]["wrong"] == ["reports_failed: 6 count, more than 5"]


def test_what_is_away_is_named_and_nothing_else_fails(client, lively, settings, monkeypatch):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert deep(client)[1]["wrong"] == ["valkey: can't be reached"]

    def away(*args, **kwargs):
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(connections["operator"], "cursor", away)
        status, told = deep(client)
        assert (status, told["wrong"]) == (503, ["valkey: can't be reached", "database: can't be reached"])
        assert client.get("/metrics", headers=BEARER).status_code == 503


def test_what_cant_be_read_is_named_and_keeps_nothing_else_from_being_read():
    def slow():
        with connections["operator"].cursor() as cursor:
            cursor.execute("SELECT pg_sleep(2)")
        return 0.0

    measures_ = [Figure("slow", "Slow", slow), Figure("fine", "Fine", lambda: 1.0)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measures, "PATIENCE_MS", 20)
        slow_, fine = measures.readings(measures_)
    assert (slow_.is_wrong, slow_.in_short, fine.value) == (True, "slow: can't be read", 1.0)


def test_nothing_that_a_person_typed_is_told(client, lively, admin):
    factories.make_report(admin, status="queued", file_name="Sri-Rahayu")
    mail.queue(to="sri@rahayu.test", subject="Sri Rahayu", text="Sri Rahayu", language="en")
    for page in ("/health/deep", "/metrics"):
        assert "ahayu" not in client.get(page, headers=BEARER).content.decode()


def test_every_worker_is_measured(client, lively):
    assert {name.replace(" ", "_") for name in leases.workers} <= set(deep(client)[1]["measures"])


# --- Requests -----------------------------------------------------------------------------------------------------


def request(route="deposits:overview", method="GET", status=200, milliseconds=30.0):
    return {"route": route, "method": method, "status": status, "milliseconds": milliseconds}


@pytest.fixture
def counter(settings, monkeypatch):
    settings.COUNTS_REQUESTS = True
    monkeypatch.setattr(Timer, "start", lambda timer: None)
    counted = counting.Counter()
    monkeypatch.setattr(counting, "requests", counted)
    return counted


def test_requests_are_counted_by_route_status_and_time(client, counter):
    other = counting.Counter()
    for one, took in ((counter, 30.0), (counter, 50.0), (other, 60.0), (other, 20_000.0)):
        one.count(request(milliseconds=took))
    counter.count(request(status=500))
    for one in (counter, other, counter):
        one.write()
    name = (("method", "GET"), ("route", "deposits:overview"), ("status", "200"))
    found = metrics(client)
    assert found["flipdash_request_seconds_count", name] == 4
    assert found["flipdash_request_seconds_sum", name] == pytest.approx(20.14)
    within = {dict(labels)["le"]: n for (metric, labels), n in found.items()
              if metric == "flipdash_request_seconds_bucket" and dict(labels)["status"] == "200"}  # fmt: skip
    assert (within["0.025"], within["0.05"], within["0.1"], within["10.0"], within["+Inf"]) == (0, 2, 3, 3, 4)


def test_a_page_is_counted(web, counter):
    web.get("/deposit/")
    web.get("/no-such-page/")
    counter.write()
    counted = set(RequestCount.objects.values_list("route", "method", "status"))
    assert counted == {("deposits:overview", "GET", 200), ("", "GET", 404)}


def test_without_a_database_counts_are_kept(counter, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("away")

    counter.count(request())
    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", away)
        counter.write()
    counter.count(request())
    counter.write()
    assert RequestCount.objects.get().requests == 2


def test_one_write_at_a_time_is_waited_for(counter, monkeypatch):
    started = []
    monkeypatch.setattr(Timer, "start", lambda timer: started.append(timer))
    for _ in range(3):
        counter.count(request())
    assert len(started) == 1
    assert started[0].daemon


def test_every_queue_is_watched(client, lively, monkeypatch):
    """Those that workers may be told to take from, and the sender's."""
    assert set(state.QUEUES) == {*judges.QUEUES, outbox.QUEUE}
    assert {worker.queue for worker in leases.workers.values()} <= set(state.QUEUES)
    monkeypatch.setattr(answers, "QUEUES", (*state.QUEUES, "fifth"))
    assert {dict(labels)["queue"] for name, labels in metrics(client) if name == "flipdash_queue_taken"} == {
        *state.QUEUES,
        "fifth",
    }


def test_figures_are_written_too(client, lively):
    found = metrics(client)
    assert found["flipdash_postings_total", ()] >= 0
    assert found["flipdash_room_bytes", ()] > 0
    assert found["flipdash_mails_failed", ()] == found["flipdash_invoices_failed", ()] == 0
    assert found["flipdash_valkey_up", ()] == 1
    assert found["flipdash_queue_taken", (("queue", "callbacks"),)] == 1
    assert of_deposits.lines() == (0, 0)


def test_the_rules_in_the_docs_name_metrics_that_there_are(client, lively, counter):
    counter.count(request())
    counter.write()
    page = (ours.BASE_DIR / "docs/running.md").read_text()
    named = set(re.findall(r"\bflipdash_[a-z_]+", page.partition("## Watching it")[2].partition("## Docker")[0]))
    there = {name for name, _labels in metrics(client)} | {"flipdash_request_seconds"}
    assert named - there == set()
    assert {name for name, _labels in metrics(client) if not name.startswith("flipdash_request")} <= named | {
        "flipdash_postings_created"
    }


# --- Operations ---------------------------------------------------------------------------------------------------

PAGE = "/admin/flipdash/heartbeat/"


@pytest.fixture
def office_(client, monkeypatch):
    monkeypatch.setattr(backoffice, "has_second_factor", lambda user: True)
    client.force_login(factories.make_operator(email="op@flipdash.test", name="Olga", password="gayo-arabika-88"))
    return client


def shown(client):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", client.get(PAGE).content.decode()))


def test_the_back_office_shows_it_in_words(office_, lively, admin, counter):
    assert "All is well." in shown(office_)
    assert "Operations" in office_.get("/admin/").content.decode()
    old_report(admin)
    Heartbeat.objects.filter(name="beat").update(seen_at=Now() - timedelta(minutes=3))
    counter.count(request())
    counter.write()
    page = shown(office_)
    assert "2 things need somebody." in page
    assert "Look: 1 waits, the oldest for 16 minutes" in page
    assert "Look: No sign of life for more than a minute" in page
    assert "Look: 3 minutes ago" in page
    assert "deposits:overview 1 30 ms 0" in page
    assert (
        office_.post(PAGE, {"action": "delete_selected", "_selected_action": "beat", "post": "yes"}).status_code == 405
    )


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 seconds"), (119, "119 seconds"), (120, "2 minutes"), (7300, "2 hours")]
)
def test_durations_are_said_roughly(seconds, words):
    assert office.duration(seconds) == words


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (Reading("a", "A", Unit.COUNT, None), "Can’t be read"),
        (Reading("a", "A", Unit.SECONDS, 0, 0), "None waits"),
        (Reading("a", "A", Unit.SECONDS, 130, 1200), "1,200 wait, the oldest for 2 minutes"),
        (Reading("a", "A", Unit.BYTES, 3 << 30), "3.0\xa0GB"),
        (Reading("a", "A", Unit.COUNT, 7), "7"),
    ],
)
def test_what_was_read_is_written_in_words(reading, words):
    assert office.in_words(reading) == words


# --- Sentry -------------------------------------------------------------------------------------------------------


class Recorded(Transport):
    """Keeps what would be sent."""

    def __init__(self):
        super().__init__()
        self.sent = []

    def capture_envelope(self, envelope):
        self.sent.append(b"".join(item.payload.get_bytes() for item in envelope.items).decode())


@pytest.fixture
def sentry(settings):
    settings.SENTRY_DSN = "https://key@sentry.test/1"
    recorded = Recorded()
    errors.tell(transport=recorded)
    yield recorded
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)


def test_it_is_off_where_nobody_says_where():
    errors.tell()
    assert not sentry_sdk.get_client().is_active()


KEY = "test_" + "k" * 43
PERSON = "Sri " + "Rahayu"
SENT = {"X-Secret": KEY, "User-Agent": PERSON}


def test_an_error_is_told_without_who_and_what(sentry, web, admin, monkeypatch):
    def broken(*args, **kwargs):
        secret = KEY + PERSON
        raise ValueError(secret)

    monkeypatch.setattr("deposits.overview.views.render", broken)
    web.raise_request_exception = False
    web.get(f"/deposit/?find={PERSON}", headers=SENT)
    (told,) = sentry.sent
    event = json.loads(told)
    last = event["exception"]["values"][-1]
    assert (last["type"], last["stacktrace"]["frames"][-1]["function"]) == ("ValueError", "broken")
    for hidden in (PERSON, KEY, admin.user.email, admin.user.name, "sessionid"):
        assert hidden not in told, hidden
    assert {"request", "user", "server_name", "breadcrumbs", "extra", "contexts"} & set(event) == set()
    assert all("vars" not in frame for one in event["exception"]["values"] for frame in one["stacktrace"]["frames"])


def test_a_log_line_is_told_as_it_stands_in_the_program(sentry):
    logging.getLogger("flipdash.test").error("%s can't be sent to %s", PERSON, KEY)
    (told,) = sentry.sent
    assert json.loads(told)["logentry"] == {"message": "%s can't be sent to %s"}
    assert PERSON not in told


def test_a_secret_in_a_place_is_masked(sentry):
    logging.getLogger("flipdash.test").error(f"GET /account/password/7/{KEY}/")
    assert KEY not in sentry.sent[0]
