"""The kinds of file that reports, statements, receipts and invoices are."""

import re
from datetime import datetime
from functools import partial

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from documents import downloads
from documents.files.kinds import Asked, Item, Kind, register
from documents.invoices import paper
from documents.models import Invoice, ReceiptFile, Report, Statement
from documents.reports.services import of_person
from flipdash import clock, histories
from flipdash.histories import DateFilter
from flipdash.scope import Scope

NUMBER = re.compile(r"R0*([1-9][0-9]{0,8})", re.IGNORECASE | re.ASCII)
STATEMENT = re.compile(r"S0*([1-9][0-9]{0,8})", re.IGNORECASE | re.ASCII)
RECEIPTS = Q(format__in=Report.OF_RECEIPTS)
SCHEDULED = Q(schedule_name__gt="")


def _reports(condition: Q, scope: Scope, asked: Asked) -> list[Item]:
    """Return reports of the histories that the person may see."""
    rows = of_person(scope).filter(condition)
    for word in asked.words:
        named = Q(file_name__icontains=word) | Q(schedule_name__icontains=word)
        named |= Q(**{f"asked__{get_language()}__icontains": word})
        number = NUMBER.fullmatch(word)
        rows = rows.filter(named | Q(number=int(number[1])) if number else named)
    now = clock.now()
    return [_report(row, now) for row in asked.of(rows.select_related("member__user"), "created_at")]


def _report(row: Report, now: datetime) -> Item:
    title, has_days = row.title, _has_days(row.history)
    what, _dot, days = title.rpartition(" · ") if has_days and " · " in title else (title, "", "")
    return Item(
        at=row.created_at,
        pk=row.pk,
        title=row.schedule_name or what,
        status=row.status,
        reference=f"{row.reference} · {row.get_format_display()}",
        period=days,
        who=row.member.name,
        size=row.size,
        expires_at=row.expires_at,
        page_url=f"{reverse('documents:reports')}?before={row.number + 1}",
        file_url=reverse("documents:report-file", args=[row.number]) if downloads.is_there(row, now) else "",
    )


def _has_days(history: str) -> bool:
    kind = histories.get(history) if history in histories.names() else None
    return kind is not None and any(isinstance(one, DateFilter) for one in kind.filters)


def _invoices(scope: Scope, asked: Asked) -> list[Item]:
    """Return the invoices that are issued."""
    rows: QuerySet[Invoice] = Invoice.objects.visible_to(scope).issued()
    for word in asked.words:
        rows = rows.filter(number__icontains=word)
    return [
        Item(
            at=row.issued_at,
            pk=row.pk,
            title=str(row.get_kind_display()),
            status=row.status,
            reference=str(row),
            period=paper.month_in_words(row.period),
            size=row.size,
            page_url=reverse("documents:invoice", args=[row.pk]),
            file_url=reverse("documents:invoice-file", args=[row.pk]),
        )
        for row in asked.of(rows, "issued_at")
    ]


def _statements(scope: Scope, asked: Asked) -> list[Item]:
    """Return the statements of the deposit, found by number, format or name of the file."""
    rows: QuerySet[Statement] = Statement.objects.visible_to(scope)
    for word in asked.words:
        named = Q(file_name__icontains=word) | Q(format__iexact=word.lstrip("."))
        number = STATEMENT.fullmatch(word)
        rows = rows.filter(named | Q(number=int(number[1])) if number else named)
    now = clock.now()
    return [
        Item(
            at=row.created_at,
            pk=row.pk,
            title=str(_("Statement")),
            status=row.status,
            reference=f"{row.reference} · {row.get_format_display()}",
            period=row.period,
            who=row.member.name,
            size=row.size,
            expires_at=row.expires_at,
            page_url=f"{reverse('documents:statements')}?before={row.number + 1}",
            file_url=reverse("documents:statement-file", args=[row.number]) if downloads.is_there(row, now) else "",
        )
        for row in asked.of(rows.select_related("member__user"), "created_at")
    ]


def _receipts(scope: Scope, asked: Asked) -> list[Item]:
    """Return the receipts of single transactions, of histories that the person may see."""
    seen = [name for name in histories.names() if scope.can(histories.get(name).permission)]
    rows: QuerySet[ReceiptFile] = ReceiptFile.objects.visible_to(scope).filter(history__in=seen)
    for word in asked.words:
        rows = rows.filter(file_name__icontains=word)
    found = list(asked.of(rows, "created_at"))
    there = {name: _still_there(scope, name, found) for name in {row.history for row in found}}
    return [_receipt(row, is_there=row.row_id in there[row.history]) for row in found]


def _still_there(scope: Scope, name: str, found: list[ReceiptFile]) -> set[int]:
    """Return the ids of a history's transactions that are still there: an import may have been undone since."""
    pks = [row.row_id for row in found if row.history == name]
    return set(histories.get(name).model.objects.visible_to(scope).filter(pk__in=pks).values_list("pk", flat=True))


def _receipt(row: ReceiptFile, *, is_there: bool) -> Item:
    kind = histories.get(row.history)
    asked = urlencode({"language": row.language, **({} if row.with_fee else {"fee": "without"})})
    is_ready = row.status == ReceiptFile.Status.READY
    address = reverse(f"documents:{row.history}-receipt", args=[row.row_id])
    return Item(
        at=row.created_at,
        pk=row.pk,
        title=str(kind.receipt.title if kind.receipt else _("Receipt")),
        status=row.status,
        reference=f"{row.row_id} · .pdf",
        who=row.by_name,
        size=row.size,
        page_url=reverse(kind.row_url_name, args=[row.row_id]) if is_there else "",
        file_url=f"{address}?{asked}" if is_ready and is_there else "",
    )


register(Kind("invoices", _("Invoices"), _invoices))
register(Kind("statements", _("Statements"), _statements))
register(Kind("receipts", _("Receipts"), partial(_reports, RECEIPTS & ~SCHEDULED)))
register(Kind("single", _("Single receipts"), _receipts))
register(Kind("reports", _("Reports"), partial(_reports, ~RECEIPTS & ~SCHEDULED)))
register(Kind("scheduled", _("Scheduled Reports"), partial(_reports, SCHEDULED)))
