"""bin/sender for the bench: the same worker, for which this machine's receivers are public ones."""

import socket
import sys
from typing import Any

import django

django.setup()

from flipdash import addresses  # noqa: E402  (settings first)
from flipdash.celery import app  # noqa: E402

NAME = "receivers.co.id"
_look_up = socket.getaddrinfo


def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
    """Find all receivers on this machine."""
    return _look_up("127.0.0.1" if str(host).endswith(NAME) else host, *args, **kwargs)


def main() -> None:
    """Run the worker."""
    socket.getaddrinfo = look_up
    addresses.PORTS = {"https": (443, 8443), "http": tuple(range(1, 65_536))}  # type: ignore[dict-item]  # two each
    app.worker_main(["worker", "-P", "threads", "-c", "4", "-Q", "callbacks", *sys.argv[1:]])


if __name__ == "__main__":
    main()
