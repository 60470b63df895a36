"""Nothing leaves that the deposit doesn't hold, and what came back is in it, whatever the code does (trust: L)."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from deposits import ledger
from deposits.ledger import LedgerOwner, Source, checks
from flipdash import rls
from tests import factories
from tests.superuser import superuser
from tests.transactions.sending import fund, held, lines, send
from transactions.models import MoneyTransfer, RailOrder
from transactions.outgoing import orders
from transactions.transfers.services import MONEY_TRANSFERS

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])


def send_it(row, *, source="money_transfer"):
    """Write the order of a row, as code with a fault in it would."""
    with rls.inside_of(row.business_id, row.mode), transaction.atomic():
        RailOrder.objects.create(
            business=row.business, mode=row.mode, source=source, source_id=row.pk, key="x", rail="simulator", bank="bca"
        )


def hold(row, amount):
    with rls.inside_of(row.business_id, row.mode):
        ledger.hold(LedgerOwner(row.business, row.mode), Source("money_transfer", row.pk), amount=amount)


REFUSED = {
    "inserted as processing": lambda row: None,
    "too little is held": lambda row: hold(row, row.amount),
    "held, and let go of": lambda row: (
        hold(row, row.amount + row.fee),
        ledger.release(
            LedgerOwner(row.business, row.mode), Source("money_transfer", row.pk), amount=row.amount + row.fee
        ),
    ),
}


@pytest.mark.parametrize("begin", REFUSED.values(), ids=REFUSED)
def test_no_rail_is_told_of_what_is_not_held(kopi_kita, begin):
    fund(kopi_kita)
    row = factories.make_transfer(kopi_kita, status="processing")
    with rls.inside_of(kopi_kita.pk, "live"):
        begin(row)
    with pytest.raises(IntegrityError, match="is of nothing that is processing and held"):
        send_it(row)


def test_what_waits_for_an_approver_or_is_of_another_kind_is_not_told_either(kopi_kita):
    fund(kopi_kita)
    waiting = factories.make_transfer(kopi_kita, status="pending_approval")
    hold(waiting, waiting.amount + waiting.fee)
    for row, source in ((waiting, "money_transfer"), (held(kopi_kita), "refund"), (held(kopi_kita), "gift")):
        with pytest.raises(IntegrityError, match="is of nothing that is processing and held"):
            send_it(row, source=source)


def test_one_that_is_not_held_keeps_all_of_one_statement(kopi_kita):
    rows = [held(kopi_kita), factories.make_transfer(kopi_kita, status="processing")]
    with rls.inside_of(kopi_kita.pk, "live"), pytest.raises(IntegrityError, match=f"money_transfer-{rows[1].pk} is of"):
        orders.queue_many(MONEY_TRANSFERS, rows, "simulator")
    with rls.inside_of(kopi_kita.pk, "live"):
        orders.queue_many(MONEY_TRANSFERS, rows[:1], "simulator")
    send()
    assert lines(rows[0]) == ["sent"]


def test_what_came_back_is_in_the_deposit(kopi_kita):
    """A refund that came back frees its payment for another one."""
    for row in (
        factories.make_transfer(kopi_kita),
        factories.make_refund(kopi_kita, status="successful"),
        factories.make_international(kopi_kita),
    ):
        mine = type(row).objects.filter(pk=row.pk)
        with (
            rls.inside_of(kopi_kita.pk, "live"),
            pytest.raises(IntegrityError, match="came back, and nothing is in the deposit"),
            transaction.atomic(),
        ):
            mine.update(returned_at=timezone.now())


def test_check_ledger_asks_the_other_way_round(kopi_kita):
    """Of orders and of what came back, not only of what the ledger knows."""
    row = held(kopi_kita)
    send_it(row)
    asked, returned = "Orders have their hold", "What came back is in the deposit"
    planted = {
        "DELETE FROM deposits_posting WHERE kind = 'hold'": asked,
        f"UPDATE transactions_railorder SET source_id = {row.pk + 1}": asked,
        "UPDATE transactions_moneytransfer SET status = 'successful', completed_at = created_at, returned_at = now() "
        f"WHERE id = {row.pk}": returned,
    }
    with superuser() as connected, connected.cursor() as cursor:
        assert not {asked, returned} & wrong(cursor)
        for statement, check in planted.items():
            with connected.transaction(force_rollback=True):
                cursor.execute(statement)
                assert check in wrong(cursor), statement
    assert MoneyTransfer.objects.filter(returned_at=None).count() == 1


def wrong(cursor):
    return {result.check.name for result in checks.run(cursor) if result.count}
