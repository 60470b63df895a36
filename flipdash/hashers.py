"""How passwords are kept."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.hashers import Argon2PasswordHasher

MOST_BYTES = 1_024
AT_ONCE = 2
WAITING = 1
"""How many hashes a process makes at once, and how many may wait: some of its threads stay free for other pages."""

_room = threading.BoundedSemaphore(AT_ONCE + WAITING)
_slots = threading.BoundedSemaphore(AT_ONCE)


def is_too_long(password: str) -> bool:
    """Return whether a password is longer than we hash."""
    return len(password.encode(errors="surrogatepass")) > MOST_BYTES


class Busy(Exception):
    """Too many passwords are being hashed now. Trying again in a second helps."""


class Argon2(Argon2PasswordHasher):
    """Argon2id with trust.md §3's cost: 64 MiB of memory, two passes, one lane; few at once (trust.md A3)."""

    memory_cost = 65_536
    time_cost = 2
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """Hash a password; ValueError above 1,024 bytes, Busy when too many wait."""
        if is_too_long(password):
            raise ValueError("a password has at most 1,024 bytes")
        with _turn():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Compare; a longer password than any is wrong without hashing. Busy when too many wait."""
        if is_too_long(password):
            return False
        with _turn():
            return super().verify(password, encoded)


@contextmanager
def _turn() -> Iterator[None]:
    if not _room.acquire(blocking=False):
        raise Busy
    try:
        with _slots:
            yield
    finally:
        _room.release()
