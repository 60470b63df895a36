"""Signs of life of beat and of the workers: a row of each, written twice a minute while it goes on.

Beat writes from its own loop, and a worker from its main process as often as Celery says that it lives: one that hangs
writes nothing. Whoever is stopped takes its row away; whoever is killed leaves it, to be seen, and who comes back under
its name notes that.
"""

import logging
from copy import copy
from datetime import timedelta
from time import monotonic
from typing import Any

from celery import signals
from celery.beat import PersistentScheduler
from django.db import DatabaseError, connections
from django.db.models import BooleanField, DurationField, ExpressionWrapper, F, Q
from django.db.models.functions import Now

from flipdash.models import Heartbeat
from flipdash.operations import needs

log = logging.getLogger(__name__)

EVERY = 25.0  # seconds
SILENT = timedelta(seconds=60)
"""After how long without a sign somebody counts as gone."""
FORGOTTEN = timedelta(days=1)
BEAT = "beat"
TOGETHER = 0.25  # seconds
"""How long beat sleeps at least: what is due within that is looked at together, and it rarely wakes a little early."""

_written: dict[str, float] = {}
"""When this process last wrote for whom, or tried to, by its own clock."""
_begun: set[str] = set()
"""For whom it has written."""


def write(name: str, queues: str = "") -> None:
    """Say that somebody lives, unless that was said just now. Without a database nothing is said, and nothing fails."""
    if monotonic() - _written.get(name, -EVERY) < EVERY:
        return
    _written[name] = monotonic()
    if _do(lambda: _write(name, queues, is_first=name not in _begun)):
        _begun.add(name)


def _write(name: str, queues: str, *, is_first: bool) -> None:
    if is_first:  # whoever had the name before would have taken its row away
        Heartbeat.objects.filter(name=name).update(killed_at=Now())
    sign = Heartbeat(name=name, queues=queues, seen_at=Now())
    new = ["queues", "seen_at"]
    Heartbeat.objects.bulk_create([sign], update_conflicts=True, unique_fields=["name"], update_fields=new)


def remove(name: str) -> None:
    """Say that somebody has stopped, as it should."""
    _written.pop(name, None)
    _begun.discard(name)
    _do(lambda: Heartbeat.objects.filter(name=name).delete())


def _do(act: Any) -> bool:
    """Do something in the database; returns whether it could be done."""
    try:
        act()
    except DatabaseError:
        log.warning("no sign of life could be written")
        return False
    else:
        return True
    finally:
        # Beat and the main process of a worker need no connection else, and a child must not inherit one.
        if not connections["default"].in_atomic_block:
            connections["default"].close()


class Scheduler(PersistentScheduler):
    """Celery's own beat, which says that it lives each time that it looks what is due, and queues what is needed."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Queue what is due, and return in how many seconds to look again."""
        wait = super().tick(*args, **kwargs)
        write(BEAT)
        return min(max(wait, TOGETHER), EVERY) if wait else 0

    def schedules_equal(self, old_schedules: Any, new_schedules: Any) -> bool:
        """Return whether the schedule was read: it stays as it is. Celery compares all of it each time."""
        return old_schedules is not None

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Queue one that is due, unless it would find nothing to do.

        What is queued because nobody has been for long waits that long for a worker: the next comes as late.
        """
        why = needs.is_needed(entry.task)
        if why is needs.Why.ANYWAY:
            entry = copy(entry)
            entry.options = {**entry.options, "expires": needs.ANYWAY}
        if why:
            super().apply_entry(entry, producer=producer)

    def close(self) -> None:
        """End as it should."""
        remove(BEAT)
        super().close()


@signals.heartbeat_sent.connect(dispatch_uid="flipdash.operations")
def of_worker(sender: Any, **kwargs: Any) -> None:
    """Say that a worker lives, and which queues it takes from. The sender is Celery's own heart."""
    queues = sorted(sender.eventer.app.amqp.queues.consume_from)
    write(sender.eventer.hostname, ",".join(queues))


@signals.worker_shutdown.connect(dispatch_uid="flipdash.operations")
def worker_stopped(sender: Any, **kwargs: Any) -> None:
    """Say that a worker was stopped. The sender is the worker."""
    remove(sender.hostname)


def seen(using: str) -> list[Heartbeat]:
    """Return everybody's last sign, with its age as `age`, and whether they `came_back` within a day, by name."""
    age = ExpressionWrapper(Now() - F("seen_at"), output_field=DurationField())
    came_back = ExpressionWrapper(Q(killed_at__gt=Now() - FORGOTTEN), output_field=BooleanField())
    return list(Heartbeat.objects.using(using).annotate(age=age, came_back=came_back).order_by("name"))


def tidy() -> None:
    """Forget who was killed long ago: whoever came instead has another name."""
    Heartbeat.objects.filter(seen_at__lt=Now() - FORGOTTEN).delete()
