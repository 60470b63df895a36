"""Real Celery workers in processes of their own, on the test database."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection

from devtools.local.processes import Child, start, stop, wait_until
from flipdash.celery import app

DATABASES = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_OPERATOR_URL")
QUEUES = "default,reports,imports"
ALONE = ("--without-gossip", "--without-mingle", "--without-heartbeat")


@dataclass(frozen=True)
class Worker:
    """A worker of one process, so that what is done to it is done to the work."""

    child: Child

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Hold the worker still, so that what it has done so far can be looked at."""
        os.kill(self.child.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            self.child.process.send_signal(signal.SIGCONT)  # unless it was killed meanwhile

    @contextmanager
    def going(self) -> Iterator[None]:
        """Let the worker go on for a moment while it is paused."""
        self.child.process.send_signal(signal.SIGCONT)
        try:
            yield
        finally:
            os.kill(self.child.process.pid, signal.SIGSTOP)

    def kill(self) -> None:
        """Kill it with -9, and see it gone."""
        self.child.kill_group()
        self.child.process.wait()


def start_worker(name: str, folder: Path, **environment: str) -> Worker:
    """Start a worker whose files are in a folder, and wait until it answers."""
    environment = {
        **{name: on_test_database(os.environ[name]) for name in DATABASES},
        "FLIPDASH_DATA": str(folder),
        **environment,
    }
    name = f"{name}-{os.getpid()}@localhost"
    command = [sys.executable, "-m", "celery", "-A", "flipdash", "worker", "-P", "solo", "-Q", QUEUES]
    child = start("worker", [*command, "-n", name, *ALONE], log=folder / f"{name}.log", environment=environment)
    try:
        wait_until(lambda: bool(app.control.ping([name], timeout=0.5)), seconds=60, what="The worker", needs=[child])
    except BaseException:
        stop(child)
        raise
    return Worker(child)


def on_test_database(url: str) -> str:
    """Return a database's address with the name of this test's."""
    return urlsplit(url)._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
