"""Document → Reports: asked for, watched, cancelled, downloaded."""

from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Permission, refuse, requires
from documents import downloads
from documents.models import Report, ReportTemplate
from documents.receipts import bundles
from documents.reports import services
from documents.reports.wording import too_many_waiting
from documents.reports.writers import CONTENT_TYPES
from flipdash import histories, numbered, room
from flipdash.gate import polled
from flipdash.http import Request, require_form

MOST_DIGITS = 18
"""Of the id of a row."""


@require_form
@requires(Permission.DOWNLOAD_REPORTS)
def reports(request: Request) -> HttpResponse:
    """List the reports of the business, newest first; POST asks for one."""
    if request.method == "POST":
        return _create(request)
    rows = services.of_person(request.scope).select_related("member__user")
    context = numbered.page_of(request, rows) | {"crumbs": [{"label": _("Document")}]}
    services.mark_seen(request.scope)
    return render(request, "documents/reports.html", context)


def _create(request: Request) -> HttpResponse:
    wanted: dict[str, Any] = {name: request.POST[name] for name in ("format", "separator") if name in request.POST}
    name, query = _history_of(request.POST)
    with_fee = wanted.get("format") not in Report.OF_RECEIPTS or "with_fee" in request.POST
    try:
        template = _template_of(request, request.POST.get("template", ""))
        services.request_report(
            request.scope, history=name, query=query, with_fee=with_fee, template=template, **wanted
        )
    except (ReportTemplate.DoesNotExist, services.BadTemplate):
        words = _("No report was made: its template was deleted, or names a column that no longer exists.")
        messages.error(request, words)
        return redirect(f"{reverse('documents:report-new')}?{urlencode({'history': name, 'query': query})}")
    except services.BadQuery:
        return _refuse_query(request)
    except services.TooManyWaiting:
        messages.error(request, too_many_waiting())
        return redirect("documents:reports")
    except room.TooMuchStored as problem:
        messages.error(request, problem.in_words)
        return redirect("documents:reports")
    except (bundles.TooMany, bundles.NoneThere) as problem:
        messages.error(request, _no_receipts(problem))
        chosen = {
            "history": name,
            "query": query,
            "format": wanted["format"],
            **({} if with_fee else {"fee": "without"}),
        }
        return redirect(f"{reverse('documents:report-new')}?{urlencode(chosen)}")
    except services.BadFormat:
        messages.error(
            request, _("No report was made: choose .xls, .xlsx, .csv, .pdf or .zip, and comma or semicolon.")
        )
        return redirect(f"{reverse('documents:report-new')}?{urlencode({'history': name, 'query': query})}")
    request.session["tray_opens"] = True  # once: on other pages it would cover what they are worked with
    return redirect(histories.get(name)(request.scope, QueryDict(query)).address.url_with())


def _template_of(request: Request, chosen: str) -> ReportTemplate | None:
    """Return the template that a form names; None for all columns. Raises ReportTemplate.DoesNotExist."""
    if not chosen:
        return None
    if not (chosen.isascii() and chosen.isdigit() and len(chosen) <= MOST_DIGITS):
        raise ReportTemplate.DoesNotExist
    template: ReportTemplate = ReportTemplate.objects.visible_to(request.scope).get(pk=int(chosen))
    return template


def _no_receipts(problem: ValueError) -> str:
    if isinstance(problem, bundles.NoneThere):
        return _("No file was made: none of these transactions is successful, so there is no receipt.")
    words = _("No file was made: it would hold more than %(most)d receipts. Filter, so that there are fewer.")
    return words % {"most": bundles.MOST}


def _history_of(params: QueryDict) -> tuple[str, str]:
    """Return the name of the history and the query that a request for a report names."""
    return str(params.get("history", "")), str(params.get("query", ""))


def _refuse_query(request: Request) -> HttpResponse:
    messages.error(request, _("No report was made: the search or a filter isn't valid. Correct it and try again."))
    return redirect("documents:reports")


@require_safe
@requires(Permission.DOWNLOAD_REPORTS)
def report_new(request: Request) -> HttpResponse:
    """Ask for the format of a report: the dialog of a history, as a page for whoever has no scripts."""
    name, query = _history_of(request.GET)
    try:
        history = services.shown_history(request.scope, history=name, query=query)
    except services.BadQuery:
        return _refuse_query(request)
    results = histories.Results(count=history.late_count(), counted=history.counted)
    chosen = request.GET.get("format", "")
    context = {
        "history": history,
        "results": results,
        "crumbs": history.crumbs,
        "chosen_format": chosen if chosen in Report.Format else "",
        "report_templates": [
            (row.pk, row.name)
            for row in ReportTemplate.objects.visible_to(request.scope).filter(history=name).order_by("name", "pk")
        ],
        "chosen_template": request.GET.get("template", ""),
        "hides_fee": request.GET.get("fee") == "without",
    }
    return render(request, "documents/report_new.html", context)


@polled
@never_cache
@require_safe
@requires(Permission.DOWNLOAD_REPORTS)
def report_tray(request: Request) -> HttpResponse:
    """Answer the list of the header’s tray alone, for htmx to refresh while something is being made."""
    return render(request, "documents/report_tray_list.html")


@never_cache
@require_safe
@requires(Permission.DOWNLOAD_REPORTS)
def report_file(request: Request, number: int) -> FileResponse:
    """Send a finished file. Scope, expiry and permission are asked again, that of its history too (trust.md E2)."""
    report = get_object_or_404(services.of_person(request.scope), number=number)
    answer = downloads.answer(report, CONTENT_TYPES[report.format])
    if request.method == "GET":
        services.note_download(request.scope, report)
    return answer


@require_POST
@requires(Permission.DOWNLOAD_REPORTS)
def report_cancellation(request: Request, number: int) -> HttpResponse:
    """Stop a report that is being made: one's own; whoever manages people may stop all. What is finished stays."""
    report = get_object_or_404(services.of_person(request.scope), number=number)
    if not report.may_be_cancelled_by(request.scope):
        return refuse(request, Permission.MANAGE_MEMBERS)
    if services.cancel(report, by=request.scope):
        messages.success(request, _("Report %s was cancelled.") % report.reference)
    else:
        messages.info(request, _("Report %s was already finished.") % report.reference)
    return redirect("documents:reports")
