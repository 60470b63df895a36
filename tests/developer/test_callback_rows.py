"""What the database itself holds of callback URLs, callbacks and attempts, whoever asks (trust: W4, C3)."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models.functions import Now

from developer.models import Callback, CallbackAttempt, CallbackEvent, CallbackStatus, CallbackUrl
from flipdash import clock, rls
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def to(admin, scope):
    with rls.inside(scope):
        yield factories.make_callback_url(admin)


@pytest.fixture
def callback(to):
    return factories.make_callback(to)


def attempt(callback: Callback, n: int = 1) -> CallbackAttempt:
    return CallbackAttempt.objects.create(
        business_id=callback.business_id,
        mode=callback.mode,
        callback=callback,
        n=n,
        lease_until=clock.now(),
        url=callback.url,
        host="hooks.kopikita.com",
    )


def test_a_callback_has_a_transaction_id_of_its_own_and_is_due_at_once(callback):
    assert len(str(callback.pk)) == 19
    assert Callback.objects.get(pk=callback.pk, due_at__lte=Now()).status is CallbackStatus.WAITING


@pytest.mark.parametrize(
    "changes",
    [{"data": "{}"}, {"kind": "other"}, {"event": "refund"}, {"source_type": "top_up", "source_id": 3}],
    ids=str,
)
def test_what_a_callback_tells_never_changes(callback, changes):
    with pytest.raises(IntegrityError, match="keeps its identity"), transaction.atomic():
        Callback.objects.filter(pk=callback.pk).update(**changes)


def test_a_callback_begins_unsent(to):
    with pytest.raises(IntegrityError, match="begins waiting or paused"), transaction.atomic():
        factories.make_callback(to, status="delivered", due_at=None, delivered_at=Now())


def test_what_is_open_has_a_time_and_nothing_else_has(callback):
    for changes in ({"due_at": None}, {"status": "failed"}, {"status": "delivered", "due_at": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Callback.objects.filter(pk=callback.pk).update(**changes)


def test_a_callback_never_goes_back_from_delivered_by_itself(callback):
    rows = Callback.objects.filter(pk=callback.pk)
    rows.update(status="delivered", due_at=None, delivered_at=Now())
    with pytest.raises(IntegrityError, match="can't move"), transaction.atomic():
        rows.update(status="retrying", due_at=Now())


def test_an_attempt_has_one_number_and_the_app_never_changes_it(callback):
    made = attempt(callback)
    with pytest.raises(IntegrityError), transaction.atomic():
        attempt(callback)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        CallbackAttempt.objects.filter(pk=made.pk).update(code="200")


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_an_attempt_ends_once(callback):
    rows = CallbackAttempt.objects.using("operator").filter(pk=attempt(callback).pk)
    with pytest.raises(IntegrityError, match="keeps its identity"):
        rows.update(url="https://other.com/")
    assert rows.update(seconds=0.5, code="200") == 1
    with pytest.raises(IntegrityError, match="has ended"):
        rows.update(code="500")


def test_an_event_has_one_url(admin, to):
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.make_callback_url(admin)
    factories.make_callback_url(admin, mode="test")
    factories.make_callback_url(admin, CallbackEvent.REFUND)


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "", "host": "a.com"},
        {"paused_at": Now()},
        {"paused_why": "gone"},
        {"sealed_old_secret": "s"},
        {"event": "weather"},
    ],
    ids=str,
)
def test_a_url_that_makes_no_sense_is_refused(admin, scope, fields):
    with rls.inside(scope), pytest.raises(IntegrityError), transaction.atomic():
        factories.make_callback_url(admin, **fields)


def test_nobody_sees_or_takes_what_is_anothers(stranger, callback, scope):
    attempt(callback)
    foreign = (stranger.scope("live"), scope.member.scope("test"))
    for other in foreign:
        with rls.inside(other):
            for model in (CallbackUrl, Callback, CallbackAttempt):
                assert not model.objects.exists()
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                attempt(callback, 2)
    with rls.inside(foreign[0]), pytest.raises(IntegrityError), transaction.atomic():
        Callback.objects.create(  # of their own business, but for a URL of ours
            business_id=stranger.business_id, mode="live", callback_url_id=callback.callback_url_id, event="top-up"
        )
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
