"""Sweeps that take only so many of what waits, in no order."""

from collections.abc import Callable


def swept(sweep: Callable[[], object], done: Callable[[], object]) -> bool:
    """Sweep until it is done, and return whether it ever was; of two that wait, each has its turn in a hundred."""
    for _turn in range(100):
        sweep()
        if done():
            return True
    return False
