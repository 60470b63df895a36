"""An early pytest plugin: throw-away services for the tests, and as many processes as there are processors.

Early, because pytest-django reads the settings, and so the environment, before any conftest is imported.
One Postgres serves all processes, each with a database of its own (tests/databases.py); a Valkey is each one's own.
"""

import contextlib
import os
import signal
from collections.abc import Generator
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import pytest

from devtools.local.processes import LocalError
from devtools.local.services import services

WORKER = "PYTEST_XDIST_WORKER"
"""The variable that says that this process is a worker of pytest-xdist."""

CHOOSING = ("keyword", "markexpr", "lf", "failedfirst", "stepwise", "deselect", "collectonly", "usepdb")
"""Options that choose few tests, or that need them in one process."""


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Start the services; a worker of pytest-xdist inherits the database's address from its controller."""
    if WORKER in os.environ:
        os.environ.pop("REDIS_URL", None)
    else:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _stop)
    stack = contextlib.ExitStack()
    early_config.add_cleanup(stack.close)  # runs however pytest ends, also when the settings cannot be read
    try:
        os.environ.update(stack.enter_context(services("test")).environment)
    except LocalError as problem:
        raise pytest.UsageError(str(problem)) from problem


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, Any, Any]:
    """Share whole directories of tests among processes, before xdist reads how many (`-n 0` for one)."""
    options = config.option
    is_undecided = getattr(options, "numprocesses", 0) is None and options.dist == "no"
    if is_undecided and WORKER not in os.environ and _is_much(config):
        options.numprocesses, options.dist = len(os.sched_getaffinity(0)), "worksteal"
    return (yield)


def _is_much(config: pytest.Config) -> bool:
    """Whether whole directories are asked for: few tests are over before a second process has started."""
    chosen = any(config.getoption(name, default=None) for name in CHOOSING)
    shows_all = config.getoption("capture") == "no"
    return not chosen and not shows_all and all(Path(name).is_dir() for name in config.args)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    """End the session as Ctrl-C does, so that the cleaning up is done."""
    pytest.exit(f"Stopped by {signal.Signals(number).name}.", returncode=128 + number)
