"""Database code is made when it differs, dropped when it isn't declared any more, and never left half made."""

import re

import pytest
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connections, models, transaction
from django.db.utils import IntegrityError, ProgrammingError

from flipdash.sql import applying
from flipdash.sql.declaring import AppendOnly, Begins, Code, File, Fixed, Kept, Moves, Rights
from flipdash.states import State, StatusField, state, states_of

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


class Thing(models.Model):
    """A table that lives for one test."""

    class Status(State):
        WAITING = state("waiting", "Waiting", "amber", "pause", to="done")
        DONE = state("done", "Done", "green", "check", later="waiting")

    name = models.TextField()
    status = StatusField(choices=Status)

    class Meta:
        app_label = "tests"
        managed = False
        db_table = "thing"


@pytest.fixture
def owner():
    with connections["owner"].cursor() as cursor:
        cursor.execute("CREATE TABLE thing (id bigint, name text, status text)")
        cursor.execute("INSERT INTO thing VALUES (1, 'one', 'waiting')")
        yield cursor


@pytest.fixture
def bring(owner):
    """Bring the database to these pieces beside all that are declared; returns what was made."""
    declared = [*applying.declared("BEFORE_TABLES"), *applying.declared("AFTER_TABLES")]

    def bring(*codes: Code) -> list[str]:
        with transaction.atomic(using="owner"):
            made = applying.make(owner, codes, first=len(declared))
            applying.drop(owner, but=[*declared, *codes])
            return made

    return bring


@pytest.fixture
def file(tmp_path):
    """Write a .sql file, as an app has it."""

    def file(text: str, name: str = "answer.sql") -> File:
        path = tmp_path / "app" / "sql" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return File(path)

    return file


def answer(value: str, arguments: str = "", result: str = "integer") -> str:
    return f"CREATE OR REPLACE FUNCTION answer({arguments}) RETURNS {result} LANGUAGE sql AS $$ SELECT {value} $$;\n"


def one(cursor, statement: str):
    cursor.execute(statement)
    return cursor.fetchone()[0]


def refuses(owner, statement: str, why: str) -> None:
    with pytest.raises(IntegrityError, match=why), transaction.atomic(using="owner"):
        owner.execute(statement)


def test_what_is_declared_is_in_the_database_and_not_made_again():
    assert len(applying.declared("AFTER_TABLES")) > 10
    assert applying.before_tables() == applying.after_tables() == []
    with connections["owner"].cursor() as cursor:
        assert one(cursor, "SELECT array_agg(name) FROM database_code WHERE found = ''") == ["flipdash/sql/rights.sql"]


def test_everything_in_the_database_is_declared():
    codes = [*applying.declared("BEFORE_TABLES"), *applying.declared("AFTER_TABLES")]
    assert {code.name for code in codes if code.name.endswith(".sql")} == {
        str(path.relative_to(settings.BASE_DIR)) for path in settings.BASE_DIR.glob("*/sql/*.sql")
    }
    undone = {statement for code in codes for statement in code.undo}
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT 'DROP FUNCTION IF EXISTS ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
            "UNION ALL SELECT format('DROP TRIGGER IF EXISTS %s ON %s', tgname, tgrelid::regclass) FROM pg_trigger "
            "WHERE NOT tgisinternal "
            "UNION ALL SELECT format('DROP POLICY IF EXISTS %s ON %s', policyname, tablename) FROM pg_policies"
        )
        there = {row[0] for row in cursor.fetchall()}
    assert there <= undone
    assert len(there) > 60


STATES = [
    (model, field.name)
    for model in apps.get_models()
    for field in model._meta.get_fields()
    if isinstance(field, StatusField) and field.states and model._meta.managed and not model._meta.proxy
]


@pytest.mark.parametrize(("model", "field"), STATES)
def test_the_database_knows_the_moves_that_the_states_declare(owner, model, field):
    table, trigger = model._meta.db_table, f"{model._meta.model_name}_moves_{field}"
    definition = one(
        owner,
        f"SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = '{table}'::regclass AND tgname = '{trigger}'",
    )
    allowed = set(re.findall(r"'(\w*>\w*)'", definition)) - {">"}  # what stands between two states
    assert allowed == {f"{was}>{to}" for was, moves in states_of(model, field).moves().items() for to in moves}


ADDED_ONLY = [
    model
    for model in apps.get_models()
    if f"{model._meta.db_table}: {model._meta.model_name}_append_only"
    in {code.name for code in applying.declared("AFTER_TABLES")}
]


def test_what_is_append_only_is_known():
    assert {model.__name__ for model in ADDED_ONLY} >= {"Entry", "Posting", "TopUpEvent", "TransferEvent"}


@pytest.mark.parametrize("model", ADDED_ONLY)
@pytest.mark.parametrize(
    "statement", ["UPDATE {table} SET {key} = {key}", "DELETE FROM {table}", "TRUNCATE {table} CASCADE"]
)
def test_append_only_tables_refuse_the_owner_and_the_app_role(model, statement):
    """As the app role it is a right that lacks; nobody may GRANT it by mistake, for the owner is refused too."""
    statement = statement.format(table=model._meta.db_table, key=model._meta.pk.column)
    for alias, error in (("owner", IntegrityError), ("default", ProgrammingError)):
        with pytest.raises(error), transaction.atomic(using=alias), connections[alias].cursor() as cursor:
            cursor.execute(statement)


def test_a_file_is_run_once_and_again_when_it_has_changed(bring, owner, file):
    first = file(answer("1"))
    assert bring(first) == ["app/sql/answer.sql"]
    assert bring(first) == []
    assert one(owner, "SELECT answer()") == 1
    assert bring(file(answer("2"))) == ["app/sql/answer.sql"]
    assert one(owner, "SELECT answer()") == 2


@pytest.mark.parametrize(("changed", "call"), [
    (answer("number", "number integer"), "answer(3)"),
    (answer("'three'", "", "text"), "answer()"),
])  # fmt: skip
def test_other_arguments_and_another_result_take_the_place_of_the_old(bring, owner, file, changed, call):
    bring(file(answer("1")))
    bring(file(changed))
    assert one(owner, f"SELECT {call}::text") in ("3", "three")
    assert one(owner, "SELECT count(*) FROM pg_proc WHERE proname = 'answer'") == 1
    assert bring(file(changed)) == []


def test_nobody_may_call_what_the_file_doesnt_grant(bring, owner, file):
    grant = "GRANT EXECUTE ON FUNCTION answer TO flipdash_app;"
    ask = "SELECT has_function_privilege('flipdash_app', 'answer()', 'execute')"
    bring(file(answer("1")))
    assert one(owner, ask) is False
    bring(file(answer("1") + grant))
    assert one(owner, ask) is True
    bring(file(answer("1")))
    assert one(owner, ask) is False


def test_what_was_changed_by_hand_is_put_back(bring, owner, file):
    codes = [file(answer("1")), AppendOnly(Thing), Rights(Thing, app="SELECT")]
    bring(*codes)
    owner.execute(answer("3"))
    owner.execute("ALTER TABLE thing DISABLE TRIGGER thing_append_only")
    owner.execute("GRANT DELETE ON thing TO flipdash_app")
    assert bring(*codes) == [code.name for code in codes]
    assert one(owner, "SELECT answer()") == 1
    refuses(owner, "DELETE FROM thing", "thing is append-only")
    assert one(owner, "SELECT has_table_privilege('flipdash_app', 'thing', 'DELETE')") is False


def test_a_table_that_was_made_anew_gets_its_guards_again(bring, owner):
    guard = AppendOnly(Thing)
    bring(guard)
    owner.execute("DROP TABLE thing; CREATE TABLE thing (id bigint)")
    assert bring(guard) == [guard.name]
    refuses(owner, "TRUNCATE thing", "append-only")


def test_what_isnt_declared_any_more_is_dropped(bring, owner, file):
    codes = [
        file(answer("1") + answer("1").replace("answer", "other")),
        file(
            "CREATE OR REPLACE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;", "g.sql"
        ),
        AppendOnly(Thing),
        Rights(Thing, app="SELECT"),
    ]
    bring(*codes)
    owner.execute("CREATE TRIGGER by_hand BEFORE UPDATE ON thing EXECUTE FUNCTION g()")
    bring(codes[1], file(answer("1")))
    assert one(owner, "SELECT count(*) FROM pg_proc WHERE proname = 'answer'") == 1
    assert one(owner, "SELECT count(*) FROM pg_proc WHERE proname = 'other'") == 0
    owner.execute("TRUNCATE thing")
    assert one(owner, "SELECT has_table_privilege('flipdash_app', 'thing', 'DELETE')") is True
    with pytest.raises(DatabaseError, match="depends on"):
        bring()
    owner.execute("DROP TABLE thing")
    bring()
    assert one(owner, "SELECT count(*) FROM database_code WHERE name ~ '^app/|thing'") == 0


def test_a_failure_leaves_nothing_half_made(bring, owner, file):
    bring(file(answer("1")), AppendOnly(Thing))
    before = one(owner, "SELECT array_agg(d::text ORDER BY name) FROM database_code d")
    broken = file("CREATE OR REPLACE FUNCTION broken() RETURNS integer LANGUAGE sql AS $$ SELECT nothing $$;", "b.sql")
    with pytest.raises(DatabaseError, match="nothing"):
        bring(file(answer("2")), broken)
    assert one(owner, "SELECT answer()") == 1
    refuses(owner, "DELETE FROM thing", "append-only")
    assert one(owner, "SELECT array_agg(d::text ORDER BY name) FROM database_code d") == before


# --- What is fed from a model ---------------------------------------------------------------------------------------


def test_append_only_refuses_everything_but_adding(bring, owner):
    bring(AppendOnly(Thing))
    owner.execute("INSERT INTO thing VALUES (2, 'two', 'done')")
    for statement in ("UPDATE thing SET name = ''", "DELETE FROM thing", "TRUNCATE thing"):
        refuses(owner, statement, "thing is append-only")


def test_what_is_kept_changes_and_stays(bring, owner):
    bring(Kept(Thing))
    owner.execute("UPDATE thing SET name = 'x'")
    for statement in ("DELETE FROM thing", "TRUNCATE thing"):
        refuses(owner, statement, "thing is append-only")


def test_what_is_fixed_never_changes(bring, owner):
    bring(Fixed(Thing, "name"))
    owner.execute("UPDATE thing SET status = 'done', name = name")
    for change in ("name = 'x'", "name = NULL", "id = 2"):
        refuses(owner, f"UPDATE thing SET {change}", "thing 1 keeps its identity: id, name")


def test_a_state_moves_as_it_is_declared(bring, owner):
    bring(Moves(Thing))
    owner.execute("UPDATE thing SET status = 'done'")
    owner.execute("UPDATE thing SET status = 'waiting', name = 'x'")
    for gone in ("'gone'", "''", "NULL"):
        refuses(owner, f"UPDATE thing SET status = {gone}", "thing 1 can't move status from waiting to")


def test_a_row_begins_in_a_state_and_empty(bring, owner):
    bring(Begins(Thing, "waiting", empty=["name"]))
    owner.execute("INSERT INTO thing VALUES (2, NULL, 'waiting')")
    for values in ("2, NULL, 'done'", "2, 'x', 'waiting'"):
        refuses(owner, f"INSERT INTO thing VALUES ({values})", "thing 2 begins waiting")


def test_rights_are_these_and_no_others(bring, owner):
    bring(Rights(Thing, app="SELECT, UPDATE (name)", operator="INSERT"))
    ask = "SELECT concat_ws(' ', {})".format(
        ", ".join(
            f"CASE WHEN has_table_privilege('{role}', 'thing', '{right}') THEN '{role[9]} {right}' END"
            for role in ("flipdash_app", "flipdash_operator")
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")
        )
    )
    assert one(owner, ask) == "a SELECT o SELECT o INSERT"
    assert one(owner, "SELECT has_column_privilege('flipdash_app', 'thing', 'name', 'UPDATE')") is True
    assert one(owner, "SELECT has_column_privilege('flipdash_app', 'thing', 'status', 'UPDATE')") is False
    bring(Rights(Thing, app="SELECT"))
    assert one(owner, "SELECT has_column_privilege('flipdash_app', 'thing', 'name', 'UPDATE')") is False


def test_two_pieces_of_one_name_are_refused(bring):
    with pytest.raises(ValueError, match="thing: thing_append_only"):
        bring(AppendOnly(Thing), AppendOnly(Thing))
