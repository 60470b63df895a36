"""What the database refuses of the ledger, as the app role and as the owner of the tables (trust: L2, L3)."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError, ProgrammingError
from psycopg.errors import CheckViolation, Error, ForeignKeyViolation, UniqueViolation

from deposits import ledger
from deposits.models import Account
from tests.deposits.conftest import connect, source

POST = (
    "SELECT posting_id FROM ledger_post({business}, '{mode}', '{currency}', '{kind}', 'thing', {source}, {lines}, "
    "'system', NULL, 'X')"
)
TOP_UP = "ARRAY['clearing','available'], ARRAY['bca',''], ARRAY[-1000,1000], ARRAY[false,false]"
HOLD = "ARRAY['available','held'], ARRAY['',''], ARRAY[-400,400], ARRAY[false,false]"


class Owner:
    """The owner of the tables in one transaction that is never committed, with two businesses that have money."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self.ours, self.theirs = (
            self.one(f"INSERT INTO accounts_business (name, slug, legal_name, npwp, time_zone, address, language, "
                     f"logo, approvals_need_reauthentication, second_person_required, second_person_from) VALUES "
                     f"('{n}', '{n}', '{n}', '', 'Asia/Jakarta', '', 'en', '', false, false, 0) RETURNING id")
            for n in ("ours", "theirs")
        )  # fmt: skip
        self.posting = self.post(self.ours, 1)
        self.hold = self.post(self.ours, 1, kind="hold", lines=HOLD)
        self.their_posting = self.post(self.theirs, 1)
        self.test_posting = self.post(self.ours, 1, mode="test")
        self.dollar_posting = self.post(self.ours, 2, currency="USD")
        self.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.connection.execute("SET CONSTRAINTS ALL DEFERRED")
        self.account = self.one(f"SELECT id FROM deposits_account WHERE business_id = {self.ours} AND mode = 'live' "
                                f"AND kind = 'available' AND currency = 'IDR'")  # fmt: skip
        self.words = {
            name: getattr(self, name)
            for name in ("ours", "theirs", "posting", "hold", "their_posting", "test_posting", "dollar_posting")
        } | {"account": self.account}

    def one(self, statement: str):
        return self.connection.execute(statement).fetchone()[0]

    def post(self, business, number, *, mode="live", currency="IDR", kind="top_up", lines=TOP_UP):
        return self.one(
            POST.format(business=business, mode=mode, currency=currency, kind=kind, source=number, lines=lines)
        )

    def do(self, statement: str) -> None:
        """Run statements, and the checks that would wait for COMMIT."""
        self.connection.execute(statement.format(**self.words))
        self.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.fixture
def owner(db) -> Iterator[Owner]:
    with connect("owner") as connection:
        yield Owner(connection)
        connection.rollback()


ENTRY = (
    "INSERT INTO deposits_entry (business_id, mode, currency, account_id, posting_id, seq, amount, balance_after, "
    "hash, created_at) "
)
NEW_POSTING = (
    "INSERT INTO deposits_posting (id, business_id, mode, currency, kind, source_type, source_id, lines_sha256, "
    "by_kind, by_name, effective_at, closes_id, reverses_id) VALUES (5, {{ours}}, '{mode}', 'IDR', '{kind}', 'thing', "
    "{source}, '', 'system', '', now(), {closes}, {reverses});"
)


def new_posting(mode="live", kind="top_up", source=9, closes="NULL", reverses="NULL"):
    return NEW_POSTING.format(mode=mode, kind=kind, source=source, closes=closes, reverses=reverses)


def entry(business="{ours}", mode="live", currency="IDR", posting="{posting}", seq=3, amount=100, balance=700):
    return ENTRY + (
        f"VALUES ({business}, '{mode}', '{currency}', {{account}}, {posting}, {seq}, {amount}, {balance}, '', now());"
    )


MOVE = "UPDATE deposits_account SET balance = balance + 100, seq = seq + 1, head = '' WHERE id = {account};"
BACK = MOVE.replace("+ 100", "- 100")

REFUSED = {
    "change an entry": ("UPDATE deposits_entry SET amount = 5 WHERE account_id = {account}", "append-only"),
    "change no entry": ("UPDATE deposits_entry SET amount = 5 WHERE false", "append-only"),
    "delete an entry": ("DELETE FROM deposits_entry WHERE account_id = {account}", "append-only"),
    "empty the entries": ("TRUNCATE deposits_entry", "append-only"),
    "change a posting": ("UPDATE deposits_posting SET by_name = 'me' WHERE id = {posting}", "append-only"),
    "delete a posting": ("DELETE FROM deposits_posting WHERE id = {posting}", "append-only"),
    "empty the postings": ("TRUNCATE deposits_posting CASCADE", "append-only"),
    "delete an account": ("DELETE FROM deposits_account WHERE id = {account}", "append-only"),
    "empty the accounts": ("TRUNCATE deposits_account CASCADE", "append-only"),
    "change a balance": ("UPDATE deposits_account SET balance = 10 WHERE id = {account}", "by entries only"),
    "change a head": ("UPDATE deposits_account SET head = '' WHERE id = {account}", "by entries only"),
    "skip a number": ("UPDATE deposits_account SET seq = seq + 2 WHERE id = {account}", "without an entry"),
    "move a balance without an entry": (MOVE, "without an entry"),
    "take the floor away": ("UPDATE deposits_account SET floor = NULL WHERE id = {account}", "identity"),
    "give an account away": ("UPDATE deposits_account SET business_id = {theirs} WHERE id = {account}", "identity"),
    "move an account to Test Mode": ("UPDATE deposits_account SET mode = 'test' WHERE id = {account}", "identity"),
    "turn held into available": ("UPDATE deposits_account SET kind = 'fees' WHERE id = {account}", "identity"),
    "begin with money": (
        "INSERT INTO deposits_account (business_id, mode, currency, kind, detail, floor, balance) "
        "VALUES ({theirs}, 'live', 'SGD', 'available', '', 0, 5)",
        "begins empty",
    ),
    "begin below the floor": (
        "INSERT INTO deposits_account (business_id, mode, currency, kind, detail, floor) "
        "VALUES ({theirs}, 'live', 'SGD', 'available', '', NULL)",
        "account_floor_of_kind",
    ),
    "delete a turnover": ("DELETE FROM deposits_turnover WHERE account_id = {account}", "append-only"),
    "empty the turnover": ("TRUNCATE deposits_turnover", "append-only"),
    "change a turnover": ("UPDATE deposits_turnover SET came_in = 5 WHERE account_id = {account}", "grows"),
    "let a turnover shrink": (
        "UPDATE deposits_turnover SET entries = entries + 1, came_in = came_in - 5, went_out = went_out + 10 "
        "WHERE account_id = {account} AND kind = 'top_up'",
        "grows",
    ),
    "let a turnover count what moved nothing": (
        "UPDATE deposits_turnover SET entries = entries + 1 WHERE account_id = {account}", "grows"
    ),
    "a turnover of another hour": (
        "UPDATE deposits_turnover SET hour = hour - interval '1 hour' WHERE account_id = {account}", "identity"
    ),
    "a turnover as another business's": (
        "INSERT INTO deposits_turnover (business_id, mode, account_id, hour, kind, entries, came_in, went_out) "
        "VALUES ({theirs}, 'live', {account}, now(), 'top_up', 1, 1, 0)",
        "turnover_account_tenant",
    ),
    "a posting without entries": (new_posting(), "0 entries"),
    "a posting of one entry": (new_posting() + MOVE + entry(posting="5"), "does not sum to zero|1 entries"),
    "an entry more": (entry() + MOVE, "does not sum to zero|without an entry"),
    "an entry that doesn't move its account": (
        new_posting() + entry(posting="5") + entry(posting="5", seq=4, amount=-100, balance=600),
        "does not move it",
    ),
    "an entry that doesn't follow": (
        new_posting() + MOVE + MOVE + entry(posting="5", balance=9) + entry(posting="5", seq=4, amount=-100, balance=1),
        "does not follow|without an entry",
    ),
    "a zero entry": (entry(amount=0), "entry_amount_range"),
    "a huge entry": (entry(amount=10**15 + 1), "entry_amount_range"),
    "an entry twice": (entry(seq=1), "entry_in_order"),
    "an entry of the other mode": (entry(mode="test", posting="{test_posting}"), "entry_account"),
    "an entry in a posting of the other mode": (entry(posting="{test_posting}"), "entry_posting"),
    "an entry in a posting of another currency": (entry(posting="{dollar_posting}"), "entry_posting"),
    "an entry of another currency": (entry(currency="USD", posting="{dollar_posting}"), "entry_account"),
    "an entry as another business's": (entry(business="{theirs}"), "entry_account_tenant"),
    "an entry as the operator's": (
        new_posting() + MOVE + BACK + entry(business="NULL", posting="5")
        + entry(posting="5", seq=4, amount=-100, balance=600),
        "of another business",
    ),
    "the same source twice": (new_posting(source=1), "posting_once"),
    "a kind that isn't there": (new_posting(kind="gift"), "posting_kind_known"),
    "a capture of nothing": (new_posting(kind="capture"), "posting_closes_of_kind"),
    "a reversal of nothing": (new_posting(kind="reversal"), "posting_reverses_of_kind"),
    "a hold that ends in the other mode": (
        new_posting(mode="test", kind="release", closes="{hold}"), "posting_closes"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "why"), REFUSED.values(), ids=REFUSED)
def test_even_the_owner_is_refused(owner, statement, why):
    with pytest.raises((CheckViolation, UniqueViolation, ForeignKeyViolation), match=why):
        owner.do(statement)


@pytest.mark.parametrize("kind", ["release", "capture"])
def test_a_hold_ends_once_whoever_writes(owner, kind):
    """trust: L7. The unique key behind the function's own question."""
    owner.post(owner.ours, 1, kind="release", lines=HOLD.replace("-400,400", "400,-400"))
    with pytest.raises(UniqueViolation, match="posting_closes_once"):
        owner.do(new_posting(kind=kind, source=2, closes="{hold}"))


def test_a_posting_is_reversed_once_whoever_writes(owner):
    """trust: L7."""
    spare = owner.post(owner.ours, 7)
    owner.one(
        f"SELECT posting_id FROM ledger_post({owner.ours}, 'live', 'IDR', 'reversal', 'posting', {spare}, NULL, NULL, "
        "NULL, NULL, 'system', NULL, '')"
    )
    with pytest.raises(UniqueViolation, match="posting_reverses_once"):
        owner.do(new_posting(kind="reversal", source=2, reverses=str(spare)))


def test_the_function_asks_of_the_owner_what_it_asks_of_all(owner):
    for change, code in (
        ({"lines": TOP_UP.replace("1000]", "1001]")}, "FD003"),
        ({"lines": TOP_UP.replace("-1000,1000", "0,0")}, "FD003"),
        ({"lines": "ARRAY[]::text[], ARRAY[]::text[], ARRAY[]::bigint[], ARRAY[]::boolean[]"}, "FD003"),
        ({"lines": TOP_UP.replace("'bca',''", "'bca'")}, "FD003"),
        ({"lines": TOP_UP.replace("false,false", "false,NULL")}, "FD003"),
        ({"kind": "hold", "lines": HOLD.replace("400", "601")}, "FD001"),
        ({"mode": "fake"}, "23514"),
        ({"currency": "rp"}, "23514"),
        ({"business": "NULL"}, "23514"),
    ):
        values = {"business": owner.ours, "number": 3} | change
        with pytest.raises(Error) as refused, owner.connection.transaction():
            owner.post(**values)
        assert refused.value.sqlstate == code, change


def test_a_reversed_deposit_of_another_business_is_not_found(owner):
    with pytest.raises(Error) as refused:
        owner.one(
            f"SELECT posting_id FROM ledger_post({owner.ours}, 'live', 'IDR', 'reversal', 'posting', "
            f"{owner.their_posting}, NULL, NULL, NULL, NULL, 'system', NULL, '')"
        )
    assert refused.value.sqlstate == "FD005"


FORBIDDEN = [
    *(
        statement.format(table=table)
        for table in ("deposits_account", "deposits_posting", "deposits_entry", "deposits_turnover")
        for statement in (
            "UPDATE {table} SET mode = mode",
            "DELETE FROM {table}",
            "TRUNCATE {table}",
            "INSERT INTO {table} (mode) VALUES ('live')",
            "ALTER TABLE {table} DISABLE TRIGGER ALL",
            "ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
            "DROP POLICY own_rows ON {table}",
        )
    ),
    "SELECT nextval('deposits_entry_id_seq')",
    "SET session_replication_role = replica",
    "DROP FUNCTION ledger_post",
]


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["app", "operator"])
@pytest.mark.parametrize("statement", FORBIDDEN)
def test_who_serves_may_only_read_and_post(role, statement):
    """trust: L3."""
    with connect(role) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)
        connection.rollback()


@pytest.mark.django_db
def test_nobody_else_may_post():
    with connection.cursor() as cursor:
        cursor.execute("SELECT proname, proacl::text[] FROM pg_proc WHERE proname ~ '^(ledger|deposits)_'")
        rights = dict(cursor.fetchall())
    may = {name for name, acl in rights.items() if any(a.startswith("flipdash_app=X") for a in acl)}
    assert may == {
        "ledger_post",
        "ledger_post_many",
        "ledger_hold_many",
        "ledger_seal",
        "ledger_link",
        "deposits_free_code",
    }
    assert len(rights) > 9
    assert not any(a.startswith("=") for acl in rights.values() for a in acl), "PUBLIC may execute"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, prosecdef, proconfig FROM pg_proc WHERE proname IN ('ledger_post', 'ledger_hold_many')"
        )
        found = {name: (as_owner, set(told)) for name, as_owner, told in cursor.fetchall()}
    alone = {"search_path=pg_catalog, pg_temp"}
    planned_once = {"plan_cache_mode=force_generic_plan"} | {
        f"enable_{way}=off" for way in ("seqscan", "hashjoin", "mergejoin")
    }
    assert found == {"ledger_post": (True, alone | planned_once), "ledger_hold_many": (True, alone)}


@pytest.mark.django_db
def test_a_function_of_the_callers_own_is_not_taken_for_ours(scope, top_up):
    """The search path is pinned: what a caller puts before it changes nothing."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE deposits_account (LIKE deposits_account)")
        cursor.execute("SET LOCAL search_path = pg_temp, public, pg_catalog")
        top_up(1_000)
        cursor.execute("SELECT count(*) FROM pg_temp.deposits_account")
        assert cursor.fetchone() == (0,)
        cursor.execute("DROP TABLE pg_temp.deposits_account")
    assert Account.objects.count() == 2


@pytest.mark.django_db
def test_the_django_models_write_nothing(scope, top_up):
    account = ledger.top_up(scope, source(), amount=5, bank="bca").row().entries.first().account
    account.balance += 1
    for act in (account.save, account.delete, lambda: Account(mode="live", kind="fees").save()):
        with pytest.raises((ProgrammingError, DatabaseError)), transaction.atomic():
            act()
