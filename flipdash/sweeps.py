"""The many things of one sweep, each by itself: what fails is logged, keeps none of the others, and comes again.

A sweep that takes only so many takes them in no order, `order_by("?")`: what fails would stay first for ever.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)


@contextmanager
def by_itself(what: str, pk: object) -> Iterator[None]:
    """Handle one row of many, such as ("statement line", 12): the error of one is logged, and the next has its turn."""
    try:
        yield
    except Exception:
        log.exception("%s %s can't be handled now", what, pk)


def run(*steps: Callable[[], object]) -> None:
    """Take all steps of a sweep, whatever becomes of each."""
    for step in steps:
        try:
            step()
        except Exception:
            log.exception("%s failed", step.__name__)
