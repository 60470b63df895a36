"""Imports from the page: asked for, checked, confirmed, imported, cancelled, thrown away.

They are leased work (flipdash/leases.py), of a business one at a time. The records go in, and the row says so, in one
transaction: a worker killed midway leaves nothing behind, and another one starts again.
"""

import hashlib
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from shutil import copyfileobj
from typing import BinaryIO, cast

from django.core.files import File
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy

from accounts import rights
from accounts.permissions import Permission
from flipdash import clock, events, orphans, rls, room, states, sweeps
from flipdash.leases import Stopped, Worker
from flipdash.numbers import next_number
from flipdash.scope import Scope
from flipdash.tables import Checker, FileRows, Import, Incoming, Row, kinds, read_file, shown, weigh
from imports import columns, previews, undo
from imports.models import ImportJob

PROGRESS_EVERY = 1_000  # rows
DAYS_FOR_A_PREVIEW = 7
DAYS_FOR_FAULTS = 30
AT_A_TIME = 50  # whose files a sweep throws away


class FoundFaults(Exception):
    """What was confirmed can't be imported as it is: the file or what is stored has changed."""


class TooManyWaiting(Exception):
    """The business has as many unfinished imports as may be: disk and workers are everybody's."""


MOST_WAITING = 5
"""How many imports a business may have that are being checked, wait for a yes, or bring something in."""

Status = ImportJob.Status
IMPORTS = Worker(
    "imports",
    ImportJob,
    words=gettext_lazy("Imports"),
    queue="imports",
    per="business",
    is_alone=True,
    most_failed=5,
    problems={rights.NotAllowed: "not allowed", FoundFaults: "faults"},
    related=("business", "member__user", "member__business"),
)

orphans.register("imports", (ImportJob, "stored_as"), (ImportJob, "faults_as"))
room.goes(ImportJob, when=Q(stored_as__gt=""), until="keep_until")
room.goes(ImportJob, size="faults_size", when=Q(faults_as__gt=""), until="keep_until")

# --- What people do -----------------------------------------------------------------------------------------


def request_import(scope: Scope, *, kind: str, upload: UploadedFile) -> ImportJob:
    """Keep an upload and queue its check; the same file again, also at the same instant, gives the one under way.

    Raises rights.NotAllowed without the permission, TooManyWaiting, room.TooMuchStored, and flipdash.tables.Unreadable
    for a file that is no table.
    """
    rights.check(scope, Permission.MANAGE_ACCOUNT)
    with tempfile.TemporaryFile() as copy:
        copyfileobj(upload, copy)
        weigh(copy)
        copy.seek(0)
        digest = hashlib.file_digest(copy, "sha256").hexdigest()
        if waiting := _under_way(scope, kind, digest):
            return waiting
        copy.seek(0)
        stored_as = default_storage.save(f"imports/{scope.business.pk}/{uuid.uuid4().hex}", File(copy))
    try:
        job = _add(scope, kind=kind, sha256=digest, stored_as=stored_as, upload=upload)
    except BaseException:
        default_storage.delete(stored_as)
        raise
    if job.stored_as != stored_as:
        default_storage.delete(stored_as)
    return job


def _under_way(scope: Scope, kind: str, sha256: str) -> ImportJob | None:
    return ImportJob.objects.visible_to(scope).unfinished().filter(kind=kind, sha256=sha256).first()


@transaction.atomic
def _add(scope: Scope, *, upload: UploadedFile, kind: str, sha256: str, stored_as: str) -> ImportJob:
    """Add the import, or return the one of the same file that somebody else added a moment ago."""
    number = next_number(scope, ImportJob)
    rights.ask_again(scope, Permission.MANAGE_ACCOUNT)
    if waiting := _under_way(scope, kind, sha256):
        return waiting
    if ImportJob.objects.visible_to(scope).unfinished().count() >= MOST_WAITING:
        raise TooManyWaiting
    room.check(scope, upload.size or 0)
    job = ImportJob.objects.create(
        business_id=scope.business.pk,
        mode=scope.mode,
        number=number,
        member_id=scope.member.pk,
        file_name=shown(upload.name or "", 180).strip("“”"),
        size=upload.size or 0,
        kind=kind,
        sha256=sha256,
        stored_as=stored_as,
    )
    events.record(scope, "import.uploaded", job, file=job.file_name, sha256=job.sha256)
    IMPORTS.wake_on_commit()
    return job


@transaction.atomic
def confirm(job: ImportJob, *, by: Scope, seen: int, skip_bad: bool) -> bool:
    """Let a checked file be imported; returns whether it was still to be confirmed, with the number that was seen.

    Raises rights.NotAllowed, and FoundFaults if it has wrong records that weren't to be left out.
    """
    job = rights.lock_row(by, ImportJob.objects.visible_to(by), job.pk, Permission.MANAGE_ACCOUNT)
    if not job.is_confirmable or seen != job.to_import:
        return False
    if job.fault_count and not skip_bad:
        raise FoundFaults
    states.move(
        job,
        Status.CONFIRMED,
        by=by,
        kind="import.confirmed",
        facts={"file": job.file_name, "rows": seen},
        confirmed_by_id=by.member.pk,
        skip_bad=skip_bad,
        attempt=0,
        due_at=clock.now(),
        rows_done=0,
        keep_until=clock.now() + timedelta(days=DAYS_FOR_FAULTS),
    )
    IMPORTS.wake_on_commit()
    return True


def cancel(job: ImportJob, *, by: Scope) -> bool:
    """Stop an import that isn't finished and tell it; returns whether it was still to be stopped."""
    with transaction.atomic():
        is_stopped = IMPORTS.cancel(job)
        if is_stopped:
            events.record(by, "import.cancelled", job, file=job.file_name)
    return is_stopped


# --- What workers do ----------------------------------------------------------------------------------------


@IMPORTS.runs
def _run(job: ImportJob) -> None:
    """Do what is due for an import: check it, or bring in what was confirmed."""
    with _words_and_time_of(job):
        (_import if job.status == Status.IMPORTING else _check)(job)


@IMPORTS.tidies
def tidy() -> None:
    """Give up what waited too long for a person, and throw away files whose time is over."""
    ImportJob.objects.forgotten().update(status=Status.CANCELLED, problem="forgotten", finished_at=Now())
    _throw_away_files()


def _throw_away_files() -> None:
    for job in ImportJob.objects.with_files_to_delete().order_by("?")[:AT_A_TIME]:
        with sweeps.by_itself("files of import", job.pk):
            _throw_away_files_of(job)


def _throw_away_files_of(job: ImportJob) -> None:
    if job.stored_as:
        default_storage.delete(job.stored_as)
    is_old = job.keep_until is None or job.keep_until < clock.now()
    if job.faults_as and is_old:
        default_storage.delete(job.faults_as)
    ImportJob.objects.filter(pk=job.pk).update(stored_as="", faults_as="" if is_old else job.faults_as)


@contextmanager
def _words_and_time_of(job: ImportJob) -> Iterator[None]:
    """Speak the language of whoever uploaded the file, and show times in the business's zone."""
    with translation.override(job.member.user.language), timezone.override(job.member.scope(job.mode).zone):
        yield


def _scope_now(job: ImportJob) -> Scope:
    """Return what whoever confirmed it, or uploaded it, may do at this moment; raises NotAllowed (trust.md R4)."""
    return rights.scope_now(job.confirmed_by_id or job.member_id, job.mode, "import", Permission.MANAGE_ACCOUNT)


def _kind(job: ImportJob) -> Import:
    """Return the kind, for a member who may still import; whoever confirmed it is named in the timelines."""
    by = _scope_now(job).actor
    declared = kinds()[job.kind]
    kind = declared(business=job.business, mode=job.mode, by=by, source=job.file_name, now=clock.now())
    if job.columns:
        kind.choose(job.columns["columns"], job.columns["order"])
    return kind


def _rows(job: ImportJob, kind: Import, stream: BinaryIO) -> FileRows:
    """Return the rows of an upload; a header is found by the names that were said to be one, too."""
    return read_file(stream, [*kind.header_names, *job.columns.get("names", ())])


@contextmanager
def _upload(job: ImportJob) -> Iterator[BinaryIO]:
    """Open the upload as a file of this machine, wherever it is stored."""
    with tempfile.TemporaryFile() as copy:
        with default_storage.open(job.stored_as) as stored:
            copyfileobj(stored, copy)
        yield cast(BinaryIO, copy)


def _told(job: ImportJob, rows: FileRows, sample: list[Row]) -> Iterator[Row]:
    """Yield the rows, telling how far it is, until somebody stops it; the first records go into the sample too."""
    done = 0
    for done, row in enumerate(rows):
        if done % PROGRESS_EVERY == 0:
            _note_progress(job, done, rows.about)
        if 0 < done <= columns.SAMPLE:
            sample.append(row)
        yield row
    _note_progress(job, done, rows.about)


def _note_progress(job: ImportJob, done: int, about: int | None) -> None:
    total = None if about is None else max(done, about)
    IMPORTS.note(job, rows_done=done, rows_total=total)


def _check(job: ImportJob) -> None:
    """Check all of the file, and keep what the page shows of it."""
    kind = _kind(job)
    recalled = columns.Recalled(_scope_now(job), job.kind)
    if not job.columns:
        kind.recall = recalled
    sample: list[Row] = []
    with _upload(job) as stream, previews.FaultFile() as faults, Incoming(kind) as incoming:
        rows = _rows(job, kind, stream)
        checker = Checker(kind, _told(job, rows, sample), rows)
        checker.outcome.note = faults.add
        incoming.fill(checker.good())
        outcome = checker.outcome
        asked = columns.question(kind, checker, sample)
        is_asked = asked["asks_columns"] or asked["asks_order"]
        is_listed = outcome.fault_count and not is_asked and _has_room(job, faults.size)
        faults_as = faults.store(f"imports/{job.business_id}") if is_listed else ""
        values = {
            **{name: getattr(outcome, name) for name in ("read", "good", "fault_count", "is_doubtful")},
            "already_there": incoming.already_there(),
            "preview": previews.make(kind, incoming, outcome, rows, recalled) | {"header": asked},
            "faults_as": faults_as,
            "faults_size": faults.size if faults_as else 0,
            "columns": job.columns or recalled.said,
        }
    try:
        if is_asked:
            keep = Now() + timedelta(days=DAYS_FOR_A_PREVIEW)
            IMPORTS.finish(job, Status.COLUMNS, keep_until=keep, **values)
        elif outcome.is_doubtful or not outcome.good:
            keep = Now() + timedelta(days=DAYS_FOR_FAULTS)
            IMPORTS.finish(job, Status.FAILED, problem="faults", keep_until=keep, **values)
        else:
            keep = Now() + timedelta(days=DAYS_FOR_A_PREVIEW)
            IMPORTS.finish(job, Status.PREVIEW, keep_until=keep, **values)
    except Stopped:
        if faults_as:
            default_storage.delete(faults_as)
        raise
    if job.faults_as:  # of the check before, with other columns
        default_storage.delete(job.faults_as)


def _has_room(job: ImportJob, size: int) -> bool:
    """Return whether the list of all faults may be kept: the page shows the first of them without it."""
    try:
        with rls.inside_of(job.business_id, job.mode):
            room.check(job.member.scope(job.mode), size)
    except room.TooMuchStored:
        return False
    return True


def _import(job: ImportJob) -> None:
    """Read and check the file once more, and bring in what isn't there; the row says so in the same transaction.

    The permission is asked before the records go in, and once more before they stay: both parts take a while.
    """
    kind = _kind(job)
    with _upload(job) as stream, Incoming(kind) as incoming:
        rows = _rows(job, kind, stream)
        checker = Checker(kind, _told(job, rows, []), rows)
        incoming.fill(checker.good())
        outcome = checker.outcome
        if not outcome.may_be_stored(skip_bad=job.skip_bad):
            raise FoundFaults
        with transaction.atomic():
            IMPORTS.hold(job)
            _scope_now(job)
            added = incoming.store()
            undo.note_records(job)
            by = _scope_now(job)
            IMPORTS.finish(
                job,
                Status.DONE,
                added=added,
                already_there=outcome.good - added,
                preview={**job.preview, "first": []},
            )
            events.record(by, "import.done", job, file=job.file_name, added=added)
