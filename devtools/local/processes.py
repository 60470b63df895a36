"""Children that start in order, stop in order, and never outlive the runner."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WHEN_TOLD = "--when-told"
"""What a child is started with that waits, ready, to be told to begin."""
PR_SET_PDEATHSIG = 1
SIGN_OF_LIFE = 20
"""Seconds after which a step that takes long is said to be at work."""

# Bound now: between fork and exec a child may already be a user who cannot read this environment.
_prctl = None
if sys.platform == "linux":
    _prctl = ctypes.CDLL(None).prctl
    _prctl.argtypes = [ctypes.c_int, ctypes.c_ulong]


class LocalError(Exception):
    """Something a person can put right; the message says how."""


class Stopped(BaseException):
    """A signal asked the runner to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextlib.contextmanager
def _handling(handler: Callable[[int, FrameType | None], Any] | signal.Handlers) -> Iterator[None]:
    """Answer the signals that stop us with `handler` for a while."""
    before = {number: signal.signal(number, handler) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def stops_on_signals() -> contextlib.AbstractContextManager[None]:
    """Turn the first SIGINT, SIGTERM or SIGHUP into `Stopped`; the cleaning up after it is left in peace."""

    def handler(number: int, frame: FrameType | None) -> NoReturn:
        for each in STOP_SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    return _handling(handler)


def undisturbed() -> contextlib.AbstractContextManager[None]:
    """Ignore the signals that stop us: we are stopping, and every wait here has an end."""
    return _handling(signal.SIG_IGN)


@dataclass(frozen=True)
class Account:
    """The user a child runs as, where that is not ourselves."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    began: float = field(default_factory=time.monotonic)

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def check(self) -> None:
        """Raise with the end of its log if it has died."""
        if not self.is_alive:
            raise LocalError(self.obituary())

    def tell_to_begin(self) -> None:
        """Write the line that it waits for; one that has died is noticed when somebody needs it."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError), self.process.stdin as line:
            line.write(b"begin\n")

    def obituary(self) -> str:
        how = ending(self.process.returncode)
        return f"{self.name} ended with {how}. The end of {self.log}:\n{tail(self.log)}"

    def kill_group(self) -> None:
        """Kill it and what it started: a child leads its own session, so its group is its family."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    account: Account | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    orphan_signal: signal.Signals = signal.SIGKILL,
    hears: bool = False,
) -> Child:
    """Start a child in its own session, so that Ctrl-C in a terminal reaches only the runner.

    One that `hears` can be told to begin. `orphan_signal` is what it gets if the runner is killed: nobody is left then
    to wait for a polite end.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if hears else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environment is None else {**os.environ, **environment},
            start_new_session=True,
            preexec_fn=dies_with_parent(orphan_signal),
            **as_account(account),
        )
    return Child(name, process, log, stop_signal)


def stop(*children: Child, grace: float = 10) -> None:
    """Ask all of them to stop, and kill the families of those that have not after `grace` seconds."""
    with undisturbed():
        for child in children:
            child.process.send_signal(child.stop_signal)
        deadline = time.monotonic() + grace
        for child in children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(timeout=max(0, deadline - time.monotonic()))
            child.kill_group()
            child.process.wait()


def wait_until(ready: Callable[[], bool], *, seconds: float, what: str, needs: Sequence[Child] = ()) -> None:
    """Wait for something that the children in `needs` must stay alive for."""
    deadline = time.monotonic() + seconds
    while not ready():
        for child in needs:
            child.check()
        if time.monotonic() > deadline:
            logs = "".join(f"\nThe end of {child.log}:\n{tail(child.log)}" for child in needs)
            raise LocalError(f"{what} was not ready after {seconds:.0f} seconds.{logs}")
        time.sleep(0.05)


class Children:
    """A family of children with one environment, stopped together, the youngest first."""

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        self.logs, self.environment = logs, environment
        self.members: list[Child] = []

    def __enter__(self) -> "Children":
        return self

    def __exit__(self, *problem: object) -> None:
        stop(*reversed(self.members))

    def start(self, name: str, *command: str | Path, hears: bool = False) -> Child:
        child = start(name, command, log=self.logs / f"{name}.log", environment=self.environment, hears=hears)
        self.members.append(child)
        return child

    def finish(self, child: Child, *, seconds: float) -> None:
        """Wait for the end of a step, and say now and then that it is at work.

        Raises LocalError, with what it said last, if it failed.
        """
        told = time.monotonic()

        def has_ended() -> bool:
            nonlocal told
            if (now := time.monotonic()) - told >= SIGN_OF_LIFE:
                told = now
                say(f"  still at it, after {now - child.began:.0f} seconds")
            return not child.is_alive

        wait_until(has_ended, seconds=seconds, what=child.name)
        self.members.remove(child)
        if child.process.returncode:
            raise LocalError(child.obituary())


def run_in_terminal(command: Sequence[str | Path], environment: Mapping[str, str]) -> int:
    """Run a command where we are, and return its exit code as a shell would.

    A terminal sends Ctrl-C to it as well as to us, so we leave that to it; every other signal we pass on.
    """
    try:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, preexec_fn=dies_with_parent(signal.SIGTERM)
        )
    except FileNotFoundError as problem:
        raise LocalError(f"There is no command {command[0]}.") from problem

    def pass_on(number: int, frame: FrameType | None) -> None:
        if number != signal.SIGINT or not os.isatty(0):
            process.send_signal(number)

    with _handling(pass_on):
        returncode = process.wait()
    return returncode if returncode >= 0 else 128 - returncode


def say(text: str) -> None:
    """Tell the person; when their terminal has gone, there is nobody to tell."""
    with contextlib.suppress(OSError):
        print(text, flush=True)


def as_account(account: Account | None) -> dict[str, Any]:
    """Popen's arguments for running as `account`."""
    return {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": []}


def dies_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """What a child does before exec so that even kill -9 of the runner leaves none behind (Linux only)."""
    if _prctl is None:
        return None
    prctl, parent = _prctl, os.getpid()

    def arm() -> None:
        prctl(PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return arm


def is_running(pid: int) -> bool:
    """Is there a process with this number, whoever owns it?"""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def ending(returncode: int) -> str:
    """How a process ended, in words."""
    return f"exit code {returncode}" if returncode >= 0 else signal.Signals(-returncode).name


def tail(log: Path, lines: int = 20) -> str:
    """The last lines of a log, indented."""
    text = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join(f"    {line}" for line in text[-lines:]) or "    (nothing)"
