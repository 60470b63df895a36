"""Undo import: what an import brought in goes again, within 7 days, while nothing else depends on it (decision 0065).

Leased work: a worker looks batch by batch whether something depends on the records, then all go at once, or none.
"""

from datetime import timedelta
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.models import Sum
from django.utils import translation
from django.utils.translation import gettext_lazy
from psycopg import sql

from accounts import rights
from accounts.permissions import Permission
from flipdash import clock, db, events, rls, states
from flipdash.leases import Worker
from flipdash.scope import Scope
from flipdash.tables import STORED, kinds
from flipdash.tables.dependents import depending
from imports.models import ImportedRecord, ImportJob, ImportUndo

DAYS = 7
AT_ONCE = 5_000  # records
NOTE = """
INSERT INTO imports_importedrecord (business_id, mode, job_id, record) SELECT %s, %s, %s, id FROM {stored}
"""


class TooLate(Exception):
    """The import is too old, or was taken back already."""


class Needed(Exception):
    """Something else depends on what would go."""


Status = ImportUndo.Status
UNDOS = Worker(
    "undos",
    ImportUndo,
    words=gettext_lazy("Imports to undo"),
    queue="imports",
    per="business",
    is_alone=True,
    problems={rights.NotAllowed: "not allowed", TooLate: "late", Needed: "needed"},
    related=("business", "member__user", "member__business", "job"),
)


def note_records(job: ImportJob) -> None:
    """Remember which records an import brought in, in the transaction that stored them."""
    with rls.inside_of(job.business_id, job.mode), connection.cursor() as cursor:
        cursor.execute(sql.SQL(NOTE).format(stored=STORED), [job.business_id, job.mode, job.pk])


def until(job: ImportJob) -> Any:
    """Return until when an import may be taken back, or None where it may not."""
    if job.status != ImportJob.Status.DONE or not job.added or job.finished_at is None:
        return None
    ends = job.finished_at + timedelta(days=DAYS)
    return ends if ends > clock.now() else None


def total_of(job: ImportJob) -> int:
    """Return the rupiah of what an import brought in and is still there."""
    model: Any = kinds()[job.kind].model
    records = ImportedRecord.objects.filter(job_id=job.pk, business_id=job.business_id, mode=job.mode)
    rows = model.objects.filter(business_id=job.business_id, mode=job.mode)
    total = rows.filter(pk__in=records.values("record")).aggregate(total=Sum("amount"))["total"]
    return int(total or 0)


def last_of(job: ImportJob) -> ImportUndo | None:
    """Return the last time that somebody asked to take an import back."""
    return ImportUndo.objects.filter(job_id=job.pk).select_related("member__user").order_by("-pk").first()


@transaction.atomic
def request(job: ImportJob, *, by: Scope, seen: int) -> bool:
    """Let an import be taken back, for somebody who saw how many records it brought in; asking twice asks once.

    Returns whether it may still be, with that number. Raises rights.NotAllowed.
    """
    job = rights.lock_row(by, ImportJob.objects.visible_to(by), job.pk, Permission.MANAGE_ACCOUNT)
    if until(job) is None or seen != job.added:
        return False
    if not ImportUndo.objects.visible_to(by).filter(job_id=job.pk, finished_at=None).exists():
        undo = ImportUndo.objects.create(
            business_id=by.business.pk, mode=by.mode, job_id=job.pk, member_id=by.member.pk, rows_total=job.added
        )
        events.record(by, "import.undo", undo, file=job.file_name, rows=job.added)
        UNDOS.wake_on_commit()
    return True


@UNDOS.runs
def _run(undo: ImportUndo) -> None:
    """Take an import back: look at every record, then delete all of them, and say so, in one transaction."""
    scope = _scope_now(undo)
    with rls.inside(scope), translation.override(undo.member.user.language):
        needed = _needed(undo)
        with transaction.atomic():
            UNDOS.hold(undo)
            job = rights.lock_row(scope, ImportJob.objects.visible_to(scope), undo.job_id, Permission.MANAGE_ACCOUNT)
            if until(job) is None:
                raise TooLate
            # No receipt is sent from here on (documents/receipts/sharing.py); one may have been during the long look.
            db.lock(f"receipts/{undo.business_id}/{undo.mode}")
            needed = needed or _needed(undo, tells=False)
            if not needed:
                removed = take_back(undo)
                states.step(job, ImportJob.Status.UNDONE)
                UNDOS.finish(undo, Status.DONE, rows_done=removed)
                events.record(_scope_now(undo), "import.undone", job, file=job.file_name, rows=removed)
    if needed:
        ImportUndo.objects.filter(pk=undo.pk).update(needed=needed)
        raise Needed


@UNDOS.tidies
def tidy() -> None:
    """Forget which records an import brought in once it can't be taken back any more."""
    old = clock.now("operator") - timedelta(days=DAYS + 1)
    records = ImportedRecord.objects.using("operator").filter(job__finished_at__lt=old)
    if some := list(records.values_list("pk", flat=True)[:AT_ONCE]):
        ImportedRecord.objects.using("operator").filter(pk__in=some).delete()


def _scope_now(undo: ImportUndo) -> Scope:
    return rights.scope_now(undo.member_id, undo.mode, "import", Permission.MANAGE_ACCOUNT)


def _needed(undo: ImportUndo, *, tells: bool = True) -> list[list[Any]]:
    """Return what depends on the records, in words, and on how many of them; `tells` how far the look is."""
    kind = kinds()[undo.job.kind]
    counts: dict[str, int] = {}
    pks = ImportedRecord.objects.filter(job_id=undo.job_id).order_by("record").values_list("record", flat=True)
    records, done = pks.iterator(chunk_size=AT_ONCE), 0
    while some := list(islice(records, AT_ONCE)):
        for words, count in depending(kind, undo.business_id, undo.mode, some, since=undo.job.finished_at):
            counts[words] = counts.get(words, 0) + count
        done += len(some)
        if tells:
            UNDOS.note(undo, rows_done=done)
    return [[words, count] for words, count in counts.items()]


def take_back(undo: ImportUndo) -> int:
    """Delete the records of an import with their timelines, and return how many there were."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT take_back_imported(%s)", [undo.pk])
        (removed,) = cursor.fetchone()
    return int(removed)
