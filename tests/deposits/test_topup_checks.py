"""`check_ledger` follows every rupiah of a top-up from the bank's line to its posting, and finds what was forged."""

from collections.abc import Iterator

import psycopg
import pytest

from deposits import ledger
from deposits.ledger import Source, checks
from deposits.models import Correction, PostingKind
from deposits.statements import matching
from deposits.topups import crediting
from flipdash import rls
from tests.deposits.banking import again, ask, line, operator_person
from tests.deposits.conftest import LEDGERS_OWN, connect

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])
POSTED, HAS_TOP_UP, PAID = (c.name for c in checks.registered() if "top-up" in c.name.lower())

BY_HAND = next(c.name for c in checks.registered() if "by hand" in c.name)

A_TOP_UP = "(SELECT min(id) FROM deposits_topup WHERE status = 'successful')"
ANOTHER = "(SELECT max(id) FROM deposits_topup WHERE status = 'successful')"
REVERSED = "(SELECT id FROM deposits_topup WHERE reversed_at IS NOT NULL)"
OPEN = "(SELECT id FROM deposits_topup WHERE status = 'waiting')"
PLANTED = {
    "another amount credited": (
        f"UPDATE deposits_topup SET credited_amount = credited_amount + 1 WHERE id = {A_TOP_UP}",
        {POSTED, PAID},
    ),
    "another top-up's posting": (
        f"UPDATE deposits_topup SET posting_id = (SELECT posting_id FROM deposits_topup WHERE id = {ANOTHER}) "
        f"WHERE id = {A_TOP_UP}",
        {POSTED, HAS_TOP_UP},
    ),
    "a reversal forgotten": (
        f"UPDATE deposits_topup SET status = 'successful', reversed_at = NULL WHERE id = {REVERSED}",
        {POSTED, PAID},
    ),
    "a reversal that never was": (
        f"UPDATE deposits_topup SET status = 'cancelled', reversed_at = now() WHERE id = {A_TOP_UP}",
        {POSTED},
    ),
    "a top-up gone": (f"DELETE FROM deposits_topup WHERE id = {A_TOP_UP}", {HAS_TOP_UP, PAID}),
    "successful without a posting": (
        f"ALTER TABLE deposits_topup DROP CONSTRAINT topup_successful_is_posted; "
        f"UPDATE deposits_topup SET status = 'successful' WHERE id = {OPEN}",
        {POSTED, PAID},
    ),
    "one line for two top-ups": (
        "DROP INDEX statementline_pays_once; "
        f"UPDATE deposits_statementline SET top_up_id = {ANOTHER} WHERE top_up_id = {A_TOP_UP}",
        {PAID},
    ),
    "a line gone": (f"DELETE FROM deposits_statementline WHERE top_up_id = {A_TOP_UP}", {PAID}),
    "a line credited to what still waits": (
        f"UPDATE deposits_statementline SET top_up_id = {OPEN} WHERE top_up_id = {A_TOP_UP}",
        {PAID},
    ),
    "a line of another amount": (
        f"UPDATE deposits_statementline SET amount = amount - 1 WHERE top_up_id = {A_TOP_UP}",
        {PAID},
    ),
}
"""What is done, and the checks that find it."""


@pytest.fixture
def superuser(scope) -> Iterator[psycopg.Connection]:
    """Two credited top-ups, one that was taken back, one that waits; and a superuser with the triggers off."""
    top_ups = [ask(scope, amount) for amount in (1_000_000, 2_000_000, 3_000_000)]
    for top_up in top_ups:
        line(top_up.exact_amount)
    assert matching.match_due() == 3
    ask(scope)
    ayu, bayu = operator_person("Ayu"), operator_person("Bayu")
    matching.approve(matching.propose_undo(again(top_ups[1]), by=ayu, why="The bank called it back"), by=bayu)
    with connect("superuser") as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection
        connection.rollback()


def findings(connection: psycopg.Connection) -> dict[str, list[str]]:
    with connection.cursor() as cursor:
        return {found.check.name: found.examples for found in checks.run(cursor) if found.count}


def test_what_the_flows_leave_holds(superuser):
    assert findings(superuser) == {}


def test_every_planted_corruption_is_found(superuser):
    """trust: L3. Each is undone before the next; the checks of the ledger alone see nothing of it."""
    for name, (statement, expected) in PLANTED.items():
        with superuser.transaction(force_rollback=True):
            superuser.execute(statement)
            found = findings(superuser)
            assert set(found) == expected, f"{name}: {found}"
            assert all(found.values())
            assert not set(found) & {check.name for check in LEDGERS_OWN}


def test_a_posting_of_a_top_up_that_nobody_asked_for_is_found(superuser, scope):
    with rls.inside(scope):
        ledger.top_up(scope, Source("top_up", 4711), amount=5_000_000, bank="bca")
    assert list(findings(superuser)) == [HAS_TOP_UP]


@pytest.mark.parametrize("kind", [PostingKind.ADJUSTMENT, PostingKind.SWEEP, PostingKind.WITHDRAWAL])
def test_what_was_posted_by_hand_needs_the_word_of_two_people(superuser, scope, kind):
    """attack.md A13: four of six postings without a document were once "ok"."""
    correction = Correction.objects.using("operator").get()
    lines = ledger.top_up_lines(5, "bca")
    ledger.post(scope, kind, Source("correction", correction.pk), lines, using="operator")
    assert findings(superuser) == {}
    ledger.post(scope, kind, Source("correction", correction.pk + 1), lines, using="operator")
    ledger.post(scope, kind, Source("case", correction.pk), lines, using="operator")
    assert {name: len(rows) for name, rows in findings(superuser).items()} == {BY_HAND: 2}


def test_an_opening_is_test_modes_own(superuser, scope, toko_sebelah):
    crediting.open_test_deposit(scope.business)
    assert findings(superuser) == {}
    lines = ledger.top_up_lines(5, "bca")
    for owner, other in ((scope, scope.business.pk), (ledger.LedgerOwner(toko_sebelah, "test"), scope.business.pk)):
        ledger.post(owner, PostingKind.OPENING, Source("business", other), lines, using="operator")
    assert {name: len(rows) for name, rows in findings(superuser).items()} == {BY_HAND: 2}
