"""The database connections: who migrates, and how a query is bounded in time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import OperationalError, connections, models, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from psycopg.errors import LockNotAvailable, QueryCanceled

TELL = "SELECT set_config('statement_timeout', %s, true)"
SAVEPOINTS = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK")
"""Statements that are always let through: they put a transaction in order."""


class OwnerMigrates:
    """Only the `owner` role changes the schema; the app role serves and owns nothing."""

    def allow_migrate(self, db: str, app_label: str, **hints: object) -> bool:
        """Answer Django's router question for one database alias."""
        return db == "owner"


class TooSlow(Exception):
    """A query was stopped because it ran into its time limit."""


class _Allowance:
    """How long the statements of one connection may take together; a wrapper as Django's `execute_wrapper` takes it."""

    STEP = 500
    """Postgres is told anew what is left when it is so many milliseconds less than it was told last."""

    def __init__(self, using: str) -> None:
        self.using = using
        self.ends = self.told = 0.0

    def begin(self, milliseconds: float) -> None:
        """Allow so much from now on."""
        self.ends = monotonic() + milliseconds / 1_000
        self.tell(milliseconds)

    def tell(self, milliseconds: float) -> None:
        """Let Postgres stop a statement that takes longer."""
        self.told = milliseconds
        with connections[self.using].cursor() as cursor:
            cursor.execute(TELL, [str(max(int(milliseconds), 1))])

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        """Run one statement of the block. Raises TooSlow when nothing is left."""
        if sql != TELL and not sql.startswith(SAVEPOINTS):
            left = (self.ends - monotonic()) * 1_000
            if left <= 0:
                raise TooSlow
            if self.told - left > self.STEP:
                self.tell(left)
        return execute(sql, params, many, context)


@contextmanager
def time_limit(milliseconds: int, using: str = "default") -> Iterator[Callable[[float], None]]:
    """Run the block in one transaction whose statements may take so many milliseconds together; else raise TooSlow.

    Together, for a search of many small statements holds a thread as long as one that is slow. Yields what begins
    another limit for the statements that follow.
    """
    allowance = _Allowance(using)
    try:
        with transaction.atomic(using=using):
            allowance.begin(milliseconds)
            with connections[using].execute_wrapper(allowance):
                yield allowance.begin
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TooSlow from error
        raise


class Busy(Exception):
    """Somebody else held what was waited for longer than there was patience."""


def is_busy(error: BaseException | None) -> bool:
    """Return whether an error says that somebody else held what was waited for."""
    return isinstance(error, Busy) or (
        isinstance(error, OperationalError) and isinstance(error.__cause__, LockNotAvailable)
    )


@contextmanager
def patience(milliseconds: int, using: str = "default") -> Iterator[None]:
    """Run the block in one transaction that waits so many milliseconds for each lock; else raise Busy."""
    try:
        with transaction.atomic(using=using):
            with connections[using].cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", [str(milliseconds)])
            yield
    except OperationalError as error:
        if is_busy(error):
            raise Busy from error
        raise


def lock(name: str, using: str = "default") -> None:
    """Hold a name until the transaction ends: who asks for the same one waits so long.

    Raises Busy where there is no more patience: web has a little (flipdash/processes.py), and `patience` says how much.
    """
    try:
        with connections[using].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
    except OperationalError as error:
        if is_busy(error):
            raise Busy from error
        raise


def save_many(rows: Sequence[models.Model], names: Sequence[str]) -> int:
    """Save the named fields of rows of one model in one statement; returns how many were there.

    As bulk_update, without an expression for each row and field: that alone took most of the time.
    """
    if not rows:
        return 0
    connection, meta = connections[router.db_for_write(type(rows[0]))], rows[0]._meta
    pk: Any = meta.pk
    fields: list[Any] = [meta.get_field(name) for name in names]
    quote = connection.ops.quote_name
    sets = ", ".join(f"{quote(field.column)} = new.{quote(field.column)}" for field in fields)
    listed = ", ".join(quote(field.column) for field in (pk, *fields))
    arrays = ", ".join(f"%s::{field.db_type(connection)}[]" for field in (pk, *fields))
    values = [[_as_kept(field, row, connection) for row in rows] for field in (pk, *fields)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {quote(meta.db_table)} AS old SET {sets} FROM unnest({arrays}) AS new ({listed})"  # noqa: S608  (of the models alone)
            f" WHERE old.{quote(pk.column)} = new.{quote(pk.column)}",
            values,
        )
        return int(cursor.rowcount)


def _as_kept(field: Any, row: models.Model, connection: BaseDatabaseWrapper) -> Any:
    value = field.get_db_prep_save(getattr(row, field.attname), connection)
    return str(value) if isinstance(value, str) else value  # the member of an enum is its text


@contextmanager
def snapshot() -> Iterator[str]:
    """Read one unchanging state of the database on a connection of its own; yields the alias to read with.

    Progress and cancelling go through `default` meanwhile. The connection is closed at the end.
    """
    try:
        with transaction.atomic(using="snapshot"):
            with connections["snapshot"].cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield "snapshot"
    finally:
        connections["snapshot"].close()


def bound_waiting(sender: Any, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Tell a new connection how long it may wait: by SET, for a pooler in front takes no start-up options."""
    bounds = settings.DATABASE_BOUNDS.get(connection.alias, {})
    if bounds:
        with connection.cursor() as cursor:
            calls = ", ".join(["set_config(%s, %s, false)"] * len(bounds))
            cursor.execute(f"SELECT {calls}", [word for name, value in bounds.items() for word in (name, str(value))])


connection_created.connect(bound_waiting, dispatch_uid="flipdash.db")
