"""Callbacks: 50 facts a second, from commit to the receiver; and the same with a receiver that takes and never answers.

The worker is bin/sender's, in a process of its own; facts, receivers and worker share this machine. Facts of six
events go to six hosts, one business's; those of the seventh go to the dead one.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import create_server
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from django.db import transaction

from bench.measure import Line
from bench.rows import BIG
from bench.sender import NAME
from bench.subject import Bench
from developer.callbacks import outbox, signing
from developer.keys import services as keys
from developer.models import Callback, CallbackAttempt, CallbackEvent, CallbackUrl
from devtools.local.processes import start, stop, wait_until
from flipdash import events, rls, sealing
from flipdash.celery import app
from flipdash.scope import Scope

A_SECOND, SECONDS, QUICK_SECONDS = 50, 20, 8
DEAD = CallbackEvent.BANK_STATUS
HOLD, SLOWED = 1_000, 1.5
"""What the 95th of 100 may take in milliseconds, and how many times that beside a dead receiver."""
ALONE = ("--without-gossip", "--without-mingle", "--without-heartbeat", "-n", "sender@bench")
LOCAL = {"LOCAL": "1", "CALLBACK_NETWORKS": "127.0.0.0/8"}


def lines(bench: Bench) -> list[Line]:
    """Measure without and with a dead receiver."""
    scope = bench.scope(BIG)
    test = scope.member.scope("test")  # type: ignore[attr-defined]  # an Admin's
    seconds = SECONDS if bench.count > 1_000_000 else QUICK_SECONDS
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        came = stack.enter_context(_receiver())
        silent = stack.enter_context(_silent())
        with rls.inside(test):
            keys.change_token(test)
            _save_urls(test, came.port, silent)
        command = [sys.executable, "-m", "bench.sender", *ALONE]
        child = start("sender", command, log=folder / "sender.log", environment=LOCAL)
        stack.callback(stop, child)
        wait_until(lambda: bool(app.control.ping(["sender@bench"], timeout=0.5)), seconds=90, what="The sender",
                   needs=[child])  # fmt: skip
        try:
            _facts(test, 2, came)  # the first ones fill caches
            calm = _p95(_facts(test, seconds, came))
            beside = _p95(_facts(test, seconds, came, dead_every=5))
        finally:
            _forget(test)
    return [
        Line(
            "",
            f"Callbacks, {A_SECOND} facts a second: from commit to the receiver, p95 of {A_SECOND * seconds:,}",
            f"{calm:,.0f} ms",
            "",
            hold=f"≤ {HOLD:,} ms",
            held=calm <= HOLD,
        ),
        Line(
            "",
            "The same while every fifth goes to a receiver that never answers, of the others",
            f"{beside:,.0f} ms",
            f"without it, {calm:,.0f} ms",
            round(beside / calm, 1),
            f"≤ {SLOWED:g}×",
            beside / calm <= SLOWED,
        ),
    ]


class _Came(dict[str, float]):
    """When each callback came first."""

    port = 0


@contextmanager
def _receiver() -> Iterator[_Came]:
    came = _Came()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.setdefault(self.headers["webhook-id"], time.perf_counter())
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    came.port = server.server_port
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield came
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def _silent() -> Iterator[int]:
    """Take connections and never answer."""
    listening, taken = create_server(("127.0.0.1", 0), backlog=200), []

    def serve() -> None:
        with suppress(OSError):
            while True:
                taken.append(listening.accept())

    Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()
        for connection, _address in taken:
            connection.close()


def _save_urls(scope: Scope, port: int, silent: int) -> None:
    for event in CallbackEvent:
        host = f"{event}.{NAME}"
        values = {
            "url": f"http://{host}:{silent if event == DEAD else port}/",
            "host": host,
            "sealed_secret": sealing.seal(signing.new_secret(), CallbackUrl.SECRET_SEAL),
            "failing_since": None,
            "paused_at": None,
            "paused_why": "",
            **scope.actor.columns("changer"),
        }
        CallbackUrl.objects.update_or_create(
            business_id=scope.business.pk, mode=scope.mode, event=event, defaults=values
        )


def _facts(scope: Scope, seconds: int, came: _Came, *, dead_every: int = 0) -> list[float]:
    """Let facts happen for so long; return after how many milliseconds those that aren't dead came."""
    told, committed = events.Event(scope, "top-up.credited", None, {}), {}
    living = [event for event in CallbackEvent if event != DEAD]
    began = time.perf_counter()
    for number in range(seconds * A_SECOND):
        time.sleep(max(0.0, began + number / A_SECOND - time.perf_counter()))
        is_dead = bool(dead_every) and number % dead_every == 0
        event = DEAD if is_dead else living[number % len(living)]
        with rls.inside(scope), transaction.atomic():
            callback = outbox.tell(told, event, {"number": number})
            before = time.perf_counter()
        if callback and not is_dead:
            committed[str(callback.pk)] = before
    wait_until(lambda: committed.keys() <= came.keys(), seconds=60, what="The last callback")
    return [(came[callback] - before) * 1000 for callback, before in committed.items()]


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def _forget(scope: Scope) -> None:
    """Leave no callbacks behind that another run would send."""
    with rls.inside(scope):
        CallbackUrl.objects.visible_to(scope).update(url="", host="")
    mine = Callback.objects.using("operator").filter(business_id=scope.business.pk, mode=scope.mode)
    CallbackAttempt.objects.using("operator").filter(callback__in=mine).delete()
    mine.delete()
