"""What variables of the environment have to be (flipdash/variables.py): functions that tell.

Each reads it as whoever uses it will, so that what they can't read keeps FlipDash from starting, and not its first
customer from paying.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import environ

RAILS = Path(__file__).resolve().parent.parent / "transactions" / "rails"
MAILS = {"smtp", "smtps", "smtp+tls", "smtp+ssl"}
MAILS_OF_DEVELOPMENT = {"dummymail", "consolemail", "memorymail"}
QUEUES = {"default", "reports", "imports"}
"""What bin/worker takes; callbacks are bin/sender's."""
MOST_INT = 2**31 - 1
"""The largest number that Postgres takes for a setting of its own."""


def between(least: int, most: int = 10**15) -> Callable[[int], bool]:
    """Return what judges a whole number."""
    return lambda value: least <= value <= most


def matching(pattern: str) -> Callable[[str], bool]:
    """Return what judges a text; an empty one is none."""
    return lambda value: not value or bool(re.fullmatch(pattern, value))


def is_mixed(value: str) -> bool:
    """Return whether nobody guesses it: of 32 characters, and not of one alone."""
    return len(value) >= 32 and len(set(value)) >= 5


def is_token(value: str) -> bool:
    """Return whether it is one of letters and digits that nobody guesses."""
    return bool(re.fullmatch(r"[0-9A-Za-z]+", value)) and is_mixed(value)


def is_site(value: str) -> bool:
    """Return whether it is an address of a whole site."""
    parts = _parts(value)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not (parts.path or parts.query)


def is_redis(value: str) -> bool:
    """Return whether it is an address of Valkey or Redis."""
    parts = _parts(value)
    if parts.scheme == "unix":
        return bool(parts.path)
    return parts.scheme in {"redis", "rediss"} and bool(parts.hostname) and bool(re.fullmatch(r"(/\d*)?", parts.path))


def is_postgres(value: str) -> bool:
    """Return whether it is an address of a database, with a password that is written as it has to be in one."""
    parts = urlsplit(value)
    is_whole = len(parts.path) > 1 and "@" not in parts.path + parts.fragment
    if parts.scheme not in {"postgres", "postgresql"} or not is_whole:
        return False
    return bool(environ.Env.db_url_config(value))  # it takes several hosts, each with its port


def is_mail_server(value: str) -> bool:
    """Return whether it is an address of a mail server, or what stands for one in development."""
    parts = _parts(value)
    if parts.scheme in MAILS_OF_DEVELOPMENT:
        return True
    is_whole = "@" not in parts.path + parts.query + parts.fragment
    return parts.scheme in MAILS and bool(parts.hostname) and is_whole


def is_folder(value: str) -> bool:
    """Return whether it is a folder that we may write to, or could be made where we may."""
    path = Path(value).absolute()
    while not (path.exists() or path == path.parent):
        path = path.parent
    return path.is_dir() and os.access(path, os.W_OK | os.X_OK)


def is_rail(value: str) -> bool:
    """Return whether it is the name of a module with a rail, or none."""
    path = RAILS / f"{value}.py"
    is_name = value.isidentifier() and path.is_file()
    return value == "none" or (is_name and bool(re.search(r"^RAIL\b", path.read_text(), re.M)))


def is_dsn(value: str) -> bool:
    """Return whether Sentry's own library reads it. Raises ValueError."""
    from sentry_sdk.utils import Dsn  # a tenth of a second, which most don't need

    return bool(Dsn(value).project_id)


def is_listening_address(value: str) -> bool:
    """Return whether it is an address and a port."""
    found = re.fullmatch(r"[\w.\[\]:-]*:(\d{1,5})", value)
    return found is not None and 1 <= int(found[1]) <= 65_535


def _parts(value: str) -> SplitResult:
    """Return the parts of an address. Raises ValueError where its port is none."""
    parts = urlsplit(value)
    if parts.port == 0:
        raise ValueError
    return parts
