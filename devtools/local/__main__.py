"""`python -m devtools.local run | test | manage | exec | reset`; run.py calls it inside the environment."""

import http.client
import os
import shutil
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from devtools.local import postgres
from devtools.local.places import LOGS, ROOT, VAR, lock, remove_outside
from devtools.local.processes import (
    WHEN_TOLD,
    Child,
    Children,
    LocalError,
    Stopped,
    run_in_terminal,
    say,
    stops_on_signals,
    wait_until,
)
from devtools.local.services import FIRST, services

MANAGE = (sys.executable, "manage.py")
NURSERY = (sys.executable, "-m", "devtools.local.nursery")


def run(arguments: list[str]) -> int:
    """Everything on this machine, until a signal or until a part that must live dies."""
    port = _free_port()
    say("Starting Postgres and Valkey.")
    with services("run") as running:
        assets = {"BUILT_ASSETS": os.environ.get("BUILT_ASSETS", "1")}
        environment = running.environment | assets | {"PORT": str(port), "BIND": f"127.0.0.1:{port}"}
        with Children(LOGS, environment | {"PYTHONUNBUFFERED": "1"}) as family:
            say("Preparing the database. The first time, filling in the demo's history takes a minute.")
            collectstatic = family.start("collectstatic", *MANAGE, "collectstatic", "--no-input", "--verbosity=0")
            people = family.start("people", *MANAGE, "demo_people")
            bootstrap = family.start("bootstrap", *MANAGE, "bootstrap")
            family.finish(collectstatic, seconds=600)  # the web server knows the files that it finds as it begins
            apps = family.start("apps", *NURSERY, WHEN_TOLD, "web", "worker", "sender", "beat", hears=True)
            for child in (people, bootstrap):
                family.finish(child, seconds=600)
            say("Starting web, worker, sender and beat.")
            apps.tell_to_begin()
            wait_until(lambda: _is_ready(port), seconds=120, what="The web server", needs=[apps])
            say(people.log.read_text())
            say(f"FlipDash is ready at http://127.0.0.1:{port}/")
            say(f"Logs are in {LOGS.relative_to(ROOT)}/. Ctrl-C stops everything.")
            _watch([*running.servers, apps])
    return 0


def test(arguments: list[str]) -> int:
    """pytest; its plugin devtools.pytest_services starts the services."""
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])


def manage(arguments: list[str]) -> int:
    """One of Django's commands, with the services up."""
    with services("manage") as running:
        return run_in_terminal([*MANAGE, *arguments], running.environment)


def execute(arguments: list[str]) -> int:
    """Any command, with the services up."""
    if not arguments:
        raise LocalError("exec needs a command.")
    with services("exec") as running:
        return run_in_terminal(arguments, running.environment)


def reset(arguments: list[str]) -> int:
    """Delete the local database and queue, and the place they may have outside the checkout."""
    with lock(FIRST) as is_unused:
        if not is_unused:
            raise LocalError("This checkout's services are in use. Stop `make run` first.")
        outside = postgres.outside_home()
        if outside is not None:
            remove_outside(outside, None)
        for place in (postgres.HOME, VAR / "valkey"):
            shutil.rmtree(place, ignore_errors=True)
    say("The local database is gone; the next `make run` makes a new one.")
    return 0


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "run": run,
    "test": test,
    "manage": manage,
    "exec": execute,
    "reset": reset,
}


def _free_port() -> int:
    """The port to serve on, once we know that nobody else does."""
    text = os.environ.get("PORT") or "8000"
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise LocalError(f"PORT={text} is not a port number.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except OSError as problem:
            raise LocalError(
                f"Port {text} cannot be used ({problem.strerror}). Choose another, for example: "
                f"make run PORT={int(text) % 65535 + 1}"
            ) from problem
    return int(text)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _watch(needed: list[Child]) -> None:
    """Wait until something we need dies."""
    while True:
        for child in needed:
            child.check()
        time.sleep(1)


def main(words: list[str]) -> int:
    if not words or words[0] not in COMMANDS:
        print(f"Usage: python -m devtools.local {' | '.join(COMMANDS)}", file=sys.stderr)
        return 2
    os.chdir(ROOT)
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    try:
        with stops_on_signals():
            return COMMANDS[words[0]](words[1:])
    except LocalError as problem:
        print(problem, file=sys.stderr)
        return 1
    except Stopped as stopped:
        say("Stopped.")
        return 0 if words[0] == "run" else 128 + stopped.number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
