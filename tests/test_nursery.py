"""The processes of `make run` share the code, each has its own settings, and none outlives another."""

import json
import os
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path
from time import monotonic, sleep

import pytest

from devtools.local import nursery
from devtools.local.processes import WHEN_TOLD
from flipdash import processes
from flipdash import settings as ours

ROOT = Path(__file__).parent.parent


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


BEGIN = """
import sys
from pathlib import Path
from devtools.local import nursery
nursery.LOGS = Path(sys.argv[1])
sys.exit(nursery.main(sys.argv[2:]))
"""
"""The checkout's own logs are those of a `make run` that may go on."""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_where_one_ends_it_is_named_and_the_others_end(django_db_setup, tmp_path):
    environment = {**os.environ, "FLIPDASH_DATA": str(tmp_path)}
    command = [sys.executable, "-c", BEGIN, str(tmp_path), WHEN_TOLD, "beat", "sender"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes) as started:
        started.stdin.write("begin\n")
        started.stdin.flush()
        until = monotonic() + 60
        while len(children(started.pid)) < 2 and monotonic() < until:
            sleep(0.05)
        beat, sender = children(started.pid)
        os.kill(beat, signal.SIGKILL)
        said, _nothing = started.communicate(timeout=30)
    assert said.startswith(f"beat ended with SIGKILL. The end of {tmp_path / 'beat.log'}:")
    assert started.returncode == 1
    assert not Path(f"/proc/{sender}").exists()


def test_nothing_begins_where_nobody_is_left_to_tell_it(monkeypatch):
    monkeypatch.setattr(nursery, "_read_the_code", lambda: None)
    monkeypatch.setattr(nursery, "_fork", lambda name: pytest.fail(f"{name} began"))
    monkeypatch.setattr(sys, "stdin", StringIO(""))
    assert nursery.main([WHEN_TOLD, "web"]) == 1


READ = """
import gc, json, os, sys, threading
from devtools.local import nursery
nursery._read_the_code()
from django.db import connections
frozen, before = gc.get_freeze_count(), set(sys.modules)
from celery.apps import beat, worker
from celery.concurrency import asynpool, thread
from documents import pdf
from flipdash.serving import worker as web
from gunicorn.app import wsgiapp
from kombu.transport import redis
assert pdf.render_page("<html lang=id><title>Kopi</title><p>Kopi").startswith(b"%PDF")
json.dump({
    "frozen": frozen,
    "threads": threading.active_count(),
    "open": [one.alias for one in connections.all(initialized_only=True) if one.connection],
    "later": sorted(name for name in set(sys.modules) - before if not name.startswith("encodings")),
    "checks": os.environ.get("CELERY_SKIP_CHECKS"),
}, sys.stdout)
"""


def test_what_is_shared_is_read_before_the_first_is_forked():
    """What each imports for itself, each holds for itself: Celery's own modules alone are 30 MB."""
    done = subprocess.run([sys.executable, "-c", READ], cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found.pop("frozen") > 100_000
    assert found == {"threads": 1, "open": [], "later": [], "checks": "1"}


def test_a_process_that_a_large_file_left_large_is_replaced(monkeypatch, tmp_path):
    """What has made a PDF shares no more than half of what it did: on a laptop one may grow by little."""
    become, ended = [], []
    monkeypatch.setenv("WORKER_PROCESS_MB", "")
    monkeypatch.setattr(os, "fork", lambda: 0)
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    monkeypatch.setattr(os, "_exit", ended.append)
    monkeypatch.setattr(nursery, "dies_with_parent", lambda _signal: None)
    monkeypatch.setattr(nursery.gc, "enable", lambda: None)
    monkeypatch.setattr(nursery, "memory", lambda: 168)
    monkeypatch.setattr(processes, "become", lambda name: become.append(processes.worker()) or 0)
    assert "409600" in processes.worker(), "in production 400 MB, in KiB"
    monkeypatch.setattr(nursery, "LOGS", tmp_path)
    nursery._fork("worker")
    assert ended == [0]
    assert (tmp_path / "worker.log").exists()
    (command,) = become
    assert command[command.index("--max-memory-per-child") + 1] == str((168 + nursery.GROWTH) * 1024)


def test_settings_that_were_read_before_say_what_the_process_has(monkeypatch):
    """They were read by the one that all are forked from, which waits for as long as anything takes."""
    monkeypatch.setattr(ours, "DATABASE_BOUNDS", {"default": {"statement_timeout": 0}})
    monkeypatch.setenv("STATEMENT_TIMEOUT_MS", "")
    monkeypatch.setenv("RES_OPTIONS", "")
    found = []
    monkeypatch.setattr(os, "nice", lambda _nice: None)
    monkeypatch.setattr(sys, "argv", [])
    monkeypatch.setattr(
        processes.runpy, "run_module", lambda *_a, **_k: found.append(dict(ours.DATABASE_BOUNDS["default"]))
    )
    assert processes.run("worker") == processes.run("web") == 0
    assert [bounds["statement_timeout"] for bounds in found] == [0, 30_000]
    assert os.environ["RES_OPTIONS"] == processes.RESOLVER["RES_OPTIONS"]
