"""Leased work that a worker does for many rows at a time: claimed together, noted together, in a few statements.

    ORDERS = ManyWorker("orders", RailOrder, together=100)

    @ORDERS.runs
    def _one(row: RailOrder) -> None: ...

    @ORDERS.runs_many
    def _many(rows: list[RailOrder]) -> None: ...

What is done for one row is what is meant. Many at once have to come to the same, only cheaper: where that fails, each
row is worked on alone, and so is a row whose workers died several times, so that a bad one takes no other with it.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import Case, CharField, F, Q, Value, When
from django.db.models.functions import Greatest, Now

from flipdash import db
from flipdash.leases import R, Worker
from flipdash.states import State

log = logging.getLogger(__name__)

WOKEN_FOR = 60.0
"""Seconds for which one that was woken may still come: then the broker has forgotten it, and so do we."""
ALONE_FROM = 3
"""Whose workers died so often is worked on alone."""
LONGEST_REST = 1.0
"""Seconds that a worker rests at most: what else it may do waits no longer for that."""


@dataclass(eq=False)
class ManyWorker(Worker[R]):
    """A worker that claims many rows at once."""

    together: int = 100
    """Rows that are claimed at once, at most."""
    _run_many: Callable[[list[R]], Any] | None = field(default=None, init=False)

    def runs_many(self, run: Callable[[list[R]], None]) -> Callable[[list[R]], None]:
        """Register what is done with several claimed rows: each ends with finish_many, later_many or give_back."""
        self._run_many = run
        return run

    def work(self, pk: int | None = None) -> bool:
        """Work on the rows whose turn it is, or on one; returns whether there was anything to do.

        Where more waits it rests then, as long as the turn has kept a processor busy (settings.WORKER_REST): people's
        pages come in between. What a turn spends waiting for a bank costs nobody anything, and isn't counted.
        """
        if pk is not None or self._run_many is None:
            return super().work(pk)
        self._heard()
        began = time.process_time()
        rows = self.claim_many()
        if not rows:
            return False
        if is_more := self.due().exists():
            self._wake_another()
        if len(rows) == 1:
            self._do(rows[0])
        else:
            self._do_many(rows)
        if self.due().exists():  # what others may begin with only now, and who was woken before may be through
            is_more = True
            self._wake_another()
        if is_more and settings.WORKER_REST:
            time.sleep(min((time.process_time() - began) * settings.WORKER_REST / 100, LONGEST_REST))
        return True

    def _wake_another(self) -> None:
        """Wake one more, unless as many have been woken by turns as there are workers, and none of them has come yet.

        Each turn wakes twice, and each that comes is a turn: without an end they'd keep all other work waiting.
        """
        cache.add(self._woken, 0, WOKEN_FOR)
        if cache.incr(self._woken) <= settings.WORKERS:
            self.wake()
        else:
            cache.incr(self._woken, -1)

    def _heard(self) -> None:
        """Note that one who may have been woken has come."""
        if cache.get(self._woken, 0) > 0:
            cache.incr(self._woken, -1)

    @property
    def _woken(self) -> str:
        return f"woken/{self.name}"

    def _do_many(self, rows: list[R]) -> None:
        """Work on claimed rows together; where that fails, on each that is still ours alone."""

        with self._renewed(lambda: self._renew(rows), f"lease of {len(rows)} {self.name}"):
            try:
                self._run_many(rows)  # type: ignore[misc]  # work() asked
            except Exception:
                log.exception("%s: %s rows can't be done together", self.name, len(rows))
                for row in self.still_mine(rows):
                    self._do(row)

    def _renew(self, rows: list[R]) -> bool:
        """Renew the leases of what is still ours, if anything is; waits for no row that is being written."""
        is_any = False
        for some in self._mine(list(rows)):
            with transaction.atomic(using=self.using):
                pks = list(some.select_for_update(skip_locked=True).values_list("pk", flat=True))
                self.rows.filter(pk__in=pks).update(lease_until=self._lease())
            is_any = is_any or bool(pks) or some.exists()
        return is_any

    # --- Claimed and noted together ----------------------------------------------------------------------------------

    def claim_many(self) -> list[R]:
        """Take the leases of the rows whose turn it is, `together` of them at most, in the order of their ids."""
        with transaction.atomic(using=self.using):
            db.lock(f"claim/{self.name}", using=self.using)
            self._give_up()
            waiting = self._in_turn(self._fit_together(self.due()))
            locked = waiting.select_for_update(skip_locked=True, of=("self",))
            pks = list(locked.values_list("pk", flat=True)[: self.together])
            if not pks:
                return []
            mine = self.rows.filter(pk__in=pks)
            steps = [When(status=waits, then=Value(runs)) for waits, runs in self.model.STEPS.items()]
            mine.update(
                status=Case(*steps, default=F("status"), output_field=CharField()),
                attempt=F("attempt") + 1,
                started_at=Now(),
                due_at=None,
                lease_until=self._lease(),
            )
            return list(mine.select_related(*self.related).order_by("pk"))

    def _fit_together(self, due: Any) -> Any:
        """Return those of the due rows that are claimed at once: none that took its workers with it time and again."""
        deadly = Q(status__in=list(self.model.STEPS.values()), attempt__gte=ALONE_FROM)
        first = self._first(due)
        if first is None:
            return due
        if first.status in self.model.STEPS.values() and first.attempt >= ALONE_FROM:
            return due.filter(pk=first.pk)
        return self._beside_first(due.exclude(deadly), first)

    def _first(self, due: Any) -> Any:
        """Return the due row whose turn it is; None for none. Workers choose otherwise."""
        return self._in_turn(due).first()

    def _beside_first(self, due: Any, first: R) -> Any:
        """Return those of the due rows that may be claimed together with the first one. Workers narrow it."""
        return due

    def note_many(self, rows: Sequence[R], **values: Any) -> list[R]:
        """Write the same of rows that are being worked on; returns those that are still ours."""
        return self._write(rows, lease_until=self._lease(), **values)

    def finish_many(self, rows: Sequence[R], status: State, **values: Any) -> list[R]:
        """End the work on rows; returns those that were still ours."""
        finished_at = None if status.is_open else Now()
        return self._write(rows, status=status, lease_until=None, finished_at=finished_at, **values)

    def later_many(self, rows: Sequence[R], status: State, **values: Any) -> list[R]:
        """Let rows wait again though nothing failed, as long as after a failure; returns those that were still ours."""
        return self._write(rows, status=status, lease_until=None, due_at=self._later(rows), **values)

    def give_back(self, rows: list[R], some: Sequence[R], **values: Any) -> None:
        """Let some of the claimed rows wait as if nobody had claimed them. `rows` are all, and lose them.

        Their attempt isn't counted, so another worker may have them under the number that we had: nothing may be
        written of them any more.
        """
        waiting = {running: waiting for waiting, running in self.model.STEPS.items()}
        for status in {row.status for row in some}:  # type: ignore[attr-defined]  # each model's own
            these = [row for row in some if row.status == status]  # type: ignore[attr-defined]
            back = {"status": waiting[status], "lease_until": None, "attempt": Greatest(F("attempt") - 1, 0)}
            self._write(these, **back, **values)
        gone = {row.pk for row in some}
        rows[:] = [row for row in rows if row.pk not in gone]

    def still_mine(self, rows: Sequence[R]) -> list[R]:
        """Return the rows that are still worked on under the attempts that were claimed, as they are now."""
        return [row for some in self._mine(rows) for row in some.select_related(*self.related).order_by("pk")]

    def _write(self, rows: Sequence[R], **values: Any) -> list[R]:
        """Write the same of all that are still ours, and return those. They are locked in the order of their ids."""
        if not rows:
            return []
        with transaction.atomic(using=self.using):
            held = {
                pk
                for some in self._mine(rows)
                for pk in some.order_by("pk").select_for_update().values_list("pk", flat=True)
            }
            if held:
                self.rows.filter(pk__in=held).update(**values)
        return [row for row in rows if row.pk in held]

    def _mine(self, rows: Iterable[R]) -> list[Any]:
        """Return the rows, by attempt and state, as far as they are still ours."""
        kinds: dict[tuple[int, Any], list[int]] = {}
        for row in rows:
            kinds.setdefault((row.attempt, row.status), []).append(row.pk)  # type: ignore[attr-defined]
        return [
            self.rows.filter(pk__in=pks, attempt=attempt, status=status) for (attempt, status), pks in kinds.items()
        ]
