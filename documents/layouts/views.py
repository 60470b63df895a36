"""Report templates: columns of a report that somebody chose, named and keeps."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import rights
from accounts.permissions import Permission, requires
from documents.layouts import services, starts
from documents.layouts.forms import TemplateForm
from documents.models import ReportTemplate
from documents.models.templates import Chosen
from flipdash import histories
from flipdash.histories import History
from flipdash.http import Request, require_form


@require_safe
@requires(Permission.DOWNLOAD_REPORTS)
def templates(request: Request) -> HttpResponse:
    """List the templates of the business that the person may use, by history and name."""
    rows = list(ReportTemplate.objects.visible_to(request.scope).order_by("history", "name", "id"))
    shown = [row for row in rows if row.kind and request.scope.can(row.kind.permission)]
    return render(request, "documents/templates.html", {"rows": shown, "crumbs": _crumbs()[:-1]})


@require_form
@requires(Permission.DOWNLOAD_REPORTS)
def template_new(request: Request) -> HttpResponse:
    """Choose the columns of a history's reports and keep them under a name."""
    params = request.POST if request.method == "POST" else request.GET
    kind, query = _kind(request, str(params.get("history", ""))), str(params.get("query", ""))
    if request.method != "POST":
        return _page(request, kind, TemplateForm(kind, columns=_start(request, kind)), query=query)
    form = TemplateForm(kind, request.POST)
    if form.is_valid():
        try:
            kept = services.keep(request.scope, kind, name=form.cleaned_data["name"], columns=form.as_chosen())
        except services.NameTaken:
            _say_taken(form)
        except services.TooMany:
            form.add_error(None, _("The business keeps %d templates already. Delete one first.") % services.MOST)
        else:
            messages.success(request, _("The template is kept: choose it below, today and from now on."))
            chosen = {"history": kind.name, "query": query, "template": str(kept.pk)}
            return redirect(f"{reverse('documents:report-new')}?{urlencode(chosen)}")
    return _page(request, kind, form, query=query)


@require_form
@requires(Permission.DOWNLOAD_REPORTS)
def template(request: Request, template: int) -> HttpResponse:
    """Change a template."""
    kept, kind = _kept(request, template)
    if request.method != "POST":
        form = TemplateForm(kind, columns=kept.columns, initial={"name": kept.name})
        return _page(request, kind, form, kept=kept)
    form = TemplateForm(kind, request.POST)
    if form.is_valid():
        try:
            services.change(request.scope, kept, name=form.cleaned_data["name"], columns=form.as_chosen())
        except services.NameTaken:
            _say_taken(form)
        except ReportTemplate.DoesNotExist as error:
            raise Http404 from error
        else:
            messages.success(request, _("The template is changed."))
            return redirect("documents:templates")
    return _page(request, kind, form, kept=kept)


@require_form
@requires(Permission.DOWNLOAD_REPORTS)
def template_deletion(request: Request, template: int) -> HttpResponse:
    """Ask whether a template is to be deleted; POST deletes it."""
    kept, _known = _kept(request, template)
    if request.method == "POST":
        try:
            services.delete(request.scope, kept)
        except ReportTemplate.DoesNotExist as error:
            raise Http404 from error
        messages.success(request, _("The template is deleted. Reports that were made with it stay."))
        return redirect("documents:templates")
    used = list(services.used_by(request.scope, kept))
    return render(request, "documents/template_deletion.html", {"template": kept, "used": used, "crumbs": _crumbs()})


def _start(request: Request, kind: type[History]) -> Chosen:
    """Return what the form begins with: columns for accounting software, or all of them."""
    begun = starts.journal(kind) if request.GET.get("start") == "journal" else []
    return begun or [[column.name, ""] for column in kind.columns]


def _page(
    request: Request, kind: type[History], form: TemplateForm, *, query: str = "", kept: ReportTemplate | None = None
) -> HttpResponse:
    asked = {"history": kind.name, "query": query}
    new_url = reverse("documents:template-new")
    is_journal = request.GET.get("start") == "journal"
    context: dict[str, Any] = {
        "form": form,
        "template": kept,
        "known_as": kind.known_as(),
        "asked": asked,
        "journal_url": "" if kept or not starts.journal(kind) or is_journal else _url(new_url, asked, "journal"),
        "all_url": _url(new_url, asked) if is_journal and not kept else "",
        "back_url": reverse("documents:templates") if kept else f"{reverse('documents:report-new')}?{urlencode(asked)}",
        "crumbs": _crumbs(),
    }
    return render(request, "documents/template_form.html", context)


def _url(address: str, asked: dict[str, str], start: str = "") -> str:
    return f"{address}?{urlencode(asked | ({'start': start} if start else {}))}"


def _kind(request: Request, name: str) -> type[History]:
    """Return a history that the person may see; raises Http404, NotAllowed."""
    if name not in histories.names():
        raise Http404
    kind = histories.get(name)
    rights.check(request.scope, Permission(kind.permission))
    return kind


def _kept(request: Request, pk: int) -> tuple[ReportTemplate, type[History]]:
    kept = get_object_or_404(ReportTemplate.objects.visible_to(request.scope), pk=pk)
    return kept, _kind(request, kept.history)


def _say_taken(form: TemplateForm) -> None:
    form.add_error("name", _("There is already a template of this name. Choose another name."))


def _crumbs() -> list[dict[str, Any]]:
    return [{"label": _("Document")}, {"label": _("Report templates"), "url": reverse("documents:templates")}]
