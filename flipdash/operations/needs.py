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
from enum import Enum
from time import monotonic
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import DatabaseError, connections, models

from flipdash import db
from flipdash.operations.measures import OPERATOR

log = logging.getLogger(__name__)

ANYWAY = 30.0  # seconds
"""How long a sweep isn't queued at most, and how long one that is queued for that waits for a worker."""
PATIENCE_MS = 1_000
"""How long one question may take: beat asks it from its loop, and a table that is being migrated answers nobody."""
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
        """Ask whether anything waits; raises DatabaseError or TooSlow."""
        if self.statement is None:
            self.statement = _put_together(rows for some in self.rows for rows in some())
        sql, parameters = self.statement
        with db.time_limit(PATIENCE_MS, using=OPERATOR), connections[OPERATOR].cursor() as cursor:
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


class Why(Enum):
    """Why a task is queued."""

    ALWAYS = "nobody declared what it is needed for"
    WAITS = "something waits for it"
    ANYWAY = "nobody has queued it for long"


def is_needed(task: str) -> Why | None:
    """Return why a task is to be queued now, or None. Where the database doesn't say, something may wait."""
    sweep = _sweeps.get(task)
    if sweep is None:
        return Why.ALWAYS
    why = None
    try:
        if sweep.finds_something():
            why = Why.WAITS
    except (DatabaseError, db.TooSlow):
        log.warning("%s: nobody could say whether it is needed", task)
        connections[OPERATOR].close()
        why = Why.WAITS
    if why is None and monotonic() - sweep.queued_at >= ANYWAY:
        why = Why.ANYWAY
    if why:
        sweep.queued_at = monotonic()
    return why


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
