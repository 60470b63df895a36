"""The deposit in the back office: statements are imported, lines that match nothing are credited by two people.

Rows are to look at. What is done goes through matching.py and services.py of deposits/statements; each page here only
asks and says what came of it. A credit and its undoing are proposed by one person and done by another (trust.md D3).
"""

import csv
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deposits import banks, office
from deposits.ledger import NotEnoughDeposit
from deposits.models import (
    BankAccount,
    Correction,
    Reason,
    StatementImport,
    StatementLayout,
    StatementLine,
    TopUp,
)
from deposits.statements import matching
from deposits.statements import services as statements
from deposits.statements.declaration import STYLES, Confidence, Declaration, NoDeclaration, fitting
from deposits.statements.shipped import DECLARATIONS
from flipdash import money
from flipdash.backoffice import ReadOnlyAdmin
from flipdash.forms import LineField
from flipdash.mode import Mode
from flipdash.tables import MOST_MEGABYTES

PAGE = "backoffice/deposits.html"
MOST_FILES = 20
"""Statements that are uploaded at once."""


class FilesInput(forms.ClearableFileInput):
    """Several files at once, dropped on it or chosen."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One or several files, none larger than a statement may be."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Return all files; refuses what is too large to be one statement."""
        files = [super(FilesField, self).clean(file, initial) for file in (data or [None])]
        if len(files) > MOST_FILES:
            raise forms.ValidationError(_("At most %d files at once.") % MOST_FILES)
        for file in files:
            if file.size > MOST_MEGABYTES << 20:
                words = _("“%(name)s” is larger than %(most)d MB. Split it.")
                raise forms.ValidationError(words % {"name": file.name, "most": MOST_MEGABYTES})
        return files


class UploadForm(forms.Form):
    """Banks' statements."""

    bank = forms.ChoiceField(
        label=gettext_lazy("Bank"),
        choices=[("", gettext_lazy("As the file says")), *banks.Bank.choices],
        required=False,
        help_text=gettext_lazy("To be chosen where the file names no account: BNI Direct, workbooks."),
    )
    mode = forms.ChoiceField(label=gettext_lazy("Mode"), choices=Mode.choices, initial=Mode.LIVE)
    file = FilesField(label=gettext_lazy("Files"))


class ProposeForm(forms.Form):
    """Which top-up a line is for, and why."""

    top_up = forms.IntegerField(label=gettext_lazy("Top-Up ID"), min_value=1, max_value=2**63 - 1)
    why = LineField(label=gettext_lazy("Why"), max_length=200)


class WhyForm(forms.Form):
    """Why something is proposed."""

    why = LineField(label=gettext_lazy("Why"), max_length=200)


class DepositAdmin(ReadOnlyAdmin):
    """What the pages here share."""

    def page(self, request: HttpRequest, title: str, **context: Any) -> HttpResponse:
        """Show a page of ours in the admin's frame."""
        return render(request, PAGE, {**self.admin_site.each_context(request), "title": title, **context})

    def row(self, request: HttpRequest, pk: int) -> Any:
        """Return the row, on the connection that sees all businesses, or 404."""
        return get_object_or_404(self.get_queryset(request), pk=pk)

    def named(self, what: str) -> str:
        """Return the name of a page of ours."""
        return f"{self.opts.app_label}_{self.opts.model_name}_{what}"


@admin.register(BankAccount)
class BankAccountAdmin(DepositAdmin):
    """The accounts that are paid to. `manage.py bank_account` sets their numbers."""

    list_display = ("bank", "account_number", "holder", "status")
    actions = ("set_ok", "set_disturbed", "set_closed")

    @admin.action(description=gettext_lazy("In order"))
    def set_ok(self, request: HttpRequest, accounts: QuerySet[BankAccount]) -> None:
        """Offer the banks again."""
        accounts.update(status=BankAccount.Status.OK)

    @admin.action(description=gettext_lazy("Disturbed"))
    def set_disturbed(self, request: HttpRequest, accounts: QuerySet[BankAccount]) -> None:
        """Show the banks as disturbed."""
        accounts.update(status=BankAccount.Status.DISTURBED)

    @admin.action(description=gettext_lazy("Not offered"))
    def set_closed(self, request: HttpRequest, accounts: QuerySet[BankAccount]) -> None:
        """Offer the banks no more."""
        accounts.update(status=BankAccount.Status.CLOSED)


@admin.register(StatementImport)
class StatementImportAdmin(DepositAdmin):
    """Bank statements, and where they are uploaded."""

    list_display = ("id", "bank", "layout", "mode", "file_name", "status", "lines", "added", "by", "created_at", "look")
    list_filter = ("status", "bank", "mode")
    list_select_related = ("by",)
    ordering = ("-id",)
    fields = (*list_display[:-1], "pending", "skipped", "accepted_by", "finished_at", "what_came", "what_is_wrong")
    readonly_fields = fields
    change_list_template = "backoffice/statementimport_list.html"

    @admin.display(description=gettext_lazy("What is wrong"))
    def what_is_wrong(self, job: StatementImport) -> str:
        """Why nothing was imported, and the faults, one a line."""
        why = [job.problem_in_words] if job.problem else []
        return "\n".join([*why, *job.problems, *job.doubts]) or "–"

    @admin.display(description=gettext_lazy("What came of it"))
    def what_came(self, job: StatementImport) -> SafeString | str:
        """How many of its lines are credited, wait and why, or are passed over; those that wait lead to the queue."""
        rows = StatementLine.objects.using(self.using).filter(statement=job).values("status", "reason")
        counts = [(row["status"], row["reason"], row["n"]) for row in rows.annotate(n=Count("pk")).order_by("status")]
        queue = reverse("admin:deposits_statementline_changelist")
        parts = []
        for status, reason, count in counts:
            words = f"{dict(StatementLine.Status.choices)[status]}{': ' + str(Reason(reason).label) if reason else ''}"
            url = f"{queue}?status__exact={status}&reason__exact={reason}"
            parts.append((url, f"{money.number(count)} · {words}"))
        return format_html_join(format_html("<br>"), '<a href="{}">{}</a>', parts) or "–"

    @admin.display(description="")
    def look(self, job: StatementImport) -> SafeString | str:
        """The way to the page on which it is decided whether what doesn't add up is imported all the same."""
        if job.status != StatementImport.Status.HELD:
            return ""
        return format_html('<a href="{}">{}</a>', reverse(f"admin:{self.named('word')}", args=[job.pk]), _("Decide"))

    def get_urls(self) -> list[URLPattern]:
        """Add the pages to upload, to decide, and to see which layouts are known."""
        return [
            path("upload/", self.upload, name=self.named("upload")),
            path("day/", self.day, name=self.named("day")),
            path("<int:pk>/word/", self.word, name=self.named("word")),
            *super().get_urls(),
        ]

    def day(self, request: HttpRequest) -> HttpResponse:
        """Show the statements of the last day, how far they are, what was credited, and what waits and why."""
        uploaded = office.uploaded()
        is_moving = any(one.job.is_moving for one in uploaded)
        context = {
            "title": _("Today’s statements"),
            "uploaded": uploaded,
            "is_moving": is_moving,
            "groups": office.summed(uploaded),
            "waiting": office.waiting_by_reason(),
        }
        answer = render(request, "backoffice/day.html", {**self.admin_site.each_context(request), **context})
        if is_moving:
            answer["Refresh"] = str(office.REFRESH)
        return answer

    def word(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what doesn't add up in a statement, and import it all the same or leave it."""
        job = self.row(request, pk)
        if request.method == "POST":
            is_accepted = request.POST.get("decision") == "approve"
            try:
                statements.decide(job, by=request.user, is_accepted=is_accepted)  # type: ignore[arg-type]  # the door asked
            except statements.NotHeld:
                messages.error(request, _("This statement doesn’t wait any more. Nothing was changed."))
            else:
                said = _("It is imported now.") if is_accepted else _("Nothing of it was imported.")
                messages.success(request, said)
            return redirect("admin:deposits_statementimport_changelist")
        figures = {"lines": money.number(job.lines), "pending": money.number(job.pending)}
        return self.page(
            request,
            _("A statement that doesn’t add up"),
            note=_("Nothing of it is imported yet. Look whether a page or a file between is missing."),
            facts=[
                (_("File"), job.file_name),
                (_("Bank"), f"{job.get_bank_display()}, {job.layout}"),
                (_("Lines"), _("%(lines)s, and %(pending)s pending") % figures),
                *((_("What doesn’t add up"), doubt) for doubt in job.doubts),
            ],
            choices=[("approve", _("Import it all the same")), ("reject", _("Leave it"))]
            if job.status == StatementImport.Status.HELD
            else None,
        )

    def upload(self, request: HttpRequest) -> HttpResponse:
        """Take a statement; a worker imports it."""
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            values = form.cleaned_data
            for file in values["file"]:
                statements.request_import(
                    bank=values["bank"],
                    mode=values["mode"],
                    upload=file,
                    by=request.user,  # type: ignore[arg-type]  # the door asked who it is
                )
            messages.success(request, _("Statements that wait to be imported: %d.") % len(values["file"]))
            return redirect(f"admin:{self.named('day')}")
        known = [*DECLARATIONS, *statements.declared()]
        facts = [(f"{banks.NAMES.get(d.bank, '')} {d.channel}".strip(), Confidence(d.confidence).label) for d in known]
        return self.page(
            request,
            _("Upload bank statements"),
            form=form,
            button=_("Upload"),
            has_file=True,
            note=_(
                "As the bank gives them: .csv, .xls, .xlsx or MT940. The header row says which layout it is. All of a "
                "file is imported, or nothing; what doesn’t add up waits for your word."
            ),
            facts=[*facts, ("MT940 / MT942", Confidence.HIGH.label)],
        )


class LayoutForm(forms.Form):
    """Columns chosen by hand, for a bank of which no real file was seen yet."""

    bank = forms.ChoiceField(label=gettext_lazy("Bank"), choices=banks.Bank.choices)
    channel = LineField(label=gettext_lazy("Channel"), max_length=60)
    header = LineField(
        label=gettext_lazy("The header row, as it stands in the file"),
        max_length=1000,
        help_text=gettext_lazy("Names with a comma, semicolon or tab between them."),
    )
    date = LineField(label=gettext_lazy("Column of the date"), max_length=60)
    style = forms.ChoiceField(
        label=gettext_lazy("How its days are written"),
        choices=[("", "–"), *((style, style) for style in STYLES)],
        help_text=gettext_lazy("11/03/2026 is 11 March or 3 November: look for a day beyond the 12th in the file."),
    )
    text = LineField(label=gettext_lazy("Column of the text"), max_length=60)
    credit = LineField(label=gettext_lazy("Column of money in"), max_length=60, required=False)
    debit = LineField(label=gettext_lazy("Column of money out"), max_length=60, required=False)
    amount = LineField(label=gettext_lazy("Or one column of sums"), max_length=60, required=False)
    sign = LineField(label=gettext_lazy("Column of its direction (CR, DB)"), max_length=60, required=False)
    signed = forms.BooleanField(label=gettext_lazy("A minus says that money went out"), required=False)
    decimal = forms.ChoiceField(
        label=gettext_lazy("Decimal sign"),
        choices=[("", gettext_lazy("As the file says")), (".", "5,000,417.00"), (",", "5.000.417,00")],
        required=False,
    )
    balance = LineField(label=gettext_lazy("Column of the balance"), max_length=60, required=False)
    account = LineField(label=gettext_lazy("Column of the account"), max_length=60, required=False)
    value_date = LineField(label=gettext_lazy("Column of the value date"), max_length=60, required=False)
    reference = LineField(label=gettext_lazy("Column of the reference"), max_length=60, required=False)

    def clean(self) -> dict[str, Any]:
        """Make the declaration; what can be none is said beside the form."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return values
        separator = max(",;\t", key=values["header"].count)
        data = {name: value for name, value in values.items() if name not in ("style", "header", "text")}
        data |= {
            "key": f"{values['bank']}-{slugify(values['channel'])}",
            "confidence": Confidence.LOW,
            "header": next(csv.reader([values["header"]], delimiter=separator), []),
            "styles": [values["style"]],
            "text": [values["text"]],
        }
        try:
            values["declaration"] = Declaration.from_data(data)
        except NoDeclaration as problem:
            raise forms.ValidationError(_("These columns make no layout: %s") % problem) from problem
        others = [*DECLARATIONS, *statements.declared()]
        header = [name.removeprefix("?").split("|")[0] for name in values["declaration"].header]
        if known := [*fitting(others, header, files="text"), *fitting(others, header, files="workbook")]:
            raise forms.ValidationError(_("This header is known already: %s") % known[0].channel)
        return values


@admin.register(StatementLayout)
class StatementLayoutAdmin(DepositAdmin):
    """Layouts declared by hand, kept for next time."""

    list_display = ("id", "bank", "channel", "by", "created_at", "remove_link")
    list_select_related = ("by",)
    ordering = ("-id",)
    change_list_template = "backoffice/statementlayout_list.html"

    @admin.display(description=gettext_lazy("Channel"))
    def channel(self, layout: StatementLayout) -> str:
        """What people call it."""
        return str(layout.declaration.get("channel", ""))

    @admin.display(description="")
    def remove_link(self, layout: StatementLayout) -> SafeString:
        """The way to the page that removes it."""
        return format_html(
            '<a href="{}">{}</a>', reverse(f"admin:{self.named('remove')}", args=[layout.pk]), _("Remove")
        )

    def get_urls(self) -> list[URLPattern]:
        """Add the pages to declare a layout and to remove one."""
        return [
            path("declare/", self.declare, name=self.named("declare")),
            path("<int:pk>/remove/", self.remove, name=self.named("remove")),
            *super().get_urls(),
        ]

    def declare(self, request: HttpRequest) -> HttpResponse:
        """Keep the columns of a bank's file."""
        form = LayoutForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            declaration = form.cleaned_data["declaration"]
            StatementLayout.objects.using(self.using).create(
                bank=declaration.bank, declaration=declaration.as_data(), by_id=request.user.pk or 0
            )
            messages.success(request, _("Kept. Files with this header are read now."))
            return redirect("admin:deposits_statementlayout_changelist")
        return self.page(
            request,
            _("Declare the columns of a statement"),
            form=form,
            button=_("Keep the layout"),
            note=_("For a bank’s file that no layout fits. Columns are named as in the header row."),
        )

    def remove(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Remove a layout; what was imported by it stays."""
        layout = self.row(request, pk)
        if request.method == "POST":
            layout.delete(using=self.using)
            messages.success(request, _("Removed. What was imported stays."))
            return redirect("admin:deposits_statementlayout_changelist")
        return self.page(
            request,
            _("Remove a layout"),
            note=_("What was imported stays."),
            facts=[(_("Bank"), layout.get_bank_display()), (_("Channel"), self.channel(layout))],
            choices=[("remove", _("Remove"))],
        )


@admin.register(StatementLine)
class StatementLineAdmin(DepositAdmin):
    """The lines of all statements; the queue is those that wait for a person."""

    list_display = ("id", "bank", "mode", "booked_on", "paid_on", "rupiah", "sender", "status", "reason", "look")
    list_filter = ("status", "reason", "bank", "mode")
    search_fields = ("=amount", "=reference", "sender")
    ordering = ("-id",)

    @admin.display(description=gettext_lazy("Amount"), ordering="amount")
    def rupiah(self, line: StatementLine) -> str:
        """The amount as people read it."""
        return money.with_sen(line.amount)

    @admin.display(description="")
    def look(self, line: StatementLine) -> SafeString | str:
        """The ways to the pages on which a line is credited by hand, or put away."""
        if line.status != StatementLine.Status.WAITING:
            return ""
        ways = [("match", _("Match"))] if line.amount > 0 else []
        if line.reason == Reason.REVERSED:
            ways.append(("put-away", _("Put away")))
        links = ((reverse(f"admin:{self.named(name)}", args=[line.pk]), words) for name, words in ways)
        return format_html_join(" · ", '<a href="{}">{}</a>', links)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages for what is done by hand."""
        pages = (("match", self.match), ("put-away", self.put_away))
        queue = path("queue/", self.queue, name=self.named("queue"))
        return [
            queue,
            *(path(f"<int:pk>/{name}/", page, name=self.named(name)) for name, page in pages),
            *super().get_urls(),
        ]

    def queue(self, request: HttpRequest) -> HttpResponse:
        """Show the line whose turn it is with what it may be for; what is proposed leads to the next one."""
        reason = request.GET.get("reason", "")
        turn = office.turn(reason, request.GET.get("at", ""))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Lines that wait"),
            "reason": reason,
            "turn": turn,
        }
        if turn is None:
            return render(request, "backoffice/queue.html", context)
        line = turn.line
        form = office.QueueForm(matching.examine(line).suggestions, request.POST or None) if line.amount > 0 else None
        if request.method == "POST" and form and str(line.pk) == request.GET.get("at") and form.is_valid():
            why = form.cleaned_data["why"]
            try:
                matching.propose_credit(line, form.cleaned_data["meant"], by=request.user, why=why)  # type: ignore[arg-type]  # the door asked
            except matching.CorrectionRefused as problem:
                form.add_error(None, str(problem))
            else:
                messages.success(request, _("Proposed. Somebody else has to approve it."))
                return redirect(f"{reverse(office.QUEUE)}?{urlencode({'reason': reason, 'at': line.pk})}")
        put_away = reverse(f"admin:{self.named('put-away')}", args=[line.pk]) if line.reason == Reason.REVERSED else ""
        context |= {"form": form, "facts": line_facts(line), "put_away_url": put_away}
        return render(request, "backoffice/queue.html", context)

    def put_away(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what a line may be about that may have been taken back, and propose to put it away."""
        line = self.row(request, pk)
        form = WhyForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                matching.propose_ignore(line, by=request.user, why=form.cleaned_data["why"])  # type: ignore[arg-type]  # the door asked
            except matching.CorrectionRefused as problem:
                form.add_error(None, str(problem))
            else:
                messages.success(request, _("Proposed. Somebody else has to approve it."))
                return redirect("admin:deposits_correction_changelist")
        return self.page(
            request,
            _("Put a line away"),
            note=_(
                "Was a credited payment taken back by the bank? Then take its credit back first: Top-ups → Take back."
            ),
            form=form if line.status == StatementLine.Status.WAITING else None,
            button=_("Propose to put it away"),
            facts=line_facts(line),
            suggestions=matching.examine(line).suggestions,
        )

    def match(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what a line may be for, and propose to credit it."""
        line = self.row(request, pk)
        form = ProposeForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            top_up = TopUp.objects.using(self.using).filter(pk=form.cleaned_data["top_up"]).first()
            if top_up is None:
                form.add_error("top_up", _("There is no such top-up."))
            else:
                why = form.cleaned_data["why"]
                try:
                    matching.propose_credit(line, top_up, by=request.user, why=why)  # type: ignore[arg-type]  # the door asked
                except matching.CorrectionRefused as problem:
                    form.add_error(None, str(problem))
                else:
                    messages.success(request, _("Proposed. Somebody else has to approve it."))
                    return redirect("admin:deposits_correction_changelist")
        return self.page(
            request,
            _("Match a line by hand"),
            form=form if line.status == StatementLine.Status.WAITING else None,
            button=_("Propose the credit"),
            facts=line_facts(line),
            suggestions=matching.examine(line).suggestions,
        )


@admin.register(TopUp)
class TopUpAdmin(DepositAdmin):
    """The top-ups of all businesses."""

    list_display = ("id", "business", "mode", "bank", "rupiah", "status", "created_at", "undo_link")
    list_filter = ("status", "bank", "mode")
    list_select_related = ("business",)
    search_fields = ("=id", "=exact_amount", "business__name")
    ordering = ("-id",)

    @admin.display(description=gettext_lazy("Amount"), ordering="exact_amount")
    def rupiah(self, top_up: TopUp) -> str:
        """The exact amount as people read it."""
        return money.rupiah(top_up.exact_amount)

    @admin.display(description="")
    def undo_link(self, top_up: TopUp) -> SafeString | str:
        """The way to the page on which a credit is taken back."""
        if not top_up.is_successful:
            return ""
        return format_html(
            '<a href="{}">{}</a>', reverse(f"admin:{self.named('undo')}", args=[top_up.pk]), _("Take back")
        )

    def get_urls(self) -> list[URLPattern]:
        """Add the page that takes a credit back."""
        return [path("<int:pk>/undo/", self.undo, name=self.named("undo")), *super().get_urls()]

    def undo(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Propose to take a credit back."""
        top_up = self.row(request, pk)
        form = WhyForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            why = form.cleaned_data["why"]
            try:
                matching.propose_undo(top_up, by=request.user, why=why)  # type: ignore[arg-type]  # the door asked
            except matching.CorrectionRefused as problem:
                form.add_error(None, str(problem))
            else:
                messages.success(request, _("Proposed. Somebody else has to approve it."))
                return redirect("admin:deposits_correction_changelist")
        return self.page(
            request,
            _("Take a credit back"),
            form=form if top_up.is_successful else None,
            button=_("Propose to take it back"),
            facts=top_up_facts(top_up),
        )


@admin.register(Correction)
class CorrectionAdmin(DepositAdmin):
    """What was proposed by hand, and who decided."""

    list_display = ("id", "kind", "business", "top_up", "why", "status", "proposed_by", "decided_by", "decide")
    list_filter = ("status", "kind")
    list_select_related = ("business", "top_up", "proposed_by", "decided_by")
    ordering = ("-id",)

    @admin.display(description="")
    def decide(self, correction: Correction) -> SafeString | str:
        """The way to the page on which it is decided."""
        if correction.status != Correction.Status.WAITING:
            return ""
        url = reverse(f"admin:{self.named('decision')}", args=[correction.pk])
        return format_html('<a href="{}">{}</a>', url, _("Decide"))

    def get_urls(self) -> list[URLPattern]:
        return [path("<int:pk>/decision/", self.decision, name=self.named("decision")), *super().get_urls()]

    def decision(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Approve what somebody else has proposed, or reject it."""
        correction = self.row(request, pk)
        if request.method == "POST":
            self._decide(request, correction)
            rows = self.get_queryset(request).filter(status=Correction.Status.WAITING).exclude(proposed_by=request.user)
            if following := rows.filter(pk__gt=correction.pk).order_by("pk").first():
                return redirect(f"admin:{self.named('decision')}", following.pk)
            return redirect("admin:deposits_correction_changelist")
        top_up = TopUp.objects.using(self.using).select_related("business").get(pk=correction.top_up_id)
        line = StatementLine.objects.using(self.using).filter(pk=correction.line_id).first()
        return self.page(
            request,
            correction.get_kind_display(),
            facts=[
                (_("Why"), correction.why),
                (_("Proposed by"), str(correction.proposed_by)),
                *top_up_facts(top_up),
                *(line_facts(line) if line else []),
            ],
            decide=correction.status == Correction.Status.WAITING,
            is_own=correction.proposed_by_id == request.user.pk,
        )

    def _decide(self, request: HttpRequest, correction: Correction) -> None:
        act = matching.approve if request.POST.get("decision") == "approve" else matching.reject
        try:
            act(correction, by=request.user)  # type: ignore[arg-type]  # the door asked who it is
        except matching.CorrectionRefused as problem:
            messages.error(request, str(problem))
        except NotEnoughDeposit as problem:
            words = _("The deposit doesn’t cover it: %s are missing. Nothing was changed.")
            messages.error(request, words % money.rupiah(problem.missing))
        else:
            messages.success(request, _("Done.") if act is matching.approve else _("Rejected. Nothing was changed."))


def line_facts(line: StatementLine) -> list[tuple[str, str]]:
    """Return what a line says."""
    return [
        (_("Bank"), f"{line.get_bank_display()}, {line.get_mode_display()}"),
        (_("Account"), line.account),
        (_("Date"), " ".join(filter(None, (line.booked_on.isoformat(), str(line.booked_at or ""))))),
        (_("Day of payment"), line.paid_on.isoformat() if line.paid_on else ""),
        (_("Amount"), money.with_sen(line.amount)),
        (_("Description"), line.description),
        (_("Sender"), " · ".join(filter(None, (line.sender, line.sender_bank)))),
        (_("Reference"), line.reference),
        (_("Status"), f"{line.get_status_display()} {line.get_reason_display() if line.reason else ''}".strip()),
    ]


def top_up_facts(top_up: TopUp) -> list[tuple[str, str]]:
    """Return what a top-up asked for, and where it stands."""
    credited = money.rupiah(top_up.credited_amount) if top_up.credited_amount else "–"
    return [
        (_("Top-Up ID"), str(top_up.pk)),
        (_("Business"), str(top_up.business)),
        (_("Asked for"), f"{money.rupiah(top_up.exact_amount)}, {top_up.bank_name}"),
        (_("Credited"), credited),
        (_("Status"), str(top_up.status.label)),
    ]
