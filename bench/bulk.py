"""A file of 20,000 transfers: checked, created, approved, sent and answered by the simulator, by two real workers.

The workers are `celery worker` at the niceness of bin/worker, each of one process; the sweep comes every two seconds,
as beat sends it. Maker and approver are two people. First the file is alone; then another, a quarter of it, while
people read histories (bench/together.py). Beside each step stand the rows that it writes, by COPY into tables of the
same columns and indexes and nothing else: no trigger, no foreign key, no chain of hashes. What was made is deleted at
the end.
"""

import itertools
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any

import psycopg
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Business, Member, User
from accounts.permissions import Role
from bench import together
from bench.measure import Line
from bench.rows import BIG, ODD, SMALL
from bench.subject import Bench, admin_of
from deposits import ledger
from deposits.ledger import LedgerOwner, Source
from devtools.local.processes import Child, start, stop, wait_until
from flipdash import rls
from flipdash.celery import app
from flipdash.leases import Leased
from flipdash.scope import Scope
from transactions.bulk import creating, services
from transactions.models import BulkDraft, BulkNames, MoneyTransfer, Status
from transactions.outgoing import many
from transactions.transfers.services import MONEY_TRANSFERS

SLUG = "bench-bulk"
ROWS, QUICK_ROWS, BESIDE = 20_000, 2_000, 4
"""Rows of the file; while people read, a part of so many of it."""
HOLDS = {"checked": 20, "created": 15, "approved": 40}
"""What each step may take for 20,000 rows, in seconds."""
LEAST_A_SECOND = 100
SLOWED = 1.3
"""How many times what it takes alone a history's page may take meanwhile."""
FLAT = 1.5
"""How many times its memory of the beginning a worker may have in the end."""
LONGEST = 900
WORKER = ("-m", "celery", "-A", "flipdash", "worker", "-P", "solo", "-Q", "default,imports")
BANKS = ("BCA", "BNI", "BRI", "Mandiri", "Permata")
DIGITS = {"BCA": 10, "BNI": 10, "BRI": 15, "Mandiri": 13, "Permata": 10}
OF_BUSINESS = (
    *("transactions_bulkapproval", "transactions_bulknames", "transactions_bulkrow", "transactions_bulkdraft"),
    *("transactions_simulatedpayout", "transactions_railorder", "transactions_transferevent"),
    *("transactions_moneytransfer", "transactions_transferbatch"),
    *("deposits_entry", "deposits_posting", "deposits_turnover", "deposits_account"),
    *("accounts_activity", "accounts_activityhead"),
)
"""What is deleted at the end, with the triggers that would refuse it put aside."""
MADE_BY = {
    "checked": [("transactions_bulkrow", "draft_id = {draft}")],
    "created": [
        ("transactions_moneytransfer", "batch_id = {batch}"),
        ("transactions_transferevent", "kind = 'created' AND transfer_id IN (SELECT id FROM {transfers})"),
    ],
    "approved": [
        ("transactions_moneytransfer", "batch_id = {batch}"),  # each row is written once more
        ("transactions_transferevent", "kind = 'approved' AND transfer_id IN (SELECT id FROM {transfers})"),
        ("transactions_railorder", "source_id IN (SELECT id FROM {transfers})"),
        ("deposits_posting", "kind = 'hold' AND source_id IN (SELECT id FROM {transfers})"),
        ("deposits_entry", "posting_id IN (SELECT id FROM deposits_posting WHERE kind = 'hold' "
                           "AND source_id IN (SELECT id FROM {transfers}))"),
    ],
}  # fmt: skip
"""The rows that each step writes."""
TRANSFERS = "(SELECT id FROM transactions_moneytransfer WHERE batch_id = {batch}) AS made"


@dataclass
class Run:
    """What one file took."""

    rows: int
    seconds: dict[str, float] = field(default_factory=dict)
    bare: dict[str, float] = field(default_factory=dict)
    """What COPY takes for the same rows, in seconds."""
    memory: list[float] = field(default_factory=list)
    """Of the larger of the workers, in MB, four times a second."""


def lines(bench: Bench) -> list[Line]:
    """Measure a file alone, then one while people read."""
    rows = ROWS if bench.count > 1_000_000 else QUICK_ROWS
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        stack.callback(_forget, bench)
        maker, approver = _people()
        workers = [_worker(folder, stack, number) for number in range(2)]
        stack.enter_context(_beat())
        _run(bench, maker, approver, workers, rows // 10)  # the first one fills caches
        alone = _run(bench, maker, approver, workers, rows)
        together.start_web(folder, stack)
        cookies = [together.cookie(bench, slug) for slug in (BIG, ODD, SMALL, BIG)]
        with together.reading(cookies):
            time.sleep(2)
        with together.reading(cookies) as calm:
            time.sleep(together.SECONDS if rows == ROWS else together.QUICK_SECONDS)
        with together.reading(cookies) as busy:
            _run(bench, maker, approver, workers, rows // BESIDE)
    return [*_lines(alone), *_reading(rows, calm, busy)]


def _lines(alone: Run) -> Iterator[Line]:
    for step, most in HOLDS.items():
        took, bare = alone.seconds[step], alone.bare[step]
        is_held = took <= most if alone.rows == ROWS else None
        hold = f"≤ {most} s" if alone.rows == ROWS else ""
        what = f"Bulk Transfer, {alone.rows:,} rows {step}"
        yield Line("P19", what, f"{took:.1f} s", f"COPY of what it writes, {bare:.2f} s", round(took / bare, 1), hold,
                   is_held)  # fmt: skip
    whole = sum(alone.seconds[step] for step in ("created", "approved", "sent"))
    rate = alone.rows / whole
    what = f"{alone.rows:,} transfers created, approved, sent, answered, end to end, by 2 workers"
    hold, is_held = f"≥ {LEAST_A_SECOND}/s", rate >= LEAST_A_SECOND
    yield Line("P19", what, f"{rate:,.0f}/s", f"{whole:.0f} s in all", None, hold, is_held)
    sent = alone.seconds["sent"]
    yield Line("P19", "The last two of it: sent and answered", f"{alone.rows / sent:,.0f}/s", f"{sent:.0f} s")
    quarters = [max(part) for part in together.by_quarter(alone.memory) if part]
    ratio = quarters[-1] / quarters[0]
    yield Line(
        "P19",
        f"The larger worker's memory, the most of each quarter of its time ({len(alone.memory)} looks)",
        " / ".join(f"{most:.0f}" for most in quarters) + " MB",
        f"first quarter, {quarters[0]:.0f} MB",
        round(ratio, 2),
        f"≤ {FLAT:g}×",
        ratio <= FLAT,
    )


def _reading(rows: int, calm: list[float], busy: list[float]) -> Iterator[Line]:
    before, during = statistics.median(calm), statistics.median(busy)
    yield Line(
        "P19",
        f"A history's page while {rows // BESIDE:,} are checked to answered: median of {len(busy):,}",
        f"{during:,.0f} ms",
        f"no file, {before:,.0f} ms",
        round(during / before, 2),
        f"≤ {SLOWED:g}×",
        during / before <= SLOWED,
    )


# --- One file --------------------------------------------------------------------------------------------------------


def _run(bench: Bench, maker: Scope, approver: Scope, workers: list[Child], rows: int) -> Run:
    run = Run(rows)

    def until(row: Leased, *ends: str) -> float:
        """Wait until a row has one of the states; return the seconds, and look at the workers' memory meanwhile."""
        began = time.monotonic()
        return _until(run, workers, began, lambda: _state(row) in ends)

    with rls.inside(maker):
        draft = services.request_draft(maker, SimpleUploadedFile("payroll.csv", _file(rows)))
        run.seconds["checked"] = until(draft, BulkDraft.Status.REVIEW, BulkDraft.Status.FAILED)
        draft.refresh_from_db()
        assert draft.status == BulkDraft.Status.REVIEW, draft.fault
        _ask_nobody(bench, draft)
        until(BulkNames.objects.get(draft=draft), BulkNames.Status.DONE)
        draft.refresh_from_db()
        look = creating.look_at(maker, draft)
        assert look.count == rows, look
        services.confirm(maker, draft, seen=look.digest, sure=True, name_reason="bench")
        run.seconds["created"] = until(draft, BulkDraft.Status.DONE, BulkDraft.Status.REVIEW)
        draft.refresh_from_db()
        assert draft.status == BulkDraft.Status.DONE, draft.problem
    with rls.inside(approver):
        made = MoneyTransfer.objects.visible_to(approver, searched=True).filter(batch=draft.batch_id)
        chosen = many.Selection.of(MONEY_TRANSFERS, made)
        seen = many.look_at(approver, chosen).digest
        approval = many.approve_many(approver, chosen, seen=seen, sure=True)
        run.seconds["approved"] = until(approval, "done", "failed")
        approval.refresh_from_db()
        assert approval.status == "done", approval.problem
        began = time.monotonic()
        waiting = made.exclude(status=Status.SUCCESSFUL)
        run.seconds["sent"] = _until(run, workers, began, lambda: not waiting.exists())
    run.bare = {step: _copied(bench, step, draft) for step in HOLDS}
    return run


def _state(row: Any) -> str:
    return str(type(row).objects.values_list("status", flat=True).get(pk=row.pk))


def _until(run: Run, workers: list[Child], began: float, is_done: Callable[[], bool]) -> float:
    while not is_done():
        assert time.monotonic() < began + LONGEST, "it takes too long"
        for worker in workers:
            worker.check()
        run.memory.append(max(together.memory_of(worker.process.pid) for worker in workers))
        time.sleep(0.25)
    return time.monotonic() - began


_numbers = itertools.count(int(time.time()))


def _file(rows: int) -> bytes:
    """Make a file of transfers that nobody has made yet."""
    mark = next(_numbers)
    first = mark % 40 * ROWS  # accounts that the last files didn't pay
    written = ["Bank,Account Number,Beneficiary Name,Amount,Remark,Beneficiary Email,Internal Reference"]
    for number in range(rows):
        bank = BANKS[number % len(BANKS)]
        account = f"{first + number:0{DIGITS[bank] - 4}d}1234"
        amount = 100_000 + number % 900  # what ends in 901 and more fails
        written.append(f"{bank},{account},Siti Rahmawati,{amount},Gaji November,,{mark}-{number}")
    return "\r\n".join(written).encode()


def _ask_nobody(bench: Bench, draft: BulkDraft) -> None:
    """Note of each account that the bank knows it: it is asked 200 a second, which says nothing about us."""
    with psycopg.connect(bench.superuser_url) as superuser:  # the draft first, as who asks the banks does
        superuser.execute("SELECT FROM transactions_bulkdraft WHERE id = %s FOR UPDATE", [draft.pk])
        superuser.execute("UPDATE transactions_bulkrow SET holder_status = 'found' WHERE draft_id = %s", [draft.pk])


def _copied(bench: Bench, step: str, draft: BulkDraft) -> float:
    """Return how many seconds COPY takes for the rows of a step, into tables of the same columns and indexes."""
    names: dict[str, Any] = {"draft": draft.pk, "batch": draft.batch_id}
    names["transfers"] = TRANSFERS.format(**names)
    with psycopg.connect(bench.superuser_url, autocommit=True) as superuser:
        content: dict[str, bytes] = {}
        for number, (table, which) in enumerate(MADE_BY[step]):
            copy = f"bench_copy_{number}"
            superuser.execute(f"DROP TABLE IF EXISTS {copy}")
            superuser.execute(f"CREATE TABLE {copy} (LIKE {table} INCLUDING ALL)")
            query = f"COPY (SELECT * FROM {table} WHERE {which.format(**names)}) TO STDOUT (FORMAT BINARY)"  # noqa: S608  (our own)
            with superuser.cursor().copy(query) as out:
                content[copy] = b"".join(bytes(part) for part in out)
        began = time.perf_counter()
        with superuser.transaction():
            for copy, written in content.items():
                with superuser.cursor().copy(f"COPY {copy} FROM STDIN (FORMAT BINARY)") as into:
                    into.write(written)
        took = time.perf_counter() - began
        for copy in content:
            superuser.execute(f"DROP TABLE {copy}")
    return took


# --- Who and what works ----------------------------------------------------------------------------------------------


def _people() -> tuple[Scope, Scope]:
    """Return a maker and an approver of the bench's own business, which has enough money."""
    business, _is_new = Business.objects.get_or_create(slug=SLUG, defaults={"name": "Bench bulk"})
    maker = business.members.filter(role=Role.MAKER).first()
    if maker is None:
        user = User(email=f"maker@{SLUG}.test", name="Bench Maker")
        user.set_unusable_password()
        user.save()
        maker = Member.objects.create(business=business, user=user, role=Role.MAKER)
    owner = LedgerOwner(business, "test")
    with rls.inside_of(business.pk, "test"):
        ledger.give_back(owner, Source("bench", next(_numbers)), amount=10**12, rail="bca")
    return maker.scope("test"), admin_of(business).scope("test")


def _worker(folder: Path, stack: ExitStack, number: int) -> Child:
    name = f"bulk{number}@localhost"
    command = ["nice", "-n", "5", sys.executable, *WORKER, "-n", name, *together.ALONE]
    worker = start(f"worker {number}", command, log=folder / f"worker{number}.log")
    stack.callback(stop, worker)
    wait_until(lambda: bool(app.control.ping([name], timeout=0.5)), seconds=90, what="The worker", needs=[worker])
    return worker


@contextmanager
def _beat() -> Iterator[None]:
    """Let the sweep come every two seconds."""
    is_over = Event()

    def tick() -> None:
        while not is_over.wait(2):
            app.send_task("flipdash.tasks.sweep", expires=2)

    thread = Thread(target=tick)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _forget(bench: Bench) -> None:
    """Delete all that was made, so that other groups find the rows that they know."""
    business = Business.objects.get(slug=SLUG)
    with psycopg.connect(bench.superuser_url, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        for table in OF_BUSINESS:
            superuser.execute(f"DELETE FROM {table} WHERE business_id = %s", [business.pk])  # noqa: S608  (our own)
        superuser.execute("VACUUM transactions_moneytransfer")
