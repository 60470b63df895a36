"""`check_ledger` finds what a superuser does with triggers off (trust: L3), and nothing when nothing is wrong."""

import re
from collections.abc import Iterator
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command

from deposits import ledger
from deposits.ledger import Line, Source, checks
from deposits.models import AccountKind, PostingKind
from deposits.sql import LEDGER
from flipdash import rls
from flipdash.sql.declaring import Trigger
from tests import factories
from tests.deposits.conftest import LEDGERS_OWN, connect, source

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])

AVAILABLE = "(SELECT id FROM deposits_account WHERE kind = 'available' AND mode = 'live' ORDER BY id LIMIT 1)"
THEIRS = "(SELECT max(business_id) FROM deposits_account)"
A_HOLD = "(SELECT closes_id FROM deposits_posting WHERE closes_id IS NOT NULL ORDER BY source_id LIMIT 1)"
OPEN_HOLD = (
    "(SELECT id FROM deposits_posting p WHERE kind = 'hold' AND NOT EXISTS "
    "(SELECT FROM deposits_posting c WHERE c.closes_id = p.id))"
)
A_POSTING = "(SELECT id FROM deposits_posting WHERE kind = 'settlement' ORDER BY source_id LIMIT 1)"
A_REVERSAL = "(SELECT min(id) FROM deposits_posting WHERE kind = 'reversal')"
ENTRY = f"account_id = {AVAILABLE} AND seq = 3"
LAST = f"account_id = {AVAILABLE} AND seq = (SELECT max(seq) FROM deposits_entry WHERE account_id = {AVAILABLE})"
FORGE = (
    "INSERT INTO deposits_posting SELECT 77, business_id, mode, currency, '{kind}', source_type, {source}, "
    "lines_sha256, by_kind, by_id, by_name, effective_at, now(), {closes}, {reverses} "
    "FROM deposits_posting WHERE id = {like};"
    "INSERT INTO deposits_entry (business_id, mode, currency, account_id, posting_id, seq, amount, balance_after, "
    "hash, created_at) SELECT e.business_id, e.mode, e.currency, e.account_id, 77, a.seq + 1, {sign} e.amount, "
    "a.balance {sign} e.amount, e.hash, e.created_at FROM deposits_entry e JOIN deposits_account a "
    "ON a.id = e.account_id WHERE e.posting_id = {like};"
    "UPDATE deposits_account a SET balance = e.balance_after, seq = e.seq, head = e.hash FROM deposits_entry e "
    "WHERE e.posting_id = 77 AND e.account_id = a.id;"
)

_columns = (
    "id, business_id, mode, currency, kind, source_type, source_id, lines_sha256, by_kind, by_id, by_name, "
    "effective_at, recorded_at, closes_id, reverses_id"
)
FORGE = FORGE.replace("INTO deposits_posting SELECT", f"INTO deposits_posting ({_columns}) SELECT")


def forge(**how) -> str:
    """A whole posting that the function never wrote: balances and numbers fit, the chain doesn't."""
    values = {
        "kind": "settlement",
        "source": 9_999_999,
        "closes": "NULL",
        "reverses": "NULL",
        "like": A_POSTING,
        "sign": "+",
    }
    return FORGE.format(**values | how)


(SUM, ROWS, BALANCE, GAP, CHAIN, ORDER, HEAD, LINES, FLOOR, RANGE, SOURCE, CROSS, HELD, ENDS, MIRROR, ZERO, TURNOVER,
 GUARDS) = (check.name for check in LEDGERS_OWN)  # fmt: skip

# What is done, and the check that has to find it (others may find it too).
PLANTED = {
    "a balance changed": (f"UPDATE deposits_account SET balance = balance + 5 WHERE id = {AVAILABLE}", BALANCE),
    "a balance moved without an entry": (
        f"UPDATE deposits_account SET balance = balance + 5, seq = seq + 1 WHERE id = {AVAILABLE}", GAP
    ),
    "a head changed": (f"UPDATE deposits_account SET head = 'x' WHERE id = {AVAILABLE}", HEAD),
    "an amount changed": (f"UPDATE deposits_entry SET amount = amount + 5 WHERE {ENTRY}", SUM),
    "amounts changed on both sides": (
        "UPDATE deposits_entry SET amount = amount + sign(amount)::bigint WHERE posting_id = "
        f"(SELECT posting_id FROM deposits_entry WHERE {ENTRY})", CHAIN
    ),
    "a balance after changed": (f"UPDATE deposits_entry SET balance_after = 1 WHERE {ENTRY}", CHAIN),
    "a hash changed": (f"UPDATE deposits_entry SET hash = 'x' WHERE {ENTRY}", CHAIN),
    "an entry deleted": (f"DELETE FROM deposits_entry WHERE {ENTRY}", GAP),
    "the last entry deleted": (f"DELETE FROM deposits_entry WHERE {LAST}", BALANCE),
    "all entries of a posting deleted": (f"DELETE FROM deposits_entry WHERE posting_id = {A_POSTING}", SUM),
    "a posting deleted": (f"DELETE FROM deposits_posting WHERE id = {A_POSTING}", ROWS),
    "a posting deleted with its entries": (
        f"DELETE FROM deposits_entry WHERE posting_id = {A_POSTING}; "
        f"DELETE FROM deposits_posting WHERE id = {A_POSTING}",
        GAP,
    ),
    "an account deleted": (f"DELETE FROM deposits_account WHERE id = {AVAILABLE}", ROWS),
    "an entry moved to another posting": (
        f"UPDATE deposits_entry SET posting_id = {A_HOLD} WHERE {ENTRY}", LINES
    ),
    "two entries exchanged": (
        f"UPDATE deposits_entry SET seq = -1 WHERE {ENTRY}; UPDATE deposits_entry SET seq = 3 WHERE account_id = "
        f"{AVAILABLE} AND seq = 2; UPDATE deposits_entry SET seq = 2 WHERE seq = -1", CHAIN
    ),
    "an entry moved to another account": (
        f"UPDATE deposits_entry SET account_id = (SELECT max(id) FROM deposits_account), seq = 99 WHERE {LAST}", GAP
    ),
    "an entry given to another business": (f"UPDATE deposits_entry SET business_id = {THEIRS} WHERE {ENTRY}", CROSS),
    "an entry moved to Test Mode": (f"UPDATE deposits_entry SET mode = 'test' WHERE {ENTRY}", CROSS),
    "an entry in another currency": (f"UPDATE deposits_entry SET currency = 'USD' WHERE {ENTRY}", CROSS),
    "an entry at another time": (
        f"UPDATE deposits_entry SET created_at = created_at - interval '1 day' WHERE {ENTRY}", CROSS
    ),
    "a posting dated back": (
        f"UPDATE deposits_entry SET created_at = created_at - interval '1 day' WHERE posting_id = {A_HOLD}; "
        f"UPDATE deposits_posting SET effective_at = effective_at - interval '1 day' WHERE id = {A_HOLD}", ORDER
    ),
    "an account given to another business": (
        f"UPDATE deposits_account SET business_id = {THEIRS}, detail = 'x', kind = 'clearing', floor = NULL "
        f"WHERE id = {AVAILABLE}",
        CROSS,
    ),
    "a posting given to another business": (
        f"UPDATE deposits_posting SET business_id = {THEIRS} WHERE id = {A_POSTING}", CROSS
    ),
    "a posting moved to Test Mode": (f"UPDATE deposits_posting SET mode = 'test' WHERE id = {A_POSTING}", CROSS),
    "a posting of another kind": (f"UPDATE deposits_posting SET kind = 'top_up' WHERE id = {A_POSTING}", CHAIN),
    "a posting with another source": (f"UPDATE deposits_posting SET source_id = 555 WHERE id = {A_POSTING}", CHAIN),
    "a posting by somebody else": (f"UPDATE deposits_posting SET by_name = 'Nobody' WHERE id = {A_POSTING}", CHAIN),
    "a posting by a namesake": (
        f"UPDATE deposits_posting SET by_kind = 'member', by_id = 7 WHERE id = {A_POSTING}",
        CHAIN,
    ),
    "other lines noted": (f"UPDATE deposits_posting SET lines_sha256 = 'x' WHERE id = {A_POSTING}", LINES),
    "a floor taken away": (
        f"ALTER TABLE deposits_account DROP CONSTRAINT account_floor_of_kind; "
        f"UPDATE deposits_account SET floor = NULL WHERE id = {AVAILABLE}", FLOOR
    ),
    "a balance below its floor": (
        f"ALTER TABLE deposits_account DROP CONSTRAINT account_above_floor; "
        f"UPDATE deposits_account SET balance = -5 WHERE id = {AVAILABLE}", FLOOR
    ),
    "a balance that was below its floor": (f"UPDATE deposits_entry SET balance_after = -5 WHERE {ENTRY}", FLOOR),
    "a huge amount": (
        f"ALTER TABLE deposits_entry DROP CONSTRAINT entry_amount_range; "
        f"UPDATE deposits_entry SET amount = 2 * 10::bigint ^ 15 WHERE {ENTRY}", RANGE
    ),
    "one source twice": (
        "ALTER TABLE deposits_posting DROP CONSTRAINT posting_once;"
        + forge(source=f"(SELECT source_id FROM deposits_posting WHERE id = {A_POSTING})"), SOURCE
    ),
    "a posting out of nowhere": (forge(), CHAIN),
    "a hold ended twice": (
        "DROP INDEX posting_closes_once;" + forge(kind="release", closes=A_HOLD, like=A_HOLD, sign="-"), ENDS
    ),
    "a hold ended by another source": (forge(kind="release", closes=OPEN_HOLD, like=OPEN_HOLD, sign="-"), ENDS),
    "a hold opened again": (
        "ALTER TABLE deposits_posting DROP CONSTRAINT posting_closes_of_kind;"
        f"UPDATE deposits_posting SET closes_id = NULL WHERE closes_id = {A_HOLD}", HELD
    ),
    "a hold that never was": (
        f"UPDATE deposits_posting SET kind = 'adjustment' WHERE id = {OPEN_HOLD}", HELD
    ),
    "a reversal of something else": (
        f"UPDATE deposits_posting SET reverses_id = {A_POSTING} WHERE id = {A_REVERSAL}", MIRROR
    ),
    "a posting reversed twice": (
        "DROP INDEX posting_reverses_once;"
        + forge(kind="reversal", reverses="(SELECT min(reverses_id) FROM deposits_posting)"), MIRROR
    ),
    "money out of nowhere": (f"UPDATE deposits_account SET balance = balance + 1 WHERE id = {AVAILABLE}", ZERO),
    "a turnover changed": (
        f"UPDATE deposits_turnover SET came_in = came_in + 1 WHERE account_id = {AVAILABLE}", TURNOVER
    ),
    "a turnover in another hour": (
        f"UPDATE deposits_turnover SET hour = hour - interval '1 hour' WHERE account_id = {AVAILABLE}", TURNOVER
    ),
    "a turnover deleted": (f"DELETE FROM deposits_turnover WHERE account_id = {AVAILABLE}", TURNOVER),
    "a turnover given to another business": (
        f"UPDATE deposits_turnover SET business_id = {THEIRS} WHERE account_id = {AVAILABLE}", TURNOVER
    ),
    "a trigger off": ("ALTER TABLE deposits_entry DISABLE TRIGGER entry_append_only", GUARDS),
    "foreign keys off": ("ALTER TABLE deposits_entry DISABLE TRIGGER ALL", GUARDS),
    "a constraint dropped": ("ALTER TABLE deposits_account DROP CONSTRAINT account_above_floor", GUARDS),
    "row level security down": ("ALTER TABLE deposits_entry NO FORCE ROW LEVEL SECURITY", GUARDS),
    "a right too many": ("GRANT UPDATE ON deposits_account TO flipdash_app", GUARDS),
}  # fmt: skip


def give(scope, amount: int) -> ledger.Posted:
    """Money in that is about nothing: a top-up's posting would need its top-up (test_topup_checks.py)."""
    return ledger.give_back(scope, source("case"), amount=amount, rail="bca")


def fill() -> None:
    """Two businesses, both modes, every kind of flow; the operator too."""
    for name in ("Kopi Kita", "Toko Sebelah"):
        member = factories.make_member(factories.make_business(name))
        for mode in ("live", "test"):
            scope = member.scope(mode)
            with rls.inside(scope):
                give(scope, 1_000_123)
                wrong = give(scope, 5_000)
                ledger.reverse(scope, wrong.id)
                for number in range(3):
                    transfer = source()
                    ledger.hold(scope, transfer, amount=10_000 + number)
                    ledger.capture(scope, transfer, amount=9_000 + number, fee=1_000, rail="simulator")
                ledger.settle(scope, source("payment"), amount=150_000, fee=4_000, channel="qris")
                failed = source()
                ledger.hold(scope, failed, amount=7_000)
                ledger.release(scope, failed, amount=7_000)
            sweep = [Line(AccountKind.FEES, -3_000), Line(AccountKind.FEES, 3_000, is_operators=True)]
            # A sweep by that name would need a correction (test_topup_checks.py).
            ledger.post(scope, PostingKind.RETURN, Source("day", 1), sweep, using="operator")
            if (name, mode) == ("Kopi Kita", "live"):
                with rls.inside(scope):
                    ledger.hold(scope, source(), amount=20_000)


@pytest.fixture
def superuser(transactional_db) -> Iterator[psycopg.Connection]:
    """A superuser with the triggers off, whose every change is rolled back."""
    fill()
    with connect("superuser") as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection
        connection.rollback()


def findings(connection: psycopg.Connection) -> dict[str, int]:
    with connection.cursor() as cursor:
        return {result.check.name: result.count for result in checks.run(cursor) if result.count}


def test_a_ledger_that_holds(superuser):
    assert findings(superuser) == {}
    out = StringIO()
    call_command("check_ledger", stdout=out)
    assert "The ledger holds." in out.getvalue()
    assert "entries" in out.getvalue().splitlines()[0]


def test_every_planted_corruption_is_found(superuser):
    """trust: L3. Each is undone before the next."""
    assert len(PLANTED) >= 20
    missed = []
    for name, (statement, check) in PLANTED.items():
        with superuser.transaction(force_rollback=True):
            superuser.execute(statement)
            found = findings(superuser)
            if check not in found:
                missed.append(f"{name}: found {sorted(found)}, not {check}")
    assert missed == []


def test_every_check_finds_something():
    assert {check for _statement, check in PLANTED.values()} == {check.name for check in LEDGERS_OWN}


def test_the_command_names_the_rows_and_fails(superuser):
    superuser.execute(PLANTED["an amount changed"][0])
    superuser.commit()
    out = StringIO()
    with pytest.raises(CommandError, match="doesn't hold"):
        call_command("check_ledger", stdout=out)
    assert "1 WRONG" in out.getvalue()
    assert "posting " in out.getvalue()


def test_other_apps_add_checks(superuser, monkeypatch):
    monkeypatch.setattr(checks, "_checks", dict(checks._checks))
    checks.ledger_check("Nothing is ever right", "SELECT 'row ' || g FROM generate_series(1, 30) AS g")
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("check_ledger", stdout=out)
    assert "30 WRONG" in out.getvalue()
    assert "… and 10 more" in out.getvalue()


def test_every_guard_that_the_ledger_declares_is_asked_for():
    declared = [code.name.partition(": ") for code in LEDGER if isinstance(code, Trigger)]
    (query,) = (check.query for check in checks.registered() if check.name.startswith("The guards stand"))
    assert {(trigger, table) for table, _colon, trigger in declared} == set(
        re.findall(r"\('(\w+)', '(deposits_\w+)'\)", query)
    )
