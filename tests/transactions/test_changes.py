"""What each act does is said once: many at once, of earlier, leave what one by one leaves (outgoing/changes.py)."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Activity
from accounts.permissions import Role
from deposits import ledger
from deposits.ledger import LedgerOwner
from deposits.models import Posting
from flipdash import clock, rls, states
from flipdash.models import Message
from flipdash.scope import Scope
from flipdash.states import MoveRefused
from tests import factories
from tests.transactions.sending import approve, create, fund
from transactions.models import MoneyTransfer, Status, TransferEvent
from transactions.outgoing import acts, answers, changes
from transactions.rails import Answer, Outcome
from transactions.reasons import Reason
from transactions.transfers.services import MONEY_TRANSFERS

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]


FAILED = Answer(Outcome.FAILED, Reason.ACCOUNT_CLOSED)


@pytest.fixture
def maker(kopi_kita):
    fund(kopi_kita, 50_000_000)
    return factories.make_member(kopi_kita, Role.MAKER)


@pytest.fixture
def approver(kopi_kita):
    return factories.make_member(kopi_kita, Role.APPROVER)


def left_by(transfer: MoneyTransfer) -> tuple:
    """What a transfer has come to: its row, its timeline, its postings and the Activity Log, without the times."""
    transfer.refresh_from_db()
    lines = TransferEvent.objects.filter(transfer=transfer).exclude(kind="sent").order_by("at", "id")
    source = {"source_type": "money_transfer", "source_id": transfer.pk}
    postings = Posting.objects.using("operator").filter(**source).order_by("effective_at", "id")
    log = Activity.objects.using("operator").filter(subject_id=str(transfer.pk)).exclude(kind="transfer.sent")
    return (
        (transfer.status, transfer.reason, transfer.approver, transfer.completed_at is None),
        [(line.kind, line.by_kind, line.by_id, line.note) for line in lines],
        [
            (posting.kind, posting.by_kind, sorted(posting.entries.using("operator").values_list("amount", flat=True)))
            for posting in postings
        ],
        [(row.kind, row.by_name, row.role, row.facts) for row in log.order_by("created_at", "id")],
    )


def test_many_at_once_leave_what_each_alone_leaves(kopi_kita, maker, approver):
    alone = [create(maker, amount=85_000 + n) for n in range(3)]
    for transfer in alone[:2]:
        approve(approver, transfer)
    simulated = {alone[0]: Answer(Outcome.SUCCESSFUL), alone[1]: FAILED}
    for transfer, answer in simulated.items():
        answers.take(MONEY_TRANSFERS.key_of(transfer), answer)
    with rls.inside_of(kopi_kita.pk, "live"):
        acts.reject(approver.scope("live"), MONEY_TRANSFERS, alone[2].pk, note="Not this month")

    together = [create(maker, amount=85_000 + n) for n in range(3)]
    before, mails = clock.now(), Message.objects.count()
    at = [before + timedelta(seconds=n) for n in range(1, 6)]
    by, itself = approver.scope("live"), Scope.by_itself(kopi_kita, "live")
    with rls.inside_of(kopi_kita.pk, "live"), transaction.atomic():
        first, second, third = (MoneyTransfer.objects.select_related("business").get(pk=row.pk) for row in together)
        some = [
            changes.letting_go(by, MONEY_TRANSFERS, first, Status.PROCESSING, at[0]),
            changes.letting_go(by, MONEY_TRANSFERS, second, Status.PROCESSING, at[1]),
            changes.ending(itself, MONEY_TRANSFERS, first, Answer(Outcome.SUCCESSFUL), "simulator", at[2]),
            changes.stopping(by, MONEY_TRANSFERS, third, "rejected", note="Not this month", at=at[3]),
            changes.ending(itself, MONEY_TRANSFERS, second, FAILED, "simulator", at[4]),
        ]
        changes.carry_out_many(LedgerOwner(kopi_kita, "live"), some)

    for one, other in zip(alone, together, strict=True):
        assert left_by(one) == left_by(other)
    moments = list(Posting.objects.using("operator").order_by("effective_at").values_list("effective_at", flat=True))
    assert moments[-4:] == [at[0], at[1], at[2], at[4]], "in their order, at their moments"
    assert list(TransferEvent.objects.filter(transfer=together[1]).order_by("at").values_list("at", flat=True))[1:] == [
        at[1],
        at[4],
    ]
    dates = Activity.objects.using("operator").filter(subject_id=str(together[2].pk), kind="transfer.rejected")
    assert list(dates.values_list("created_at", flat=True)) == [at[3]]
    assert Message.objects.count() == mails, "nobody is mailed of what happened earlier"


def test_many_that_can_not_go_move_nothing(kopi_kita, maker, approver):
    rows = [create(maker, amount=85_000 + n) for n in range(2)]
    by, itself = approver.scope("live"), Scope.by_itself(kopi_kita, "live")
    before = [left_by(row) for row in rows]
    with rls.inside_of(kopi_kita.pk, "live"):
        first, second = (MoneyTransfer.objects.select_related("business").get(pk=row.pk) for row in rows)
        good = changes.letting_go(by, MONEY_TRANSFERS, first, Status.PROCESSING, clock.now())
        never_held = changes.ending(itself, MONEY_TRANSFERS, second, FAILED, "simulator", clock.now())
        with pytest.raises(ledger.NotHeld), transaction.atomic():
            changes.carry_out_many(LedgerOwner(kopi_kita, "live"), [good, never_held])
        with pytest.raises(MoveRefused), transaction.atomic():
            states.move_many([good.move, never_held.move])
    assert [left_by(row) for row in rows] == before


def test_statements_do_not_grow_with_the_rows(kopi_kita, maker, approver):
    def statements(count: int) -> int:
        rows = [create(maker, amount=95_000 + n) for n in range(count)]
        with rls.inside_of(kopi_kita.pk, "live"), transaction.atomic():
            found = MoneyTransfer.objects.select_related("business").filter(pk__in=[row.pk for row in rows])
            by, now = approver.scope("live"), clock.now()
            some = [changes.letting_go(by, MONEY_TRANSFERS, row, Status.PROCESSING, now) for row in found]
            with CaptureQueriesContext(connection) as queries:
                changes.carry_out_many(LedgerOwner(kopi_kita, "live"), some)
        return len(queries)

    assert statements(2) == statements(7)
