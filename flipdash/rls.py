"""Row level security, by which Postgres itself keeps businesses and modes apart (decision 0011).

Every query says `.visible_to(scope)`. Behind that, a table with `RowLevelSecurity` shows the app role only the rows of
the business and mode that the connection was told, and takes in no others; told nothing, it shows none. Some tables
have less of it (`InnerWall`, `WriteWall`): they open for who was told nothing, or to be read. Requests tell it by the
middleware; tasks and commands do so themselves:

    with rls.inside(scope): ...

What has to see all businesses (sweepers, back office, checks) reads with `.using("operator")`, and then goes inside
the business and mode of each row with `inside_of(row.business_id, row.mode)`. A thread begins outside of all.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from flipdash.scope import Business, Scope

GUARDED = ("default", "snapshot")
"""The connections of the app role."""

Inside = tuple[str, str]
"""The id of a business, and a mode."""
OUTSIDE: Inside = ("", "")
_now: ContextVar[Inside] = ContextVar("inside", default=OUTSIDE)

SET = "SELECT set_config('app.business', %s, false), set_config('app.mode', %s, false)"

# Each in a sub-select, so that it is computed once a query and not once a row.
OF_BUSINESS = "business_id = (SELECT nullif(current_setting('app.business', true), '')::bigint)"
OWN_ROWS = f"{OF_BUSINESS} AND mode = (SELECT current_setting('app.mode', true))"
TOLD_NOTHING = "(SELECT coalesce(current_setting('app.business', true), '') = '')"


@contextmanager
def inside(scope: Scope) -> Iterator[None]:
    """Let the block see the rows of a scope's business and mode, and no others."""
    with inside_of(scope.business.pk, scope.mode):
        yield


@contextmanager
def inside_of(business_id: int, mode: str) -> Iterator[None]:
    """Let the block see the rows of a business and mode; then what was seen before is seen again."""
    with _standing((str(business_id), str(mode))):
        yield


@contextmanager
def _standing(place: Inside) -> Iterator[None]:
    before = _now.get()
    token = _now.set(place)
    try:
        for alias in GUARDED:
            _tell(connections[alias])
        yield
    finally:
        _now.reset(token)
        for alias in GUARDED:
            _tell_again(connections[alias], before)


@contextmanager
def outside() -> Iterator[None]:
    """Let the block be inside of nothing, whoever asks: it is for what isn't the asker's business."""
    with nullcontext() if _now.get() == OUTSIDE else _standing(OUTSIDE):
        yield


@contextmanager
def beside(business: Business) -> Iterator[None]:
    """Let the block note what happened to a business, even while the rows of another are seen."""
    is_other = _now.get()[0] not in ("", str(business.pk))
    with outside() if is_other else nullcontext():
        yield


def _tell(connection: BaseDatabaseWrapper) -> None:
    """Tell an open connection whose rows it may see now; one that opens later is told by `tell_new_connection`."""
    if connection.connection is not None:
        with connection.cursor() as cursor:
            cursor.execute(SET, _now.get())


def _tell_again(connection: BaseDatabaseWrapper, before: Inside) -> None:
    """Tell it what it was before, so that nobody who takes the connection over sees our rows (trust.md W5)."""
    try:
        _tell(connection)
    except DatabaseError:
        # A failed transaction that is rolled back takes our setting with it, if it began before the setting was
        # made; a connection that is gone, or isn't in a transaction, must not be used again.
        if not connection.in_atomic_block:
            connection.close()


def tell_new_connection(sender: Any, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Tell a connection that has just been opened whose rows it may see."""
    if connection.alias in GUARDED and _now.get() != OUTSIDE:
        _tell(connection)


connection_created.connect(tell_new_connection, dispatch_uid="flipdash.rls")
