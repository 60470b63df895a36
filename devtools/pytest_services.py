"""An early pytest plugin: throw-away Postgres and Valkey for the tests (`-p devtools.pytest_services`).

Early, because pytest-django reads the settings, and so the environment, before any conftest is imported.
"""

import contextlib
import os
import signal
from types import FrameType
from typing import NoReturn

import pytest

from devtools.local.processes import LocalError
from devtools.local.services import services


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Start the services once; the workers of pytest-xdist inherit the environment of the controller."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    stack = contextlib.ExitStack()
    early_config.add_cleanup(stack.close)  # runs however pytest ends, also when the settings cannot be read
    try:
        os.environ.update(stack.enter_context(services("test")).environment)
    except LocalError as problem:
        raise pytest.UsageError(str(problem)) from problem


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    """End the session as Ctrl-C does, so that the cleaning up is done."""
    pytest.exit(f"Stopped by {signal.Signals(number).name}.", returncode=128 + number)
