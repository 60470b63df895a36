"""Fifty at once on one transfer: exactly one wins (trust: M1, L6, L8)."""

import os
import uuid
from collections import Counter

import pytest

from accounts.permissions import Role
from deposits import ledger
from deposits.ledger import checks
from flipdash import rls
from tests import factories
from tests.deposits.conftest import connect
from tests.transactions.sending import answer, create, draft, fund, lines, send, told
from tests.twins import at_once
from transactions.approvals import services as approvals
from transactions.approvals.queue import Filters, Selection
from transactions.models import BulkApproval, MoneyTransfer, RailOrder, Status
from transactions.outgoing import acts, answers, many
from transactions.outgoing.orders import ORDERS
from transactions.rails import Answer, Outcome
from transactions.transfers import services
from transactions.transfers.services import MONEY_TRANSFERS

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]


@pytest.fixture
def cast(kopi_kita):
    fund(kopi_kita, 1_000_000)
    roles = (Role.MAKER, Role.APPROVER, Role.ADMIN)
    yield {role: factories.make_member(kopi_kita, role).scope("live") for role in roles}
    with connect("superuser") as superuser, superuser.cursor() as cursor:
        wrong = {result.check.name: result.examples for result in checks.run(cursor) if result.count}
    assert wrong == {}


def outcomes_of(acts_):
    """Do all at once; return how often each outcome came."""

    def one(number):
        scope, act = acts_[number]
        with rls.inside(scope):
            return act(scope)

    found = at_once(len(acts_), one)
    return Counter(type(each).__name__ if isinstance(each, Exception) else "done" for each in found)


ROUNDS = int(os.environ.get("RACE_ROUNDS", "4"))
SELECTED = int(os.environ.get("RACE_ROWS", "12"))


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_fifty_decide_on_one_transfer_and_one_wins(cast, turn):
    """trust: M1."""
    transfer = create(cast[Role.MAKER], account_number=f"00123456{turn:02}")
    approver, admin = cast[Role.APPROVER], cast[Role.ADMIN]
    seen = MONEY_TRANSFERS.digest_of(approver, transfer)
    acts_ = [
        (approver, lambda scope: acts.approve(scope, MONEY_TRANSFERS, transfer.pk, seen=seen)),
        (approver, lambda scope: acts.reject(scope, MONEY_TRANSFERS, transfer.pk, note="No")),
        (admin, lambda scope: acts.cancel(scope, MONEY_TRANSFERS, transfer.pk)),
    ]
    outcomes = outcomes_of([acts_[(turn + number) % 3] for number in range(50)])
    assert outcomes == {"done": 1, "NotWaiting": 49}
    transfer.refresh_from_db()
    is_approved = transfer.status == Status.PROCESSING
    with rls.inside(approver):
        assert ledger.balance(approver).held == (87_500 if is_approved else 0)
    assert RailOrder.objects.count() == is_approved
    assert len(lines(transfer)) == 2


@pytest.mark.parametrize("by_worker", [False, True])
def test_two_approve_overlapping_selections_and_each_transfer_is_approved_once(cast, kopi_kita, monkeypatch, by_worker):
    """trust: M1, M4. RACE_ROWS=500 takes as many; what is large is noted, and approved by a worker."""
    monkeypatch.setattr(many, "AT_ONCE", SELECTED - by_worker)
    fund(kopi_kita, SELECTED * 2 * 20_000)
    maker, approver, admin = (cast[role] for role in (Role.MAKER, Role.APPROVER, Role.ADMIN))
    pks = [create(maker, amount=10_000, account_number=f"0012{number:06}").pk for number in range(SELECTED + 4)]
    tokens = [f"money_transfer-{pk}" for pk in pks]
    first, second = (Selection(Filters(), frozenset(part)) for part in (tokens[:SELECTED], tokens[4:]))

    def one(scope, chosen):
        seen = approvals.look(scope, chosen).seen
        return lambda scope: approvals.approve(scope, chosen, seen=seen)

    with rls.inside(approver):
        acts_ = [(approver, one(approver, first)), (admin, one(admin, second))] * 3
    outcomes = outcomes_of(acts_)
    assert outcomes == ({"done": 6} if by_worker else {"done": 3, "Changed": 3}), "a further click hears of the first"
    while many.APPROVALS.work():
        pass
    ends = Counter(BulkApproval.objects.values_list("status", "problem"))
    assert ends == Counter([("done", ""), *[("failed", "changed")] * by_worker])
    assert MoneyTransfer.objects.filter(status="processing").count() == SELECTED
    assert RailOrder.objects.count() == SELECTED
    with rls.inside(approver):
        assert ledger.balance(approver).held == SELECTED * 12_500


def test_one_form_sent_thirty_times_at_once_makes_one(cast):
    """trust: L6."""
    key = uuid.uuid4()
    maker = cast[Role.MAKER]
    outcomes = outcomes_of([(maker, lambda scope: services.create(scope, draft(), made_key=key))] * 30)
    assert outcomes == {"done": 30}
    assert MoneyTransfer.objects.count() == 1


def test_equal_transfers_made_at_once_by_different_forms_are_seen_as_duplicates(cast):
    """trust: L5."""
    maker = cast[Role.MAKER]
    same = [(maker, lambda scope: services.create(scope, draft(is_sure=False), made_key=uuid.uuid4()))] * 10
    assert outcomes_of(same) == {"done": 1, "MayBeTwice": 9}


def test_of_many_that_share_the_deposit_exactly_what_fits_is_approved(cast):
    """trust: L1."""
    maker, approver = cast[Role.MAKER], cast[Role.APPROVER]
    transfers = [create(maker, amount=97_500, account_number=f"00123456{number:02}") for number in range(20)]

    def approve(number):
        seen = MONEY_TRANSFERS.digest_of(approver, transfers[number])
        return approver, lambda scope: acts.approve(scope, MONEY_TRANSFERS, transfers[number].pk, seen=seen)

    outcomes = outcomes_of([approve(number) for number in range(20)])
    assert outcomes == {"done": 10, "ShortOfMoney": 10}


def test_contradictory_answers_at_once_close_it_once(cast):
    """trust: L8."""
    transfer = create(cast[Role.ADMIN])
    send()
    key = MONEY_TRANSFERS.key_of(transfer)
    said = [Answer(Outcome.SUCCESSFUL), Answer(Outcome.FAILED, "bank_refused"), Answer(Outcome.PENDING)]
    found = at_once(30, lambda number: answers.take(key, said[number % 3]))
    assert found == [None] * 30
    transfer.refresh_from_db()
    assert transfer.status in (Status.SUCCESSFUL, Status.FAILED)
    assert len(lines(transfer)) == 5
    assert lines(transfer)[-1] == "disputed"


def test_many_workers_send_each_order_once(cast):
    """trust: L8. Eight workers on sixteen orders, and the answers that come meanwhile."""
    transfers = [create(cast[Role.ADMIN], amount=10_000, account_number=f"00123456{n:02}") for n in range(16)]

    def work(number):
        while ORDERS.work():
            pass

    assert at_once(8, work) == [None] * 8
    send()
    answer()
    assert [told(transfer) for transfer in transfers] == [1] * 16
    assert set(MoneyTransfer.objects.values_list("status", flat=True)) == {"successful"}
