"""A callback is written in the transaction of its fact: never without it, never before it (trust: C1, C2)."""

import json
from urllib.parse import parse_qs

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from kombu.exceptions import OperationalError

from accounts.permissions import Role
from deposits.models import TopUp
from deposits.statements import matching
from developer.api import disbursements
from developer.callbacks import facts, outbox
from developer.callbacks.samples import SAMPLES
from developer.models import Callback, CallbackEvent, CallbackStatus
from flipdash import clock, events, rls
from flipdash.actors import SYSTEM
from flipdash.mode import Mode
from flipdash.scope import Scope
from tests import factories
from tests.deposits.banking import operator_person
from tests.transactions import sending
from transactions import disturbances
from transactions.international.services import INTERNATIONAL
from transactions.outgoing import acts
from transactions.outgoing.rejecting import reject_many
from transactions.rails import simulator
from transactions.reasons import Reason
from transactions.refunds.services import REFUNDS
from transactions.transfers.services import MONEY_TRANSFERS

pytestmark = pytest.mark.django_db


@pytest.fixture
def asleep(monkeypatch):
    """Note when the worker of callbacks is woken; mails wake another."""
    woken = []

    def send_task(name, args=(), *, queue, **options):
        if queue == outbox.QUEUE:
            woken.append(name)

    monkeypatch.setattr(outbox.app, "send_task", send_task)
    return woken


def fact(scope, at=None) -> events.Event:
    return events.Event(scope, "top-up.credited", None, {}, at)


def credited(member, mode: str = Mode.LIVE) -> TopUp:
    top_up = factories.make_top_up(member, mode=mode)
    line = matching.report_payment(top_up)
    matching.match(line.pk)
    assert matching.credit_matched(line.pk)
    return TopUp.objects.using("operator").get(pk=top_up.pk)


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
@pytest.mark.parametrize("mode", ["live", "test"])
def test_a_credited_top_up_is_told_as_our_api_says_it(admin, asleep, mode):
    to = factories.make_callback_url(admin, mode=mode)
    top_up = credited(admin, mode)
    callback = Callback.objects.using("operator").get()
    assert (callback.callback_url_id, callback.mode, callback.kind) == (to.pk, mode, "top-up.credited")
    assert (callback.source_type, callback.source_id) == ("top_up", top_up.pk)
    told = json.loads(callback.data)
    assert list(told) == list(SAMPLES["top-up"])
    assert told["id"] == top_up.pk
    assert told["amount"] == top_up.exact_amount == top_up.credited_amount
    assert told["status"] == "DONE"
    assert asleep == ["developer.tasks.send_callbacks"]


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_a_top_up_that_is_taken_back_is_told_once_more(admin, asleep):
    factories.make_callback_url(admin)
    top_up = credited(admin)
    ayu, bayu = operator_person("Ayu"), operator_person("Bayu")
    matching.approve(matching.propose_undo(top_up, by=ayu, why="The bank took it back"), by=bayu)
    first, second = Callback.objects.using("operator").order_by("created_at")
    assert (second.kind, second.source_id) == ("top-up.reversed", top_up.pk)
    before, told = json.loads(first.data), json.loads(second.data)
    assert (told["status"], before["reversed_at"], bool(told["reversed_at"])) == ("REVERSED", "", True)
    same = {"id", "amount", "bank_code", "created_at", "credited_at"}
    assert {name: told[name] for name in same} == {name: before[name] for name in same}


@pytest.fixture
def sent_to(kopi_kita):
    """A Callback URL for money transfers, of a business that has money and may send it."""
    sending.fund(kopi_kita)
    return factories.make_callback_url(factories.make_member(kopi_kita, Role.ADMIN), CallbackEvent.TRANSFER)


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
@pytest.mark.parametrize(
    ("account", "kind", "status", "reason"),
    [
        ("0012345678", "transfer.successful", "DONE", ""),
        (f"001234{simulator.CLOSED}", "transfer.failed", "CANCELLED", "INACTIVE_ACCOUNT"),
    ],
)
def test_how_a_transfer_ended_is_told_as_our_api_says_it(sent_to, asleep, kopi_kita, account, kind, status, reason):
    transfer = sending.create(factories.make_member(kopi_kita, Role.MAKER), account_number=account)
    sending.approve(factories.make_member(kopi_kita, Role.APPROVER), transfer)
    sending.send()
    assert not Callback.objects.using("operator").exists(), "it is on its way"
    sending.answer()
    callback = Callback.objects.using("operator").get()
    assert (callback.kind, callback.source_type, callback.source_id) == (kind, "money_transfer", transfer.pk)
    told = json.loads(callback.data)
    assert list(told) == list(SAMPLES["transfer"])
    assert (told["id"], told["status"], told["reason"]) == (transfer.pk, status, reason)
    assert (told["time_served"] == disbursements.NEVER) == (status == "CANCELLED")


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_a_transfer_that_is_rejected_is_told(sent_to, asleep, kopi_kita):
    transfer = sending.create(factories.make_member(kopi_kita, Role.MAKER))
    scope = factories.make_member(kopi_kita, Role.APPROVER).scope("live")
    with rls.inside(scope):
        acts.reject(scope, MONEY_TRANSFERS, transfer.pk, reason=Reason.WRONG_AMOUNT)
    assert [one.kind for one in Callback.objects.using("operator")] == ["transfer.rejected"]


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_each_of_many_that_are_rejected_together_is_told(sent_to, asleep, kopi_kita):
    maker = factories.make_member(kopi_kita, Role.MAKER)
    pks = sorted(sending.create(maker, account_number=f"001234567{n}").pk for n in range(2))
    scope = factories.make_member(kopi_kita, Role.APPROVER).scope("live")
    with rls.inside(scope):
        reject_many(scope, MONEY_TRANSFERS, pks, reason=Reason.WRONG_AMOUNT)
    found = Callback.objects.using("operator").order_by("source_id")
    assert [(one.kind, one.source_id) for one in found] == [("transfer.rejected", pk) for pk in pks]
    assert {json.loads(one.data)["status"] for one in found} == {"CANCELLED"}


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
@pytest.mark.parametrize(
    ("event", "product", "make"),
    [
        (CallbackEvent.TRANSFER, MONEY_TRANSFERS, factories.make_transfer),
        (CallbackEvent.REFUND, REFUNDS, factories.make_refund),
        (CallbackEvent.INTERNATIONAL, INTERNATIONAL, factories.make_international),
    ],
)
def test_many_are_told_in_as_few_statements_as_two_and_wake_the_sender_once(admin, asleep, event, product, make):
    scope = factories.make_member(admin.business, Role.APPROVER).scope("live")
    factories.make_callback_url(admin, event)
    took = []
    for count in (2, 20):
        pks = [make(admin.business, status="pending_approval").pk for _number in range(count)]
        asleep.clear()
        with rls.inside(scope), CaptureQueriesContext(connection) as sent:
            assert reject_many(scope, product, pks, reason=Reason.WRONG_AMOUNT) == count
        took.append(len([query for query in sent if "developer_" in query["sql"]]))
        assert len(asleep) == 1
    assert Callback.objects.using("operator").count() == 22
    assert took[0] == took[1] <= 4


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_how_many_ended_is_told_at_once(admin, asleep):
    """What a rail answers of many."""
    scope = Scope.by_itself(admin.business, "live")
    factories.make_callback_url(admin, CallbackEvent.TRANSFER)
    rows = [factories.make_transfer(admin.business) for _number in range(20)]
    with rls.inside(scope), CaptureQueriesContext(connection) as sent, transaction.atomic():
        facts.tell_transfers([events.Event(scope, "transfer.successful", row, {}) for row in rows])
    assert len([query for query in sent if "developer_" in query["sql"]]) == 2
    assert len(asleep) == 1
    with rls.inside(scope):
        assert set(Callback.objects.values_list("source_id", flat=True)) == {row.pk for row in rows}


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_a_bank_that_is_disturbed_is_told_to_every_business_with_a_url_in_both_modes(admin, stranger, asleep):
    to = [
        factories.make_callback_url(member, CallbackEvent.BANK_STATUS, mode=mode)
        for member, mode in ((admin, "live"), (admin, "test"), (stranger, "live"))
    ]
    factories.make_callback_url(stranger, CallbackEvent.BANK_STATUS, mode="test", url="")
    factories.make_callback_url(admin, CallbackEvent.TOP_UP)
    try:
        disturbances.set_status(["bni", "bri"], "disturbed", by=SYSTEM)
        told = list(Callback.objects.using("operator").order_by("callback_url_id"))
        assert [one.callback_url_id for one in told] == [url.pk for url in to]
        assert [(one.business_id, one.mode) for one in told] == [(url.business_id, url.mode) for url in to]
        data = [json.loads(one.data) for one in told]
        assert [(bank["bank_code"], bank["status"]) for bank in data[0]] == [("bni", "DISTURBED"), ("bri", "DISTURBED")]
        assert list(data[0][0]) == list(SAMPLES["bank-status"][0])
        assert data[0] == data[1] == data[2]
    finally:
        disturbances.set_status(["bni", "bri"], "operational", by=SYSTEM)
    assert Callback.objects.using("operator").count() == 6


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_a_change_that_is_rolled_back_tells_nobody_of_a_bank(admin, asleep):
    factories.make_callback_url(admin, CallbackEvent.BANK_STATUS)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        disturbances.set_status(["bni"], "disturbed", by=SYSTEM)
        raise ZeroDivisionError
    assert not Callback.objects.using("operator").exists()


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_whoever_has_no_url_is_told_nothing(admin, stranger, asleep):
    factories.make_callback_url(admin, mode="test")
    factories.make_callback_url(admin, CallbackEvent.REFUND)
    factories.make_callback_url(stranger)
    factories.make_callback_url(admin, CallbackEvent.TOP_UP, url="")
    credited(admin)
    assert not Callback.objects.using("operator").exists()
    assert not asleep


def test_a_fact_that_is_rolled_back_leaves_no_callback_and_wakes_nobody(
    admin, scope, asleep, django_capture_on_commit_callbacks
):
    with rls.inside(scope), django_capture_on_commit_callbacks(execute=True):
        factories.make_callback_url(admin)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            assert outbox.tell(fact(scope), CallbackEvent.TOP_UP, {})
            raise ZeroDivisionError
        assert not Callback.objects.exists()
    assert not asleep


def test_nobody_is_woken_before_the_fact_is_there(admin, scope, asleep, django_capture_on_commit_callbacks):
    with rls.inside(scope), django_capture_on_commit_callbacks(execute=True):
        factories.make_callback_url(admin)
        outbox.tell(fact(scope), CallbackEvent.TOP_UP, {})
        assert not asleep
    assert len(asleep) == 1


def test_what_happened_earlier_by_the_seed_is_told_to_nobody(admin, scope, asleep):
    with rls.inside(scope):
        factories.make_callback_url(admin)
        assert outbox.tell(fact(scope, at=clock.now()), CallbackEvent.TOP_UP, {}) is None


def test_for_a_paused_url_it_waits(admin, scope, asleep):
    with rls.inside(scope):
        factories.make_callback_url(admin, paused_at=clock.now(), paused_why="failing")
        callback = outbox.tell(fact(scope), CallbackEvent.TOP_UP, {})
        assert callback.status is CallbackStatus.PAUSED


def test_without_a_broker_the_fact_stands(admin, scope, monkeypatch, django_capture_on_commit_callbacks):
    def away(*args, **kwargs):
        raise OperationalError

    monkeypatch.setattr(outbox.app, "send_task", away)
    with rls.inside(scope), django_capture_on_commit_callbacks(execute=True):
        factories.make_callback_url(admin)
        assert outbox.tell(fact(scope), CallbackEvent.TOP_UP, {})
    with rls.inside(scope):
        assert Callback.objects.count() == 1


def test_the_body_is_a_form_of_data_and_token_and_always_the_same():
    data = '{"name":"Sri & Co. ☕ = 100%","text":"a+b"}'
    body = outbox.body(data, "tok/en+=")
    assert parse_qs(body.decode(), strict_parsing=True) == {"data": [data], "token": ["tok/en+="]}
    assert body == outbox.body(data, "tok/en+=")


def test_data_keeps_what_people_typed(admin, scope, asleep):
    with rls.inside(scope):
        factories.make_callback_url(admin)
        said = {"name": "Kedai ☕ Si Mbah", "amount": 2**62, "nothing": None}
        callback = outbox.tell(fact(scope), CallbackEvent.TOP_UP, said)
        assert json.loads(Callback.objects.get(pk=callback.pk).data) == said
