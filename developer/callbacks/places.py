"""How many people of one web process may wait for other people's servers at once (trust.md Q1).

Send Test waits 15 seconds at most and saving an address 5, each on one of the few threads of bin/web. So at most half
of them wait, one for each business and one for each host: whoever comes then is told at once to try again.

Tests don't count among the four calls that callbacks make at one host (claims.py): a shared host then keeps nobody's
callbacks waiting because strangers test there, and gets one call more of each process at most.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from django.utils.translation import gettext as _

from flipdash.scope import Scope

MOST = 2
"""Half of the threads that bin/web gives to a process."""

_lock = Lock()
_held: list[tuple[int, str]] = []
"""Business and host of each who waits."""


class Busy(Exception):
    """No place is free; the words say so."""


@contextmanager
def place(scope: Scope, host: str) -> Iterator[None]:
    """Hold a place while a host is called or its name looked up. Raises Busy, at once."""
    mine = scope.business.pk, host
    with _lock:
        if len(_held) >= MOST or any(business == mine[0] or other == host for business, other in _held):
            raise Busy(_("Other addresses are being called right now. Try again in a moment."))
        _held.append(mine)
    try:
        yield
    finally:
        with _lock:
            _held.remove(mine)
