"""The database connections: who migrates, and how a query is bounded in time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from psycopg.errors import LockNotAvailable, QueryCanceled


class OwnerMigrates:
    """Only the `owner` role changes the schema; the app role serves and owns nothing."""

    def allow_migrate(self, db: str, app_label: str, **hints: object) -> bool:
        """Answer Django's router question for one database alias."""
        return db == "owner"


class TooSlow(Exception):
    """A query was stopped because it ran into its time limit."""


@contextmanager
def time_limit(milliseconds: int, using: str = "default") -> Iterator[Callable[[int], None]]:
    """Run the block in one transaction whose statements may each take so many milliseconds; else raise TooSlow.

    Yields what sets another limit for the statements that follow.
    """

    def limit(milliseconds: int) -> None:
        with connections[using].cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(milliseconds)])

    try:
        with transaction.atomic(using=using):
            limit(milliseconds)
            yield limit
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TooSlow from error
        raise


class Busy(Exception):
    """Somebody else held what was waited for longer than there was patience."""


@contextmanager
def patience(milliseconds: int, using: str = "default") -> Iterator[None]:
    """Run the block in one transaction that waits so many milliseconds for each lock; else raise Busy."""
    try:
        with transaction.atomic(using=using):
            with connections[using].cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", [str(milliseconds)])
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise Busy from error
        raise


def lock(name: str, using: str = "default") -> None:
    """Hold a name until the transaction ends: who asks for the same one waits so long."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


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
