"""The same act several times at once: a thread and a connection each, started together (trust.md: twin)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import monotonic, sleep
from typing import Any

from django.db import connection, connections


def at_once(count: int, act: Callable[[int], Any], *, at_a_time: int | None = None) -> list[Any]:
    """Call `act(0)` … `act(count - 1)` and return what each returned or raised.

    All start together; with `at_a_time`, so many threads share them.
    """
    threads = at_a_time or count
    barrier = Barrier(threads)

    def one(first: int) -> list[Any]:
        outcomes = []
        try:
            barrier.wait()
            for number in range(first, count, threads):
                try:
                    outcomes.append(act(number))
                except Exception as problem:  # whatever it is, the test judges it
                    outcomes.append(problem)
        finally:
            connections.close_all()
        return outcomes

    with ThreadPoolExecutor(threads) as pool:
        return [outcome for outcomes in pool.map(one, range(threads)) for outcome in outcomes]


def let_another_wait() -> None:
    """Go on once another connection waits for what this transaction has locked."""
    until = monotonic() + 30
    while monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted "
                "AND transactionid = pg_current_xact_id()::xid"
            )
            if cursor.rowcount:
                return
        sleep(0.01)
    raise AssertionError("nobody waits")
