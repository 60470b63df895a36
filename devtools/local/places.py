"""Where local state lives: under var/ in the checkout, and in a few recorded places outside it.

Outside, because a socket's path has to be short and because Postgres, which refuses to be root, may not be
able to enter the checkout. Whatever is outside is written down in var/ and removed by that exact path.
"""

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from devtools.local.processes import Account, is_running

ROOT = Path(__file__).resolve().parents[2]
VAR = ROOT / "var"
LOGS = VAR / "log"
RECORDS = VAR / "services"
SOCKETS = Path("/tmp")  # a socket's path may have about 100 bytes; mkdtemp makes it private


@dataclass
class Record:
    """Services that some command started: how to reach them, and what to remove if it was killed."""

    path: Path
    command: str
    pid: int
    outside: str
    environment: dict[str, str] = field(default_factory=dict)
    sockets: list[str] = field(default_factory=list)
    servers: list[int] = field(default_factory=list)

    def save(self) -> None:
        """Write it whole or not at all; it may hold a password from the environment."""
        write_private(self.path, json.dumps({key: value for key, value in asdict(self).items() if key != "path"}))

    @classmethod
    def load(cls, path: Path) -> "Record | None":
        try:
            return cls(path=path, **json.loads(path.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    @property
    def has_running_servers(self) -> bool:
        return any(is_running(pid) for pid in self.servers)

    @property
    def is_usable(self) -> bool:
        """Has its command finished starting, and do all its servers live and take connections?"""
        alive = all(is_running(pid) for pid in self.servers)
        return bool(self.environment) and alive and all(takes_connections(path) for path in self.sockets)

    def withdraw(self) -> None:
        """Let nobody else begin to use these services."""
        self.environment = {}
        self.save()

    def remove(self, account: Account | None) -> None:
        """Forget these services, and remove their place outside the checkout."""
        remove_outside(Path(self.outside), account)
        self.path.unlink(missing_ok=True)


def make_outside(account: Account | None, parent: Path = SOCKETS) -> Path:
    """A new private directory outside the checkout, owned by `account`."""
    place = Path(tempfile.mkdtemp(prefix="flipdash-", dir=parent))
    if account is not None:
        os.chown(place, account.uid, account.gid)
    return place


def remove_outside(place: Path, account: Account | None) -> None:
    """Remove exactly this directory, if it is still one of ours."""
    if is_ours(place, account):
        shutil.rmtree(place, ignore_errors=True)


def is_ours(place: Path, account: Account | None) -> bool:
    """Is it a real directory of ours, and not what someone has put at the same path since?"""
    ours = {os.geteuid()} if account is None else {os.geteuid(), account.uid}
    return place.is_dir() and not place.is_symlink() and place.lstat().st_uid in ours


@contextlib.contextmanager
def lock(path: Path, *, shared: bool = False, wait: bool = False) -> Iterator[bool]:
    """Hold a lock that ends with this process, however it ends; yields whether we got it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(file, kind if wait else kind | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def takes_connections(path: str) -> bool:
    """Does somebody listen on this socket?"""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(path) == 0


def secret_key() -> str:
    """This checkout's SECRET_KEY, made once."""
    path = VAR / "secret-key"
    if not path.exists():
        VAR.mkdir(exist_ok=True)
        write_private(path, secrets.token_urlsafe(50), replace=False)
    return path.read_text().strip()


def write_private(path: Path, text: str, *, replace: bool = True) -> None:
    """Write a file that only we can read, in one step; without `replace` the first writer wins."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    if replace:
        Path(draft).replace(path)
        return
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    Path(draft).unlink()
