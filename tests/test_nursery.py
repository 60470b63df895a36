"""The processes of `make run` share the code, each has its own settings, and none outlives another."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest

from devtools.local.places import LOGS
from flipdash import processes
from flipdash import settings as ours

ROOT = Path(__file__).parent.parent


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_where_one_ends_it_is_named_and_the_others_end(django_db_setup, tmp_path):
    LOGS.mkdir(parents=True, exist_ok=True)  # as `make run` does
    environment = {**os.environ, "FLIPDASH_DATA": str(tmp_path)}
    command = [sys.executable, "-m", "devtools.local.nursery", "beat", "sender"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as started:
        until = monotonic() + 60
        while len(children(started.pid)) < 2 and monotonic() < until:
            sleep(0.05)
        beat, sender = children(started.pid)
        os.kill(beat, signal.SIGKILL)
        said, _nothing = started.communicate(timeout=30)
    assert said.startswith(f"beat ended with SIGKILL. The end of {LOGS / 'beat.log'}:")
    assert started.returncode == 1
    assert not Path(f"/proc/{sender}").exists()


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
