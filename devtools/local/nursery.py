"""`python -m devtools.local.nursery web worker sender beat`: processes of FlipDash, forked from one that has the code.

Each by itself holds 130 MB of modules: forked, they share them. In production they stay apart (bin/), to be restarted
by themselves or on other machines.

With `--when-told` it reads the code at once and begins when a line comes in: meanwhile the database is prepared.
"""

import gc
import os
import resource
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import FrameType

from devtools.local.places import LOGS
from devtools.local.processes import WHEN_TOLD, dies_with_parent, ending, tail
from flipdash import processes, variables

GRACE = 8  # seconds
LATE = (
    *("celery.bin.celery", "celery.apps.beat", "celery.apps.worker", "celery.worker.consumer"),
    *("celery.worker.strategy", "celery.concurrency.prefork", "celery.concurrency.thread", "kombu.transport.redis"),
    *("gunicorn.app.wsgiapp", "flipdash.serving.worker"),
    *("weasyprint", "pypdf"),  # where the machine has the libraries
)
"""What each imports only as it begins, or when it first makes a PDF."""
GROWTH = 12
"""MB that one of a worker's processes may grow by: what has made a PDF has written to most of what it shared."""


def main(words: Sequence[str]) -> int:
    """Run them until one ends, or until we are told to stop."""
    if code := variables.main():
        return code
    _read_the_code()
    if WHEN_TOLD in words and not sys.stdin.readline():
        return 1
    names = [word for word in words if word != WHEN_TOLD]
    children = {_fork(name): name for name in names}
    is_stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal is_stopping
        is_stopping = True
        for pid in children:
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(pid, signal.SIGTERM)
        signal.alarm(GRACE)  # which ends us, and whoever is left with us

    signal.signal(signal.SIGTERM, stop)
    failed = 0
    while children:
        pid, status = os.wait()
        name = children.pop(pid)
        if not is_stopping:
            failed, log = 1, LOGS / f"{name}.log"
            how = ending(os.waitstatus_to_exitcode(status))
            sys.stdout.write(f"{name} ended with {how}. The end of {log}:\n{tail(log, 15)}\n")
            stop(signal.SIGTERM, None)
    return failed


def _read_the_code() -> None:
    """Import what they all need, and never look at it again: what isn't written to stays shared."""
    gc.disable()  # a collection would leave holes that the children fill, each for itself
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flipdash.settings")
    from django.db import connections
    from django.urls import get_resolver

    from flipdash import wsgi
    from flipdash.celery import app

    app.loader.import_default_modules()
    assert wsgi.application
    assert app.amqp
    assert get_resolver().url_patterns
    app.finalize()
    for name in LATE:
        with suppress(ImportError, OSError):  # whoever needs it says what is missing
            import_module(name)
    os.environ["CELERY_SKIP_CHECKS"] = "1"  # they were just made, and would be made in each child again
    connections.close_all()
    gc.freeze()


def memory() -> int:
    """Return the MB of memory that this process has now, shared or not."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024**2


def _fork(name: str) -> int:
    """Let a child be one of the processes, with a log of its own; returns its id."""
    arm = dies_with_parent(signal.SIGKILL)
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        if arm:
            arm()
        gc.enable()
        with (LOGS / f"{name}.log").open("wb", buffering=0) as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        os.environ["WORKER_PROCESS_MB"] = os.environ.get("WORKER_PROCESS_MB") or str(memory() + GROWTH)
        code = processes.become(name)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
