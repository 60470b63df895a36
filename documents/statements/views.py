"""Document → Statements: asked for, watched, cancelled, downloaded."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Permission, refuse, requires
from documents import downloads
from documents.models import Statement
from documents.reports.writers import CONTENT_TYPES as OF_REPORTS
from documents.statements import services
from documents.statements.wanted import StatementForm
from flipdash import numbered, room
from flipdash.gate import polled
from flipdash.http import Request, require_form

CONTENT_TYPES = {**OF_REPORTS, "sta": "text/plain; charset=us-ascii", "xml": "application/xml; charset=utf-8"}


@require_form
@requires(Permission.DOWNLOAD_REPORTS)
def statements(request: Request) -> HttpResponse:
    """List the statements of the business, newest first; POST asks for one."""
    form = StatementForm(request.POST if request.method == "POST" else None, scope=request.scope)
    if form.is_bound and form.is_valid() and form.days:
        first, last = form.days
        wanted = {name: form.cleaned_data[name] for name in ("format", "separator")}
        try:
            asked = services.request_statement(request.scope, first=first, last=last, **wanted)
        except services.TooManyWaiting:
            words = _("No statement was made: too many are being made already. Wait until one is ready, or cancel one.")
            messages.error(request, words)
        except room.TooMuchStored as problem:
            messages.error(request, problem.in_words)
        else:
            messages.success(request, _("Statement %s is being made. It appears below.") % asked.reference)
        return redirect("documents:statements")
    context = {"form": form, "crumbs": [{"label": _("Document")}], **_listed(request)}
    return render(request, "documents/statements.html", context, status=422 if form.is_bound else 200)


@polled
@never_cache
@require_safe
@requires(Permission.DOWNLOAD_REPORTS)
def statements_list(request: Request) -> HttpResponse:
    """Answer the list alone, for htmx to refresh while something is being made."""
    return render(request, "documents/statement_list.html", _listed(request))


def _listed(request: Request) -> dict[str, Any]:
    rows = Statement.objects.visible_to(request.scope).select_related("member__user")
    page = numbered.page_of(request, rows)
    shown = [(row, row.is_unfinished and row.may_be_cancelled_by(request.scope)) for row in page["rows"]]
    before = request.GET.get("before", "")
    is_busy = any(row.is_unfinished for row in page["rows"])
    newest_url = reverse("documents:statements") if before else ""  # also where the list alone is asked for
    return {**page, "newest_url": newest_url, "shown": shown, "before": before, "is_busy": is_busy}


@never_cache
@require_safe
@requires(Permission.DOWNLOAD_REPORTS)
def statement_file(request: Request, statement_number: int) -> HttpResponseBase:
    """Send a finished file as it was made. Scope, permission and expiry are asked again (trust.md E2)."""
    statement = get_object_or_404(Statement.objects.visible_to(request.scope), number=statement_number)
    answer = downloads.answer(statement, CONTENT_TYPES[statement.format])
    if request.method == "GET":
        services.note_download(request.scope, statement)
    return answer


@require_POST
@requires(Permission.DOWNLOAD_REPORTS)
def statement_cancellation(request: Request, statement_number: int) -> HttpResponse:
    """Stop a statement that is being made: one's own; whoever manages people may stop all. What is finished stays."""
    statement = get_object_or_404(Statement.objects.visible_to(request.scope), number=statement_number)
    if not statement.may_be_cancelled_by(request.scope):
        return refuse(request, Permission.MANAGE_MEMBERS)
    if services.cancel(statement, by=request.scope):
        messages.success(request, _("Statement %s was cancelled.") % statement.reference)
    else:
        messages.info(request, _("Statement %s was already finished.") % statement.reference)
    return redirect("documents:statements")
