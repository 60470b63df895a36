"""How an API key is written: `fd_live_`, 12 characters that are no secret, 43 that are, and 6 that check the rest.

fd_live_q3ZkR81mTn0cXv…   prefix: product and mode, so that whoever scans for leaked secrets knows it
        \\__________/      public part: names the row, may stand on pages and in logs
"""

import re
import secrets
import string
import zlib

from flipdash.mode import Mode

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
PREFIXES = {Mode.LIVE: "fd_live_", Mode.TEST: "fd_test_"}
PUBLIC, SECRET, CHECK = 12, 43, 6  # characters
WRITTEN = re.compile(rf"(fd_live_|fd_test_)([0-9A-Za-z]{{{PUBLIC}}})[0-9A-Za-z]{{{SECRET + CHECK}}}", re.ASCII)


class NotAKey(ValueError):
    """A text that was never an API key: mistyped, cut or made up."""


def new_key(mode: str) -> str:
    """Return a new key of a mode, with 256 bits of chance in its secret part."""
    body = PREFIXES[Mode(mode)] + "".join(secrets.choice(ALPHABET) for _ in range(PUBLIC + SECRET))
    return body + _check(body)


def public_part(key: str) -> str:
    """Return the part that names a key; raises NotAKey."""
    found = WRITTEN.fullmatch(key)
    if not found or _check(key[:-CHECK]) != key[-CHECK:]:
        raise NotAKey
    return found[2]


def shown(mode: str, public: str) -> str:
    """Write a key as pages show it without telling it."""
    return f"{PREFIXES[Mode(mode)]}{public}…"


def masked(text: str) -> str:
    """Return a text in which every key that stands there is cut to its public part."""
    return WRITTEN.sub(lambda found: f"{found[1]}{found[2]}…", text)


def _check(body: str) -> str:
    """Return six characters that differ when any one of the body does: a CRC-32 in base 62."""
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECK):
        number, rest = divmod(number, len(ALPHABET))
        digits = ALPHABET[rest] + digits
    return digits
