"""Settings → Import history: uploaded, checked, looked at, confirmed, imported; killed, cancelled, twice."""

import csv
import io
import re
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections, transaction
from django.utils import timezone

from accounts.models import Activity
from accounts.permissions import Role
from flipdash import tables
from flipdash.celery import app
from flipdash.leases import Stopped, Worker
from imports import services
from imports.models import ImportJob
from imports.services import IMPORTS
from tests.factories import make_import, make_member
from tests.leased import let_time_pass
from tests.twins import at_once
from tests.workbooks import make_xls, make_xlsx
from transactions.models import MoneyTransfer, TransferEvent

pytestmark = pytest.mark.django_db(transaction=True)

DATA = Path(__file__).parent.parent / "data"
GOOD, BAD = DATA / "money-transfers.csv", DATA / "money-transfers-bad.csv"
URL = "/settings/import-history/"


@pytest.fixture(autouse=True)
def files(settings, tmp_path, asleep):
    """The tests call the service as the worker does; files go to a folder of their own."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
    }
    return tmp_path


def rows_of(path: Path, most: int | None = None) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))[:most]


def upload(browser, content: bytes, name: str = "past.csv", kind: str = "money-transfer", follow: bool = True):
    return browser.post(URL, {"kind": kind, "file": SimpleUploadedFile(name, content)}, follow=follow)


def uploaded(browser, content: bytes, name: str = "past.csv") -> ImportJob:
    answer = upload(browser, content, name)
    assert answer.redirect_chain, answer.content.decode()
    return ImportJob.objects.latest("pk")


def checked(browser, content: bytes, name: str = "past.csv") -> ImportJob:
    job = uploaded(browser, content, name)
    IMPORTS.work(job.pk)
    job.refresh_from_db()
    return job


def confirm(browser, job: ImportJob, **more):
    return browser.post(f"{URL}{job.number}/confirmation/", {"seen": job.to_import, **more}, follow=True)


def page(browser, job: ImportJob) -> str:
    return " ".join(browser.get(f"{URL}{job.number}/").content.decode().split())


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


# --- The way from the file to the rows -------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csv", "xlsx", "xls"])
def test_a_file_is_checked_looked_at_confirmed_and_imported(web, admin, files, form):
    rows = rows_of(GOOD, 201)
    content = {"csv": lambda: GOOD.read_bytes(), "xlsx": lambda: make_xlsx(rows), "xls": lambda: make_xls(rows)}[form]()
    job = uploaded(web, content, f"Riwayat 2025.{form}")
    assert "Waiting" in page(web, job)
    count = 5_000 if form == "csv" else 200
    IMPORTS.work(job.pk)
    assert MoneyTransfer.objects.count() == 0  # nothing before it is confirmed
    text = page(web, job)
    assert f"Import {count:,} transactions" in text
    assert "Waiting for confirmation" in text
    job.refresh_from_db()
    confirm(web, job)
    assert MoneyTransfer.objects.count() == 0
    IMPORTS.work(job.pk)
    job.refresh_from_db()
    assert (job.status, job.added, job.already_there, job.bad) == ("done", count, 0, 0)
    assert MoneyTransfer.objects.filter(business=admin.business, mode="live").count() == count
    assert f"{count:,} transactions were imported" in page(web, job)
    lines = TransferEvent.objects.filter(kind="imported", by_kind="member", by_name="Rina Admin")
    assert lines.filter(note=f"Riwayat 2025.{form}").count() == count
    IMPORTS.sweep()
    assert kept(files) == []  # the upload is thrown away


def test_the_preview_sums_by_status_as_sql_does_and_shows_the_first_rows(web):
    job = checked(web, GOOD.read_bytes())
    sums = {group["by"][0]: (group["rows"], group["figures"][0]) for group in job.preview["sums"]}
    assert sums["Successful"] == (4_558, "6,620,593,588")
    assert {name: rows for name, (rows, _) in sums.items()} == {"Successful": 4558, "Failed": 284, "Cancelled": 158}
    assert len(job.preview["first"]) == 10
    text = page(web, job)
    for word in ("58000000", "08932879217", "Zelaya Purwanti", "6,620,593,588", "1 Oct 2025, 02:11:06"):
        assert word in text


def test_wrong_rows_are_named_and_only_left_out_when_somebody_says_so(web):
    job = checked(web, BAD.read_bytes())
    assert (job.status, job.read, job.good, job.fault_count) == ("preview", 200, 188, 12)
    text = page(web, job)
    assert "“1E+15”: a spreadsheet has shortened this number" in text
    assert "Import 188 transactions" in text
    assert "Leave out the 12 wrong rows" in text
    assert "tick that the wrong rows are left out" in confirm(web, job).content.decode()
    IMPORTS.work(job.pk)
    assert MoneyTransfer.objects.count() == 0
    confirm(web, job, skip_bad="on")
    IMPORTS.work(job.pk)
    assert MoneyTransfer.objects.count() == 188
    assert "12 wrong rows were left out" in page(web, job)


def test_all_faults_can_be_downloaded_and_none_is_a_formula(web, client_of, stranger):
    rows = rows_of(GOOD, 151)
    rows[0][6] = "=Amount"
    header = [cell.replace("=Amount", "Amount") for cell in rows[0]]
    content = make_xlsx([header, *([*row[:6], "=1+1", *row[7:]] for row in rows[1:])])
    job = checked(web, content)
    assert (job.status, job.problem, job.fault_count) == ("failed", "faults", 150)
    assert len(job.preview["faults"]) == 100
    assert "The first 100 of 150 are shown" in page(web, job)
    answer = web.get(f"{URL}{job.number}/faults/")
    lines = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert lines[0] == ["Record", "Line", "Column", "Reason"]
    assert len(lines) == 151
    assert "attachment" in answer["Content-Disposition"]
    assert client_of(stranger).get(f"{URL}{job.number}/faults/").status_code == 404
    default_storage.delete(job.faults_as)  # by the sweep, a moment after the row was read
    gone = web.get(f"{URL}{job.number}/faults/")
    assert (gone.status_code, gone.templates[0].name) == (404, "404.html")


def test_the_list_of_faults_holds_no_formula_whatever_it_is_opened_with(web):
    """trust: E1. A spreadsheet in Indonesian opens a .csv with `;`, and knows nothing of quotes inside a cell."""
    rows = rows_of(GOOD, 8)
    hostile = ["x;=1+1;y", "x,=1+1,y", 'x;"=1+1', "x; +1", "x;＝1+1", "=1+1", "x\t-1"]
    wrong = [[*row[:6], cell, *row[7:]] for row, cell in zip(rows[1:], hostile, strict=True)]
    job = checked(web, make_xlsx([rows[0], *wrong]))
    assert job.fault_count == len(hostile)
    content = b"".join(web.get(f"{URL}{job.number}/faults/").streaming_content).decode("utf-8-sig")
    cells = [cell.lstrip() for line in csv.reader(io.StringIO(content)) for cell in line]
    cells += [cell.lstrip('" ') for line in re.split("[\r\n]+", content) for cell in re.split("[;\t]", line)]
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@＝"))]


def test_the_same_file_twice_changes_nothing(web):
    job = checked(web, GOOD.read_bytes())
    confirm(web, job)
    IMPORTS.work(job.pk)
    before = list(MoneyTransfer.objects.order_by("id").values())
    again = checked(web, GOOD.read_bytes())
    assert again.number == job.number + 1
    assert (again.status, again.already_there, again.to_import) == ("preview", 5_000, 0)
    assert "Everything in this file is already there" in page(web, again)
    confirm(web, again)
    IMPORTS.work(again.pk)
    again.refresh_from_db()
    assert again.status == "preview"
    assert list(MoneyTransfer.objects.order_by("id").values()) == before


def test_a_double_click_uploads_once(web, files):
    first, second = uploaded(web, GOOD.read_bytes()), uploaded(web, GOOD.read_bytes())
    assert first.pk == second.pk
    assert len(kept(files)) == 1


def test_two_uploads_of_one_file_at_the_same_instant_are_one_import(admin, kopi_kita, files, monkeypatch):
    people, together = (admin, make_member(kopi_kita, Role.ADMIN)), threading.Barrier(2)
    save = FileSystemStorage.save

    def save_together(*args):
        together.wait(timeout=20)  # both have looked, and found none under way
        return save(*args)

    def request(number):
        upload = SimpleUploadedFile("past.csv", BAD.read_bytes())
        return services.request_import(people[number].scope("live"), kind="money-transfer", upload=upload)

    monkeypatch.setattr(FileSystemStorage, "save", save_together)
    assert at_once(2, request) == [ImportJob.objects.get()] * 2
    assert len(kept(files)) == 1


def test_a_business_has_a_few_unfinished_imports_only(web, files, client_of, stranger, monkeypatch):
    """attack.md A7: nothing of the one too many stays on the disk, and another business has its own."""
    monkeypatch.setattr(services, "MOST_WAITING", 1)
    uploaded(web, GOOD.read_bytes())
    answer = upload(web, BAD.read_bytes())
    assert "Your business has 1 unfinished imports" in answer.content.decode()
    assert len(kept(files)) == 1
    uploaded(client_of(stranger), GOOD.read_bytes())


def test_modes_and_businesses_are_apart(web, client_of, stranger):
    job = checked(web, BAD.read_bytes())
    assert client_of(stranger).get(f"{URL}{job.number}/").status_code == 404
    assert web.get(f"/test{URL}{job.number}/").status_code == 404
    assert client_of(stranger).post(f"{URL}{job.number}/confirmation/", {"seen": 188}).status_code == 404
    answer = web.post(f"/test{URL}", {"kind": "money-transfer", "file": SimpleUploadedFile("a.csv", BAD.read_bytes())})
    assert answer["Location"].startswith("/test/")
    test_job = ImportJob.objects.latest("pk")
    IMPORTS.work(test_job.pk)
    test_job.refresh_from_db()
    test_job_url = f"/test{URL}{test_job.number}/confirmation/"
    web.post(test_job_url, {"seen": test_job.to_import, "skip_bad": "on"})
    IMPORTS.work(test_job.pk)
    assert set(MoneyTransfer.objects.values_list("mode", flat=True)) == {"test"}


# --- Bad input -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7 x", "This file can’t be imported: this is a PDF"),
        (b"MZ" + b"\0" * 100, "this is a program"),
        (b"PK\x05\x06" + b"\0" * 18, "no workbook"),
        (b"", "This file is empty"),
    ],
)
def test_what_is_no_table_is_refused_beside_the_field_and_not_kept(web, files, content, words):
    answer = upload(web, content)
    assert words in answer.content.decode()
    assert 'aria-invalid="true"' in answer.content.decode()
    assert (ImportJob.objects.count(), kept(files)) == (0, [])


def test_a_file_or_a_kind_must_be_chosen(web):
    assert "This field is required" in web.post(URL, {"kind": "money-transfer"}).content.decode()
    answer = upload(web, b"a,b\n", kind="everything")
    assert "Select a valid choice" in answer.content.decode()
    assert ImportJob.objects.count() == 0


def test_an_upload_over_the_limit_is_stopped_and_said_in_words(web, files, monkeypatch):
    from flipdash import uploads
    from imports import forms

    monkeypatch.setattr(uploads, "MOST", 1 << 20)
    answer = upload(web, b"x" * (2 << 20))
    assert "This file is larger than 25 MB" in answer.content.decode()
    monkeypatch.undo()
    monkeypatch.setattr(forms, "MOST_MEGABYTES", 1)
    answer = upload(web, b"x" * (2 << 20))
    assert "This file is larger than 1 MB" in answer.content.decode()
    assert ImportJob.objects.count() == 0


def test_a_file_that_lacks_columns_says_which(web):
    job = checked(web, b"Transaction ID,Amount\nT-1,5\n")
    assert (job.status, job.problem) == ("failed", "faults")
    assert "the header lacks these columns: Status, Bank" in page(web, job)


def test_mixed_dates_can_not_be_confirmed_at_all(web):
    rows = rows_of(GOOD, 4)
    rows[2][11] = "02/10/2025 10:00:00"
    content = "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows).encode()
    job = checked(web, content)
    assert (job.status, job.is_doubtful, job.to_import) == ("failed", True, 0)
    assert "Totals of valid rows" not in page(web, job)
    confirm(web, job, skip_bad="on")
    IMPORTS.work(job.pk)
    assert MoneyTransfer.objects.count() == 0


def text_of(content: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", content).split())


def test_a_file_that_breaks_off_looks_like_no_whole(web):
    lines = GOOD.read_bytes().splitlines()
    job = checked(web, b"\n".join([*lines[:100], b"\xff" + lines[100], *lines[101:]]))
    assert (job.is_doubtful, job.good > 0) == (True, True)
    shown = text_of(page(web, job))
    assert f"Rows read {job.read}" in shown
    assert "Faults 1" in shown
    assert "To import 0" in shown
    assert "Totals of valid rows" not in shown


def test_the_page_says_where_rows_go_and_for_how_long_they_can_be_taken_back(web):
    job = checked(web, b"\n".join(GOOD.read_bytes().splitlines()[:5]))
    shown = text_of(page(web, job))
    assert "They go into Live Mode of Kopi Kita . The import can be taken back for 7 days" in shown
    assert "BCA" in shown or "BNI" in shown
    assert " bni " not in shown


def test_names_of_files_are_text(web):
    name = "<img src=x onerror=alert(1)>\u202exslx.csv"
    job = checked(web, BAD.read_bytes(), name)
    assert "<img" not in page(web, job)
    assert "\u202e" not in page(web, job)
    assert "<img" not in web.get(URL).content.decode()


@pytest.mark.parametrize("seen", ["", "187", "-1", "x", "9" * 30, "١٨٨"])
def test_a_number_that_was_not_on_the_page_confirms_nothing(web, seen):
    job = checked(web, BAD.read_bytes())
    answer = web.post(f"{URL}{job.number}/confirmation/", {"seen": seen, "skip_bad": "on"}, follow=True)
    assert "this import has changed" in answer.content.decode()
    job.refresh_from_db()
    assert job.status == "preview"


# --- Who may ---------------------------------------------------------------------------------------------


def test_only_who_manages_the_account_may_import_and_the_menu_says_so(web, client_of, kopi_kita):
    assert "Import history" in web.get("/settings/account/").content.decode()
    maker = client_of(make_member(kopi_kita, Role.MAKER))
    assert "/settings/" not in maker.get("/money-transfers/").content.decode()
    assert maker.get(URL).status_code == 403
    assert upload(maker, BAD.read_bytes()).status_code == 403
    assert ImportJob.objects.count() == 0


@pytest.mark.parametrize("change", [{"role": Role.MAKER}, {"is_active": False}])
def test_the_worker_asks_the_permission_again_both_times(web, admin, change):
    """trust: R4."""
    first, second = checked(web, BAD.read_bytes()), uploaded(web, GOOD.read_bytes())
    confirm(web, first, skip_bad="on")
    type(admin).objects.filter(pk=admin.pk).update(**change)
    for job in (first, second):
        IMPORTS.work(job.pk)
        job.refresh_from_db()
        assert (job.status, job.problem) == ("failed", "not allowed")
    assert MoneyTransfer.objects.count() == 0


@pytest.mark.parametrize("change", [{"role": Role.MAKER}, {"is_active": False}])
@pytest.mark.parametrize("step", ["fill", "store"])
def test_who_loses_the_permission_while_it_runs_imports_nothing(web, admin, monkeypatch, step, change):
    """trust: R4. While the file is read once more, or while its records go in."""
    job = checked(web, BAD.read_bytes())
    confirm(web, job, skip_bad="on")
    store, act, calls = tables.Incoming.store, getattr(tables.Incoming, step), []

    def lose(self, *args):
        result = act(self, *args)
        type(admin).objects.filter(pk=admin.pk).update(**change)
        return result

    monkeypatch.setattr(tables.Incoming, "store", lambda self: calls.append("store") or store(self))
    monkeypatch.setattr(tables.Incoming, step, lose)
    IMPORTS.work(job.pk)
    job.refresh_from_db()
    assert (job.status, job.problem, job.added, job.attempt) == ("failed", "not allowed", 0, 1)
    assert (MoneyTransfer.objects.count(), TransferEvent.objects.count(), calls) == (0, 0, [])
    assert "may not import history any more. Nothing was imported." in job.problem_in_words


# --- Killed, cancelled, late ------------------------------------------------------------------------------


def test_a_worker_killed_while_it_checks_is_replaced_and_learns_it(web):
    job = uploaded(web, BAD.read_bytes())
    lost = IMPORTS.claim()
    let_time_pass(IMPORTS)
    IMPORTS.work(job.pk)
    with pytest.raises(Stopped):
        services._note_progress(lost, 5, 10)
    with pytest.raises(Stopped):
        services._check(lost)
    job.refresh_from_db()
    assert (job.status, job.attempt) == ("preview", 2)


def test_a_worker_killed_while_it_imports_leaves_nothing_and_is_replaced(web, monkeypatch):
    job = checked(web, BAD.read_bytes())
    confirm(web, job, skip_bad="on")
    store = tables.Incoming.store

    class Killed(BaseException):
        pass

    def killed(self):
        store(self)
        raise Killed

    monkeypatch.setattr(tables.Incoming, "store", killed)
    with pytest.raises(Killed):
        IMPORTS.work(job.pk)
    job.refresh_from_db()
    assert (job.status, MoneyTransfer.objects.count()) == ("importing", 0)
    monkeypatch.undo()
    monkeypatch.setattr(Worker, "wake", lambda worker: None)
    let_time_pass(IMPORTS)
    IMPORTS.work(job.pk)
    job.refresh_from_db()
    assert (job.status, job.added, job.attempt) == ("done", 188, 2)


def test_a_worker_that_lost_its_lease_stores_nothing(web, monkeypatch):
    job = checked(web, BAD.read_bytes())
    confirm(web, job, skip_bad="on")
    lost = IMPORTS.claim(job.pk)
    let_time_pass(IMPORTS)
    assert IMPORTS.claim(job.pk)
    monkeypatch.setattr(services, "_note_progress", lambda *args: None)  # as if it had been told of nothing
    with pytest.raises(Stopped):
        services._import(lost)
    assert MoneyTransfer.objects.count() == 0


def test_an_import_that_fails_three_times_says_so_and_nothing_is_imported(web, monkeypatch):
    def break_down(self):
        raise RuntimeError("disk full")

    job = checked(web, BAD.read_bytes())
    confirm(web, job, skip_bad="on")
    monkeypatch.setattr(tables.Incoming, "store", break_down)
    for _attempt in range(3):
        let_time_pass(IMPORTS)
        IMPORTS.work(job.pk)
    job.refresh_from_db()
    assert (job.status, job.attempt, MoneyTransfer.objects.count()) == ("failed", 3, 0)
    assert "Nothing was imported; upload the file again" in page(web, job)


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_cancelled_import_stops_and_leaves_nothing(web, files, monkeypatch, confirmed):
    job = checked(web, BAD.read_bytes()) if confirmed else uploaded(web, BAD.read_bytes())
    if confirmed:
        confirm(web, job, skip_bad="on")
    note = services._note_progress

    def cancel_midway(running, done, about):
        web.post(f"{URL}{job.number}/cancellation/")
        note(running, done, about)

    monkeypatch.setattr(services, "_note_progress", cancel_midway)
    IMPORTS.work(job.pk)
    job.refresh_from_db()
    assert (job.status, MoneyTransfer.objects.count()) == ("cancelled", 0)
    assert Activity.objects.filter(kind="import.cancelled").count() == 1
    IMPORTS.sweep()
    assert [path for path in kept(files) if path.suffix != ".csv"] == []


def test_what_is_done_stays_when_cancelled_late(web):
    job = checked(web, BAD.read_bytes())
    confirm(web, job, skip_bad="on")
    IMPORTS.work(job.pk)
    answer = web.post(f"{URL}{job.number}/cancellation/", follow=True)
    assert "can’t be cancelled any more" in answer.content.decode()
    assert MoneyTransfer.objects.count() == 188
    assert not Activity.objects.filter(kind="import.cancelled").exists()


def test_one_import_of_a_business_runs_at_a_time_and_does_not_keep_others_waiting(web, client_of, stranger):
    """trust: E5."""
    first, second = uploaded(web, BAD.read_bytes()), uploaded(web, GOOD.read_bytes())
    other = uploaded(client_of(stranger), GOOD.read_bytes())
    assert IMPORTS.claim() == first
    assert IMPORTS.claim() == other
    assert IMPORTS.claim() is None
    let_time_pass(IMPORTS)
    mine = IMPORTS.claim(first.pk)
    assert IMPORTS.claim(second.pk) is None
    IMPORTS.finish(mine, ImportJob.Status.FAILED, problem="error")
    assert IMPORTS.claim(second.pk)


def test_no_other_one_begins_while_records_go_in_for_longer_than_a_lease(web):
    """The row is locked then, and its lease can't be renewed."""
    first, second = uploaded(web, BAD.read_bytes()), uploaded(web, GOOD.read_bytes())
    mine = IMPORTS.claim(first.pk)
    let_time_pass(IMPORTS)
    with transaction.atomic():
        IMPORTS.hold(mine)
        assert at_once(1, lambda _turn: IMPORTS.claim()) == [None]
    ImportJob.objects.filter(pk=first.pk).update(status="cancelled", finished_at=timezone.now())
    assert IMPORTS.claim() == second


def test_two_workers_at_once_never_take_two_imports_of_one_business(admin):
    """Each would see that none is running, were claims not made one after the other."""
    for number in range(30):
        jobs = [make_import(admin, status="queued", stored_as="x", number=2 * number + one) for one in range(2)]
        taken = at_once(2, lambda one, jobs=jobs: IMPORTS.claim(jobs[one].pk))
        assert taken.count(None) == 1
        assert [job.status for job in taken if job] == ["checking"]
        ImportJob.objects.all().delete()


def test_while_records_are_stored_others_search_and_a_late_cancel_is_answered(web, monkeypatch):
    """Nothing waits for the transaction in which all records go in."""
    job = checked(web, BAD.read_bytes())
    confirm(web, job, skip_bad="on")
    store, answers = tables.Incoming.store, []

    def meanwhile(browser):
        try:
            began = time.monotonic()
            for path in ("/money-transfers/?q=ratna", URL, f"{URL}{job.number}/status/"):
                assert browser.get(path).status_code == 200
            late = browser.post(f"{URL}{job.number}/cancellation/", follow=True)
            answers.append((time.monotonic() - began, "can’t be cancelled any more" in late.content.decode()))
        finally:
            connections.close_all()

    def store_slowly(self):
        added = store(self)
        other = threading.Thread(target=meanwhile, args=[web])
        other.start()
        other.join(timeout=20)
        return added

    monkeypatch.setattr(tables.Incoming, "store", store_slowly)
    IMPORTS.work(job.pk)
    ((seconds, is_refused),) = answers
    assert is_refused
    assert seconds < 10
    assert MoneyTransfer.objects.count() == 188


def test_without_a_broker_the_import_waits_and_the_page_works(web, monkeypatch, settings, tmp_path):
    from kombu.exceptions import OperationalError

    def no_broker(*args, **kwargs):
        raise OperationalError("gone")

    storages = settings.STORAGES
    monkeypatch.undo()
    settings.STORAGES = storages
    monkeypatch.setattr(app, "send_task", no_broker)
    assert uploaded(web, BAD.read_bytes()).status == "queued"


def test_a_preview_that_nobody_confirms_is_forgotten_with_its_file(web, files):
    job = checked(web, BAD.read_bytes())
    ImportJob.objects.update(keep_until=timezone.now() - timedelta(seconds=1))
    IMPORTS.sweep()
    job.refresh_from_db()
    assert (job.status, job.problem, job.stored_as, job.faults_as) == ("cancelled", "forgotten", "", "")
    assert kept(files) == []
    assert "Nobody confirmed it in time" in page(web, job)


# --- The pages -------------------------------------------------------------------------------------------


def test_the_page_asks_again_only_while_a_worker_has_the_import(web):
    job = uploaded(web, BAD.read_bytes())
    state = web.get(f"{URL}{job.number}/status/").content.decode()
    assert "every 1s" in state
    assert "<progress" in state
    assert "See how far it is" in state  # a link, for those without scripts
    IMPORTS.work(job.pk)
    assert "every 1s" not in web.get(f"{URL}{job.number}/status/").content.decode()


def test_progress_moves_while_it_is_checked(web, monkeypatch):
    job, seen = uploaded(web, GOOD.read_bytes()), []
    note = services._note_progress

    def look(running, done, about):
        note(running, done, about)
        seen.append(re.search(r'value="(\d+)"', page(web, job))[1])

    monkeypatch.setattr(services, "_note_progress", look)
    IMPORTS.work(job.pk)
    assert seen == ["0", "1000", "2000", "3000", "4000", "5000", "5000"]


def test_each_kind_says_its_columns_and_gives_a_template_that_it_understands(web):
    text = web.get(URL).content.decode()
    for name, kind in tables.kinds().items():
        assert str(kind.title) in text
        template = web.get(f"{URL}template/?kind={name}")
        (header,) = csv.reader(io.StringIO(template.content.decode("utf-8-sig")))
        for column in header:
            assert column in text
        answer = upload(web, template.content, kind=name)
        assert answer.status_code == 200
        job = ImportJob.objects.latest("pk")
        IMPORTS.work(job.pk)
        job.refresh_from_db()
        assert [fault[3] for fault in job.preview["faults"]] == ["the file has a header and no records"]
    assert web.get(f"{URL}template/?kind=x").status_code == 404


def test_imports_are_listed_newest_first_page_by_page(web, admin):
    for number in range(1, 31):
        make_import(admin, number=number)
    first = web.get(URL)
    assert [job.number for job in first.context["rows"]] == list(range(30, 5, -1))
    second = web.get(f"{URL}{first.context['older_url']}")
    assert [job.number for job in second.context["rows"]] == [5, 4, 3, 2, 1]
    assert web.get(f"{URL}?before=x").status_code == 404


def test_a_workbook_says_which_sheets_and_columns_it_passed_over(web):
    rows = [[*row, extra] for row, extra in zip(rows_of(GOOD, 3), ["Saldo", "5", "6"], strict=True)]
    job = checked(web, make_xlsx(Catatan=[["x"]], Data=rows), "a.xlsx")
    text = page(web, job)
    assert "These sheets are not read:" in text
    assert "“Catatan”" in text
    assert "“Saldo”" in text


def test_the_database_imports_nothing_that_nobody_confirmed(admin):
    from django.db import IntegrityError

    for status in ("confirmed", "importing", "done"):
        with pytest.raises(IntegrityError, match="importjob_imports_what_was_confirmed"):
            make_import(admin, status=status, stored_as="x")
    with pytest.raises(IntegrityError, match="importjob_unfinished_has_file"):
        make_import(admin, status="queued")


def test_uploads_are_kept_where_only_we_read_them(web, files, settings):
    job = uploaded(web, BAD.read_bytes())
    assert job.stored_as.startswith(f"imports/{job.business_id}/")
    assert default_storage.exists(job.stored_as)
    assert "past" not in job.stored_as
    assert settings.STORAGES["default"]["OPTIONS"]["location"] == files
