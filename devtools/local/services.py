"""Postgres and Valkey for a command: given by the environment, shared with this checkout, or thrown away.

`run`, `manage` and `exec` share one cluster per checkout: the first command starts it, the others join
while it lives. Tests have their own, so they can run beside `make run`. A lock says who is first (the kernel
lets go of it however a process ends); a record under var/services says how to reach the servers and what to
remove.
"""

import contextlib
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from devtools.local import places, postgres, valkey
from devtools.local.places import RECORDS, Record, lock
from devtools.local.processes import Child, LocalError, say, stop, wait_until

Purpose = Literal["run", "manage", "exec", "test"]
Environment = dict[str, str]


@dataclass(frozen=True)
class Services:
    """What Django needs to know, and the servers that we started for it."""

    environment: Environment
    servers: tuple[Child, ...] = ()


DATABASES = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_OPERATOR_URL")
CHECKOUT = RECORDS / "checkout.json"
FIRST = RECORDS / "checkout.lock"  # held by the command that started the checkout's services
GUESTS = RECORDS / "guests.lock"  # shared by the commands that have joined it


@contextlib.contextmanager
def services(purpose: Purpose) -> Iterator[Services]:
    """Yield the environment that Django needs, with the services behind it up for as long."""
    given = _given()
    if "DATABASE_URL" in given and "REDIS_URL" in given:
        up: contextlib.AbstractContextManager[Services] = contextlib.nullcontext(Services({}))
    elif purpose == "test":
        up = _thrown_away(given)
    else:
        up = _kept(purpose, given)
    with up as running:
        yield replace(running, environment=_defaults(purpose) | running.environment | given)


def _given() -> Environment:
    """What the environment already answers; an empty variable counts as missing."""
    names = (*DATABASES, "REDIS_URL", "SECRET_KEY", "LOCAL")
    given = {name: os.environ[name] for name in names if os.environ.get(name)}
    if len({name in given for name in DATABASES}) > 1:
        raise LocalError(
            "Set DATABASE_URL (the app role), DATABASE_OWNER_URL (the owner role) and DATABASE_OPERATOR_URL (the "
            "operator role), or none of them: without them an own Postgres is started."
        )
    return given


def _defaults(purpose: Purpose) -> Environment:
    if purpose == "test":
        return {"SECRET_KEY": secrets.token_urlsafe(50), "FLIPDASH_TESTING": "1"}
    return {"SECRET_KEY": places.secret_key(), "LOCAL": "1"}


@contextlib.contextmanager
def _thrown_away(given: Environment) -> Iterator[Services]:
    """Services of our own that leave nothing behind."""
    _sweep()
    place = places.make_outside(postgres.account())
    guard = RECORDS / f"{place.name}.lock"
    with lock(guard):
        record = Record(guard.with_suffix(".json"), "test", os.getpid(), str(place))
        with _servers(record, given, keep=False) as running:
            if "DATABASE_URL" not in given:
                running.environment.update(postgres.superuser_url(place))
            yield running
        guard.unlink()


def _sweep() -> None:
    """Remove what tests that were killed have left behind."""
    for path in RECORDS.glob("flipdash-*.json"):
        guard = path.with_suffix(".lock")
        with lock(guard) as is_abandoned:
            record = Record.load(path) if is_abandoned else None
            if record is not None and not record.has_running_servers:
                record.remove(postgres.account())
                guard.unlink()


@contextlib.contextmanager
def _kept(purpose: Purpose, given: Environment) -> Iterator[Services]:
    """This checkout's services: start them, or join the command that has."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        with lock(FIRST) as is_first:
            if is_first:
                with _started(purpose, given) as running:
                    yield running
                return
        if purpose == "run":
            raise LocalError(_in_use())
        with lock(GUESTS, shared=True) as may_join:
            record = Record.load(CHECKOUT) if may_join else None
            if record is not None and record.is_usable:
                yield Services(dict(record.environment))
                return
        time.sleep(0.1)
    raise LocalError(_in_use())


@contextlib.contextmanager
def _started(purpose: Purpose, given: Environment) -> Iterator[Services]:
    """Start the checkout's services, and stop them when we end and nobody else uses them."""
    _forget_killed_command()
    record = Record(CHECKOUT, purpose, os.getpid(), str(places.make_outside(postgres.account())))
    with _servers(record, given, keep=True) as running:
        shared = {name: given[name] for name in (*DATABASES, "REDIS_URL") if name in given}
        record.environment = running.environment | shared
        record.save()
        try:
            yield running
        except BaseException:
            record.withdraw()
            raise
        _withdraw(record, wait=purpose != "run")


def _forget_killed_command() -> None:
    """Clean up after a command that was killed; its servers may need a moment to follow it."""
    record = Record.load(CHECKOUT)
    if record is None:
        return
    with contextlib.suppress(LocalError):
        wait_until(lambda: not record.has_running_servers, seconds=15, what="The last run's end")
    if any(places.takes_connections(path) for path in record.sockets):
        pids = " ".join(str(pid) for pid in record.servers)
        raise LocalError(
            f"`{record.command}` was killed in this checkout, and servers that it started still run. "
            f"Stop them: kill -INT {pids}"
        )
    record.remove(postgres.account())


def _withdraw(record: Record, *, wait: bool) -> None:
    """Let nobody else join; with `wait`, let those who have joined finish first."""
    with lock(GUESTS) as is_alone:
        if is_alone or not wait:
            record.withdraw()
            return
    say("Another command still uses these services; waiting for it to end.")
    with lock(GUESTS, wait=True):
        record.withdraw()


@contextlib.contextmanager
def _servers(record: Record, given: Environment, *, keep: bool) -> Iterator[Services]:
    """Start the servers that are not given, write each down as it starts, and stop them at the end."""
    place = Path(record.outside)
    environment: Environment = {}
    servers: list[Child] = []
    with contextlib.ExitStack() as stack:
        stack.callback(record.remove, postgres.account())
        record.save()

        def note(server: Child, socket: Path, *, grace: float) -> None:
            stack.callback(stop, server, grace=grace)
            servers.append(server)
            record.servers.append(server.process.pid)
            record.sockets.append(str(socket))
            record.save()

        if "REDIS_URL" not in given:
            note(valkey.start_valkey(place, keep=keep), valkey.socket_in(place), grace=10)
            environment |= valkey.urls(place)
        if "DATABASE_URL" not in given:
            note(postgres.start_postgres(place, keep=keep), postgres.socket_in(place), grace=30)
            environment |= postgres.urls(place)
        yield Services(environment, tuple(servers))


def _in_use() -> str:
    record = Record.load(CHECKOUT)
    if record is None:
        return "Another command in this checkout is starting or stopping its services. Try again in a moment."
    return (
        f"This checkout's database is in use by `{record.command}` (process {record.pid}). Stop that first, "
        "or work in a second checkout."
    )
