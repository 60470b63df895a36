"""Whether a sweep would find anything to do: what beat asks before it queues one.

A queued sweep costs a message and a worker's time, and most of the day it finds nothing. So beat asks Postgres itself,
for all sweeps at once by one statement that is planned once, and queues a sweep only where something waits. Whatever
the answers are, each is queued every half minute, for what it does besides: no question covers all of that.

    needs.declare("deposits.tasks.sweep_top_ups", lambda: [topups.to_expire(), matching.to_match()])

All is asked as the operator, who sees every business.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from itertools import chain, count
from time import monotonic
from typing import Any
from weakref import WeakSet

from django.core.exceptions import EmptyResultSet
from django.db import DatabaseError, connections, models

from flipdash import db
from flipdash.operations.measures import OPERATOR

log = logging.getLogger(__name__)

ANYWAY = 30.0  # seconds
"""How long a sweep isn't queued at most, and how long one that is queued for that waits for a worker."""
PATIENCE_MS = 1_000
"""How long all answers may take: beat asks from its loop, and a table that is being migrated answers nobody."""
FRESH = 0.5  # seconds
"""For how long the answers that were not used yet hold: sweeps that are due in one moment are asked for together."""
Rows = Callable[[], Iterable[models.QuerySet[Any]]]
"""Returns what rows wait. It is called once: they compare with the database's clock, never with ours."""
Question = Callable[[], bool]


@dataclass
class _Sweep:
    rows: list[Rows] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    queued_at: float = -ANYWAY

    @property
    def condition(self) -> tuple[str, tuple[Any, ...]]:
        """What is true while any of its rows wait, with its parameters."""
        return _any_of(rows for some in self.rows for rows in some())


class Prepared:
    """A statement that the operator asks again and again, so that Postgres plans it once for each connection."""

    _numbers = count()

    def __init__(self, sql: str, parameters: tuple[Any, ...] = ()) -> None:
        self.sql, self.parameters = sql, parameters
        self.name = f"asked_{next(self._numbers)}"
        self._known_to: WeakSet[Any] = WeakSet()

    def first(self) -> Any:
        """Return its first row."""
        connection = connections[OPERATOR]
        with connection.cursor() as cursor:
            if connection.connection not in self._known_to:
                cursor.execute(f"PREPARE {self.name} AS {self.sql}", self.parameters)
                self._known_to.add(connection.connection)
            cursor.execute(f"EXECUTE {self.name}")
            return cursor.fetchone()


@dataclass
class _Answers:
    """What was answered last of each sweep, until it is used."""

    statement: Prepared | None = None
    asked_at: float = -FRESH
    waits: dict[str, bool] = field(default_factory=dict)

    def use(self, task: str) -> bool:
        """Return whether any row waits for a sweep; each answer counts once. Raises DatabaseError or TooSlow."""
        if task not in self.waits or monotonic() - self.asked_at > FRESH:
            self.waits = dict.fromkeys(_sweeps, True)  # where nobody answers
            try:
                self.waits = self._ask()
            finally:
                self.asked_at = monotonic()
        return self.waits.pop(task)

    def _ask(self) -> dict[str, bool]:
        if self.statement is None:
            conditions = [sweep.condition for sweep in _sweeps.values()]
            columns = ", ".join(sql for sql, _parameters in conditions)
            parameters = chain.from_iterable(some for _sql, some in conditions)
            self.statement = Prepared(f"SELECT {columns}", tuple(parameters))
        with db.time_limit(PATIENCE_MS, using=OPERATOR):
            return dict(zip(_sweeps, self.statement.first(), strict=True))


_sweeps: dict[str, _Sweep] = {}
_answers = _Answers()


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
        if _answers.use(task) or any(question() for question in sweep.questions):
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


def _any_of(some: Iterable[models.QuerySet[Any]]) -> tuple[str, tuple[Any, ...]]:
    """Return what is true while any of the rows exist, with its parameters."""
    parts: list[str] = []
    parameters: list[Any] = []
    for rows in some:
        try:
            sql, values = rows.using(OPERATOR).order_by().values("pk").query.sql_with_params()
        except EmptyResultSet:
            continue
        parts.append(f"EXISTS ({sql})")
        parameters.extend(values)
    return f"({' OR '.join(parts) or 'false'})", tuple(parameters)
