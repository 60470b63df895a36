"""All at once to a refund that waits for the deposit, and to a transfer that is asked back (trust: D6, L8).

Whoever comes first, money is held for what is sent and for nothing else. RACE_ROUNDS=20 goes on for long.
"""

import os
from random import Random

import pytest

from accounts.permissions import Role
from deposits import ledger
from deposits.ledger import Balance, checks
from flipdash import rls
from flipdash.actors import SYSTEM
from tests import factories
from tests.deposits.conftest import connect
from tests.leased import let_time_pass
from tests.transactions import sending
from tests.transactions.refunding import approve, now, request
from tests.transactions.sending import fund, let_it_arrive, send
from tests.twins import at_once
from transactions import disturbances
from transactions.models import MoneyTransfer, RailCase, RefundStatus, SimulatedPayout
from transactions.outgoing import acts, covering, recalling
from transactions.outgoing.orders import ORDERS
from transactions.outgoing.recalling import NotHanging
from transactions.outgoing.refusals import NotWaiting
from transactions.rails import Outcome, simulator
from transactions.refunds.services import REFUNDS
from transactions.transfers.services import MONEY_TRANSFERS

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]
ROUNDS = int(os.environ.get("RACE_ROUNDS", "2"))
WHOLE = 52_500


def wrong():
    with connect("superuser") as superuser, superuser.cursor() as cursor:
        return {result.check.name: result.examples for result in checks.run(cursor) if result.count}


def balance(business):
    with rls.inside_of(business.pk, "live"):
        return ledger.balance(ledger.LedgerOwner(business, "live"))


def all_at_once(dice, actions):
    """Do all of them at once, begun in an order that is drawn."""
    dice.shuffle(actions)
    return at_once(len(actions), lambda number: actions[number]())


def test_sweeps_a_top_up_a_cancellation_and_a_rejection_at_once(kopi_kita):
    service, approver = (factories.make_member(kopi_kita, role) for role in (Role.CUSTOMER_SERVICE, Role.APPROVER))
    dice, mine, theirs = Random(16), service.scope("live"), approver.scope("live")
    for _ in range(ROUNDS):
        refund = request(service, factories.make_payment(kopi_kita), amount=50_000)
        assert approve(approver, refund).status == RefundStatus.WAITING

        def cancel(pk=refund.pk):
            with rls.inside(mine):
                acts.cancel(mine, REFUNDS, pk)

        def reject(pk=refund.pk):
            with rls.inside(theirs):
                acts.reject(theirs, REFUNDS, pk, note="No")

        more = [covering.go_on, covering.go_on, lambda: fund(kopi_kita, WHOLE), cancel, reject]
        outcomes = all_at_once(dice, more)
        problems = [one for one in outcomes if isinstance(one, Exception)]
        assert all(isinstance(one, NotWaiting) for one in problems), problems
        covering.go_on()
        status = now(refund).status
        assert status in (RefundStatus.PROCESSING, RefundStatus.CANCELLED)
        is_sent = status == RefundStatus.PROCESSING
        assert len(problems) == (2 if is_sent else 1), "one stopped it, or nobody could"
        assert balance(kopi_kita) == (Balance(0, WHOLE) if is_sent else Balance(WHOLE, 0))
        let_it_arrive()
        assert SimulatedPayout.objects.filter(key=REFUNDS.key_of(refund)).count() == int(is_sent)
        if not is_sent:
            spend(kopi_kita)
    assert wrong() == {}


def spend(business):
    """Take out what a round has left, so that the next one waits again."""
    executor = factories.make_member(business, Role.EXECUTOR)
    refund = request(executor, factories.make_payment(business), amount=50_000)
    let_it_arrive()
    assert now(refund).status == RefundStatus.SUCCESSFUL
    assert balance(business) == Balance(0, 0)


def test_asked_back_answered_told_and_asked_for_at_once(kopi_kita):
    maker, approver, service = (
        factories.make_member(kopi_kita, role) for role in (Role.MAKER, Role.APPROVER, Role.CUSTOMER_SERVICE)
    )
    dice, scope = Random(17), service.scope("live")
    disturbances.set_status(["bca"], "heavily_disturbed", by=SYSTEM)
    for number in range(ROUNDS):
        fund(kopi_kita, 87_500)
        transfer = sending.create(maker, account_number=f"00123456{number % 80 + 10}")
        sending.approve(approver, transfer)
        if number % 2:
            send()
        key = MONEY_TRANSFERS.key_of(transfer)

        def recall(pk=transfer.pk):
            with rls.inside(scope):
                recalling.recall(scope, MONEY_TRANSFERS, pk)

        def answer(key=key):
            simulator.force(key, Outcome.SUCCESSFUL)

        outcomes = all_at_once(dice, [recall, answer, ORDERS.work, ORDERS.work])
        known = (NotHanging, NotWaiting, simulator.NotTold, simulator.AlreadyAnswered)
        assert all(isinstance(one, known) for one in outcomes if isinstance(one, Exception)), outcomes
        let_time_pass(ORDERS)
        let_it_arrive()
        let_time_pass(ORDERS)
        send()
        with rls.inside(scope):
            row = MoneyTransfer.objects.get(pk=transfer.pk)
        payout = SimulatedPayout.objects.get(key=key)
        assert (row.status, payout.told) == (payout.result, 1)
        left = 0 if row.status == "successful" else 87_500
        assert balance(kopi_kita) == Balance(left, 0)
        assert not RailCase.objects.exists()
        if left:
            sending.approve(approver, sending.create(maker, account_number="0012345678"))
            let_it_arrive()
    assert wrong() == {}
