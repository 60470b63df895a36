"""Whether a sweep would find anything to do: what beat asks before it queues one.

A queued sweep costs a message and a worker's time, and most of the day it finds nothing. So beat asks Postgres itself,
by one statement that is put together once, and queues the sweep only where something waits. Whatever the answers are,
each is queued every half minute, for what it does besides: no question covers all of that.

    needs.declare("deposits.tasks.sweep_top_ups", lambda: [topups.to_expire(), matching.to_match()])

All is asked as the operator, who sees every business.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import DatabaseError, connections, models

from flipdash.operations.measures import OPERATOR

log = logging.getLogger(__name__)

ANYWAY = 30.0  # seconds
"""How long a sweep isn't queued at most."""
Rows = Callable[[], Iterable[models.QuerySet[Any]]]
"""Returns what rows wait. It is called once: they compare with the database's clock, never with ours."""
Question = Callable[[], bool]


@dataclass
class _Sweep:
    rows: list[Rows] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    statement: tuple[str, tuple[Any, ...]] | None = None
    queued_at: float = -ANYWAY

    def finds_something(self) -> bool:
        """Ask whether anything waits; raises DatabaseError."""
        if self.statement is None:
            self.statement = _put_together(rows for some in self.rows for rows in some())
        sql, parameters = self.statement
        with connections[OPERATOR].cursor() as cursor:
            cursor.execute(sql, parameters)
            (waits,) = cursor.fetchone()
        return bool(waits) or any(question() for question in self.questions)


_sweeps: dict[str, _Sweep] = {}


def declare(task: str, rows: Rows) -> None:
    """Make known which rows wait for a sweep."""
    _sweeps.setdefault(task, _Sweep()).rows.append(rows)


def ask(task: str, question: Question) -> None:
    """Let a question that no rows answer decide as well whether a sweep is needed."""
    _sweeps.setdefault(task, _Sweep()).questions.append(question)


def is_needed(task: str) -> bool:
    """Return whether a task is to be queued now. Whoever declared nothing always is, and all are without a database."""
    sweep = _sweeps.get(task)
    if sweep is None:
        return True
    try:
        needed = monotonic() - sweep.queued_at >= ANYWAY or sweep.finds_something()
    except DatabaseError:
        log.warning("%s: nobody could say whether it is needed", task)
        connections[OPERATOR].close()
        needed = True
    if needed:
        sweep.queued_at = monotonic()
    return needed


def _put_together(some: Iterable[models.QuerySet[Any]]) -> tuple[str, tuple[Any, ...]]:
    """Return one statement that says whether any of the rows exist, with its parameters."""
    parts: list[str] = []
    parameters: list[Any] = []
    for rows in some:
        try:
            sql, values = rows.using(OPERATOR).order_by().values("pk").query.sql_with_params()
        except EmptyResultSet:
            continue
        parts.append(f"EXISTS ({sql})")
        parameters.extend(values)
    return f"SELECT {' OR '.join(parts) or 'false'}", tuple(parameters)
