"""Make the declared database code where it differs from what the database holds.

The table `database_code` notes what was made: by which text, what was there then, and how to take it away. A piece is
made again when its text has changed, or when what is there isn't what was made: changed by hand, or gone with its
table. So a second `migrate` makes nothing. It is one transaction, which also drops what isn't declared any more.
"""

from collections.abc import Sequence
from hashlib import sha256
from importlib import import_module
from typing import Any

from django.apps import apps
from django.db import ProgrammingError, connections, transaction
from django.utils.module_loading import module_has_submodule
from psycopg.errors import AmbiguousFunction, InvalidFunctionDefinition

from flipdash.sql.declaring import Code

NOTES = """
SELECT pg_advisory_xact_lock(hashtextextended('database_code', 0));
CREATE TABLE IF NOT EXISTS database_code (
    name text PRIMARY KEY,
    made text NOT NULL,
    found text NOT NULL,
    undo text[] NOT NULL,
    place integer,
    at timestamptz NOT NULL DEFAULT now()
);
REVOKE ALL ON database_code FROM flipdash_app;
"""
NOTE = """
INSERT INTO database_code (name, made, found, undo) VALUES (%s, %s, %s, %s)
ON CONFLICT (name) DO UPDATE SET (made, found, undo, at) = (excluded.made, excluded.found, excluded.undo, excluded.at)
"""


def before_tables(*, using: str = "owner") -> list[str]:
    """Make what tables need; return the names of what was made."""
    codes = declared("BEFORE_TABLES")
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        return make(cursor, codes)


def after_tables(*, using: str = "owner") -> list[str]:
    """Make the rest, and drop what no app declares any more; return the names of what was made."""
    before, after = declared("BEFORE_TABLES"), declared("AFTER_TABLES")
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        made = make(cursor, after, first=len(before))
        drop(cursor, but=[*before, *after])
        return made


def declared(when: str) -> list[Code]:
    """Return what the apps list under a name, BEFORE_TABLES or AFTER_TABLES, the lower apps first."""
    return [
        code
        for config in apps.get_app_configs()
        if config.module is not None and module_has_submodule(config.module, "sql")
        for code in getattr(import_module(f"{config.name}.sql"), when, ())
    ]


def make(cursor: Any, codes: Sequence[Code], *, first: int = 0) -> list[str]:
    """Make those that differ, in their order; return their names. `first` is the place of the first of them."""
    names = [code.name for code in codes]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"Declared twice: {', '.join(sorted(twice))}")
    cursor.execute(NOTES)
    cursor.execute("SELECT name, made, found, undo FROM database_code")
    notes = {name: (made, found, undo) for name, made, found, undo in cursor.fetchall()}
    there = _look(cursor, codes)
    changed = [code for code in codes if notes.get(code.name, ())[:2] != (_digest(code), there[code])]
    for code in changed:
        _make(cursor, code)
    there = _look(cursor, codes)
    for code in changed:
        undo = dict.fromkeys([*notes.get(code.name, ("", "", ()))[2], *code.undo])
        cursor.execute(NOTE, [code.name, _digest(code), there[code], list(undo)])
    placed = "UPDATE database_code SET place = %s + array_position(%s, name) WHERE name = ANY (%s)"
    cursor.execute(placed, [first, names, names])
    return [code.name for code in changed]


def drop(cursor: Any, *, but: Sequence[Code]) -> None:
    """Take away what was made and isn't declared any more, the last first."""
    kept = [statement for code in but for statement in code.undo]
    cursor.execute("SELECT undo FROM database_code ORDER BY place DESC")
    for (undo,) in cursor.fetchall():
        for statement in reversed(undo):
            if statement not in kept:
                cursor.execute(statement)
    cursor.execute("DELETE FROM database_code WHERE name <> ALL (%s)", [[code.name for code in but]])
    cursor.execute("UPDATE database_code SET undo = ARRAY(SELECT u FROM unnest(undo) u WHERE u = ANY (%s))", [kept])


def _make(cursor: Any, code: Code) -> None:
    """Make it; functions whose arguments or result are others than before are dropped first."""
    try:
        with transaction.atomic(using=cursor.db.alias):
            cursor.execute(code.make)
    except ProgrammingError as problem:
        if not isinstance(problem.__cause__, AmbiguousFunction | InvalidFunctionDefinition):
            raise
        for statement in reversed(code.undo):
            cursor.execute(statement)
        cursor.execute(code.make)


def _look(cursor: Any, codes: Sequence[Code]) -> dict[Code, str]:
    """Return a digest of what the database holds of each piece; empty where there is nothing of it."""
    cursor.execute(f"SELECT ARRAY[{', '.join(f'md5(({code.look}))' for code in codes)}]::text[]")
    return dict(zip(codes, (digest or "" for digest in cursor.fetchone()[0]), strict=True))


def _digest(code: Code) -> str:
    return sha256(code.make.encode()).hexdigest()
