"""bin/sender in tests: the same worker, for which this machine's servers are public ones, and whose waits are short."""

import socket
import sys
from datetime import timedelta
from typing import Any

import django

django.setup()

from developer.callbacks import schedule  # noqa: E402  (settings first)
from flipdash import addresses  # noqa: E402
from flipdash.celery import app  # noqa: E402

NAME = "kopikita.co.id"
COMMAND = [sys.executable, "-m", "tests.developer.sender"]
_look_up = socket.getaddrinfo


def look_up(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
    """Find all servers of a name on this machine."""
    return _look_up("127.0.0.1" if str(host).endswith(NAME) else host, port, *args, **kwargs)


def main() -> None:
    """Run the worker."""
    socket.getaddrinfo = look_up
    addresses.PORTS = {"https": tuple(range(1, 65_536)), "http": tuple(range(1, 65_536))}
    schedule.WAITS = tuple(timedelta(seconds=0.5) for _ in schedule.WAITS)
    alone = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    app.worker_main(["worker", "-P", "threads", "-c", "4", "-Q", "callbacks", *alone, *sys.argv[1:]])


if __name__ == "__main__":
    main()
