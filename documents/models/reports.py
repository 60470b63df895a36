"""Reports: files of exactly what a history shows, made by a worker."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission
from flipdash import histories
from flipdash.leases import Leased
from flipdash.scope import Scope, TenantModel, TenantQuerySet, mode_known
from flipdash.states import State, StatusField, state


class ReportQuerySet(TenantQuerySet):
    """The reports of a business in a mode."""

    def newest_first(self) -> Self:
        """Order as the page shows them."""
        return self.order_by("-number")

    def unfinished(self) -> Self:
        """Those that a worker has yet to finish."""
        return self.filter(status__in=Report.Status.open())

    def out_of_date(self) -> Self:
        """Those whose time is over."""
        return self.filter(status=Report.Status.READY, expires_at__lt=Now())

    def leftover(self) -> Self:
        """Those that came to nothing, and may still have a file."""
        return self.filter(status__in=["failed", "cancelled", "expired"], stored_as__gt="")


class Report(TenantModel, Leased):
    """A file that a member asked for: queued → running → ready, failed or cancelled → expired."""

    class Status(State):
        """Where the report stands."""

        QUEUED = state("queued", _("Waiting"), "grey", "hourglass", to="running failed cancelled")
        RUNNING = state("running", _("Being made"), "blue", "loader", to="queued ready failed cancelled")
        READY = state("ready", _("Ready"), "green", "check", later="expired")
        FAILED = state("failed", _("Failed"), "red", "x")
        CANCELLED = state("cancelled", _("Cancelled"), "grey", "minus")
        EXPIRED = state("expired", _("Expired"), "grey", "archive")

    class Format(models.TextChoices):
        """What kind of file it is, by its suffix; the first is what people get who don't choose."""

        XLS = "xls", ".xls"
        XLSX = "xlsx", ".xlsx"
        CSV = "csv", ".csv"
        PDF = "pdf", ".pdf"
        """A receipt of each successful transaction, one after the other."""
        ZIP = "zip", ".zip"
        """The same, each a file of its own: of both standards, as a single receipt is."""

    class Separator(models.TextChoices):
        """What stands between the fields of a .csv."""

        COMMA = ",", _("Comma")
        SEMICOLON = ";", _("Semicolon")

        @classmethod
        def usual_in(cls, language: str) -> "Report.Separator":
            """Return what spreadsheets of a language expect: where the comma is for decimals, the semicolon."""
            return cls.SEMICOLON if language == "id" else cls.COMMA

    OF_RECEIPTS = (Format.PDF, Format.ZIP)
    STEPS = {Status.QUEUED: Status.RUNNING}
    PROBLEMS = {
        "not allowed": _("Whoever asked for it may not download reports any more."),
        "query": _("Its search or a filter isn’t valid any more. Open the history and make it again."),
        "too big": _(
            "It would be larger than an .xls can be (2 GiB, several million rows). "
            "Make it again as .xlsx or .csv, or filter so that there are fewer rows."
        ),
        "too many": _("A file holds 500 receipts. Filter, so that there are fewer, and make it again."),
        "none": _("None of these transactions is successful, so there is no receipt."),
        "no room": _(
            "The files of your business take as much as is kept of them. Make it again when the oldest have gone."
        ),
        "disk full": _("There was no room left for the file. Nothing was changed; make it again later."),
        "error": _("Something went wrong on our side. Nothing was changed; make it again."),
    }

    number = models.PositiveIntegerField()
    history = models.CharField(max_length=40)
    query = models.TextField(blank=True)
    asked = models.JSONField(default=dict)
    """History, search and filters in one line, by language."""
    format = models.CharField(max_length=4, choices=Format.choices, default=Format.XLS)
    separator = models.CharField(max_length=1, choices=Separator.choices, default=Separator.COMMA, db_default=",")
    with_fee = models.BooleanField(default=True, db_default=True)
    """Whether receipts show what the transaction cost."""
    columns = models.JSONField(default=list)
    """Columns and headings as the template had them (documents/models/templates.py); none stands for all."""
    template_name = models.CharField(max_length=60, blank=True)
    """What the template was called."""
    schedule_name = models.CharField(max_length=60, blank=True)
    """What the schedule was called that asked for it."""
    member = models.ForeignKey("accounts.Member", on_delete=models.PROTECT, related_name="+")
    status = StatusField(max_length=9, choices=Status, default=Status.QUEUED)
    rows_done = models.PositiveIntegerField(default=0)
    rows_total = models.PositiveIntegerField(null=True)
    stored_as = models.CharField(max_length=100, blank=True)
    """Where the file is; noted before it is stored there, so that it is found if nobody comes to publish it."""
    file_name = models.CharField(max_length=200, blank=True)
    size = models.BigIntegerField(null=True)  # bytes
    breaks = models.PositiveIntegerField(default=0)
    """How many balances of an account statement don't follow from the one before: its figures are wrong then."""
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = ReportQuerySet.as_manager()

    class Meta(Leased.Meta):
        constraints = [
            models.UniqueConstraint(fields=["business", "mode", "number"], name="report_number_once"),
            mode_known("report"),
            models.CheckConstraint(
                condition=Q(format__in=["xls", "xlsx", "csv", "pdf", "zip"]), name="report_format_known"
            ),
            models.CheckConstraint(condition=Q(separator__in=[",", ";"]), name="report_separator_known"),
            models.CheckConstraint(
                condition=~Q(status="ready") | Q(stored_as__gt="", size__isnull=False), name="report_ready_has_file"
            ),
        ]
        indexes = [
            *Leased.Meta.indexes,
            models.Index(F("business"), F("mode"), F("created_at").desc(), F("id").desc(), name="report_newest"),
            models.Index(F("expires_at"), name="report_expiry", condition=Q(status="ready")),
            models.Index(
                fields=["business", "-started_at"], name="report_last_begun", condition=Q(started_at__isnull=False)
            ),
            models.Index(
                fields=["id"],
                name="report_leftover",
                condition=Q(status__in=["failed", "cancelled", "expired"], stored_as__gt=""),
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """The number as people write it, R000123."""
        return f"R{self.number:06d}"

    @property
    def is_receipts(self) -> bool:
        """Whether it is the receipts of what the history shows, rather than its rows."""
        return self.format in self.OF_RECEIPTS

    @property
    def title(self) -> str:
        """What the report is of, in the reader's language: Money Transfer · Successful · all dates."""
        return self.asked.get(get_language() or "") or histories.get(self.history).known_as()

    def may_be_cancelled_by(self, scope: Scope) -> bool:
        """Whether the member may stop it: whoever asked for it, or manages the people."""
        return self.member_id == scope.member.pk or scope.can(Permission.MANAGE_MEMBERS)

    @property
    def percent(self) -> int | None:
        """How much is written, 0 to 100, or None while nobody knows."""
        return None if not self.rows_total else min(100, self.rows_done * 100 // self.rows_total)
