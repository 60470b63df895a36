"""Reports: asked for, made by a worker under a lease, cancelled, thrown away when they are old.

They are leased work (flipdash/leases.py); what workers leave behind when they are killed is found (leftovers.py;
design.md §8).
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Min
from django.db.models.functions import Now
from django.http import QueryDict
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import rights
from accounts.permissions import Permission
from documents.models import Report, ReportTemplate
from documents.models.reports import ReportQuerySet
from documents.receipts import bundles
from documents.reports import leftovers, summary
from documents.reports.writers import WRITERS, Heading, TooBig
from flipdash import db, events, histories, rls, room
from flipdash.actors import ActorKind
from flipdash.histories import Column, History
from flipdash.leases import Worker
from flipdash.numbers import next_number
from flipdash.scope import Scope

AT_A_TIME = 1_000  # rows
PROGRESS_EVERY = 1_000  # rows


class BadQuery(ValueError):
    """The search or a filter makes no sense, so there is nothing to report."""


class BadFormat(ValueError):
    """There is no such kind of file."""


class BadTemplate(ValueError):
    """The template is another history's, or names a column that no longer exists."""


class TooManyWaiting(Exception):
    """The person, or the business, waits for as many reports as may be: workers are everybody's."""


MOST_WAITING, MOST_WAITING_OF_BUSINESS = 10, 30
"""How many reports one person may wait for at once, and a business in all."""

Status = Report.Status
REPORTS = Worker(
    "reports",
    Report,
    words=gettext_lazy("Reports"),
    queue="reports",
    per="business",
    most_failed=5,
    problems={
        rights.NotAllowed: "not allowed",
        BadQuery: "query",
        TooBig: "too big",
        room.TooMuchStored: "no room",
        bundles.TooMany: "too many",
        bundles.NoneThere: "none",
    },
    related=("business", "member__user", "member__business"),
)


def shown_history(scope: Scope, *, history: str, query: str) -> History:
    """Return what a report would be of.

    Raises rights.NotAllowed without the permissions, BadQuery for an unknown history or a query that shows nothing
    because it is wrong.
    """
    try:
        declared = histories.get(history)
    except KeyError as error:
        raise BadQuery from error
    rights.check(scope, *_permissions(declared))
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
    with_fee: bool = True,
    template: ReportTemplate | None = None,
    schedule_name: str = "",
    has_its_turn: bool = False,
    by: Scope | None = None,
) -> Report:
    """Ask for a report of what a history shows under a query; asking twice gives the one that is being made.

    It keeps the template's columns as they are now. `by` is who asks, where that isn't the member. What comes by itself
    `has_its_turn`, whatever people wait for. Raises BadFormat, BadTemplate, TooManyWaiting, room.TooMuchStored, and
    what `shown_history` raises; for receipts also bundles.TooMany and NoneThere.
    """
    if format not in Report.Format or separator not in Report.Separator:
        raise BadFormat
    shown = shown_history(scope, history=history, query=query)
    if format in Report.OF_RECEIPTS:
        if shown.receipt is None:
            raise BadFormat
        bundles.check(shown)
    query = shown.address.query  # without empty parts, pages and columns
    number = next_number(scope, Report)
    wanted = {"history": history, "query": query, "format": format, "separator": separator, "with_fee": with_fee}
    wanted |= {**_columns_of(template, history, format), "schedule_name": schedule_name}
    mine = Report.objects.visible_to(scope).filter(member_id=scope.member.pk, **wanted)
    if waiting := mine.unfinished().first():
        return waiting
    if not has_its_turn:
        _check_waiting(scope)
        room.check(scope)
    report = Report.objects.create(
        business_id=scope.business.pk,
        mode=scope.mode,
        number=number,
        member_id=scope.member.pk,
        asked=_asked(shown, format),
        **wanted,
    )
    events.record(by or scope, "report.requested", report, asked=report.asked, format=format)
    REPORTS.wake_on_commit()
    return report


def _check_waiting(scope: Scope) -> None:
    """Raise TooManyWaiting for what people asked for; what comes by itself keeps nobody from asking.

    The number of a report, which is taken under a lock, makes them come one by one.
    """
    waiting = Report.objects.visible_to(scope).unfinished().exclude(runs__by_kind=ActorKind.SYSTEM)
    of_person = waiting.filter(member_id=scope.member.pk).count()
    if of_person >= MOST_WAITING or waiting.count() >= MOST_WAITING_OF_BUSINESS:
        raise TooManyWaiting


def _columns_of(template: ReportTemplate | None, history: str, format: str) -> dict[str, Any]:
    """Return the columns that a report keeps of its template; receipts have none."""
    if template is None or format in Report.OF_RECEIPTS:
        return {"columns": [], "template_name": ""}
    if template.history != history or template.unknown:
        raise BadTemplate
    return {"columns": template.columns, "template_name": template.name}


def _asked(history: History, format: str) -> dict[str, str]:
    """Return what is asked for in one line, in each language: a report outlasts what its words would mean later."""
    words = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            asked = history.asked_in_words()
            words[language] = f"{_('Receipts')} · {asked}" if format in Report.OF_RECEIPTS else asked
    return words


def cancel(report: Report, *, by: Scope) -> bool:
    """Stop a report that isn't finished and tell it; returns whether it was still to be stopped."""
    with transaction.atomic():
        is_stopped = REPORTS.cancel(report)
        if is_stopped:
            events.record(by, "report.cancelled", report, asked=report.asked, format=report.format)
    return is_stopped


def note_download(scope: Scope, report: Report) -> None:
    """Tell that a finished file left, and take it out of the member's own header."""
    with transaction.atomic():
        Report.objects.filter(pk=report.pk, member_id=scope.member.pk).update(seen_at=Now())
        events.record(scope, "report.downloaded", report, history=report.history, file=report.file_name)


@REPORTS.tidies
def tidy() -> None:
    """End what is older than files are kept, and throw away what belongs to nobody any more."""
    Report.objects.out_of_date().update(status=Status.EXPIRED)
    leftovers.throw_away_folders()
    leftovers.throw_away_files()


def mark_seen(scope: Scope) -> None:
    """Take the member's finished reports out of the header."""
    mine = Report.objects.visible_to(scope).filter(member_id=scope.member.pk, seen_at=None)
    mine.exclude(status__in=Status.open()).update(seen_at=Now())


def of_person(scope: Scope) -> ReportQuerySet:
    """Return the reports of the histories that a person may see: the Activity Log isn't everybody's."""
    seen = [name for name in histories.names() if scope.can(Permission(histories.get(name).permission))]
    rows: ReportQuerySet = Report.objects.visible_to(scope).filter(history__in=seen)
    return rows


def _permissions(history: type[History]) -> tuple[Permission, Permission]:
    """What a report of a history needs."""
    return Permission.DOWNLOAD_REPORTS, Permission(history.permission)


@REPORTS.runs
def _build(report: Report) -> None:
    REPORTS.note(report, rows_done=0, rows_total=None)  # of the attempt before
    leftovers.throw_away_folders()
    scope = _scope_now(report)
    with (
        leftovers.workplace(report) as folder,
        translation.override(report.member.user.language),
        rls.inside(scope),
        timezone.override(scope.zone),
    ):
        room.check(scope)  # again: others that waited with it have been made meanwhile
        path = folder / f"report.{report.format}.part"
        written = _write(report, scope, path)
        _publish(report, _scope_now(report), path, written)


def _scope_now(report: Report) -> Scope:
    """Return what whoever asked for it may see at this moment; raises NotAllowed (trust.md R4)."""
    needed = _permissions(histories.get(report.history))
    return rights.scope_now(report.member_id, report.mode, "report", *needed)


class _Written(NamedTuple):
    """What is known of a file once it is written: the name that people see, and what keeps it from closing."""

    file_name: str
    breaks: int


def _write(report: Report, scope: Scope, path: Path) -> _Written:
    """Write the file from one snapshot of the database."""
    with db.snapshot() as using:
        history = histories.get(report.history)(scope, QueryDict(report.query), using=using)
        if not history.is_valid:
            raise BadQuery
        if report.is_receipts:
            _write_receipts(report, history, path)
            return _Written(_file_name(report, scope, history), breaks=0)
        totals = history.totals()
        REPORTS.note(report, rows_total=sum(row["rows"] for row in totals))
        columns, headings = _laid_out(report, history)
        writer = WRITERS[report.format](path, headings, report.separator)
        writer.summary(history.known_as(), summary.lines(report, history, totals))
        for values in _batches(report, history, columns):
            writer.columns(values)
        writer.close()
        return _Written(_file_name(report, scope, history), history.breaks())


def _laid_out(report: Report, history: History) -> tuple[list[Column], list[Heading]]:
    """Return the report's columns in their order, and their headings: those that somebody gave are left as they are."""
    by_name = {column.name: column for column in history.columns}
    chosen = report.columns or [[name, ""] for name in by_name]
    if any(name not in by_name for name, _given in chosen):
        raise BadQuery
    columns = [by_name[name] for name, _given in chosen]
    usual = [
        f"{column.label} ({history.scope.zone_name})" if column.sheet_kind == "datetime" else str(column.label)
        for column in columns
    ]
    headings = [given or label for (_name, given), label in zip(chosen, usual, strict=True)]
    return columns, [Heading(words, column.sheet_kind) for words, column in zip(headings, columns, strict=True)]


def _write_receipts(report: Report, history: History, path: Path) -> None:
    found = bundles.numbers(history)
    REPORTS.note(report, rows_total=len(found))
    write = bundles.write_zip if report.format == Report.Format.ZIP else bundles.write
    write(history, found, path, with_fee=report.with_fee, note=lambda done: REPORTS.note(report, rows_done=done))


def _batches(report: Report, history: History, columns: Sequence[Column]) -> Iterator[list[Sequence[Any]]]:
    """Yield the columns' values some rows at a time, telling how far it is, until somebody stops it."""
    done = noted = 0
    as_text = report.format == Report.Format.CSV
    for batch in history.batches(min(AT_A_TIME, PROGRESS_EVERY), columns, times_as_text=as_text):
        yield [column.values(batch) for column in columns]
        done += len(batch["id"])
        if done - noted >= PROGRESS_EVERY:
            REPORTS.note(report, rows_done=done)
            noted = done
    REPORTS.note(report, rows_done=done)


def _publish(report: Report, scope: Scope, path: Path, written: _Written) -> None:
    """Store the finished file and say that it is ready, unless somebody stopped the report meanwhile."""
    size = path.stat().st_size
    with leftovers.stored(REPORTS, report, path, "reports"):
        room.hold(scope, size)
        REPORTS.finish(
            report,
            Status.READY,
            size=size,
            expires_at=Now() + timedelta(days=settings.REPORT_DAYS_KEPT),
            file_name=written.file_name,
            breaks=written.breaks,
        )
        events.record(scope, "report.made", report, history=report.history, file=written.file_name)


def _file_name(report: Report, scope: Scope, history: History) -> str:
    """Return e.g. Kopi-Kita_Money-Transfer_2026-11-01_2026-11-30_WIB_R000123.xls; Test Mode's begin with TEST_."""
    first, last = history.date_range()
    if first is None or last is None:
        field = history.date_filter.field(history.cleaned) if history.date_filter else "created_at"
        found = history.rows().order_by().aggregate(first=Min(field), last=Max(field))
        first, last = first or _day(found["first"], history), last or _day(found["last"], history)
    kind = ["Receipts"] if report.is_receipts else []
    words = [scope.business.name, *kind, history.file_title, f"{first}", f"{last}", scope.zone_name, report.reference]
    plain = (re.sub(r"[^\w-]+", "-", word).strip("-") for word in words)
    name = "_".join(word for word in plain if word)
    return f"{'TEST_' if scope.is_test else ''}{name}.{report.format}"


def _day(at: Any, history: History) -> date:
    return timezone.localtime(at).date() if at else history.today
