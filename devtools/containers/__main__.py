"""`python -m devtools.containers [--minutes 1] [--clients 10] [--keep]`; the Makefile calls it."""

import argparse
import os
import sys
from functools import partial

from devtools.containers import bases, deployment, load, walk, wall
from devtools.containers.browser import Browser
from devtools.containers.engine import engine
from devtools.local.places import ROOT
from devtools.local.processes import LocalError, Stopped, say, stops_on_signals


def main() -> int:
    """Run the walk; returns 0 if all was as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1, help="how long the clients read")
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--only", nargs="*", choices=STEPS, default=STEPS)
    asked = parser.parse_args()
    os.chdir(ROOT)
    try:
        with stops_on_signals(), engine() as running:
            version = running.docker("version", "--format", "{{.Server.Version}}").stdout.strip()
            compose = bases.provide_compose(running)
            say(f"Docker Engine {version}, Compose {compose}.")
            bases.provide(running)
            deployment.remove(running)
            try:
                steps(deployment.prepare(running), asked)
            finally:
                deployment.remove(running)
    except LocalError as problem:
        say(str(problem))
        return 1
    except Stopped as stopped:
        say("Stopped.")
        return 128 + stopped.number
    return 0


STEPS = ("kills", "load", "upgrade", "restore")


def steps(made: deployment.Deployment, asked: argparse.Namespace) -> None:
    """Walk through all of it."""
    walk.timed("up", lambda: walk.up(made))
    walk.timed("the proxy's own limits", lambda: wall.proxy(made))
    people: list[Browser] = []
    walk.timed("sign-up", lambda: people.append(walk.sign_up(made)))
    browser = people[0]
    walk.timed("import", lambda: walk.import_past(browser))
    walk.timed("report", lambda: walk.report(browser, 1))
    walk.timed("check_ledger and check_activity", lambda: walk.proofs(made))
    if "kills" in asked.only:
        for service in (*deployment.SERVING, *deployment.OTHERS):
            walk.timed(f"kill -9 of {service}, all well again", partial(walk.kill, made, service))
        walk.timed("web stopped", lambda: walk.away(made))
        walk.timed("report after the kills", lambda: walk.report(browser, 2))
    if "restore" in asked.only:
        walk.timed("backup, all lost, restore", lambda: walk.restore(made, walk.back_up(made)))
        walk.timed("a restore whose last step fails", lambda: walk.restore_in_vain(made, walk.back_up(made)))
        walk.timed("backup, spoilt, restore --replace", lambda: walk.replace(made, walk.back_up(made)))
    if "load" in asked.only:
        walk.timed(f"{asked.clients} clients", lambda: load.read(made, asked.clients, asked.minutes * 60))
    if "upgrade" in asked.only:
        walk.timed("upgrade under load", lambda: load.upgrade(made, asked.clients))
        walk.timed("and back, under load", lambda: load.back(made, asked.clients))
    walk.timed("check_ledger and check_activity", lambda: walk.proofs(made))
    say("The deployment holds.")


if __name__ == "__main__":
    sys.exit(main())
