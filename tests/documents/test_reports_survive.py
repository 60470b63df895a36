"""Reports survive: killed, cancelled, forbidden, without a broker, without room; and they take turns.

trust: E3, E5, R4, Z1, Z4.
"""

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from threading import Thread

import pytest
import python_calamine
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection, connections
from django.utils import timezone

from devtools.local.processes import wait_until
from documents.models import Report
from documents.reports import leftovers, services
from documents.reports.services import REPORTS
from documents.reports.writers import WRITERS
from flipdash.celery import app
from tests.factories import make_report, make_transfer
from tests.leased import let_time_pass
from tests.workers import DATABASES, start_worker
from transactions import demo
from transactions.models import MoneyTransfer

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])
FORMATS = ["xls", "xlsx", "csv"]
ROWS = 12
POINTS = 20


class FullStorage(FileSystemStorage):
    """A disk that has no room any more, until somebody makes some."""

    is_full = True

    def _save(self, name, content):
        if not self.is_full:
            return super()._save(name, content)
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.read(100))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def store_files_in(settings, folder, backend="django.core.files.storage.FileSystemStorage"):
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": backend, "OPTIONS": {"location": folder}}}


@pytest.fixture(autouse=True)
def folder(settings, tmp_path, asleep):
    """The tests are the worker and the beat; files and workplaces are in a folder of their own."""
    settings.REPORT_WORKPLACE = tmp_path / "tmp" / "reports"
    store_files_in(settings, tmp_path / "files")
    return tmp_path


@pytest.fixture
def transfers(kopi_kita):
    for number in range(ROWS):
        make_transfer(kopi_kita, amount=1_000 + number)


@pytest.fixture
def ask(scope):
    """Return what asks for a report."""

    def one(format="xls", query="", by=scope):
        return services.request_report(by, history="money-transfers", query=query, format=format)

    return one


def stored_files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def ids_in(report):
    """Return the ids that a report's file holds, as a reader of its format sees them."""
    with default_storage.open(report.stored_as) as file:
        if report.format == "csv":
            return [line.split(b",")[0].decode() for line in file.read().splitlines()[1:]]
        book = python_calamine.load_workbook(file)
    data = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names[1:]]
    return [row[0] for sheet in data for row in sheet[1:]]


def expected_ids():
    return [str(pk) for pk in MoneyTransfer.objects.order_by("-created_at", "-id").values_list("pk", flat=True)]


# --- Killed or cancelled at 20 points ---------------------------------------------------------------------------


def at_each_step(monkeypatch, format: str, act: Callable[[int], None]) -> None:
    """Call `act` with a number before and after each step of the worker."""
    steps = count(1)

    def watch(owner, name):
        do = getattr(owner, name)

        def watched(*args, **kwargs):
            act(next(steps))
            result = do(*args, **kwargs)
            act(next(steps))
            return result

        monkeypatch.setattr(owner, name, watched)

    monkeypatch.setattr(services, "PROGRESS_EVERY", 2)
    for owner, names in (
        (REPORTS, ("claim", "note", "finish")),
        (leftovers, ("throw_away_folders",)),
        (WRITERS[format], ("summary", "close")),
        (services, ("_write", "_publish")),
        (os, ("fsync",)),
        (FileSystemStorage, ("save",)),
    ):
        for name in names:
            watch(owner, name)


def count_steps(ask, format: str) -> int:
    """Make a report in peace, and return how many steps it took; its file is thrown away."""
    taken = [0]
    report = ask(format)
    with pytest.MonkeyPatch.context() as patch:
        at_each_step(patch, format, lambda step: taken.__setitem__(0, step))
        REPORTS.work()
    report.refresh_from_db()
    assert report.status == "ready"
    default_storage.delete(report.stored_as)
    Report.objects.all().delete()
    return taken[0]


def step_of(point: int, steps: int) -> int:
    assert steps > POINTS
    return 1 + point * (steps - 1) // (POINTS - 1)


def work_and_be_killed(format: str, step: int) -> None:
    """Work as a process of its own does, which is killed with -9 at a step."""
    connections.close_all()
    pid = os.fork()
    if not pid:
        try:
            patch = pytest.MonkeyPatch()
            at_each_step(patch, format, lambda at: os.kill(os.getpid(), signal.SIGKILL) if at == step else None)
            REPORTS.work()
        finally:
            os._exit(1)
    _pid, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), "it came to its end before it could be killed"


@pytest.mark.parametrize("point", range(POINTS))
def test_killed_at_any_point_it_is_made_again_and_nothing_is_left(web, ask, transfers, folder, point):
    """trust: E3, Z1."""
    format = FORMATS[point % 3]
    step = step_of(point, count_steps(ask, format))
    report = ask(format)
    work_and_be_killed(format, step)

    report.refresh_from_db()
    answer = web.get(f"/documents/reports/{report.number}/file/")
    assert answer.status_code == (200 if report.status == "ready" else 404)
    if report.status == "ready":
        assert ids_in(report) == expected_ids()

    let_time_pass(REPORTS)
    REPORTS.work()
    REPORTS.sweep()
    report.refresh_from_db()
    assert (report.status, report.rows_done) == ("ready", ROWS)
    assert ids_in(report) == expected_ids()
    assert stored_files(folder) == [folder / "files" / report.stored_as]
    assert list((folder / "tmp" / "reports").iterdir()) == []


def cancel_by_somebody(report) -> bool:
    """Cancel on a connection of its own, as a person does; False where they would have to wait for its end."""
    answer = [False]

    def act() -> None:
        answer[0] = REPORTS.cancel(report)
        connection.close()

    person = Thread(target=act)
    person.start()
    person.join()
    return answer[0]


@pytest.mark.parametrize("point", range(POINTS))
def test_cancelled_at_any_point_nothing_is_left(web, ask, transfers, folder, monkeypatch, point):
    """trust: E3."""
    format = FORMATS[point % 3]
    step = step_of(point, count_steps(ask, format))
    report = ask(format)
    stopped: list[bool] = []
    at_each_step(monkeypatch, format, lambda at: stopped.append(cancel_by_somebody(report)) if at == step else None)
    REPORTS.work()
    report.refresh_from_db()
    if report.status == "ready":
        assert stopped == [False], "too late: it was ready, or just being published"
        assert ids_in(report) == expected_ids()
        return
    assert report.status == "cancelled"
    assert stored_files(folder) == []
    assert web.get(f"/documents/reports/{report.number}/file/").status_code == 404
    REPORTS.sweep()
    report.refresh_from_db()
    assert report.stored_as == ""


def test_what_a_killed_worker_stored_of_a_cancelled_report_is_thrown_away(ask, transfers, folder):
    report = ask()
    steps = count_steps(ask, "xls")
    report = ask()
    work_and_be_killed("xls", steps - 4)  # stored, not published
    assert len(stored_files(folder)) == 1
    REPORTS.cancel(report)
    REPORTS.sweep()
    assert stored_files(folder) == []


def test_folders_of_running_attempts_stay(ask, transfers, folder):
    ask()
    report = REPORTS.claim()
    with leftovers.workplace(report) as place:
        other = place.parent / f"{report.pk}-{report.attempt + 1}"
        other.mkdir()
        leftovers.throw_away_folders()
        assert (place.exists(), other.exists()) == (True, False)


def test_a_report_that_kills_every_worker_says_failed(web, ask, transfers, folder):
    report = ask()
    for _attempt in range(REPORTS.most_attempts):
        work_and_be_killed("xls", 8)
        let_time_pass(REPORTS)
    REPORTS.work()
    report.refresh_from_db()
    assert (report.status, report.problem, report.attempt) == ("failed", "error", REPORTS.most_attempts)
    REPORTS.sweep()
    assert list((folder / "tmp" / "reports").iterdir()) == []


def test_a_lease_is_renewed_while_a_book_is_saved(ask, transfers, settings, monkeypatch):
    settings.LEASE_SECONDS = 1
    taken_over = []
    close = WRITERS["xls"].close

    def close_slowly(writer):
        time.sleep(1.6)
        taken_over.append(REPORTS.claim())
        close(writer)

    monkeypatch.setattr(WRITERS["xls"], "close", close_slowly)
    report = ask()
    REPORTS.work()
    report.refresh_from_db()
    assert (report.status, report.attempt, taken_over) == ("ready", 1, [None])


# --- The right, the broker, the disk ----------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "customer_service"}])
def test_a_right_lost_midway_ends_it_without_a_file(web, ask, admin, transfers, folder, monkeypatch, change):
    """trust: R4."""
    close = WRITERS["xls"].close

    def lose_the_right(writer):
        type(admin).objects.filter(pk=admin.pk).update(**change)
        close(writer)

    monkeypatch.setattr(WRITERS["xls"], "close", lose_the_right)
    report = ask()
    REPORTS.work()
    report.refresh_from_db()
    assert (report.status, report.problem) == ("failed", "not allowed")
    assert stored_files(folder) == []


@pytest.mark.parametrize("broker", ["gone", "hangs"])
def test_without_a_broker_a_report_can_be_asked_for_and_waits(ask, folder, admin, broker):
    """trust: Z3. The broker is really not there, or takes calls and says nothing; the page isn't kept waiting."""
    code = (
        "import django; django.setup()\n"
        "from accounts.models import Member; from documents.reports import services\n"
        f"scope = Member.objects.get(pk={admin.pk}).scope('live')\n"
        "services.request_report(scope, history='money-transfers', query='')\n"
    )
    name = connections["default"].settings_dict["NAME"]
    urls = {key: os.environ[key].replace("/flipdash?", f"/{name}?") for key in DATABASES}
    environment = {**os.environ, **urls, "REDIS_URL": f"unix://{folder}/nothing.sock"}
    began = time.monotonic()
    with socket.socket(socket.AF_UNIX) as silent:
        if broker == "hangs":
            silent.bind(f"{folder}/nothing.sock")
            silent.listen()
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "no broker to wake a worker" in done.stderr
    assert time.monotonic() - began < 40  # seconds, most of them Python's own start on a busy machine
    assert Report.objects.get().status == "queued"


@contextmanager
def no_room(monkeypatch, settings, folder, where, format):
    """Take the room away: where the file is written (by the kernel's own full device), or where it is stored."""
    if where == "storage":
        store_files_in(settings, folder / "files", "tests.documents.test_reports_survive.FullStorage")
        yield
        FullStorage.is_full = False
        return
    workplace = leftovers.workplace

    @contextmanager
    def full(report):
        with workplace(report) as place:
            (place / f"report.{format}.part").symlink_to("/dev/full")
            yield place

    with monkeypatch.context() as patch:
        patch.setattr(leftovers, "workplace", full)
        yield


@pytest.mark.parametrize("where", ["workplace", "storage"])
@pytest.mark.parametrize("format", FORMATS)
def test_a_full_disk_leaves_nothing_and_ends_in_a_whole_file_or_in_words(
    web, ask, transfers, folder, monkeypatch, settings, where, format
):
    """trust: Z4."""
    monkeypatch.setattr(FullStorage, "is_full", True)
    report = ask(format)
    with no_room(monkeypatch, settings, folder, where, format):
        REPORTS.work()
        report.refresh_from_db()
        assert (report.status, report.attempt) == ("queued", 1)
        assert stored_files(folder) == []
    let_time_pass(REPORTS)
    REPORTS.work()
    report.refresh_from_db()
    assert (report.status, report.attempt) == ("ready", 2)
    assert ids_in(report) == expected_ids()

    monkeypatch.setattr(FullStorage, "is_full", True)
    second = ask(format, "via=dashboard")
    with no_room(monkeypatch, settings, folder, where, format):
        for _attempt in range(REPORTS.most_attempts):
            let_time_pass(REPORTS)
            REPORTS.work()
    second.refresh_from_db()
    assert (second.status, second.problem) == ("failed", "disk full")
    assert stored_files(folder) == [folder / "files" / report.stored_as]
    assert "There was no room left for the file" in web.get("/documents/reports/").content.decode()


def test_real_workers_killed_and_the_broker_emptied(ask, kopi_kita, settings, folder, monkeypatch):
    """trust: Z1, Z3. Killed with -9 before it claims and amid the rows; all messages are lost both times."""
    monkeypatch.undo()
    settings.REPORT_WORKPLACE = folder / "tmp" / "reports"
    store_files_in(settings, folder / "files")
    demo.fill(kopi_kita, rows=12_000)

    def lose_all_messages():
        with app.connection_for_write() as connection:
            connection.default_channel.client.flushall()

    def wait_for(what):
        def is_so():
            REPORTS.sweep()
            return Report.objects.filter(**what).exists()

        wait_until(is_so, seconds=60, what=f"A report with {what}")

    lose_all_messages()
    first = start_worker("first", folder, LEASE_SECONDS="1")
    with first.paused():
        report = ask("xlsx")
        first.kill()
    lose_all_messages()
    second = start_worker("second", folder, LEASE_SECONDS="1")
    assert Report.objects.get().status == "queued"
    wait_for({"rows_done__gt": 0})
    second.kill()
    lose_all_messages()
    report.refresh_from_db()
    assert (report.status, report.attempt) == ("running", 1)
    assert 0 < report.rows_done < 12_000
    assert stored_files(folder / "tmp"), "it left something behind"

    third = start_worker("third", folder, LEASE_SECONDS="1")
    wait_for({"status": "ready"})
    third.kill()
    report.refresh_from_db()
    assert (report.attempt, report.rows_done) == (2, 12_000)
    assert ids_in(report) == expected_ids()
    leftovers.throw_away_folders()
    assert stored_files(folder / "tmp") == []
    assert [path.name for path in stored_files(folder / "files")] == [Path(report.stored_as).name]
    lose_all_messages()


# --- Turns ------------------------------------------------------------------------------------------------------


def order_of_businesses():
    """Return whose reports were begun, in the order in which they were."""
    return list(Report.objects.order_by("started_at").values_list("business__name", flat=True))


def test_20_reports_of_one_business_dont_starve_anothers_one(ask, stranger, transfers, monkeypatch):
    """trust: E5. Two workers, and the one report comes last."""
    monkeypatch.setattr(services, "MOST_WAITING", 20)
    for number in range(20):
        ask(query=f"q=word{number}")
    ask(by=stranger.scope("live"))

    def work():
        while Report.objects.unfinished().exists():
            REPORTS.work()
        connections.close_all()

    workers = [Thread(target=work) for _worker in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert Report.objects.filter(status="ready").count() == 21
    assert order_of_businesses().index("Toko Sebelah") <= 2


def test_one_worker_serves_the_businesses_in_turn(ask, stranger):
    for number in range(4):
        ask(query=f"q=word{number}")
    REPORTS.work()
    for number in range(2):
        ask(query=f"q=word{number}", by=stranger.scope("live"))
    for _turn in range(5):
        REPORTS.work()
    first, second = "Kopi Kita", "Toko Sebelah"
    assert order_of_businesses() == [first, second, first, second, first, first]


def test_a_business_whose_worker_is_busy_comes_after_one_with_none(admin, stranger):
    """It was served longer ago, but is being served now."""
    now = timezone.now()
    busy = {"status": "running", "attempt": 1, "lease_until": now + timedelta(minutes=1)}
    make_report(admin, started_at=now - timedelta(hours=1), **busy)
    make_report(stranger, started_at=now - timedelta(seconds=1), status="cancelled")
    make_report(admin)
    theirs = make_report(stranger)
    assert REPORTS.claim() == theirs
