"""Document → Invoices: found by month or number, opened into what is behind the total, downloaded as issued."""

import io
import re
import zipfile
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import rights
from accounts.permissions import Permission, requires
from deposits.ledger import sources
from documents.invoices import finding, papers, products
from documents.invoices import paper as paper_
from documents.invoices.forms import PaperForm, ReadersForm
from documents.models import Invoice, InvoicePaper
from flipdash import db, events
from flipdash.http import Request, require_form
from flipdash.uploads import was_cut_off

ZIP_MOST = 36
"""Invoices in one .zip: three years, of some dozens of kilobytes each."""
BEHIND = 50
"""Transactions on a page behind an invoice."""
PLACE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}\+00:00)\.([1-9][0-9]{0,17})\.([0-9]{1,19})", re.ASCII)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@requires(Permission.DOWNLOAD_REPORTS)
def invoices(request: Request) -> HttpResponse:
    """List the invoices of a period, newest first."""
    form = finding.PeriodForm(request.GET, business=request.scope.business)
    page = finding.page(finding.found(request.scope, form), request.GET.get("after", ""))
    if page is None:
        raise Http404
    asked = finding.asked_in(request.GET)
    manages = request.scope.can(Permission.MANAGE_ACCOUNT)
    context = {
        "form": form,
        "rows": page.rows,
        "is_filtered": bool(asked),
        "older_url": f"?{urlencode({**asked, 'after': page.older})}" if page.older else "",
        "newest_url": f"?{urlencode(asked)}" if request.GET.get("after") else "",
        "zip_url": f"{reverse('documents:invoices-zip')}?{urlencode(asked)}",
        "can_zip": sum(row.is_issued for row in page.rows) > 1,
        "readers_form": ReadersForm(scope=request.scope) if manages else None,
        "crumbs": [{"label": _("Document")}],
    }
    return render(request, "documents/invoices.html", context)


@never_cache
@require_safe
@requires(Permission.DOWNLOAD_REPORTS)
def invoices_zip(request: Request) -> HttpResponseBase:
    """Send the invoices of a period in one file, newest first; each is the file that was issued."""
    form = finding.PeriodForm(request.GET, business=request.scope.business)
    rows = list(finding.found(request.scope, form).filter(status=Invoice.Status.ISSUED)[: ZIP_MOST + 1])
    if not rows or len(rows) > ZIP_MOST:
        words = _("No file was made: there is no issued invoice in this period.")
        if rows:
            words = _("No file was made: it would hold more than %(most)d invoices. Choose a shorter period.")
        messages.error(request, words % {"most": ZIP_MOST} if rows else words)
        return redirect(f"{reverse('documents:invoices')}?{urlencode(finding.asked_in(request.GET))}")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:  # a PDF is compressed already
        for row in rows:
            with archive.open(row.file_name, "w") as part, _opened(row.stored_as) as content:
                part.write(content.read())
            _note_download(request, row)
    packed.seek(0)
    first, last = rows[-1].period, rows[0].period
    name = f"Invoices_{first:%Y-%m}_{last:%Y-%m}.zip"
    return _sent(packed, f"TEST_{name}" if request.scope.is_test else name, "application/zip")


@require_form
@requires(Permission.DOWNLOAD_REPORTS)
def invoice(request: Request, pk: int) -> HttpResponse:
    """Show an invoice with the transactions behind its total; who manages the account keeps a Bukti Potong by POST."""
    shown = _invoice_or_404(request, pk)
    manages = request.scope.can(Permission.MANAGE_ACCOUNT)
    if request.method != "POST":
        return _page(request, shown, PaperForm(scope=request.scope) if manages else None)
    rights.check(request.scope, Permission.MANAGE_ACCOUNT)
    if not shown.is_issued:
        raise Http404
    form = PaperForm(request.POST, request.FILES, scope=request.scope)
    if was_cut_off(request):
        form.errors.clear()
        form.add_error("file", _("The file is larger than %d MB.") % (papers.MOST_BYTES >> 20))
    elif form.is_valid():
        given = form.cleaned_data
        content = given["file"].read(papers.MOST_BYTES + 1)
        try:
            papers.attach_ours(request.scope, shown, number=given["number"], dated=given["dated"], content=content)
        except papers.BadPaper as problem:
            form.add_error("file", str(problem))
    if form.errors:
        return _page(request, shown, form)
    messages.success(request, _("The Bukti Potong stands beside the invoice."))
    return redirect("documents:invoice", shown.pk)


@never_cache
@require_safe
@requires(Permission.DOWNLOAD_REPORTS)
def invoice_file(request: Request, pk: int) -> HttpResponseBase:
    """Send the invoice as it was issued, byte for byte."""
    shown = _issued_or_404(request, pk)
    content = _opened(shown.stored_as)
    if request.method == "GET":
        _note_download(request, shown)
    return _sent(content, _named(request, shown.file_name), "application/pdf")


@never_cache
@require_safe
@requires(Permission.DOWNLOAD_REPORTS)
def invoice_sheet(request: Request, pk: int) -> HttpResponseBase:
    """Send the transactions behind an invoice's total."""
    shown = _issued_or_404(request, pk)
    return _sent(_opened(shown.sheet_stored_as), _named(request, shown.sheet_name), XLSX)


@never_cache
@require_safe
@requires(Permission.DOWNLOAD_REPORTS)
def invoice_paper(request: Request, pk: int, paper: int) -> HttpResponseBase:
    """Send what stands beside an invoice."""
    rows = InvoicePaper.objects.visible_to(request.scope).select_related("invoice")
    shown = get_object_or_404(rows, pk=paper, invoice_id=pk)
    return _sent(_opened(shown.stored_as), shown.file_name, "application/pdf")


@require_POST
@requires(Permission.MANAGE_ACCOUNT)
def invoice_readers(request: Request) -> HttpResponse:
    """Choose who is mailed of new invoices."""
    form = ReadersForm(request.POST, scope=request.scope)
    if form.is_valid():
        papers.set_readers(request.scope, {int(pk) for pk in form.cleaned_data["members"]})
        messages.success(request, _("It is noted who is mailed of new invoices."))
    else:
        messages.error(request, _("Nothing was changed: only who may download reports can be mailed of invoices."))
    return redirect("documents:invoices")


# --- Parts -------------------------------------------------------------------------------------------------------


def _invoice_or_404(request: Request, pk: int) -> Invoice:
    rows = Invoice.objects.visible_to(request.scope).select_related("business", "corrects")
    return get_object_or_404(rows, pk=pk)


def _issued_or_404(request: Request, pk: int) -> Invoice:
    return get_object_or_404(Invoice.objects.visible_to(request.scope).issued(), pk=pk)


def _opened(name: str) -> Any:
    try:
        return default_storage.open(name)
    except FileNotFoundError as error:
        raise Http404 from error


def _named(request: Request, name: str) -> str:
    return name if name.startswith("TEST") or not request.scope.is_test else f"TEST_{name}"


def _sent(content: Any, name: str, kind: str) -> FileResponse:
    response = FileResponse(content, as_attachment=True, filename=name, content_type=kind)
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _note_download(request: Request, row: Invoice) -> None:
    events.record(request.scope, "invoice.downloaded", row, number=row.number)


def _page(request: Request, shown: Invoice, form: PaperForm | None) -> HttpResponse:
    lines = [paper_.line_in_words(line) for line in shown.lines.order_by("place")]
    rows = InvoicePaper.objects.visible_to(request.scope).filter(invoice_id=shown.pk).order_by("-id")
    behind, more = _behind(request, shown) if shown.number else ([], "")
    context = {
        "invoice": shown,
        "month": paper_.month_in_words(shown.period),
        "period": paper_.period_in_words(shown.period),
        "lines": lines,
        "papers": rows,
        "form": form,
        "behind": behind,
        "older_url": f"?after={more}#behind" if more else "",
        "newest_url": "?#behind" if request.GET.get("after") else "",
        "corrected_by": Invoice.objects.visible_to(request.scope).filter(corrects_id=shown.pk).first(),
        "crumbs": [{"label": _("Document")}, {"label": _("Invoices"), "url": reverse("documents:invoices")}],
    }
    return render(request, "documents/invoice.html", context)


def _behind(request: Request, shown: Invoice) -> tuple[list[dict[str, Any]], str]:
    """Return a page of the single fees behind a total, and where the next begins; raises Http404 for a wrong place."""
    after, place = None, request.GET.get("after", "")
    if place:
        begins = PLACE.fullmatch(place.replace(" ", "+"))
        try:
            after = (datetime.fromisoformat(begins[1]), int(begins[2]), int(begins[3])) if begins else None
        except ValueError:
            after = None
        if after is None:
            raise Http404
    with db.time_limit(5_000):
        fees = paper_.time_of(shown).behind(after=after, most=BEHIND + 1)
    page = [
        {
            "fee": fee,
            "product": products.label_of(fee.product),
            "url": sources.url_of(request.scope, fee.source_type, fee.source_id),
            "month": paper_.month_in_words(fee.given_back_of) if fee.given_back_of else "",
        }
        for fee in fees[:BEHIND]
    ]
    last = fees[BEHIND - 1] if len(fees) > BEHIND else None
    return page, quote(f"{last.at.isoformat()}.{last.entry}.{last.source_id}") if last else ""
