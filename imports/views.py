"""Settings → Import history: uploaded, watched, looked at, confirmed."""

from typing import Any

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Permission, requires
from flipdash import numbered, room
from flipdash.gate import polled
from flipdash.http import Request, require_form
from flipdash.tables import CsvFile, Unreadable, kinds
from flipdash.uploads import was_cut_off
from imports import columns, services, undo
from imports.forms import ColumnsForm, UploadForm, too_large
from imports.models import ImportJob

CRUMBS = ({"label": gettext_lazy("Settings")},)


@require_form
@requires(Permission.MANAGE_ACCOUNT)
def jobs(request: Request) -> HttpResponse:
    """Show the upload form and the imports so far, newest first; POST uploads."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        if was_cut_off(request):
            form.add_error("file", too_large())
        elif form.is_valid() and (made := _upload(request, form)):
            return redirect("imports:job", made.number)
    rows = ImportJob.objects.visible_to(request.scope).select_related("member__user")
    context = numbered.page_of(request, rows) | {"form": form, "kinds": list(kinds().values()), "crumbs": CRUMBS}
    return render(request, "imports/jobs.html", context)


def _upload(request: Request, form: UploadForm) -> ImportJob | None:
    """Keep the upload, or say beside the field why it is no table."""
    values = form.cleaned_data
    try:
        return services.request_import(request.scope, kind=values["kind"], upload=values["file"])
    except Unreadable as problem:
        form.add_error("file", _("This file can’t be imported: %(reason)s.") % {"reason": problem.fault.reason})
    except services.TooManyWaiting:
        words = _("Your business has %d unfinished imports. Confirm or cancel one of them first.")
        form.add_error(None, words % services.MOST_WAITING)
    except room.TooMuchStored as problem:
        form.add_error("file", problem.in_words)
    return None


@require_safe
@requires(Permission.MANAGE_ACCOUNT)
def template(request: Request) -> HttpResponse:
    """Send a .csv with nothing but the header that a kind of history wants."""
    declared = kinds().get(request.GET.get("kind", ""))
    if declared is None:
        raise Http404
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{declared.name}.csv"',
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )
    CsvFile(response, declared.names())
    return response


@never_cache
@require_safe
@requires(Permission.MANAGE_ACCOUNT)
def job(request: Request, import_number: int) -> HttpResponse:
    """Show one import: how far it is, what would be imported, what came of it."""
    crumbs = [*CRUMBS, {"label": _("Import history"), "url": reverse("imports:jobs")}]
    return render(request, "imports/job.html", _context(_job(request, import_number)) | {"crumbs": crumbs})


@polled
@never_cache
@require_safe
@requires(Permission.MANAGE_ACCOUNT)
def job_status(request: Request, import_number: int) -> HttpResponse:
    """Answer the part of an import’s page that changes, for htmx to refresh while a worker has it."""
    return render(request, "imports/job_status.html", _context(_job(request, import_number)))


@never_cache
@require_form
@requires(Permission.MANAGE_ACCOUNT)
def job_columns(request: Request, import_number: int) -> HttpResponse:
    """Ask which column of the file is which; POST has it checked again so."""
    found = _job(request, import_number)
    if not found.takes_columns:
        messages.info(request, _("Import %s doesn’t wait for its columns any more.") % found.reference)
        return redirect("imports:job", found.number)
    form = _columns_form(found, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        values = form.cleaned_data
        chosen = {"seen": values["seen"], "columns": form.columns(), "order": values.get("order", "")}
        if not columns.choose(found, by=request.scope, **chosen):
            messages.error(request, _("Nothing was changed: this import has changed. Look at it again."))
        return redirect("imports:job", found.number)
    crumbs = [
        *CRUMBS,
        {"label": _("Import history"), "url": reverse("imports:jobs")},
        {"label": found.reference, "url": reverse("imports:job", args=[found.number])},
    ]
    return render(request, "imports/job_columns.html", {"job": found, "columns_form": form, "crumbs": crumbs})


def _columns_form(job: ImportJob, data: Any = None) -> ColumnsForm:
    return ColumnsForm(kinds()[job.kind], job.preview["header"], data)


def _context(job: ImportJob) -> dict[str, Any]:
    """Return what the changing part of an import’s page shows."""
    form = _columns_form(job) if job.takes_columns and job.status == ImportJob.Status.COLUMNS else None
    return {"job": job, "columns_form": form, "undo": undo.last_of(job), "undo_until": undo.until(job)}


@require_POST
@requires(Permission.MANAGE_ACCOUNT)
def job_confirmation(request: Request, import_number: int) -> HttpResponse:
    """Import what was looked at: as many records as the page said, with or without the wrong ones beside them."""
    found = _job(request, import_number)
    seen = request.POST.get("seen", "")
    try:
        is_confirmed = services.confirm(
            found,
            by=request.scope,
            seen=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else -1,
            skip_bad=bool(request.POST.get("skip_bad")),
        )
    except services.FoundFaults:
        messages.error(request, _("Nothing was imported: tick that the wrong rows are left out, or correct the file."))
    else:
        if not is_confirmed:
            messages.error(request, _("Nothing was imported: this import has changed. Look at it again."))
    return redirect("imports:job", found.number)


@require_POST
@requires(Permission.MANAGE_ACCOUNT)
def job_cancellation(request: Request, import_number: int) -> HttpResponse:
    """Stop an import that isn’t finished; what is stored stays."""
    found = _job(request, import_number)
    if services.cancel(found, by=request.scope):
        messages.success(request, _("Import %s was cancelled. Nothing was imported.") % found.reference)
    else:
        messages.info(request, _("Import %s can’t be cancelled any more.") % found.reference)
    return redirect("imports:job", found.number)


@never_cache
@require_form
@requires(Permission.MANAGE_ACCOUNT)
def job_undo(request: Request, import_number: int) -> HttpResponse:
    """Show what would go if an import were taken back; POST takes it back."""
    found = _job(request, import_number)
    if request.method == "POST":
        seen = request.POST.get("seen", "")
        is_number = seen.isascii() and seen.isdigit() and len(seen) < 10
        if not undo.request(found, by=request.scope, seen=int(seen) if is_number else -1):
            messages.error(request, _("Import %s can’t be taken back any more.") % found.reference)
        return redirect("imports:job", found.number)
    if (until := undo.until(found)) is None:
        messages.info(request, _("Import %s can’t be taken back any more.") % found.reference)
        return redirect("imports:job", found.number)
    crumbs = [
        *CRUMBS,
        {"label": _("Import history"), "url": reverse("imports:jobs")},
        {"label": found.reference, "url": reverse("imports:job", args=[found.number])},
    ]
    context = {"job": found, "until": until, "total": undo.total_of(found), "crumbs": crumbs}
    return render(request, "imports/job_undo.html", context)


@never_cache
@require_safe
@requires(Permission.MANAGE_ACCOUNT)
def job_faults(request: Request, import_number: int) -> FileResponse:
    """Send the list of all faults."""
    found = _job(request, import_number)
    if not found.faults_as:
        raise Http404
    try:
        content = default_storage.open(found.faults_as)
    except FileNotFoundError as error:  # thrown away a moment ago
        raise Http404 from error
    response = FileResponse(
        content,
        as_attachment=True,
        filename=f"{found.reference}_faults.csv",
        content_type="text/csv; charset=utf-8",
    )
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _job(request: Request, number: int) -> ImportJob:
    rows = ImportJob.objects.visible_to(request.scope).select_related("member__user", "confirmed_by__user")
    return get_object_or_404(rows, number=number)
