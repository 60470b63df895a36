"""Good records wait in a temporary table until the whole file has been checked; then all go in, or none."""

from collections.abc import Iterable, Iterator
from itertools import islice
from types import TracebackType
from typing import Any, Self

from django.db import DatabaseError, connection, transaction
from psycopg import sql

from flipdash.tables.checking import Checker, Outcome
from flipdash.tables.kinds import Import
from flipdash.tables.reader.tables import Row

INCOMING = sql.Identifier("incoming_history")
"""The temporary table in which good records wait until the whole file has been checked."""
STORED = sql.Identifier("stored_history")
"""The temporary table of the ids of those that went in."""
RECORDS_AT_ONCE = 2_000

ALREADY_THERE = """
SELECT count(*) FROM {incoming} JOIN {table} USING ({key})
WHERE {table}.business_id = %(business)s AND {table}.mode = %(mode)s
"""
SUMS = "SELECT {by}, count(*), {sums} FROM {incoming} GROUP BY {by} ORDER BY {by}"


class Incoming:
    """The good records of one file, in INCOMING, whose columns are like those of the kind's table.

    Between the records nothing of the connection is in use, and no transaction is needed: whoever tells how far it
    is may do so on the same connection.
    """

    def __init__(self, kind: Import) -> None:
        self.kind = kind
        self._names = _names(kind.columns)
        self._table = sql.Identifier(kind.model._meta.db_table)

    def __enter__(self) -> Self:
        self._run("DROP TABLE IF EXISTS {incoming}")
        self._run("CREATE TEMPORARY TABLE {incoming} AS SELECT {names} FROM {table} WITH NO DATA")
        self._run("DROP TABLE IF EXISTS {stored}")
        self._run("CREATE TEMPORARY TABLE {stored} (id bigint NOT NULL)")
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._run("DROP TABLE IF EXISTS {incoming}, {stored}")
        except DatabaseError:
            if error is None:  # a transaction that failed has dropped it already
                raise

    def fill(self, records: Iterator[list[Any]]) -> None:
        """Copy the records in."""
        while some := list(islice(records, RECORDS_AT_ONCE)):
            with (
                connection.cursor() as cursor,
                cursor.copy(self._compose("COPY {incoming} ({names}) FROM STDIN")) as copy,
            ):
                for record in some:
                    copy.write_row(record)

    def already_there(self) -> int:
        """Return how many of the records are stored."""
        ((count,),) = self._run(ALREADY_THERE, {"business": self.kind.business.pk, "mode": self.kind.mode})
        return count

    def sums(self) -> list[tuple[Any, ...]]:
        """Return, for each group that the kind sums by: the group's values, how many records, the sums."""
        return self._run(SUMS)

    def first(self, most: int) -> list[tuple[Any, ...]]:
        """Return the first records."""
        return self._run(f"SELECT {{names}} FROM {{incoming}} LIMIT {int(most)}")  # noqa: S608  (a number)

    def store(self) -> int:
        """Move the records that aren't stored yet to their table, and return how many these were."""
        added = self.kind.store()
        # The planner must know of the new rows before COMMIT, where each foreign key to them is checked. Without
        # it, a table that was empty when it was last counted has every row looked up by reading many others.
        # Postgres only warns if the role may not (MAINTAIN, Postgres 17).
        self._run("ANALYZE {table}")
        return added

    def _run(self, statement: str, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(self._compose(statement), values)
            return cursor.fetchall() if cursor.description else []

    def _compose(self, statement: str) -> sql.Composed:
        sums = sql.SQL(", ").join(sql.SQL("sum({})").format(sql.Identifier(name)) for name in self.kind.sums)
        return sql.SQL(statement).format(
            incoming=INCOMING,
            stored=STORED,
            table=self._table,
            names=self._names,
            key=sql.Identifier(self.kind.key),
            by=_names(self.kind.sums_by),
            sums=sums,
        )


def _names(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def run(kind: Import, rows: Iterable[Row], *, skip_bad: bool = False) -> Outcome:
    """Check all rows of a file, and store the good ones if none is bad, or if the bad ones may be skipped.

    All or nothing, in one transaction. Records that are stored already are left alone, so that running twice
    changes nothing. A file that can't be read, or whose dates are in doubt, is never stored in part.
    """
    checker = Checker(kind, rows)
    outcome = checker.outcome
    with transaction.atomic(), Incoming(kind) as incoming:
        incoming.fill(checker.good())
        if outcome.may_be_stored(skip_bad=skip_bad):
            outcome.added = incoming.store()
            outcome.is_stored = True
    return outcome
