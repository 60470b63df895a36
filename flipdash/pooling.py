"""Is a connection one and the same server process from statement to statement?

Row level security (flipdash/rls.py) is a setting of the session, and imports hold a temporary table in theirs. A pooler
in front that shares server processes between transactions would let one business's setting speak for another's query.
So every process proves its first connection before anything is read by it, and serves nothing where the proof fails
(docs/scaling.md).
"""

import logging
from threading import Lock
from typing import Any, Protocol

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

log = logging.getLogger(__name__)

TURNS = (0, 1, 1, 0, 1, 0, 0, 1)
"""Which of the two connections is asked: unevenly, so that processes handed out in turn don't seem to be kept."""
SET = "SELECT pg_backend_pid(), set_config('app.pooling', %s, false)"
READ = "SELECT pg_backend_pid(), current_setting('app.pooling', true)"


class PooledByTransaction(ImproperlyConfigured):
    """A pooler in front of Postgres shares server processes between transactions."""


class Session(Protocol):
    """What is asked of a connection: run a statement outside of any transaction, and return its first row."""

    def first(self, statement: str, values: list[str]) -> Any: ...


def prove(one: Session, other: Session) -> None:
    """Let two connections take turns; raise PooledByTransaction unless each keeps a process and a setting to itself."""
    sessions = (one, other)
    kept = [session.first(SET, [str(number)]) for number, session in enumerate(sessions)]
    answers = [(number, sessions[number].first(READ, [])) for number in TURNS]
    if kept[0][0] == kept[1][0] or any(answer != kept[number] for number, answer in answers):
        raise PooledByTransaction(
            "A pooler in front of Postgres doesn't keep a connection's settings from one transaction to the next, "
            "so rows of one business could be shown to another. Nothing is served. Set it to pool by session "
            "(PgBouncer: pool_mode = session), or connect without it (docs/scaling.md)."
        )


class Raw:
    """A psycopg connection, asked directly: neither Django's transactions nor its counting of queries matter."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def first(self, statement: str, values: list[str]) -> Any:
        """Run a statement and return its first row."""
        with self.connection.cursor() as cursor:
            return cursor.execute(statement, values).fetchone()


_lock = Lock()
_proved: set[str] = set()


def prove_first_connection(sender: Any, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Prove the first connection that this process opens as the app role; later ones go the same way."""
    if connection.alias != "default" or connection.alias in _proved:
        return
    with _lock:
        if connection.alias in _proved:
            return
        other = connection.get_new_connection(connection.get_connection_params())
        try:
            other.autocommit = True
            prove(Raw(connection.connection), Raw(other))
        except PooledByTransaction as problem:
            log.critical("%s", problem)
            connection.close()
            raise
        finally:
            other.close()
        _proved.add(connection.alias)


connection_created.connect(prove_first_connection, dispatch_uid="flipdash.pooling")
