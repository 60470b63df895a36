"""A report of 500,000 rows as .xls, made by a real worker while people read histories: what each costs the other.

The worker is `celery worker` at the niceness of bin/worker, the web server gunicorn as bin/web starts it, with one
process of four threads; all on this machine. Four readers ask for one page after the other, on loopback. Measured are
the readers alone, the report alone, and both together; of the worker its resident memory, four times a second.
"""

import itertools
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from django.core.files.storage import default_storage

from bench.measure import Line, milliseconds
from bench.rows import BIG, ODD, SMALL
from bench.sheets import LARGE, QUICK_LARGE, newest
from bench.subject import Bench
from devtools.local.processes import Child, start, stop, wait_until
from documents.models import Report
from documents.reports import services
from flipdash.celery import app

PORT = int(os.environ.get("BENCH_PORT", "8081"))
READERS, SECONDS, QUICK_SECONDS = 4, 15, 4
THINKING = 0.05
"""Seconds between one answer and the next question, so that readers are people and not a flood."""
PAGES = ("", "?status=failed", "?q=budi", "?q=zulaikha", "?date_from=2026-10-01")
WORKER = ("-m", "celery", "-A", "flipdash", "worker", "-P", "solo", "-Q", "reports", "-n", "bench@localhost")
SERVER = ("-m", "gunicorn", "flipdash.wsgi", "--worker-class", "gthread", "--workers", "1", "--threads", "4")
ALONE = "--without-gossip", "--without-mingle", "--without-heartbeat"
LONGEST = 600  # seconds


def lines(bench: Bench) -> list[Line]:
    """Measure the readers, the report, and both."""
    is_full = bench.count > 1_000_000
    query, rows = newest(bench, LARGE if is_full else QUICK_LARGE)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        worker, server = _start(folder, stack)
        cookies = [cookie(bench, slug) for slug in (BIG, ODD, SMALL, BIG)]
        with reading(cookies):
            time.sleep(2)  # the first pages fill caches
        with reading(cookies) as alone:
            time.sleep(SECONDS if is_full else QUICK_SECONDS)
        calm, calm_memory = _make(bench, query, worker)
        with reading(cookies) as beside:
            busy, busy_memory = _make(bench, query, worker)
        assert server.is_alive
    return list(_lines(rows, (alone, beside), (calm, busy), (calm_memory, busy_memory)))


def _lines(
    rows: int,
    reads: tuple[list[float], list[float]],
    reports: tuple[float, float],
    memory: tuple[list[float], list[float]],
) -> Iterator[Line]:
    yield Line(
        "",
        f".xls report of {rows:,} rows by a worker, while {READERS} people read histories",
        f"{reports[1]:.1f} s",
        f"the same, nobody reading, {reports[0]:.1f} s",
        round(reports[1] / reports[0], 1),
    )
    before, during = (statistics.median(times) for times in reads)
    yield Line(
        "",
        f"A history's page meanwhile: median of {len(reads[1]):,} (p95 {_p95(reads[1]):,.0f} ms)",
        f"{during:,.0f} ms",
        f"no report, {before:,.0f} ms (p95 {_p95(reads[0]):,.0f} ms)",
        round(during / before, 1),
    )
    for name, seen in zip(("nobody reading", "people reading"), memory, strict=True):
        quarters = [max(part) for part in by_quarter(seen) if part]
        yield Line(
            "",
            f"The worker's memory, the most of each quarter of its time ({len(seen)} looks), {name}",
            " / ".join(f"{most:.0f}" for most in quarters) + " MB",
            f"first quarter, {quarters[0]:.0f} MB",
            round(quarters[-1] / quarters[0], 2),
        )


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def by_quarter(seen: list[float]) -> list[list[float]]:
    size = max(1, len(seen) // 4)
    return [seen[:size], seen[size : 2 * size], seen[2 * size : 3 * size], seen[3 * size :]]


def _start(folder: Path, stack: ExitStack) -> tuple[Child, Child]:
    """Start the worker and the web server, which stop with the stack."""
    worker = start("worker", ["nice", "-n", "5", sys.executable, *WORKER, *ALONE], log=folder / "worker.log")
    stack.callback(stop, worker)
    server = start_web(folder, stack)
    wait_until(lambda: bool(app.control.ping(["bench@localhost"], timeout=0.5)), seconds=90, what="The worker",
               needs=[worker])  # fmt: skip
    return worker, server


def start_web(folder: Path, stack: ExitStack, **environment: str) -> Child:
    """Start the web server on PORT, which stops with the stack."""
    command = [sys.executable, *SERVER, "--bind", f"127.0.0.1:{PORT}", "--no-control-socket"]
    server = start("web", command, log=folder / "web.log", environment=environment)
    stack.callback(stop, server)
    wait_until(_answers, seconds=90, what="The web server", needs=[server])
    return server


def _answers() -> bool:
    try:
        _get("/", "")
    except OSError:
        return False
    return True


def cookie(bench: Bench, slug: str) -> str:
    return "; ".join(f"{name}={morsel.value}" for name, morsel in bench.client(slug).cookies.items())


def _get(path: str, cookie: str) -> int:
    connection = HTTPConnection("127.0.0.1", PORT, timeout=60)
    try:
        connection.request("GET", path, headers={"Cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


@contextmanager
def reading(cookies: list[str]) -> Iterator[list[float]]:
    """Read histories while the block runs; yields the list into which the milliseconds go."""
    times: list[float] = []
    wrong: list[int] = []
    is_over = Event()

    def read(cookie: str, first: int) -> None:
        def ask() -> None:
            status = _get(f"/money-transfers/{next(pages)}", cookie)
            if status != 200:
                wrong.append(status)

        pages = itertools.islice(itertools.cycle(PAGES), first, None)
        while not is_over.is_set():
            times.append(milliseconds(ask))
            is_over.wait(THINKING)

    readers = [Thread(target=read, args=(cookie, number)) for number, cookie in enumerate(cookies)]
    for reader in readers:
        reader.start()
    try:
        yield times
    finally:
        is_over.set()
        for reader in readers:
            reader.join()
    assert not wrong, wrong


def _make(bench: Bench, query: str, worker: Child) -> tuple[float, list[float]]:
    """Ask for a report, and wait for it; return its seconds, and the worker's memory in MB, four times a second."""
    asked = services.request_report(bench.scope(BIG), history="money-transfers", query=query, format="xls")
    seen: list[float] = []
    begun = time.monotonic()
    while asked.status in (Report.Status.QUEUED, Report.Status.RUNNING):
        assert time.monotonic() < begun + LONGEST, "the report takes too long"
        worker.check()
        time.sleep(0.25)
        seen.append(memory_of(worker.process.pid))
        asked.refresh_from_db()
    took = time.monotonic() - begun
    assert asked.status == Report.Status.READY, asked.problem
    default_storage.delete(asked.stored_as)
    asked.delete()
    return took, seen or [memory_of(worker.process.pid)]


def memory_of(pid: int) -> float:
    """Return the resident memory of a process, in MB."""
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
