"""Documents in the back office: reports and statements that were made, invoices, and what the operator adds to those.

Rows are to look at. What is done goes through services.py and papers.py of documents/invoices; each page here only asks
and says what came of it.
"""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import operators
from accounts.models import Business, User
from documents.invoices import paper, papers, services
from documents.models import Invoice, InvoicePaper, Report, Statement
from flipdash import money, rls
from flipdash.backoffice import ReadOnlyAdmin
from flipdash.forms import LineField
from flipdash.leases import Stopped
from flipdash.scope import Scope

PAGE = "backoffice/deposits.html"


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    """Files that people asked for: that they were made, not what is in them."""

    list_display = ("reference", "business", "mode", "history", "format", "status", "problem", "created_at")
    list_filter = ("mode", "status")
    list_select_related = ("business",)
    ordering = ("-id",)


@admin.register(Statement)
class StatementAdmin(ReadOnlyAdmin):
    """Statements of the deposit that people asked for: that they were made, not what is in them."""

    list_display = ("reference", "business", "mode", "period", "format", "status", "problem", "created_at")
    list_filter = ("mode", "status")
    list_select_related = ("business",)
    ordering = ("-id",)


class FakturForm(forms.Form):
    """A Faktur Pajak as Coretax has approved it."""

    number = forms.RegexField(
        label=gettext_lazy("Number (17 digits)"),
        regex=r"^[0-9]{17}\Z",
        error_messages={"invalid": gettext_lazy("A Faktur Pajak number has 17 digits.")},
    )
    dated = forms.DateField(label=gettext_lazy("Date"), widget=forms.DateInput(attrs={"type": "date"}))
    file = forms.FileField(label=gettext_lazy("PDF"))


class StampForm(forms.Form):
    """The paper with its e-meterai."""

    file = forms.FileField(label=gettext_lazy("PDF"))


class CreditForm(forms.Form):
    """Why an invoice is taken back."""

    why = LineField(label=gettext_lazy("Why"), max_length=200)
    reissue = forms.BooleanField(
        label=gettext_lazy("Bill the month once more, with names and tax numbers as they are now"),
        required=False,
        initial=True,
    )


@admin.register(Invoice)
class InvoiceAdmin(ReadOnlyAdmin):
    """The invoices of all businesses; those that wait for a person say why."""

    list_display = ("__str__", "business", "mode", "month", "status", "why_waiting", "sum", "acts")
    list_filter = ("status", "problem", "mode", "kind")
    list_select_related = ("business",)
    search_fields = ("number", "business__name")
    ordering = ("-id",)
    actions = ("try_again",)

    @admin.display(description=gettext_lazy("Period"), ordering="period")
    def month(self, row: Invoice) -> str:
        """The month that it is of."""
        return paper.month_in_words(row.period)

    @admin.display(description=gettext_lazy("Problem"))
    def why_waiting(self, row: Invoice) -> str:
        """Why it waits for a person."""
        return row.problem_in_words if row.problem else ""

    @admin.display(description=gettext_lazy("Amount"), ordering="total")
    def sum(self, row: Invoice) -> str:
        """Its total."""
        return "" if row.total is None else money.rupiah(row.total)

    @admin.display(description="")
    def acts(self, row: Invoice) -> SafeString | str:
        """The pages of what can be done with it."""
        offered = []
        if row.stored_as:
            offered.append(("file", _("Download")))
        if row.status == Invoice.Status.STAMPING:
            offered.append(("stamp", _("Put in the e-meterai")))
        if row.is_issued:
            offered.append(("faktur", _("Attach Faktur Pajak")))
        if row.is_issued and row.kind == Invoice.Kind.INVOICE:
            offered.append(("credit", _("Take back")))
        links = [(reverse(f"admin:{self._named(name)}", args=[row.pk]), words) for name, words in offered]
        return format_html_join(" · ", '<a href="{}">{}</a>', links)

    @admin.action(description=gettext_lazy("Try again what waits for a person"))
    def try_again(self, request: HttpRequest, rows: QuerySet[Invoice]) -> None:
        """Put back those that failed."""
        count = services.try_again(rows)
        messages.info(request, ngettext("%d invoice is tried again.", "%d invoices are tried again.", count) % count)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of what can be done."""
        pages = [("file", self.file), ("stamp", self.stamp), ("faktur", self.faktur), ("credit", self.credit)]
        ours = [path(f"<int:pk>/{name}/", page, name=self._named(name)) for name, page in pages]
        return [*ours, *super().get_urls()]

    def file(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Send the paper, also before it is stamped."""
        row = self._row(request, pk)
        if not row.stored_as or not default_storage.exists(row.stored_as):
            raise Http404
        return FileResponse(default_storage.open(row.stored_as), as_attachment=True, filename=row.file_name)

    def stamp(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take the paper with its e-meterai, and issue it."""
        row = self._row(request, pk)
        form = StampForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                content = papers.checked(form.cleaned_data["file"].read(papers.MOST_BYTES + 1))
                services.stamp(row, content)
            except papers.BadPaper as problem:
                form.add_error("file", str(problem))
            except Stopped:
                form.add_error(None, _("It doesn’t wait for an e-meterai any more. Nothing was changed."))
            else:
                return self._done(request, _("It is issued with its e-meterai."))
        return self._page(request, row, _("Put in the e-meterai"), form, _("Issue it"))

    def faktur(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Attach the Faktur Pajak."""
        row = self._row(request, pk)
        form = FakturForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            given, scope = form.cleaned_data, self._scope(request, row)
            try:
                with rls.inside(scope):
                    papers.attach(
                        scope,
                        row,
                        kind=InvoicePaper.Kind.FAKTUR_PAJAK,
                        number=given["number"],
                        dated=given["dated"],
                        content=given["file"].read(papers.MOST_BYTES + 1),
                    )
            except papers.BadPaper as problem:
                form.add_error("file", str(problem))
            else:
                return self._done(request, _("The Faktur Pajak stands beside the invoice."))
        return self._page(request, row, _("Attach Faktur Pajak"), form if row.is_issued else None, _("Attach"))

    def credit(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take an invoice back by a credit note."""
        row = self._row(request, pk)
        form = CreditForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                services.credit(row, **form.cleaned_data)
            except services.NotCorrectable:
                form.add_error(None, _("It isn’t issued, or was taken back already. Nothing was changed."))
            else:
                return self._done(request, _("The credit note is being made."))
        return self._page(request, row, _("Take an invoice back"), form, _("Take it back"))

    def _row(self, request: HttpRequest, pk: int) -> Invoice:
        return get_object_or_404(self.get_queryset(request).select_related("business"), pk=pk)

    def _named(self, what: str) -> str:
        return f"documents_invoice_{what}"

    def _scope(self, request: HttpRequest, row: Invoice) -> Scope:
        return operators.scope(cast(User, request.user), cast(Business, row.business), row.mode)

    def _done(self, request: HttpRequest, words: str) -> HttpResponse:
        messages.success(request, words)
        return redirect("admin:documents_invoice_changelist")

    def _page(
        self, request: HttpRequest, row: Invoice, title: str, form: forms.Form | None, button: str
    ) -> HttpResponse:
        facts = [
            (_("Number"), str(row)),
            (_("Business"), str(row.business)),
            (_("Period"), paper.period_in_words(row.period)),
            (_("Amount"), self.sum(row)),
            (_("Status"), str(row.status.label)),
        ]
        context: dict[str, Any] = {"title": title, "form": form, "button": button, "facts": facts, "has_file": True}
        return render(request, PAGE, {**self.admin_site.each_context(request), **context})
