"""Many at once, each with a connection of its own, started together (trust: L1, L7, L9)."""

from collections import Counter
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connections, transaction

from deposits import ledger
from deposits.ledger import Balance, LedgerOwner, Line, checks
from deposits.models import AccountKind, Posting, PostingKind
from flipdash import rls
from tests import factories
from tests.deposits.conftest import LEDGERS_OWN, connect, source

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])


def at_once(acts: list[Callable[[], Any]]) -> Counter[str]:
    """Do all acts at the same moment; returns how often each outcome came: the name of the error, or the answer."""
    barrier, outcomes = Barrier(len(acts)), Counter()

    def run(act: Callable[[], Any]) -> None:
        try:
            connections["default"].ensure_connection()
            barrier.wait(30)
            outcomes[str(act())] += 1
        except Exception as error:
            outcomes[type(error).__name__] += 1
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(outcomes.values()) == len(acts)
    return outcomes


@pytest.fixture
def owner(kopi_kita):
    """Kopi Kita's ledger, with Rp1.000.000, and afterwards the whole ledger holds."""
    owner = LedgerOwner(kopi_kita, "live")
    with rls.inside_of(kopi_kita.pk, "live"):
        ledger.top_up(owner, source(), amount=1_000_000, bank="bca")
    yield owner
    with connect("superuser") as superuser, superuser.cursor() as cursor:
        wrong = {result.check.name: result.examples for result in checks.run(cursor, LEDGERS_OWN) if result.count}
    assert wrong == {}


def act(owner: LedgerOwner, do: Callable[..., ledger.Posted], *args: Any, **how: Any) -> Callable[[], bool]:
    """An act inside the business; its answer is whether it posted something new."""

    def inside() -> bool:
        with rls.inside_of(owner.business.pk, owner.mode):
            return do(owner, *args, **how).is_new

    return inside


def balance(owner: LedgerOwner) -> Balance:
    with rls.inside_of(owner.business.pk, owner.mode):
        return ledger.balance(owner)


def test_of_sixty_debits_exactly_what_fits(owner):
    """trust: L1."""
    outcomes = at_once([act(owner, ledger.hold, source(), amount=30_000) for _n in range(60)])
    assert outcomes == {"True": 33, "NotEnoughDeposit": 27}
    assert balance(owner) == Balance(available=10_000, held=990_000)


def test_of_sixty_debits_without_the_functions_own_question_the_floor_holds(owner):
    """trust: L1. The constraint behind it, in a transaction that the owner writes by hand."""
    with connect("owner") as owner:
        with pytest.raises(Exception, match="account_above_floor"):
            owner.execute(
                "UPDATE deposits_account SET balance = balance - 1000001, seq = seq + 1 WHERE kind = 'available'"
            )
        owner.rollback()


def test_fifty_times_the_same_is_once(owner):
    transfer = source()
    outcomes = at_once([act(owner, ledger.hold, transfer, amount=30_000) for _n in range(50)])
    assert outcomes == {"True": 1, "False": 49}
    assert balance(owner) == Balance(970_000, 30_000)


def test_the_first_postings_of_a_new_business_at_once(toko_sebelah, owner):
    """Each would make the accounts."""
    theirs = LedgerOwner(toko_sebelah, "live")
    outcomes = at_once([act(theirs, ledger.top_up, source(), amount=1_000, bank="bri") for _n in range(16)])
    assert outcomes == {"True": 16}
    assert balance(theirs) == Balance(16_000, 0)


@pytest.mark.parametrize("turn", range(5))
def test_capture_and_release_at_once(owner, turn):
    """trust: L7. Money of another hold is there to be taken; it isn't."""
    transfer = source()
    with rls.inside_of(owner.business.pk, "live"):
        ledger.hold(owner, transfer, amount=100_000)
        ledger.hold(owner, source(), amount=100_000)
    acts = [act(owner, ledger.capture, transfer, amount=97_500, fee=2_500, rail="simulator") for _n in range(5)]
    acts += [act(owner, ledger.release, transfer, amount=100_000) for _n in range(5)]
    outcomes = at_once(acts)
    assert outcomes == {"True": 1, "False": 4, "NotHeld": 5}
    assert balance(owner).held == 100_000


def test_a_reversal_twenty_times_at_once(owner):
    """trust: L7."""
    with rls.inside_of(owner.business.pk, "live"):
        wrong = ledger.top_up(owner, source(), amount=5_000, bank="bca")
        ledger.top_up(owner, source(), amount=5_000, bank="bca")
    assert at_once([act(owner, ledger.reverse, wrong.id) for _n in range(20)]) == {"True": 1, "False": 19}
    assert balance(owner).available == 1_005_000


def test_opposite_moves_end_without_a_deadlock(owner, toko_sebelah):
    """trust: L9. Sixteen threads, each with transactions of two postings that take the accounts in opposite orders,
    and sweeps that take the operator's accounts too."""

    def there_and_back(turn: int) -> Callable[[], bool]:
        first, second = Line(AccountKind.CLEARING, 5, "a"), Line(AccountKind.CLEARING, -5, "b")
        other = [Line(AccountKind.REFUNDS_PAYABLE, 7), Line(AccountKind.AVAILABLE, -7)]

        def go() -> bool:
            with rls.inside_of(owner.business.pk, "live"):
                for _n in range(10):
                    with transaction.atomic():
                        steps = [[first, second], other]
                        for lines in steps if turn % 2 else reversed(steps):
                            ledger.post(owner, PostingKind.REFUND, source("test"), lines)
            return True

        return go

    def sweep(turn: int) -> Callable[[], bool]:
        whose = owner if turn % 2 else LedgerOwner(toko_sebelah, "live")
        lines = [
            Line(AccountKind.CLEARING, 3, "a"),
            Line(AccountKind.BANK, -2, "bca", is_operators=True),
            Line(AccountKind.FEES, -1, is_operators=True),
        ]

        def go() -> bool:
            for _n in range(10):
                order = lines if turn % 3 else lines[::-1]
                ledger.post(whose, PostingKind.SWEEP, source("test"), order, using="operator")
            return True

        return go

    acts = [there_and_back(turn) for turn in range(10)] + [sweep(turn) for turn in range(6)]
    assert at_once(acts) == {"True": 16}
    assert balance(owner).available == 1_000_000 - 7 * 100
    with rls.inside_of(owner.business.pk, "live"):
        assert Posting.objects.filter(kind=PostingKind.REFUND).count() == 200


def test_a_business_at_work_does_not_hold_up_another(owner, toko_sebelah):
    """While one business's transaction is open, another posts."""
    theirs = factories.make_member(toko_sebelah).scope("live")
    with rls.inside_of(owner.business.pk, "live"), transaction.atomic():
        ledger.hold(owner, source(), amount=1_000)
        outcomes = at_once([act(LedgerOwner(theirs.business, "live"), ledger.top_up, source(), amount=1, bank="bca")])
    assert outcomes == {"True": 1}
