"""The processes that FlipDash consists of, as bin/ starts them: `python -m flipdash.processes web`.

What is wrong with a setting is said in one line before anything starts (flipdash/variables.py).
"""

import os
import runpy
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flipdash import variables

CELERY = ["celery", "--app", "flipdash"]
QUIET = ["--without-gossip", "--without-mingle", "--heartbeat-interval", "5"]
"""Workers don't tell each other of themselves, of which nobody would make anything, and seldom say that they live."""
LOCK_TIMEOUT_MS = 5_000
"""How long a page waits for what somebody else of its business does, such as approving 20,000: then it says so. A
thread that waits is nobody else's."""
RESOLVER = {"RES_OPTIONS": "timeout:1 attempts:2"}
"""A name server that hangs holds a thread 6 seconds at most (flipdash/addresses.py)."""


@dataclass(frozen=True)
class Process:
    """One of them: its command, what its environment has unless it says otherwise, and how nice it is."""

    command: Callable[[], list[str]]
    environment: Mapping[str, str] = field(default_factory=dict)
    nice: int = 0
    statements: str = ""
    """The variable that says after how many milliseconds Postgres stops its statements; without one it never does."""

    def set_environment(self) -> None:
        """Have what is missing of its environment."""
        for variable, usual in self.environment.items():
            os.environ[variable] = _or(variable, usual)

    def bound_statements(self) -> None:
        """Let Postgres stop what takes too long here.

        Not by the settings: they say the same to whoever has web's environment, such as a command in its container,
        which takes as long as it takes.
        """
        if self.statements:
            from flipdash import settings  # it has been judged by now

            bounds = settings.DATABASE_BOUNDS["default"]
            bounds |= {"statement_timeout": int(os.environ[self.statements]), "lock_timeout": LOCK_TIMEOUT_MS}


def web() -> list[str]:
    """Return the web server's command: WEB_WORKERS processes of WEB_THREADS threads.

    It listens once the code is loaded: a proxy that knows another web asks that one until then, and nobody waits.
    No header that a client sends, such as SCRIPT_NAME, says where we are.
    """
    return [
        *("gunicorn", "flipdash.wsgi", "--bind", _or("BIND", f"127.0.0.1:{_or('PORT', '8000')}")),
        *("--worker-class", "flipdash.serving.worker.Worker", "--preload"),
        *("--logger-class", "flipdash.serving.log.Log"),
        *("--workers", _or("WEB_WORKERS", "2"), "--threads", _or("WEB_THREADS", "4")),
        *("--forwarder-headers", "", "--max-requests", "10000", "--max-requests-jitter", "2000", "--no-control-socket"),
    ]


def worker() -> list[str]:
    """Return the worker's command. Processes, not threads: only those can be stopped by Celery's time limits.

    One that a large file left large is replaced once its task is done.
    """
    queues = _or("WORKER_QUEUES", "default,reports,imports")
    most = int(_or("WORKER_PROCESS_MB", "400")) * 1024  # KiB
    return [
        *(*CELERY, "worker", "--pool", "prefork", "--concurrency", _or("WORKER_CONCURRENCY", "2")),
        *("--max-memory-per-child", str(most), "--queues", queues, "--loglevel", "INFO"),
        *QUIET,
    ]


def sender() -> list[str]:
    """Return the command of the worker of callbacks (developer/callbacks/sending.py).

    Threads, not processes: it waits for other people's servers, each call ends by a clock of its own, and one thread
    speaks to the database for all of them.
    """
    return [
        *(*CELERY, "worker", "--pool", "threads", "--concurrency", "4", "--queues", "callbacks"),
        *("--hostname", "sender@%h", "--loglevel", "INFO"),
        *QUIET,
    ]


def beat() -> list[str]:
    """Return the command of the clock that queues what is due. Exactly one runs, however many workers there are."""
    data = Path(_or("FLIPDASH_DATA", "var"))
    data.mkdir(parents=True, exist_ok=True)
    return [*CELERY, "beat", "--schedule", str(data / "beat-schedule"), "--loglevel", "INFO"]


ALL = {
    "web": Process(web, {**RESOLVER, "STATEMENT_TIMEOUT_MS": "30000"}, statements="STATEMENT_TIMEOUT_MS"),
    "worker": Process(worker, nice=5),  # people at their pages come first
    "sender": Process(sender, RESOLVER),
    "beat": Process(beat),
}


def run(name: str) -> int:
    """Be one of them until it ends; returns 78 where a setting is wrong."""
    ALL[name].set_environment()
    return variables.main() or become(name)


def become(name: str) -> int:
    """Be one of them, where the settings were found to be right."""
    process = ALL[name]
    process.set_environment()
    process.bound_statements()
    os.nice(process.nice)
    sys.argv = process.command()
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    return 0


def _or(variable: str, usual: str) -> str:
    return os.environ.get(variable) or usual


if __name__ == "__main__":
    sys.exit(run(sys.argv[1]))
