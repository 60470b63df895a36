"""Developer → Callback Deliveries: found, looked at with every attempt, and sent once more (trust: C7, X1, W1)."""

import re
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from accounts.models import Activity
from accounts.permissions import Role
from developer.callbacks import resending
from developer.callbacks.resending import RESENDS, Chosen, TooMany
from developer.models import Callback, CallbackAttempt, CallbackResend, CallbackUrl
from documents.reports import services as reports
from flipdash import clock, rls
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("asleep")]
LIST = "/developer/callbacks/"
MANY = "/developer/callbacks/resending/"


@pytest.fixture
def developer(people):
    return people[Role.DEVELOPER]


@pytest.fixture
def page(client_of, developer):
    return client_of(developer)


@pytest.fixture
def to(developer):
    return factories.make_callback_url(developer)


def text_of(response) -> str:
    return response.content.decode()


def ended(to, status="delivered", *, code="200", problem="", answer="ok", attempts=1, **fields):
    """Make a callback that was sent so often, and what came of the last attempt."""
    made = factories.make_callback(to, **fields)
    with rls.inside_of(to.business_id, to.mode):
        for n in range(1, attempts + 1):
            CallbackAttempt.objects.create(
                business_id=to.business_id,
                mode=to.mode,
                callback=made,
                n=n,
                lease_until=clock.now(),
                url=made.url,
                host=to.host,
                seconds=0.24,
                code=code,
                problem=problem,
                answer=answer,
            )
        Callback.objects.filter(pk=made.pk).update(
            status=status,
            due_at=None,
            attempt=attempts,
            tried=attempts,
            last_at=Now(),
            last_code=code,
            last_problem=problem,
            delivered_at=Now() if status == "delivered" else None,
        )
        made.refresh_from_db()
    return made


def state_of(callback) -> tuple:
    with rls.inside_of(callback.business_id, callback.mode):
        row = Callback.objects.get(pk=callback.pk)
    return row.status, row.tried, row.due_at is not None


# --- Finding -------------------------------------------------------------------------------------------------


@pytest.fixture
def some(developer, to):
    """A delivered one, one that was answered 503, one without an answer, one that waits, of different events."""
    payments = factories.make_callback_url(developer, "payment", url="https://pay.kopikita.com/in")
    return {
        "delivered": ended(to, source_type="top_up", source_id=2611291000000000017),
        "failed": ended(payments, "failed", code="503", answer="busy", attempts=3),
        "timeout": ended(payments, "failed", code="", problem="timeout", answer=""),
        "waiting": factories.make_callback(to),
    }


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "delivered failed timeout waiting"),
        ("?q=2611291000000000017", "delivered"),
        ("?q=pay.kopikita", "failed timeout"),
        ("?q=top-up", "delivered waiting"),
        ("?q=503", "failed"),
        ("?q=gagal", "failed timeout"),
        ("?status=failed", "failed timeout"),
        ("?event=payment", "failed timeout"),
        ("?answer=5", "failed"),
        ("?answer=none", "timeout"),
        ("?answer=2&answer=none", "delivered timeout"),
        ("?date_from=2020-01-01&date_to=2020-01-02", ""),
    ],
)
def test_callbacks_are_found(page, some, query, names):
    shown = text_of(page.get(LIST + query))
    found = {name for name, row in some.items() if f'value="{row.pk}"' in shown}
    assert found == set(names.split())


def test_a_callback_is_found_by_its_own_number(page, some):
    shown = text_of(page.get(f"{LIST}?q={some['failed'].pk}"))
    assert f'value="{some["failed"].pk}"' in shown
    assert f'value="{some["delivered"].pk}"' not in shown


def test_the_list_asks_few_questions_however_long_it_is(page, to, django_assert_max_num_queries):
    for _ in range(12):
        ended(to)
    page.get(LIST)
    with django_assert_max_num_queries(10):
        page.get(LIST)


@pytest.mark.django_db(transaction=True, databases=["default", "operator", "snapshot"])
def test_a_report_has_all_of_them_as_text(developer, some, files):
    scope = developer.scope("live")
    made = reports.request_report(scope, history="callbacks", query="status=failed", format="csv")
    reports.REPORTS.work(made.pk)
    made.refresh_from_db()
    assert (made.status, made.problem) == ("ready", "")
    lines = (files / made.stored_as).read_text("utf-8-sig").splitlines()
    assert len(lines) == 3
    assert {str(some[name].pk) for name in ("failed", "timeout")} == {line.split(",")[0] for line in lines[1:]}
    assert any("Timed out" in line for line in lines)


# --- One of them ---------------------------------------------------------------------------------------------


def test_every_attempt_is_shown_with_what_was_sent_and_what_came_back(page, some):
    shown = text_of(page.get(f"{LIST}{some['failed'].pk}/"))
    assert shown.count("webhook-signature: v1,••••••••") == 3
    assert shown.count(f"webhook-id: {some['failed'].pk}") == 3
    assert "POST https://pay.kopikita.com/in" in shown
    assert "240 ms" in shown
    assert "The server had an error of its own" in shown
    assert shown.count("busy") >= 3


def test_why_there_was_no_answer_is_said_in_words(page, some):
    shown = text_of(page.get(f"{LIST}{some['timeout'].pk}/"))
    assert "The server didn’t answer in time" in shown
    assert "Timed out" in shown


EVIL = [
    "<script>alert(1)</script>",
    "</pre><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "{{ 7*7 }}{% debug %}",
    "\u202egnp.exe\u2066",
    "&lt;script&gt;",
]


@pytest.mark.parametrize("evil", EVIL)
def test_what_machines_say_is_text(page, to, evil):
    row = ended(to, "failed", code="500", answer=evil, data='{"title": "<b>' + '</pre>"}', url=f"https://a.com/{evil}")
    for address in (LIST, f"{LIST}{row.pk}/"):
        shown = text_of(page.get(address))
        assert not re.search(r"<script>alert|<img src=x|<svg onload|<b></pre>", shown)
    assert "{{ 7*7 }}" not in evil or "{{ 7*7 }}" in shown


def test_the_page_asks_few_questions_however_many_attempts(page, to, django_assert_max_num_queries):
    row = ended(to, "failed", code="500", attempts=12)
    page.get(f"{LIST}{row.pk}/")
    with django_assert_max_num_queries(14):
        page.get(f"{LIST}{row.pk}/")


def test_a_paused_one_says_what_to_do(page, to):
    with rls.inside_of(to.business_id, to.mode):
        CallbackUrl.objects.filter(pk=to.pk).update(paused_at=Now(), paused_why="gone")
    row = factories.make_callback(to, status="paused", due_at=None)
    assert "answered 410" in text_of(page.get(f"{LIST}{row.pk}/"))


# --- Resending one -------------------------------------------------------------------------------------------


def test_one_is_resent_and_asking_twice_sends_nothing_twice(page, some, developer):
    row = some["failed"]
    address = f"{LIST}{row.pk}/resending/"
    assert "Resend" in text_of(page.get(f"{LIST}{row.pk}/"))
    page.post(address)
    assert state_of(row) == ("waiting", 0, True)
    with rls.inside(developer.scope("live")):
        assert Callback.objects.get(pk=row.pk).asker == developer.actor
    assert address not in text_of(page.get(f"{LIST}{row.pk}/"))
    page.post(address)
    assert Activity.objects.filter(kind="callback.resent").count() == 1
    assert page.get(address).status_code == 405


def test_a_delivered_one_can_be_resent_too(page, some):
    page.post(f"{LIST}{some['delivered'].pk}/resending/")
    assert state_of(some["delivered"]) == ("waiting", 0, True)


def test_without_an_address_nothing_is_resent(page, some):
    with rls.inside_of(some["failed"].business_id, "live"):
        CallbackUrl.objects.update(url="", host="")
    page.post(f"{LIST}{some['failed'].pk}/resending/")
    assert state_of(some["failed"])[0] == "failed"


def test_anothers_is_a_404_and_stays(page, client_of, stranger, some, people):
    row = some["failed"]
    other = client_of(stranger)
    for browser, prefix in ((other, ""), (page, "/test")):
        assert browser.get(f"{prefix}{LIST}{row.pk}/").status_code == 404
        assert browser.post(f"{prefix}{LIST}{row.pk}/resending/").status_code == 404
        answer = browser.post(f"{prefix}{MANY}", {"which": "ticked", "callback": row.pk, "seen": "1"})
        assert "Nothing to resend" in text_of(answer)
    for role in set(Role) - {Role.ADMIN, Role.DEVELOPER}:
        browser = client_of(people[role])
        assert browser.get(f"{LIST}{row.pk}/").status_code == 403
        assert browser.post(f"{LIST}{row.pk}/resending/").status_code == 403
        assert browser.post(MANY, {"which": "shown", "seen": "2"}).status_code == 403
    assert state_of(row)[0] == "failed"
    assert not CallbackResend.objects.exists()


# --- Resending many ------------------------------------------------------------------------------------------


def seen_on(page, **asked):
    """Return what the question says that it is about."""
    return re.search(r'name="seen"\s+value="(\w+)"', text_of(page.get(MANY, asked)))[1]


def resend_all(page, query, seen=""):
    asked = {"which": "shown", "query": query}
    return page.post(MANY, asked | {"seen": seen or seen_on(page, **asked)})


def test_all_that_the_filter_shows_are_resent_after_a_question(page, some):
    asked = text_of(page.get(MANY, {"which": "shown", "query": "status=failed"}))
    assert "2 callbacks are sent once more" in asked
    answer = resend_all(page, "status=failed")
    [made] = CallbackResend.objects.all()
    assert answer.headers["Location"] == f"/developer/callbacks/resends/{made.number}/"
    assert made.callbacks == sorted([some["failed"].pk, some["timeout"].pk])
    assert state_of(some["failed"])[0] == "failed"  # a worker does it
    RESENDS.work(made.pk)
    made.refresh_from_db()
    assert (made.status, made.rows_done, made.resent) == ("done", 2, 2)
    assert {state_of(some[name])[0] for name in ("failed", "timeout")} == {"waiting"}
    assert state_of(some["delivered"])[0] == "delivered"
    assert "Resent" in text_of(page.get(answer.headers["Location"]))


def test_what_is_being_sent_anyway_is_left_alone(page, some):
    asked = text_of(page.get(MANY, {"which": "shown", "query": ""}))
    assert "3 callbacks are sent once more" in asked
    assert "1 more is left alone" in asked


def test_what_was_sent_a_hundred_times_is_left_alone_and_the_page_says_so(page, some, developer):
    with rls.inside(developer.scope("live")):
        Callback.objects.filter(pk=some["failed"].pk).update(attempt=resending.MOST_OF_ONE)
    asked = text_of(page.get(MANY, {"which": "shown", "query": ""}))
    assert "2 callbacks are sent once more" in asked
    assert "2 more are left alone" in asked
    assert "or they were sent 100 times" in asked


def test_only_the_ticked_ones_are_resent(page, some):
    ticked = [some["failed"].pk, some["delivered"].pk]
    asked = text_of(page.get(MANY, {"which": "ticked", "query": "", "callback": ticked}))
    assert "2 callbacks are sent once more" in asked
    assert asked.count('name="callback"') == 2
    seen = seen_on(page, which="ticked", query="", callback=ticked)
    page.post(MANY, {"which": "ticked", "callback": ticked, "seen": seen})
    RESENDS.work()
    assert [state_of(some[name])[0] for name in ("failed", "delivered", "timeout")] == ["waiting", "waiting", "failed"]


@pytest.mark.parametrize("ticked", [[], ["x"], ["9" * 30], ["-1"], ["2" * 19], ["²"]])
def test_ticks_that_make_no_sense_resend_nothing(page, some, ticked):
    answer = page.post(MANY, {"which": "ticked", "callback": ticked, "seen": "0"})
    assert "Nothing to resend" in text_of(answer)
    assert not CallbackResend.objects.exists()


@pytest.mark.parametrize("is_one_delivered", [False, True], ids=["one more", "as many, and another one"])
def test_another_set_than_the_one_that_was_seen_is_asked_again(page, some, to, is_one_delivered):
    seen = seen_on(page, which="shown", query="status=failed")
    ended(to, "failed", code="500")
    if is_one_delivered:
        page.post(f"{LIST}{some['failed'].pk}/resending/")
    answer = resend_all(page, "status=failed", seen)
    assert answer.headers["Location"] == f"{LIST}?status=failed"
    assert not CallbackResend.objects.exists()


def test_a_wrong_address_resends_nothing(page, some):
    resend_all(page, "status=gone", "3")
    assert not CallbackResend.objects.exists()


def test_too_many_are_refused_with_what_to_do(page, some, monkeypatch):
    monkeypatch.setattr(resending, "MOST", 1)
    answer = page.get(MANY, {"which": "shown", "query": "status=failed"}, follow=True)
    assert "At most 1 callbacks" in text_of(answer)


def test_an_hours_resends_are_limited(page, some, monkeypatch):
    monkeypatch.setattr(resending, "MOST_AN_HOUR", 1)
    shown = {"which": "shown", "query": "status=failed"}
    asked = page.post(MANY, shown | {"seen": seen_on(page, **shown)}, follow=True)
    assert "At most 1 callbacks are resent within an hour" in text_of(asked)
    page.post(f"{LIST}{some['failed'].pk}/resending/")
    answer = page.post(f"{LIST}{some['timeout'].pk}/resending/", follow=True)
    assert "within an hour" in text_of(answer)
    assert [state_of(some[name])[0] for name in ("failed", "timeout")] == ["waiting", "failed"]


def test_an_hours_resends_count_each_attempt_of_one_callback(page, some, monkeypatch, to):
    monkeypatch.setattr(resending, "MOST_AN_HOUR", 2)
    address = f"{LIST}{some['failed'].pk}/resending/"
    for n in (4, 5):
        page.post(address)
        with rls.inside_of(to.business_id, to.mode):
            sent = Callback.objects.get(pk=some["failed"].pk)
            assert sent.status == "waiting"
            asker = {name: getattr(sent, name) for name in ("asker_kind", "asker_id", "asker_name")}
            values = {"lease_until": clock.now(), "url": sent.url, "host": to.host, "seconds": 0.1, "code": "503"}
            CallbackAttempt.objects.create(
                business_id=to.business_id, mode=to.mode, callback=sent, n=n, **values, **asker
            )
            Callback.objects.filter(pk=sent.pk).update(status="failed", due_at=None, attempt=n, tried=1)
    assert "within an hour" in text_of(page.post(address, follow=True))
    assert state_of(some["failed"])[0] == "failed"


def test_what_open_resends_still_have_to_do_counts_too(developer, some, monkeypatch):
    monkeypatch.setattr(resending, "MOST_AN_HOUR", 2)
    scope = developer.scope("live")
    with rls.inside(scope):
        made = resending.request_resend(scope, Chosen([some["failed"].pk, some["timeout"].pk], 2), "")
        with pytest.raises(TooMany, match="within an hour"):
            resending.resend(scope, some["delivered"])
        CallbackResend.objects.filter(pk=made.pk).update(rows_done=1)
        assert resending.resend(scope, some["delivered"])


def test_one_that_was_sent_a_hundred_times_is_not_resent(page, some, developer):
    row = some["failed"]
    with rls.inside_of(row.business_id, row.mode):
        Callback.objects.filter(pk=row.pk).update(attempt=resending.MOST_OF_ONE)
    answer = text_of(page.post(f"{LIST}{row.pk}/resending/", follow=True))
    assert "It was sent 100 times" in answer
    assert "Only the newest attempts are shown" in answer
    scope = developer.scope("live")
    with rls.inside(scope):
        assert resending.choose(scope, [row.pk]).left_alone == 1
        assert resending.queue(scope, [row.pk]) == 0
    assert state_of(row)[0] == "failed"


def test_more_attempts_than_a_small_number_holds_hold_up_nobody(page, to):
    row = ended(to, "failed", code="500", attempts=60)
    assert text_of(page.get(f"{LIST}{row.pk}/")).count('class="disclosure"') == 50
    with rls.inside_of(to.business_id, to.mode):
        last = CallbackAttempt.objects.filter(callback=row, n=60).values_list("lease_until", "url", "host").get()
        values = dict(zip(("lease_until", "url", "host"), last, strict=True))
        CallbackAttempt.objects.create(
            business_id=to.business_id, mode=to.mode, callback=row, n=32_768, seconds=0.1, **values
        )
        Callback.objects.filter(pk=row.pk).update(attempt=32_768)


def test_resends_at_once_are_limited(developer, some, monkeypatch):
    monkeypatch.setattr(resending, "MOST_OPEN", 1)
    scope = developer.scope("live")
    with rls.inside(scope):
        resending.request_resend(scope, Chosen([some["failed"].pk], 1), "")
        with pytest.raises(TooMany):
            resending.request_resend(scope, Chosen([some["timeout"].pk], 1), "")


def test_a_resend_goes_on_where_a_killed_worker_left_it(developer, to, monkeypatch):
    rows = [ended(to, "failed", code="500") for _ in range(6)]
    monkeypatch.setattr(resending, "STEP", 2)
    scope = developer.scope("live")
    with rls.inside(scope):
        made = resending.request_resend(scope, Chosen([row.pk for row in rows], 6), "")
        assert resending.queue(scope, [rows[0].pk, rows[1].pk]) == 2
        Callback.objects.filter(pk=rows[0].pk).update(status="failed", due_at=None)  # sent meanwhile, and failed
    CallbackResend.objects.filter(pk=made.pk).update(rows_done=2, resent=2)
    RESENDS.work(made.pk)
    made.refresh_from_db()
    assert (made.status, made.rows_done, made.resent) == ("done", 6, 6)
    assert state_of(rows[0])[0] == "failed"  # not once more
    assert {state_of(row)[0] for row in rows[2:]} == {"waiting"}


def test_who_may_no_longer_manage_the_api_resends_nothing_more(developer, some):
    scope = developer.scope("live")
    with rls.inside(scope):
        made = resending.request_resend(scope, Chosen([some["failed"].pk], 1), "")
    developer.role = Role.MAKER
    developer.save(update_fields=["role"])
    RESENDS.work(made.pk)
    made.refresh_from_db()
    assert (made.status, made.problem) == ("failed", "not allowed")
    assert state_of(some["failed"])[0] == "failed"


def test_a_resend_is_cancelled(page, developer, some):
    scope = developer.scope("live")
    with rls.inside(scope):
        made = resending.request_resend(scope, Chosen([some["failed"].pk], 1), "")
    page.post(f"/developer/callbacks/resends/{made.number}/cancellation/")
    made.refresh_from_db()
    assert made.status == "cancelled"
    RESENDS.work()
    assert state_of(some["failed"])[0] == "failed"


# --- On the transaction's own page ---------------------------------------------------------------------------


def test_a_top_up_lists_its_callbacks_for_who_may_manage_the_api(client_of, people, developer, to):
    top_up = factories.make_top_up(people[Role.ADMIN])
    row = ended(to, "failed", code="503", source_type="top_up", source_id=top_up.pk)
    another = ended(to, source_type="money_transfer", source_id=top_up.pk)
    address = f"/deposit/top-up-history/{top_up.pk}/"
    shown = text_of(client_of(developer).get(address))
    assert f"{LIST}{row.pk}/" in shown
    assert f"{LIST}{another.pk}/" not in shown
    assert "503" in shown
    assert f"{LIST}{row.pk}/" not in text_of(client_of(people[Role.REVIEWER]).get(address))


def test_old_callbacks_are_kept_out_of_nobodys_sight(page, to):
    row = ended(to, created_at=clock.now() - timedelta(days=80))
    assert page.get(f"{LIST}{row.pk}/").status_code == 200
