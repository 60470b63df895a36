"""How many requests were answered how, and how fast: counted here for some seconds, then added up in Postgres.

So all processes of all machines count together, and the count outlives them. Whoever is killed takes the last seconds
of its own count along.
"""

import atexit
import logging
from bisect import bisect_left
from collections.abc import Mapping
from threading import Lock, Timer
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection

log = logging.getLogger(__name__)

BOUNDS = (25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000)
"""Milliseconds, by which requests are told apart; the last are those that took longer."""
EVERY = 15.0  # seconds

Key = tuple[str, str, int, int]
"""Route, method, status, and within how many milliseconds."""

ADD = """
INSERT INTO flipdash_requestcount AS old (route, method, status, within, requests, milliseconds)
SELECT * FROM unnest(%s::text[], %s::text[], %s::int[], %s::int[], %s::bigint[], %s::float[])
ON CONFLICT (route, method, status, within) DO UPDATE
SET requests = old.requests + EXCLUDED.requests, milliseconds = old.milliseconds + EXCLUDED.milliseconds
"""


class Counter:
    """The requests of this process that nobody has written down yet."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._unwritten: dict[Key, tuple[int, float]] = {}

    def count(self, line: Mapping[str, Any]) -> None:
        """Count a request, by what is written of it in the log."""
        if not settings.COUNTS_REQUESTS:
            return
        took = line["milliseconds"]
        place = bisect_left(BOUNDS, took)
        key = (line["route"][:200], line["method"], line["status"], BOUNDS[place] if place < len(BOUNDS) else 0)
        self._add({key: (1, took)})

    def _add(self, more: Mapping[Key, tuple[int, float]]) -> None:
        with self._lock:
            is_first = not self._unwritten
            for key, (requests, milliseconds) in more.items():
                before = self._unwritten.get(key, (0, 0.0))
                self._unwritten[key] = (before[0] + requests, before[1] + milliseconds)
        if is_first:
            timer = Timer(EVERY, self._write_later)
            timer.daemon = True  # it keeps no process from ending
            timer.start()

    def write(self) -> None:
        """Add what was counted to what stands in Postgres; while that is away it is kept."""
        with self._lock:
            counted, self._unwritten = self._unwritten, {}
        if not counted:
            return
        # In one order, so that two processes that write at once wait for each other and never in a circle.
        rows = [(*key, *counted[key]) for key in sorted(counted)]
        try:
            with connection.cursor() as cursor:
                cursor.execute(ADD, [list(column) for column in zip(*rows, strict=True)])
        except DatabaseError:
            log.warning("requests couldn't be counted; they are kept for later")
            self._add(counted)

    def _write_later(self) -> None:
        try:
            self.write()
        finally:
            connection.close()  # this thread's own


requests = Counter()
atexit.register(requests.write)
