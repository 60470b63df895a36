"""The cache, which may be gone at any moment (trust.md Z3)."""

import logging
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import ConnectionError, TimeoutError

log = logging.getLogger(__name__)
GONE = (ConnectionError, TimeoutError)


class ForgivingRedisCache(RedisCache):
    """Redis, or nothing: without it everything is a miss, and pages go on.

    The sign-in limits count here. Without Redis they don't hold, so that people can sign in; whatever must fail
    closed counts in Postgres.
    """

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return the value, or the default when it is missing or Redis is gone."""
        try:
            return super().get(key, default, version)
        except GONE:
            return self._note(default)

    def set(self, key: Any, value: Any, timeout: Any = None, version: int | None = None) -> None:
        """Keep the value if Redis is there."""
        try:
            super().set(key, value, timeout, version)
        except GONE:
            self._note(None)

    def add(self, key: Any, value: Any, timeout: Any = None, version: int | None = None) -> bool:
        """Keep the value unless there is one; true when Redis is gone, so that nobody waits for a lock."""
        try:
            return super().add(key, value, timeout, version)
        except GONE:
            return self._note(True)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Return the number, counted up; as a first one when it has just run out, or Redis is gone."""
        try:
            return int(super().incr(key, delta, version))
        except ValueError:
            return delta
        except GONE:
            return int(self._note(delta))

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Forget the value if Redis is there."""
        try:
            return super().delete(key, version)
        except GONE:
            return self._note(False)

    def _note(self, answer: Any) -> Any:
        log.warning("Redis doesn't answer; going on without it")
        return answer
