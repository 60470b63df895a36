"""Statements of the deposit: asked for, made by a worker under a lease, cancelled, thrown away when they are old.

As reports are (documents/reports/services.py), but for what is written: a period between two balances that follow from
one another (deposits/ledger/statement.py), or nothing.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from hashlib import file_digest
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy

from accounts import rights
from accounts.permissions import Permission
from deposits.ledger.statement import DoesNotFollow, Movement, Period
from documents.models import Statement
from documents.reports import leftovers
from documents.reports.services import MOST_WAITING, MOST_WAITING_OF_BUSINESS, TooManyWaiting
from documents.statements import camt, mt940, paper, sheet
from documents.statements.content import Content
from flipdash import clock, db, events, rls, room
from flipdash.leases import Stopped, Worker
from flipdash.numbers import next_number
from flipdash.scope import Scope

Status = Statement.Status
Format = Statement.Format
USING = "operator"
NEEDED = (Permission.DOWNLOAD_REPORTS, Permission.VIEW_HISTORY)
"""What Deposit History’s report needs."""
MOST = 1_000_000
"""Entries of any file."""
MOST_DAYS = 366
WRITERS: dict[str, Callable[[Content, Path], None]] = {
    Format.PDF: paper.write,
    Format.XLSX: sheet.write,
    Format.CSV: sheet.write,
    Format.MT940: mt940.write,
    Format.CAMT: camt.write,
}

STATEMENTS = Worker(
    "deposit statements",
    Statement,
    words=gettext_lazy("Statements"),
    queue="reports",
    per="business",
    most_failed=5,
    problems={
        rights.NotAllowed: "not allowed",
        DoesNotFollow: "does not follow",
        paper.TooMany: "too many",
        mt940.TooLarge: "too large",
        room.TooMuchStored: "no room",
    },
    related=("business", "member__user", "member__business"),
    using=USING,
)


def most_in(format: str) -> int:
    """Return how many entries a file of a format holds."""
    return paper.MOST if format == Format.PDF else MOST


def period_of(scope: Scope, first: date, last: date) -> Period:
    """Return the deposit from the beginning of a day to the end of another, in the business's zone."""
    return Period(scope, _midnight(first, scope.zone), _midnight(last + timedelta(days=1), scope.zone))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)


@transaction.atomic
def request_statement(scope: Scope, *, first: date, last: date, format: str, separator: str) -> Statement:
    """Ask for a statement; asking twice gives the one that is being made. Raises rights.NotAllowed, TooManyWaiting,
    room.TooMuchStored.
    """
    rights.check(scope, *NEEDED)
    number = next_number(scope, Statement)
    wanted = {"first": first, "last": last, "zone": scope.business.time_zone, "format": format, "separator": separator}
    mine = Statement.objects.visible_to(scope).filter(member_id=scope.member.pk, **wanted)
    if waiting := mine.unfinished().first():
        return waiting
    waiting_in_all = Statement.objects.visible_to(scope).unfinished()
    of_person = waiting_in_all.filter(member_id=scope.member.pk).count()
    if of_person >= MOST_WAITING or waiting_in_all.count() >= MOST_WAITING_OF_BUSINESS:
        raise TooManyWaiting
    room.check(scope)
    period = period_of(scope, first, last)
    statement = Statement.objects.create(
        business_id=scope.business.pk,
        mode=scope.mode,
        number=number,
        member_id=scope.member.pk,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        **wanted,
    )
    events.record(scope, "statement.requested", statement, **_facts(statement))
    transaction.on_commit(STATEMENTS.wake)
    return statement


def cancel(statement: Statement, *, by: Scope) -> bool:
    """Stop a statement that isn't finished and tell it; returns whether it was still to be stopped."""
    with transaction.atomic():
        unfinished = Statement.objects.visible_to(by).unfinished().filter(pk=statement.pk)
        stopped = unfinished.update(status=Status.CANCELLED, lease_until=None, finished_at=Now())
        if stopped:
            events.record(by, "statement.cancelled", statement, **_facts(statement))
    return bool(stopped)


def note_download(scope: Scope, statement: Statement) -> None:
    """Tell that a finished file left."""
    events.record(scope, "statement.downloaded", statement, file=statement.file_name)


@STATEMENTS.tidies
def tidy() -> None:
    """End what is older than files are kept, and throw away what belongs to nobody any more."""
    Statement.objects.using(USING).out_of_date().update(status=Status.EXPIRED)
    leftovers.throw_away_folders(Statement)
    leftovers.throw_away_files(Statement)


def _facts(statement: Statement) -> dict[str, Any]:
    return {
        "first": statement.first.isoformat(),
        "last": statement.last.isoformat(),
        "format": str(Format(statement.format).label),
    }


# --- The work -------------------------------------------------------------------------------------------------


@STATEMENTS.runs
def _make(statement: Statement) -> None:
    STATEMENTS.note(statement, rows_done=0, rows_total=None)  # of the attempt before
    leftovers.throw_away_folders(Statement)
    scope = _scope_now(statement)
    with (
        leftovers.workplace(statement) as folder,
        translation.override(statement.member.user.language),
        rls.inside(scope),
        timezone.override(ZoneInfo(statement.zone)),
    ):
        room.check(scope)  # again: others that waited with it have been made meanwhile
        path = folder / f"statement.{statement.format}.part"
        period = _write(statement, scope, path)
        _publish(statement, _scope_now(statement), path, period)


def _scope_now(statement: Statement) -> Scope:
    """Return what whoever asked for it may see at this moment; raises NotAllowed (trust.md R4)."""
    return rights.scope_now(statement.member_id, statement.mode, "statement", *NEEDED)


def _write(statement: Statement, scope: Scope, path: Path) -> Period:
    """Write the file from one snapshot of the database; returns what it is of, whose sums are known then."""
    with db.snapshot() as using:
        period = Period(scope, statement.starts_at, statement.ends_at, using)
        if period.count > most_in(statement.format):
            raise paper.TooMany
        STATEMENTS.note(statement, rows_total=period.count)
        content = Content(statement, period, clock.now(using), _told(statement, period))
        WRITERS[statement.format](content, path)
        period.closing  # noqa: B018  (asked here, while there is a connection)
    return period


def _told(statement: Statement, period: Period) -> Iterator[list[Movement]]:
    """Yield the entries, telling how far it is, until somebody stops it."""
    done = 0
    for some in period.movements():
        yield some
        done += len(some)
        STATEMENTS.note(statement, rows_done=done)


def _publish(statement: Statement, scope: Scope, path: Path, period: Period) -> None:
    """Store the finished file and say that it is ready, unless somebody stopped it meanwhile."""
    with path.open("rb") as whole:
        digest, size = file_digest(whole, "sha256").hexdigest(), path.stat().st_size
    with leftovers.stored(STATEMENTS, statement, path, "deposit-statements"):
        room.hold(scope, size)
        _finish(
            statement,
            file_name=_file_name(statement, scope),
            size=size,
            sha256=digest,
            opening=period.opening,
            closing=period.closing,
            expires_at=Now() + timedelta(days=settings.REPORT_DAYS_KEPT),
        )
        events.record(scope, "statement.made", statement, **_facts(statement))


def _finish(statement: Statement, **values: object) -> None:
    """Say that it is ready, in the transaction that tells it; raises Stopped when it isn't ours any more."""
    mine = Statement.objects.filter(pk=statement.pk, status=statement.status, attempt=statement.attempt)
    if not mine.update(status=Status.READY, lease_until=None, finished_at=Now(), **values):
        raise Stopped


def _file_name(statement: Statement, scope: Scope) -> str:
    """Return Kopi-Kita_Deposit-Statement_2026-11-01_2026-11-30_WIB_S000123.pdf; Test Mode's begin with TEST_."""
    business = re.sub(r"[^\w-]+", "-", scope.business.name).strip("-")
    zone = type(scope.business).TimeZone(statement.zone).label  # type: ignore[attr-defined]  # accounts' own Business
    days = f"{statement.first}_{statement.last}"
    words = filter(None, [business, "Deposit-Statement", days, str(zone), statement.reference])
    return f"{'TEST_' if scope.is_test else ''}{'_'.join(words)}.{statement.format}"
