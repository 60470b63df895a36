"""Secrets where none may stand: logs and Valkey, watched over the whole run of the tests (trust: K1, O5, canary)."""

import base64
import logging
import pickle
import re
from collections.abc import Iterator

import redis
from django.conf import settings

from tests.accounts.signing_in import PASSWORD

LOOKS = re.compile(rf"fd_(?:live|test)_[0-9A-Za-z]{{61}}|whsec_(?!planted)[A-Za-z0-9+/]{{32,}}|{re.escape(PASSWORD)}")
"""A whole key, a signing secret, and the password of the tests' people."""


def valkey() -> Iterator[str]:
    """Yield all that is in Valkey: keys, values, lists, hashes, sets; pickles and tasks opened."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    readers = {
        b"string": lambda key: [client.get(key)],
        b"list": lambda key: client.lrange(key, 0, -1),
        b"hash": lambda key: [part for pair in client.hgetall(key).items() for part in pair],
        b"set": lambda key: list(client.smembers(key)),
        b"zset": lambda key: client.zrange(key, 0, -1),
        b"none": lambda key: [],  # it has ended meanwhile
    }
    for key in client.scan_iter():
        for value in [key, *readers[client.type(key)](key)]:
            if value is not None:
                yield opened(value)


def opened(value: bytes) -> str:
    """Write a value as text, with what is inside of a pickle, and of a task's body in base64."""
    texts = [value.decode(errors="replace")]
    if value.startswith(b"\x80"):
        texts.append(repr(pickle.loads(value)))  # noqa: S301  (our own cache's)
    for packed in re.findall(r'"body": "([A-Za-z0-9+/=]+)"', texts[0]):
        texts.append(base64.b64decode(packed).decode(errors="replace"))
    return "\n".join(texts)


class Watched(logging.Handler):
    """Reads each line of the logs as the site writes it, and keeps where a secret stands in one."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.lines = 0
        self.leaks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Read one line."""
        self.lines += 1
        if LOOKS.search(self.format(record)):
            self.leaks.append(f"{record.name}: {record.pathname}:{record.lineno}")
