"""Reports: asked for, made by a worker under a lease, cancelled, thrown away when they are old.

Truth is in the row: a task only carries its id, and may run twice. Every later write asks for the attempt it
belongs to, so that a worker that lost its lease can't publish (design.md §8).
"""

import logging
import os
import re
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Max, Min
from django.db.models.functions import Now
from django.http import QueryDict
from django.utils import timezone, translation

from accounts.models import Business
from accounts.permissions import Permission
from documents import summary, tasks
from documents.models import Report
from documents.writers import WRITERS, Heading
from flipdash import db, histories
from flipdash.histories import History
from flipdash.scope import Scope

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 3
PROGRESS_EVERY = 500  # rows
WAKE_AGAIN = timedelta(seconds=10)


class Stopped(Exception):
    """The report was cancelled, or another worker has taken it over."""


class NotAllowed(Exception):
    """Whoever asked for the report may not have it any more."""


class BadQuery(ValueError):
    """The search or a filter makes no sense, so there is nothing to report."""


class BadFormat(ValueError):
    """There is no such kind of file."""


def shown_history(scope: Scope, *, history: str, query: str) -> History:
    """Return what a report would be of.

    Raises NotAllowed without the permissions, BadQuery for an unknown history or a query that shows nothing
    because it is wrong.
    """
    try:
        declared = histories.get(history)
    except KeyError as error:
        raise BadQuery from error
    _check_allowed(scope, declared)
    shown = declared(scope, QueryDict(query))
    if not shown.is_valid:
        raise BadQuery
    return shown


@transaction.atomic
def request_report(
    scope: Scope,
    *,
    history: str,
    query: str,
    format: str = Report.Format.XLS,
    separator: str = Report.Separator.COMMA,
) -> Report:
    """Ask for a report of what a history shows under a query; asking twice gives the one that is being made.

    Raises BadFormat, and what `shown_history` raises.
    """
    if format not in Report.Format or separator not in Report.Separator:
        raise BadFormat
    shown_history(scope, history=history, query=query)
    Business.objects.select_for_update().get(pk=scope.business.pk)  # one number after the other
    wanted = {"history": history, "query": query, "format": format, "separator": separator}
    mine = Report.objects.visible_to(scope).filter(member_id=scope.member.pk, **wanted)
    if waiting := mine.unfinished().first():
        return waiting
    last = Report.objects.visible_to(scope).aggregate(last=Max("number"))["last"] or 0
    report = Report.objects.create(
        business_id=scope.business.pk, mode=scope.mode, number=last + 1, member_id=scope.member.pk, **wanted
    )
    transaction.on_commit(partial(tasks.wake, report.pk))
    return report


def cancel_report(report: Report) -> bool:
    """Stop a report that isn't finished; returns whether there was anything to stop."""
    stopped = Report.objects.filter(pk=report.pk).unfinished().update(status=Report.Status.CANCELLED, finished_at=Now())
    return bool(stopped)


def build_report(report_id: int) -> None:
    """Make a report that is due. A second worker on the same report does nothing; a failure is tried again."""
    report = _claim(report_id)
    if report is None:
        return
    try:
        _build(report)
    except Stopped:
        log.info("report %s: stopped", report.pk)
    except NotAllowed:
        _finish(report, Report.Status.FAILED, problem="not allowed")
    except BadQuery:
        _finish(report, Report.Status.FAILED, problem="query")
    except Exception:
        log.exception("report %s: attempt %s failed", report.pk, report.attempt)
        if report.attempt >= MOST_ATTEMPTS:
            _finish(report, Report.Status.FAILED, problem="error")
        else:
            _mine(report).update(status=Report.Status.QUEUED, lease_until=None, woken_at=Now())


def due_reports() -> list[int]:
    """Return the ids of reports that wait for a worker and that nobody woke lately, and note that we do."""
    with transaction.atomic():
        due = Report.objects.due().filter(woken_at__lt=Now() - WAKE_AGAIN).select_for_update(skip_locked=True)
        ids = list(due.values_list("pk", flat=True)[:50])
        Report.objects.filter(pk__in=ids).update(woken_at=Now())
    return ids


def expire_reports() -> None:
    """Throw away the files whose time is over."""
    for report in Report.objects.out_of_date()[:50]:
        default_storage.delete(report.stored_as)
        Report.objects.filter(pk=report.pk).update(status=Report.Status.EXPIRED)


def mark_seen(scope: Scope) -> None:
    """Take the member's finished reports out of the header."""
    mine = Report.objects.visible_to(scope).filter(member_id=scope.member.pk, seen_at=None)
    mine.exclude(status__in=[Report.Status.QUEUED, Report.Status.RUNNING]).update(seen_at=Now())


def _check_allowed(scope: Scope, history: type[History]) -> None:
    if not (scope.can(Permission.DOWNLOAD_REPORTS) and scope.can(history.permission)):
        raise NotAllowed


def _claim(report_id: int) -> Report | None:
    """Take the lease of a due report, or return None."""
    with transaction.atomic():
        report = Report.objects.due().select_for_update(skip_locked=True).filter(pk=report_id).first()
        if report is None:
            return None
        Report.objects.filter(pk=report_id).update(
            status=Report.Status.RUNNING, attempt=F("attempt") + 1, lease_until=_lease(), rows_done=0, rows_total=None
        )
    return Report.objects.select_related("business", "member__user", "member__business").get(pk=report_id)


def _lease() -> Any:
    return Now() + timedelta(seconds=settings.REPORT_LEASE_SECONDS)


def _mine(report: Report) -> Any:
    """The row, if it still runs under this worker's attempt."""
    return Report.objects.filter(pk=report.pk, attempt=report.attempt, status=Report.Status.RUNNING)


def _finish(report: Report, status: Report.Status, **values: Any) -> None:
    if not _mine(report).update(status=status, lease_until=None, finished_at=Now(), **values):
        raise Stopped


def _stored_name(report: Report, attempt: int) -> str:
    return f"reports/{report.business_id}/{report.pk}-{attempt}.{report.format}"


def _build(report: Report) -> None:
    for attempt in range(1, report.attempt):  # what a killed worker left behind
        default_storage.delete(_stored_name(report, attempt))
    member = report.member
    if not type(member).objects.active().filter(pk=member.pk).exists():
        raise NotAllowed
    scope = member.scope(report.mode, via="report")
    _check_allowed(scope, histories.get(report.history))
    with (
        tempfile.TemporaryDirectory(prefix="flipdash-report-") as folder,
        translation.override(member.user.language),
        timezone.override(scope.zone),
    ):
        path = Path(folder) / f"report.{report.format}.part"
        name = _write(report, scope, path)
        _publish(report, path, name)


def _write(report: Report, scope: Scope, path: Path) -> str:
    """Write the file from one snapshot of the database; returns the name that people see."""
    with db.snapshot() as using:
        history = histories.get(report.history)(scope, QueryDict(report.query), using=using)
        if not history.is_valid:
            raise BadQuery
        totals = history.totals()
        if not _mine(report).update(rows_total=sum(row["rows"] for row in totals)):
            raise Stopped
        headings = [
            Heading(f"{c.label} ({scope.zone_name})" if c.sheet_kind == "datetime" else str(c.label), c.sheet_kind)
            for c in history.columns
        ]
        writer = WRITERS[report.format](path, headings, report.separator)
        writer.summary(str(history.section), summary.lines(report, history, totals))
        writer.rows(_values(report, history))
        writer.close()
        return _file_name(report, scope, history)


def _values(report: Report, history: History) -> Iterator[list[Any]]:
    """Yield the rows' values from a server-side cursor, telling how far it is, until somebody stops it."""
    rows = history.rows().values(*history.value_fields).iterator(chunk_size=2_000)
    done = 0
    for done, row in enumerate(rows, start=1):
        yield [column.value(row) for column in history.columns]
        if done % PROGRESS_EVERY == 0:
            _note_progress(report, done)
    _note_progress(report, done)


def _note_progress(report: Report, done: int) -> None:
    if not _mine(report).update(rows_done=done, lease_until=_lease()):
        raise Stopped


def _publish(report: Report, path: Path, file_name: str) -> None:
    """Store the finished file and say that it is ready, unless somebody stopped the report meanwhile."""
    with path.open("rb") as whole:
        os.fsync(whole.fileno())
        stored_as = default_storage.save(_stored_name(report, report.attempt), File(whole))
    try:
        _finish(
            report,
            Report.Status.READY,
            stored_as=stored_as,
            file_name=file_name,
            size=path.stat().st_size,
            expires_at=Now() + timedelta(days=settings.REPORT_DAYS_KEPT),
        )
    except Stopped:
        default_storage.delete(stored_as)
        raise


def _file_name(report: Report, scope: Scope, history: History) -> str:
    """Return e.g. Kopi-Kita_Money-Transfer_2026-11-01_2026-11-30_WIB_R000123.xls; Test Mode's begin with TEST_."""
    first, last = history.date_range()
    if first is None or last is None:
        found = history.rows().order_by().aggregate(first=Min("created_at"), last=Max("created_at"))
        first, last = first or _day(found["first"], history), last or _day(found["last"], history)
    words = [scope.business.name, history.file_title, f"{first}", f"{last}", scope.zone_name, report.reference]
    name = "_".join(re.sub(r"[^\w-]+", "-", word).strip("-") for word in words)
    return f"{'TEST_' if scope.is_test else ''}{name}.{report.format}"


def _day(at: Any, history: History) -> date:
    return timezone.localtime(at).date() if at else history.today
