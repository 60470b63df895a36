"""Good records wait in a temporary table until the whole file has been checked; then all go in, or none."""

from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from flipdash.imports.checking import Checker, Outcome
from flipdash.imports.kinds import Import
from flipdash.imports.reader.tables import Row

INCOMING = sql.Identifier("incoming_history")
"""The temporary table in which good records wait until the whole file has been checked."""


def run(kind: Import, rows: Iterable[Row], *, skip_bad: bool = False) -> Outcome:
    """Check all rows of a file, and store the good ones if none is bad, or if the bad ones may be skipped.

    All or nothing, in one transaction. Records that are stored already are left alone, so that running twice
    changes nothing. A file that can't be read, or whose dates are in doubt, is never stored in part.
    """
    checker = Checker(kind, rows)
    outcome = checker.outcome
    with transaction.atomic():
        _gather(kind, checker.good())
        if outcome.may_be_stored(skip_bad=skip_bad):
            outcome.added = kind.store()
            outcome.is_stored = True
            _analyze(kind)
        _forget()
    return outcome


def _gather(kind: Import, records: Iterable[list[Any]]) -> None:
    """Copy records into INCOMING, whose columns are like those of the kind's table."""
    names = sql.SQL(", ").join(map(sql.Identifier, kind.columns))
    table = sql.Identifier(kind.model._meta.db_table)
    create = sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA")
    with connection.cursor() as cursor:
        cursor.execute(create.format(INCOMING, names, table))
        with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(INCOMING, names)) as copy:
            for record in records:
                copy.write_row(record)


def _analyze(kind: Import) -> None:
    """Tell the planner of the new rows before COMMIT, where each foreign key to them is checked.

    Without it, a table that was empty when it was last counted has every row looked up by reading many others.
    Postgres only warns if the role may not (MAINTAIN, Postgres 17).
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(kind.model._meta.db_table)))


def _forget() -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE {}").format(INCOMING))
