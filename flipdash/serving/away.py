"""What can't answer because something that it needs is away: Postgres, the disk or S3, Valkey (trust.md Z2)."""

import errno

import redis
from django.db import InterfaceError, OperationalError
from psycopg.errors import LockNotAvailable, QueryCanceled

from flipdash.storage import StorageAway

RETRY_AFTER = 5
"""In how many seconds whoever was turned away should come back."""
FULL = frozenset((errno.ENOSPC, errno.EDQUOT))


def is_away(error: BaseException | None) -> bool:
    """Return whether an error says that what we need is away for now, and not that we did something wrong."""
    if isinstance(error, StorageAway) or (isinstance(error, OSError) and error.errno in FULL):
        return True
    if isinstance(error, OperationalError):
        return not isinstance(error.__cause__, (QueryCanceled, LockNotAvailable))
    return isinstance(error, (InterfaceError, redis.ConnectionError, redis.TimeoutError))
