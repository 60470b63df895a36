"""When a callback that failed is tried again (trust.md §3), and when it is given up."""

import random
from datetime import timedelta

from developer.models import CallbackEvent

WAITS = (
    *(timedelta(minutes=2) for _ in range(5)),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
"""How long a callback waits after its first failure, its second, and so on: together 75 hours and 40 minutes."""
SPREAD = 0.2
"""By which part a wait is shorter or longer, so that what failed together doesn't come back together."""


def wait_after(event: str, tried: int) -> timedelta | None:
    """Return how long to wait after so many failures, or None where the event is sent once."""
    if CallbackEvent(event).is_sent_once:
        return None
    return WAITS[min(tried, len(WAITS)) - 1] * random.uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311  (no secret)


def is_last(tried: int) -> bool:
    """Return whether the schedule is over after so many failures.

    It is given up only then, and only if its URL took another one since it was made: while a receiver takes nothing
    at all, what it misses is kept until it does (health.py).
    """
    return tried > len(WAITS)
