"""Database code that may be made any number of times: functions, triggers, policies and rights (docs/database.md).

An app lists its pieces in `<app>/sql/__init__.py`, and `migrate` makes what differs (applying.py). A function is a .sql
file there; the other pieces are declared by the classes of this module, and read from the model what it says.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from django.db import models

from flipdash.rls import OF_BUSINESS, OWN_ROWS, TOLD_NOTHING
from flipdash.states import states_of

Model = type[models.Model]


class Code:
    """One piece of database code.

    `make` makes it where it isn't, or in place of the one that is there. Each statement of `undo` takes away a part
    that isn't declared any more, and does nothing if its table is gone. `look` is a query of what is there now.
    """

    def __init__(self, name: str, make: str, *, undo: Iterable[str], look: str) -> None:
        self.name, self.make, self.undo, self.look = name, make, tuple(undo), look

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class File(Code):
    """What a .sql file says: functions, then to whom it GRANTs them; nobody else may call them.

    It is run as a whole and again, so it has CREATE OR REPLACE FUNCTION, and IF NOT EXISTS for what stays. Functions go
    with their file; sequences and tables never do.
    """

    def __init__(self, path: Path) -> None:
        text = path.read_text()
        names = re.findall(r"^CREATE OR REPLACE FUNCTION (\w+)", text, re.MULTILINE)
        everybody = "PUBLIC, flipdash_app, flipdash_operator"
        closed = f"\nREVOKE ALL ON FUNCTION {', '.join(names)} FROM {everybody};" if names else ""
        code, grant, granted = text.partition("\nGRANT ")
        super().__init__(
            f"{path.parents[1].name}/sql/{path.name}",
            code + closed + grant + granted,
            undo=[f"DROP FUNCTION IF EXISTS {name}" for name in names],
            look="SELECT string_agg(concat(pg_get_functiondef(oid), proacl), '' ORDER BY proname) "
            f"FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname = ANY ('{{{','.join(names)}}}')",
        )


def files(package: str, *names: str) -> list[File]:
    """Return the named .sql files that lie beside a package's `__init__.py`."""
    return [File(Path(package).with_name(f"{name}.sql")) for name in names]


class Trigger(Code):
    """A trigger `<model>_<name>`: it calls a function at an `event`, such as BEFORE UPDATE, if the row meets `when`.

    Those of one event are called in the order of their names.
    """

    kind, delay = "TRIGGER", ""

    def __init__(self, model: Model, name: str, event: str, call: str, *, when: str = "", each: str = "ROW") -> None:
        table, trigger = model._meta.db_table, f"{model._meta.model_name}_{name}"
        drop = f"DROP TRIGGER IF EXISTS {trigger} ON {table}"
        rows = f"FOR EACH {each} WHEN ({when})" if when else f"FOR EACH {each}"
        super().__init__(
            f"{table}: {trigger}",
            f"{drop}; CREATE {self.kind} {trigger} {event} ON {table} {self.delay} {rows} EXECUTE FUNCTION {call}",
            undo=[drop],
            look="SELECT concat(pg_get_triggerdef(oid), tgenabled) "
            f"FROM pg_trigger WHERE tgrelid = to_regclass('{table}') AND tgname = '{trigger}'",
        )


class AtCommit(Trigger):
    """One that is called at the end of the transaction, when all of it is there; its event is AFTER something."""

    kind, delay = "CONSTRAINT TRIGGER", "DEFERRABLE INITIALLY DEFERRED"


class Refused(Trigger):
    """What nobody may do to a table, not even its owner; the error reads `<table> <id> <why>` (refuse.sql)."""

    def __init__(self, model: Model, name: str, event: str, why: str, *, when: str = "", each: str = "ROW") -> None:
        super().__init__(model, name, event, f"refuse({_text(why)})", when=when, each=each)


def written_inside(model: Model) -> list[Code]:
    """Let the app role, inside of a business and mode, add and change its rows alone; they stay open to be read.

    By triggers: with any policy, even one that is always true, Postgres uses no statistics for operators that aren't
    leakproof, and searches went by other indexes.
    """
    inside = "current_setting('app.business', true)"
    is_inside = f"current_user = 'flipdash_app' AND coalesce({inside}, '') <> ''"

    def differs(row: str) -> str:
        own = f"(nullif({inside}, '')::bigint, current_setting('app.mode', true))"
        return f"({row}.business_id, {row}.mode::text) IS DISTINCT FROM {own}"

    either = f"({differs('OLD')} OR {differs('NEW')})"
    return [
        Refused(model, f"inside_{name}", event, "is of another business or mode", when=f"{is_inside} AND {rows}")
        for name, event, rows in (
            ("added", "BEFORE INSERT", differs("NEW")),
            ("changed", "BEFORE UPDATE", either),
        )
    ]


class AppendOnly(Refused):
    """Rows are added, and never changed or removed; `but_for` names a setting of the function that alone may."""

    def __init__(self, model: Model, *, but_for: str = "") -> None:
        event = "BEFORE UPDATE OR DELETE OR TRUNCATE"
        when = f"current_setting('{but_for}', true) IS DISTINCT FROM 'on'" if but_for else ""
        super().__init__(model, "append_only", event, "is append-only", each="STATEMENT", when=when)


class Kept(Refused):
    """Rows change, and are never removed."""

    def __init__(self, model: Model) -> None:
        super().__init__(model, "kept", "BEFORE DELETE OR TRUNCATE", "is append-only", each="STATEMENT")


class Fixed(Refused):
    """Columns that keep what a row began with; its id is one of them."""

    def __init__(self, model: Model, *fields: str) -> None:
        names = [_column(model, field) for field in ("id", *fields)]
        old, new = (", ".join(f"{row}.{name}" for name in names) for row in ("OLD", "NEW"))
        why = "keeps its identity: " + ", ".join(names)
        super().__init__(model, "fixed", "BEFORE UPDATE", why, when=f"({old}) IS DISTINCT FROM ({new})")


class FixedFrom(Refused):
    """Columns that keep what a row had before it left its first state."""

    def __init__(self, model: Model, first: str, *fields: str, field: str = "status") -> None:
        names = [_column(model, field) for field in fields]
        old, new = (", ".join(f"{row}.{name}" for name in names) for row in ("OLD", "NEW"))
        state = _column(model, field)
        # The update by which it leaves changes none of them either: it was seen as it was before.
        left = f"(OLD.{state} <> {_text(first)} OR NEW.{state} <> OLD.{state})"
        why = f"is past {first} and keeps: " + ", ".join(names)
        super().__init__(model, "fixed_from", "BEFORE UPDATE", why, when=f"{left} AND ({old}) IS DISTINCT FROM ({new})")


class Moves(Trigger):
    """A state goes only where its declaration says (flipdash/states.py)."""

    def __init__(self, model: Model, field: str = "status") -> None:
        column, table = _column(model, field), states_of(model, field).moves()
        allowed = sorted(f"'{was}>{to}'" for was, to_all in table.items() for to in to_all)
        super().__init__(
            model,
            f"moves_{column}",
            "BEFORE UPDATE",
            f"refuse('can''t move', '{column}')",
            when=f"OLD.{column} IS DISTINCT FROM NEW.{column} "
            f"AND concat(OLD.{column}, '>', NEW.{column}) NOT IN ({', '.join(allowed)})",
        )


class Begins(Refused):
    """Rows are added in one of these states only, with these fields still empty."""

    def __init__(self, model: Model, *states: str, empty: Iterable[str] = (), field: str = "status") -> None:
        allowed = ", ".join(_text(state) for state in states)
        full = "".join(f" OR NEW.{_column(model, name)} IS NOT NULL" for name in empty)
        why = f"begins {' or '.join(states)}"
        super().__init__(
            model, "begins", "BEFORE INSERT", why, when=f"NEW.{_column(model, field)} NOT IN ({allowed}){full}"
        )


class Rights(Code):
    """What the app role, and the operator beyond that, may do with a table; both may by default read and write it."""

    def __init__(self, model: Model, *, app: str, operator: str = "") -> None:
        table = model._meta.db_table
        none = f"REVOKE ALL ON {table} FROM flipdash_app, flipdash_operator;"
        some = {"flipdash_app": app, "flipdash_operator": operator}
        grants = " ".join(f"GRANT {rights} ON {table} TO {role};" for role, rights in some.items() if rights)
        usual = f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO flipdash_app;"
        super().__init__(
            f"{table}: rights",
            f"{none} {grants}",
            undo=[f"DO $$ BEGIN IF to_regclass('{table}') IS NOT NULL THEN {none} {usual} END IF; END $$"],
            look="SELECT concat(relacl, (SELECT string_agg(concat(attname, attacl), ' ' ORDER BY attnum) FROM "
            "pg_attribute WHERE attrelid = t.oid AND attacl IS NOT NULL)) "
            f"FROM pg_class t WHERE oid = to_regclass('{table}')",
        )


class RowLevelSecurity(Code):
    """Row level security of a table with business and mode: the app role sees and writes the rows it is inside of only.

    FORCE binds the owner too, for whom a policy then says that it may do everything: what runs as the owner
    (migrations, SECURITY DEFINER functions) answers for itself (flipdash/rls.py).
    """

    def __init__(self, model: Model) -> None:
        self._wall(model, own_rows=f"USING ({OWN_ROWS}) WITH CHECK ({OWN_ROWS})")

    def _wall(self, model: Model, **policies: str) -> None:
        """Declare the policies of the app role by name, each with what it is for, beside the one that shows all."""
        table = model._meta.db_table
        # Of a table, whatever kind of wall it had before.
        drops = [f"DROP POLICY IF EXISTS {name} ON {table}" for name in POLICIES]
        made = [f"CREATE POLICY {name} ON {table} {_for_app(rule)}" for name, rule in policies.items()]
        super().__init__(
            f"{table}: row level security",
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; {'; '.join([*drops, *made])};"
            f"CREATE POLICY all_rows ON {table} TO flipdash_operator, flipdash_owner USING (true) WITH CHECK (true)",
            undo=[f"ALTER TABLE IF EXISTS {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY", *drops],
            look="SELECT concat(relrowsecurity, relforcerowsecurity, (SELECT string_agg(p::text, ' ' ORDER BY "
            f"policyname) FROM pg_policies p WHERE schemaname = 'public' AND tablename = '{table}')) "
            f"FROM pg_class WHERE oid = to_regclass('{table}')",
        )


POLICIES = ("own_rows", "all_rows", "read", "added", "changed", "removed")
"""All names that policies have."""


class InnerWall(RowLevelSecurity):
    """The same for whoever is inside; who is inside of nothing sees and writes all rows.

    For rows by which it becomes known whose somebody is (people), and for work that is looked for among all businesses.
    Without `by_mode` it is a wall between businesses only, for people have no mode.
    """

    def __init__(self, model: Model, *, by_mode: bool = True) -> None:
        own = _inner(by_mode)
        self._wall(model, own_rows=f"USING ({own}) WITH CHECK ({own})")


class WriteWall(RowLevelSecurity):
    """The same as InnerWall for writing; to read, all rows are open.

    For the Activity Log and for work: ILIKE, @@ and @> aren't leakproof, and behind a whole wall would have no index.
    """

    def __init__(self, model: Model, *, by_mode: bool = True) -> None:
        own = _inner(by_mode)
        self._wall(
            model,
            read="FOR SELECT USING (true)",
            added=f"FOR INSERT WITH CHECK ({own})",
            changed=f"FOR UPDATE USING ({own}) WITH CHECK ({own})",
            removed=f"FOR DELETE USING ({own})",
        )


class OutsideWall(RowLevelSecurity):
    """Rows that belong to no business: whoever is inside of one adds them, and never sees or changes any.

    What a statement adds it may read itself, for it asks for the new id. Needs a `created_at` of the database.
    """

    def __init__(self, model: Model) -> None:
        self._wall(
            model,
            read=f"FOR SELECT USING ({TOLD_NOTHING} OR created_at = statement_timestamp())",
            added="FOR INSERT WITH CHECK (true)",
            changed=f"FOR UPDATE USING ({TOLD_NOTHING}) WITH CHECK ({TOLD_NOTHING})",
            removed=f"FOR DELETE USING ({TOLD_NOTHING})",
        )


def _inner(by_mode: bool) -> str:
    return f"{TOLD_NOTHING} OR ({OWN_ROWS if by_mode else OF_BUSINESS})"


def _for_app(rule: str) -> str:
    """Put the role where the statement wants it: behind what the policy is for."""
    return re.sub(r"(?=USING|WITH CHECK)", "TO flipdash_app ", rule, count=1)


def _column(model: Model, field: str) -> str:
    return str(model._meta.get_field(field).column)  # type: ignore[union-attr]  # we name columns, no relations to many


def _text(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"
