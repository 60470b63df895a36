"""Callbacks of refunds: asked for, arrived or come to nothing, each once and as the sample has it (trust: C1, C2)."""

import json

import pytest

from accounts.permissions import Role
from developer.callbacks.facts import as_refund
from developer.callbacks.samples import SAMPLES
from developer.models import Callback, CallbackEvent
from flipdash import clock, rls
from tests import factories
from tests.transactions import refunding, sending
from transactions.models import RailCase, Refund
from transactions.outgoing import cases
from transactions.outgoing.rejecting import reject_many
from transactions.refunds.services import REFUNDS

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]


@pytest.fixture
def told(kopi_kita):
    factories.make_callback_url(factories.make_member(kopi_kita), CallbackEvent.REFUND)

    def found():
        rows = Callback.objects.using("operator").order_by("created_at", "id")
        return [(one.kind, one.source_id, json.loads(one.data)) for one in rows]

    return found


@pytest.mark.parametrize(
    ("account", "kind", "status", "reason"),
    [
        ("0012345678", "refund.successful", "DONE", ""),
        ("0012349002", "refund.failed", "CANCELLED", "INACTIVE_ACCOUNT"),
    ],
)
def test_what_becomes_of_a_refund_is_told(told, kopi_kita, account, kind, status, reason):
    sending.fund(kopi_kita)
    payment = factories.make_payment(kopi_kita)
    refund = refunding.request(factories.make_member(kopi_kita, Role.EXECUTOR), payment, account_number=account)
    ((first, source, data),) = told()
    assert (first, source, data["status"], data["payment_id"]) == (
        *("refund.created", refund.pk, "PENDING"),
        str(payment.pk),
    )
    sending.let_it_arrive()
    last, source, data = told()[-1]
    assert (last, source, data["status"], data["reason"]) == (kind, refund.pk, status, reason)
    assert list(data) == list(SAMPLES["refund"])
    assert bool(data["completed_at"]) == (status == "DONE")
    assert len(told()) == 2


def test_what_had_arrived_and_came_back_is_told(told, kopi_kita, admin):
    sending.fund(kopi_kita)
    executor, payment = factories.make_member(kopi_kita, Role.EXECUTOR), factories.make_payment(kopi_kita)
    refund = refunding.request(executor, payment, account_number="0012349009")
    sending.let_it_arrive()
    assert told()[-1][2]["status"] == "DONE"
    assert cases.credit(RailCase.objects.get(), by=admin.user)
    kind, source, data = told()[-1]
    assert (kind, source, data["status"]) == ("refund.returned", refund.pk, "RETURNED")
    assert data["returned_amount"] == data["amount"] == refund.amount
    told_in_part = as_refund(Refund(amount=15_000, returned_at=clock.now(), came_back=12_000, created_at=clock.now()))
    assert (told_in_part["amount"], told_in_part["returned_amount"]) == (15_000, 12_000)


def test_each_of_many_that_are_rejected_together_is_told(told, kopi_kita):
    service = factories.make_member(kopi_kita, Role.CUSTOMER_SERVICE)
    pks = [refunding.request(service, factories.make_payment(kopi_kita)).pk for _ in range(2)]
    scope = factories.make_member(kopi_kita, Role.APPROVER).scope("live")
    with rls.inside(scope):
        reject_many(scope, REFUNDS, pks, note="Not ours")
    at_once = sorted((kind, pk) for kind, pk, _data in told()[2:])  # written in one statement, at one moment
    assert at_once == [("refund.rejected", pk) for pk in sorted(pks)]
