"""What is measured, and when it is wrong. Each app declares what it has; a worker's rows are measured by themselves.

    measures.declare(Queue("unsealed", _("Entries to be sealed"), unsealed, late=timedelta(minutes=5)))
    measures.declare(Figure("mails_failed", _("Mails that failed"), failed, most=10))

All is read as the operator, who sees every business, and nothing that a person typed is in it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from django.conf import settings
from django.db import DatabaseError, models
from django.db.models import Count, F, Min, Q
from django.db.models.functions import Coalesce, Extract, Now
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from flipdash import db, leases
from flipdash.words import Words

OPERATOR = "operator" if "operator" in settings.DATABASES else "default"
PATIENCE_MS = 2_000
LATE = timedelta(minutes=15)
"""How long something may wait for its worker before that is wrong, unless it says otherwise."""


class Unit(Enum):
    """What a figure counts."""

    SECONDS = "seconds"
    BYTES = "bytes"
    COUNT = "count"


@dataclass(frozen=True)
class Reading:
    """What was read at one moment. `value` is None where it couldn't be read."""

    name: str
    words: Words
    unit: Unit
    value: float | None
    waiting: int | None = None
    """Of a queue, how many wait; its value is for how many seconds the oldest has."""
    most: float | None = None
    least: float | None = None
    is_total: bool = False
    """Whether it only ever grows."""

    @property
    def is_wrong(self) -> bool:
        """Whether somebody should look."""
        if self.value is None:
            return True
        return (self.most is not None and self.value > self.most) or (
            self.least is not None and self.value < self.least
        )

    @property
    def in_short(self) -> str:
        """What is wrong, for a program's log: in English, and with its limit."""
        if self.value is None:
            return f"{self.name}: can't be read"
        of = "the oldest has waited " if self.waiting is not None else ""
        limit = f"more than {self.most:.0f}" if self.most is not None else f"less than {self.least or 0:.0f}"
        return f"{self.name}: {of}{self.value:.0f} {self.unit.value}, {limit}"


@dataclass(frozen=True)
class Queue:
    """Rows that wait for somebody. `read` returns how many do, and for how many seconds the oldest has."""

    name: str
    words: Words
    read: Callable[[], tuple[int, float]]
    late: timedelta = LATE

    def reading(self) -> Reading:
        """Read it."""
        waiting, oldest = self.read()
        return Reading(self.name, self.words, Unit.SECONDS, oldest, waiting, most=self.late.total_seconds())

    def unread(self) -> Reading:
        """Say that it couldn't be read."""
        return Reading(self.name, self.words, Unit.SECONDS, None, 0)


@dataclass(frozen=True)
class Figure:
    """Anything else that is counted."""

    name: str
    words: Words
    read: Callable[[], float]
    unit: Unit = Unit.COUNT
    most: float | None = None
    least: float | None = None
    is_total: bool = False

    def reading(self) -> Reading:
        """Read it."""
        limits = {"most": self.most, "least": self.least, "is_total": self.is_total}
        return Reading(self.name, self.words, self.unit, self.read(), **limits)  # type: ignore[arg-type]  # as declared

    def unread(self) -> Reading:
        """Say that it couldn't be read."""
        return Reading(self.name, self.words, self.unit, None, is_total=self.is_total)


Measure = Queue | Figure
_declared: list[Measure] = []


def declare(*some: Measure) -> None:
    """Make known what an app has to be measured."""
    _declared.extend(some)


def waiting(rows: models.QuerySet, since: Any) -> tuple[int, float]:
    """Return how many rows wait, and for how many seconds the oldest has, by when each began to."""
    age = Extract(Now() - Min(since), "epoch")
    found = rows.aggregate(n=Count("pk"), oldest=age)
    return found["n"], max(0.0, float(found["oldest"] or 0))


def _of_worker(worker: leases.Worker[Any]) -> Queue:
    """Measure what a worker could begin with: rows that are due, and those whose worker has died."""
    model = worker.model
    due = Q(status__in=list(model.STEPS)) & (Q(due_at=None) | Q(due_at__lte=Now()))
    lost = Q(status__in=list(model.STEPS.values()), lease_until__lt=Now())
    since = Coalesce(F("lease_until"), F("due_at"), F("created_at"))

    def read() -> tuple[int, float]:
        return waiting(model.objects.using(OPERATOR).filter(due | lost, finished_at=None), since)

    return Queue(worker.name.replace(" ", "_"), worker.words or worker.name, read)


def _failures_of(worker: leases.Worker[Any]) -> Figure:
    """Count what failed within the last day by what nobody foresaw: nothing waits then, and nothing was made."""

    def read() -> float:
        failed = worker.model.objects.using(OPERATOR).filter(problem__in=("error", "disk full"))
        return float(failed.filter(finished_at__gte=Now() - timedelta(days=1)).count())

    words = format_lazy(_("{what} that failed within a day"), what=worker.words or worker.name)
    return Figure(f"{worker.name.replace(' ', '_')}_failed", words, read, most=worker.most_failed)


def all_of_them() -> Iterator[Measure]:
    """Yield all that is measured in the database."""
    for worker in leases.workers.values():
        yield _of_worker(worker)
        if worker.most_failed is not None:
            yield _failures_of(worker)
    yield from _declared


def readings(some: Iterable[Measure] | None = None) -> list[Reading]:
    """Read all, each in two seconds at most; what can't be read says so, and keeps nothing else from being read."""
    return [_read(measure) for measure in (all_of_them() if some is None else some)]


def _read(measure: Measure) -> Reading:
    try:
        with db.time_limit(PATIENCE_MS, using=OPERATOR):
            return measure.reading()
    except (DatabaseError, db.TooSlow):
        return measure.unread()
