"""Leased work: a row waits, one worker at a time works on it under a lease, one attempt after the other (trust.md §3).

Truth is in the row. A message only says that work waits and names no row: it may come twice, and the broker may lose
it, for the sweep finds all. A model declares its states, and a worker what is done in them:

    class Import(Leased):
        STEPS = {Status.QUEUED: Status.RUNNING}
        …

    IMPORTS = Worker("imports", Import)

    @IMPORTS.runs
    def _import(row: Import) -> None:
        …
        IMPORTS.note(row, rows_done=1_000)
        …
        IMPORTS.finish(row, Status.DONE, added=added)

A lease is renewed while the work runs. Whoever lost it can't write any more: every later write asks for the attempt
that it belongs to, and raises Stopped. All times are the database's.
"""

import errno
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event, Thread
from typing import Any, ClassVar, Generic, TypeVar

from django.conf import settings
from django.db import Error, connections, models, transaction
from django.db.models import Count, DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Greatest, Least, Now, Power
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError

from flipdash import db
from flipdash.celery import app
from flipdash.states import State
from flipdash.words import Words

log = logging.getLogger(__name__)
MOST_DOUBLED = 20
"""How often a wait doubles at most: an interval has an end too, and a row may be tried for weeks."""

MOST_RESTED = timedelta(minutes=10)
"""How long a row rests at most that is begun anew, with no attempt counted."""


class Stopped(Exception):
    """The row was cancelled, or another worker has taken it over."""


class Leased(models.Model):
    """A row that a worker finishes. Its `status` is a State in which FAILED, and for people's sake CANCELLED, stand."""

    objects: ClassVar[Any]
    Status: ClassVar[Any]
    STEPS: ClassVar[Mapping[State, State]]
    """The states in which a row waits for a worker, each with the one in which it is worked on."""
    BACK: ClassVar[Mapping[State, State]] = {}
    """The states of work that can't fail for good, each with the one in which it waits for a person again."""
    PROBLEMS: ClassVar[Mapping[str, Words]]
    """Why it failed, in words, by `problem`; "error" is for whatever nobody foresaw."""

    created_at = models.DateTimeField(db_default=Now())
    attempt = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    """When the next attempt may begin; None: at once, since it was made. What is begun anew says since when."""
    started_at = models.DateTimeField(null=True)
    """When the last attempt began."""
    lease_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(_("Finished"), null=True)
    """When its status became one that is not open any more."""
    problem = models.CharField(max_length=20, blank=True)

    class Meta:
        abstract = True
        indexes = [models.Index(F("id"), name="%(app_label)s_%(class)s_open", condition=Q(finished_at=None))]

    @property
    def is_unfinished(self) -> bool:
        """Whether something is still to come."""
        return bool(self.status.is_open)  # type: ignore[attr-defined]  # the column of each model's own states

    @property
    def is_moving(self) -> bool:
        """Whether a worker has it, or will soon."""
        return self.status in {*self.STEPS, *self.STEPS.values()}  # type: ignore[attr-defined]

    @property
    def problem_in_words(self) -> str:
        """Why it failed."""
        return str(self.PROBLEMS.get(self.problem, self.PROBLEMS["error"]))


R = TypeVar("R", bound=Leased)

workers: dict[str, "Worker[Any]"] = {}
"""All workers by name: those that have something to run."""


def unfinished() -> set[str]:
    """Return the workers that have a row which isn't finished, asked in one statement of each connection.

    Where that fails, all may have one: each is asked alone then, and only whose table it is fails.
    """
    asked: dict[str, dict[str, Any]] = {}
    for worker in workers.values():
        rows = worker.rows.filter(finished_at=None).order_by()
        asked.setdefault(worker.using, {})[worker.name] = rows.values_list(Value(worker.name, models.TextField()))[:1]
    found: set[str] = set()
    for using, statements in asked.items():
        first, *others = statements.values()
        try:
            found.update(name for (name,) in first.union(*others, all=True))
        except Error:
            log.exception("%s: nobody says which work is unfinished", using)
            found.update(statements)
    return found


@dataclass(eq=False)
class Worker(Generic[R]):
    """What is done with the rows of a model, each by one process at a time."""

    name: str
    model: type[R]
    queue: str = "default"
    """Of Celery's queues, the one that wakes it."""
    per: str | tuple[str, ...] = ""
    """The field that tells apart who takes turns, such as "business", or several; "": first come, first served."""
    is_alone: bool = False
    """Whether only one row of each of those is worked on at a time."""
    most_attempts: int = 3
    wait: timedelta = timedelta(seconds=5)
    """How long a row waits after its first attempt failed; twice as long after each further one."""
    longest_wait: timedelta = timedelta(days=365)
    """What doubling stops at."""
    longest_rest: timedelta = timedelta(0)
    """The most that `later` is told to let a row rest, where that is more than a wait."""
    problems: Mapping[type[Exception], str] = field(default_factory=dict)
    """What another attempt would not mend, and the `problem` that it leaves in the row."""
    related: tuple[str, ...] = ()
    """What is read together with a claimed row."""
    using: str = "default"
    words: Words = ""
    """What the operator calls its rows."""
    most_failed: int | None = None
    """How many may fail within a day by what nobody foresaw before somebody should look; None: that isn't asked."""

    _run: Callable[[R], Any] | None = field(default=None, init=False)
    _tidy: Callable[[], Any] | None = field(default=None, init=False)

    def runs(self, run: Callable[[R], None]) -> Callable[[R], None]:
        """Register what is done with a claimed row: it ends with `finish`, or raises."""
        self._run = run
        workers[self.name] = self
        return run

    def tidies(self, tidy: Callable[[], None]) -> Callable[[], None]:
        """Register what every sweep does besides, such as throwing away what is old."""
        self._tidy = tidy
        return tidy

    @property
    def rows(self) -> Any:
        """All rows, for whoever they are."""
        return self.model.objects.using(self.using)

    # --- Told that work waits ----------------------------------------------------------------------------------------

    def wake_on_commit(self) -> None:
        """Tell a worker that a row waits, as soon as there is one for it to see: people write by another connection."""
        transaction.on_commit(lambda: transaction.on_commit(self.wake, using=self.using))

    def wake(self) -> None:
        """Tell a worker that something waits. Without a broker nothing is lost: the sweep tells it later."""
        try:
            app.send_task("flipdash.tasks.work", [self.name], queue=self.queue, expires=60)
        except OperationalError:
            log.warning("%s: no broker to wake a worker", self.name)

    def sweep(self) -> None:
        """Wake a worker for what was missed, give up what wore its workers out, and tidy."""
        with transaction.atomic(using=self.using):
            self._give_up()
            self._follow_the_clock_back()
        if self.due().exists():
            self.wake()
        self.tidy()

    def tidy(self) -> None:
        """Do what every sweep does besides, for whatever rows."""
        if self._tidy:
            self._tidy()

    # --- The work ----------------------------------------------------------------------------------------------------

    def work(self, pk: int | None = None) -> bool:
        """Work on the row whose turn it is, or on this one; returns whether there was anything to do.

        A failure is tried again later. Another worker is woken first for what waits besides.
        """
        row = self.claim(pk)
        if row is None:
            return False
        if self.due().exists():
            self.wake()
        self._do(row)
        return True

    def _do(self, row: R) -> None:
        """Work on a claimed row; a failure is noted in it."""
        try:
            with self.held(row):
                self._run(row)  # type: ignore[misc]  # whoever has nothing to run isn't woken
        except Exception as error:
            self.failed(row, error)

    def failed(self, row: R, error: Exception) -> None:
        """Note what went wrong with a claimed row: it is tried again later, unless that mends nothing."""
        if isinstance(error, Stopped):
            log.info("%s %s: stopped", self.name, row.pk)
        elif isinstance(error, tuple(self.problems)):
            self._fail(row, next(word for kind, word in self.problems.items() if isinstance(error, kind)))
        else:
            log.error("%s %s: attempt %s failed", self.name, row.pk, row.attempt, exc_info=error)
            if row.attempt >= self.most_attempts:
                self._fail(row, "disk full" if _is_full_disk(error) else "error")
            else:
                self._again(row)

    def claim(self, pk: int | None = None) -> R | None:
        """Take the lease of the row whose turn it is, or of this one; None when nothing is due.

        Claims come one after the other: two that looked at the same moment would both see that a business has none.
        """
        with transaction.atomic(using=self.using):
            db.lock(f"claim/{self.name}", using=self.using)
            self._give_up()
            due = self._in_turn(self.due() if pk is None else self.due().filter(pk=pk))
            row = due.select_for_update(skip_locked=True, of=("self",)).first()
            if row is None:
                return None
            mine = self.rows.filter(pk=row.pk)
            status = self.model.STEPS.get(row.status, row.status)
            mine.update(
                status=status, attempt=F("attempt") + 1, started_at=Now(), due_at=None, lease_until=self._lease()
            )
            return mine.select_related(*self.related).get()

    def held(self, row: R) -> AbstractContextManager[None]:
        """Renew the lease while the block runs, from a thread: some steps take longer than a lease."""

        def renew() -> bool:
            return bool(self.mine(row).update(lease_until=self._lease()))

        return self._renewed(renew, f"lease of {self.name} {row.pk}")

    @contextmanager
    def _renewed(self, renew: Callable[[], bool], name: str) -> Iterator[None]:
        """Call what renews, while the block runs and as long as it says that there is something left to renew."""
        is_done = Event()

        def go_on() -> None:
            while not is_done.wait(settings.LEASE_SECONDS / 4):
                try:
                    if not renew():
                        break  # not ours any more: whoever works notices when they write
                except Error:  # away for a moment, perhaps
                    connections[self.using].close()
            connections[self.using].close()  # this thread's own

        thread = Thread(target=go_on, name=name, daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_done.set()
            thread.join()

    def note(self, row: R, **values: Any) -> None:
        """Write something of a row that is being worked on; raises Stopped when it isn't ours any more."""
        if not self.mine(row).update(lease_until=self._lease(), **values):
            raise Stopped

    def hold(self, row: R) -> None:
        """Lock the row until the transaction ends: nobody cancels it or takes it over meanwhile. Raises Stopped."""
        if not self.mine(row).select_for_update().exists():
            raise Stopped

    def finish(self, row: R, status: State, **values: Any) -> None:
        """End the work on a row; raises Stopped when it isn't ours any more."""
        finished_at = None if status.is_open else Now()
        if not self.mine(row).update(status=status, lease_until=None, finished_at=finished_at, **values):
            raise Stopped

    def later(self, row: R, status: State, *, rest: timedelta | None = None, **values: Any) -> None:
        """Let a row wait again though nothing failed, this long or as long as after a failure; raises Stopped."""
        due_at = self._later([row]) if rest is None else Now() + rest
        if not self.mine(row).update(status=status, lease_until=None, due_at=due_at, **values):
            raise Stopped

    def cancel(self, row: R) -> bool:
        """Stop a row for a person; False when it is finished, or is being finished in this very moment."""
        unfinished = self.rows.filter(pk=row.pk, status__in=self.model.Status.open())
        try:
            with db.time_limit(1_000, using=self.using):
                return bool(unfinished.update(status=self.model.Status.CANCELLED, lease_until=None, finished_at=Now()))
        except db.TooSlow:  # somebody holds it
            return False

    def mine(self, row: R) -> Any:
        """Return the row, if it is still worked on under the attempt that was claimed."""
        return self.rows.filter(pk=row.pk, attempt=row.attempt, status=row.status)  # type: ignore[attr-defined]

    def _again(self, row: R) -> None:
        """Put a row back, to wait for another attempt."""
        waiting = {running: waiting for waiting, running in self.model.STEPS.items()}
        self.mine(row).update(
            status=waiting[row.status],  # type: ignore[attr-defined]
            lease_until=None,
            due_at=self._later([row]),
        )

    def _fail(self, row: R, problem: str) -> None:
        with suppress(Stopped):  # cancelled at the same moment: that may stand
            self.finish(row, self._end_of(row.status), problem=problem)  # type: ignore[attr-defined]

    def _end_of(self, running: State) -> State:
        """Return where a row goes that can't be done."""
        return self.model.BACK.get(running, self.model.Status.FAILED)

    # --- What waits --------------------------------------------------------------------------------------------------

    def due(self) -> Any:
        """Return the rows that a worker may begin with: those that wait, and those whose worker lost its lease."""
        waiting = Q(status__in=list(self.model.STEPS)) & (Q(due_at=None) | Q(due_at__lte=Now()))
        due = self.rows.filter(waiting | self._running(lease_until__lt=Now()), finished_at=None)
        if self.is_alone:
            # Whatever its lease: while its records go in, the row is locked, and nobody can renew it.
            due = due.exclude(Exists(self._beside(self._running() & ~Q(pk=OuterRef("pk")))))
        return due

    def _in_turn(self, due: Any) -> Any:
        """Order what is due so that nobody waits for another's many rows (trust.md E5).

        First comes whose fewest are being worked on, then whose last was begun longest ago.
        """
        if not self.per:
            return due.order_by("pk")
        running = self._beside(self._running(lease_until__gte=Now())).order_by()
        begun = self._beside(Q(started_at__isnull=False)).order_by("-started_at").values("started_at")[:1]
        return due.order_by(
            Coalesce(Subquery(running.values(*self._lane).annotate(n=Count("pk")).values("n")), 0),
            Subquery(begun).asc(nulls_first=True),
            "pk",
        )

    def _beside(self, condition: Q) -> Any:
        return self.rows.filter(condition, **{field: OuterRef(field) for field in self._lane})

    @property
    def _lane(self) -> tuple[str, ...]:
        return (self.per,) if isinstance(self.per, str) else self.per

    def _running(self, **lease: Any) -> Q:
        return Q(status__in=list(self.model.STEPS.values()), **lease)

    def _give_up(self) -> None:
        """Let rows fail that took their workers with them so often that nobody should try again."""
        worn_out = Q(lease_until__lt=Now(), attempt__gte=self.most_attempts)
        for running in self.model.STEPS.values():
            end = self._end_of(running)
            over = {"problem": "error", "lease_until": None, "finished_at": None if end.is_open else Now()}
            self._change(Q(status=running) & worn_out, status=end, **over)

    def _follow_the_clock_back(self) -> None:
        """Let a lease, or a wait, that ends later than it can begin anew: the clock has stepped back since.

        A living worker has time to renew it; a dead one's row doesn't wait for the clock to catch up.
        """
        self._change(self._running(lease_until__gt=self._lease()), lease_until=self._lease())
        latest = Greatest(self._next_attempt(), Now() + self.longest_rest)
        begun_anew = Q(attempt=0, due_at__gt=Greatest(latest, Now() + MOST_RESTED))
        waits = Q(status__in=list(self.model.STEPS)) & (Q(attempt__gt=0, due_at__gt=latest) | begun_anew)
        self._change(waits, due_at=self._next_attempt())

    def _change(self, condition: Q, **values: Any) -> None:
        """Change rows, but wait for none that somebody holds at this moment."""
        rows = self.rows.filter(condition, finished_at=None).select_for_update(skip_locked=True)
        if pks := list(rows.values_list("pk", flat=True)):
            self.rows.filter(pk__in=pks).update(**values)

    def _lease(self) -> Any:
        return Now() + timedelta(seconds=settings.LEASE_SECONDS)

    def _later(self, rows: Sequence[R]) -> Any:
        """Return when rows that were worked on are due again, None for at once. Workers choose otherwise."""
        return self._next_attempt()

    def _next_attempt(self) -> Any:
        times = Power(2.0, Least(F("attempt") - 1, MOST_DOUBLED))
        doubled = ExpressionWrapper(Value(self.wait) * times, output_field=DurationField())
        longest = Value(self.longest_wait, output_field=DurationField())
        return ExpressionWrapper(Now() + Least(doubled, longest), output_field=models.DateTimeField())


def _is_full_disk(error: BaseException | None) -> bool:
    """Return whether a full disk is behind an error; libraries wrap it."""
    while error and not (isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}):
        error = error.__cause__ or error.__context__
    return error is not None
