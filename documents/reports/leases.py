"""Who works on a report: one worker at a time, under a lease, one attempt after the other (trust.md §3).

Every later write asks for the attempt it belongs to, so that a worker that lost its lease can't publish.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread
from typing import Any

from django.conf import settings
from django.db import Error, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from documents.models import Report

CLAIMING = 7_203_114
"""The key of the lock under which reports are claimed."""


class Stopped(Exception):
    """The report was cancelled, or another worker has taken it over."""


def claim(report_id: int | None = None) -> Report | None:
    """Take the lease of the report that is due next, or of this one; None when nothing is due.

    Claims come one after the other: two that looked at the same moment would both see the same business first.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIMING])
        Report.objects.worn_out().update(
            status=Report.Status.FAILED, problem="error", lease_until=None, finished_at=Now()
        )
        due = Report.objects.due().fairly().select_for_update(skip_locked=True, of=("self",))
        report = (due if report_id is None else due.filter(pk=report_id)).first()
        if report is None:
            return None
        Report.objects.filter(pk=report.pk).update(
            status=Report.Status.RUNNING,
            attempt=F("attempt") + 1,
            started_at=Now(),
            lease_until=_lease(),
            rows_done=0,
            rows_total=None,
        )
    return Report.objects.select_related("business", "member__user", "member__business").get(pk=report.pk)


@contextmanager
def kept(report: Report) -> Iterator[None]:
    """Renew the lease while the block runs: counting and saving a big book take longer than a lease."""
    is_done = Event()

    def renew() -> None:
        while not is_done.wait(settings.REPORT_LEASE_SECONDS / 4):
            try:
                _mine(report).update(lease_until=_lease())
            except Error:  # away for a moment, perhaps
                connection.close()
        connection.close()  # this thread's own

    thread = Thread(target=renew, name=f"lease of report {report.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()


def note(report: Report, **values: Any) -> None:
    """Write something of a report that is being made; raises Stopped when it isn't ours any more."""
    if not _mine(report).update(lease_until=_lease(), **values):
        raise Stopped


def finish(report: Report, status: Report.Status, **values: Any) -> None:
    """End the work on a report; raises Stopped when it isn't ours any more."""
    if not _mine(report).update(status=status, lease_until=None, finished_at=Now(), **values):
        raise Stopped


def try_again(report: Report) -> None:
    """Put a report back, to be made by another attempt."""
    _mine(report).update(status=Report.Status.QUEUED, lease_until=None, woken_at=Now())


def _mine(report: Report) -> Any:
    """The row, if it still runs under this worker's attempt."""
    return Report.objects.filter(pk=report.pk, attempt=report.attempt, status=Report.Status.RUNNING)


def _lease() -> Any:
    return Now() + timedelta(seconds=settings.REPORT_LEASE_SECONDS)
