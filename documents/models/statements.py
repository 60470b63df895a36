"""Statements of the deposit: all entries of a period between two balances, as a file made by a worker."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.permissions import Permission
from documents.models.reports import Report, ReportQuerySet
from flipdash import formats
from flipdash.leases import Leased
from flipdash.scope import Scope, TenantModel, mode_known
from flipdash.states import StatusField


class Statement(TenantModel, Leased):
    """A statement that a member asked for; its states are a report's, and its file is kept as long."""

    Status: ClassVar[Any] = Report.Status

    class Format(models.TextChoices):
        """What kind of file it is."""

        PDF = "pdf", ".pdf"
        XLSX = "xlsx", ".xlsx"
        CSV = "csv", ".csv"
        MT940 = "sta", "MT940"
        CAMT = "xml", "CAMT.053"

    STEPS: ClassVar[Any] = {Report.Status.QUEUED: Report.Status.RUNNING}
    PROBLEMS: ClassVar[Any] = {
        "not allowed": gettext_lazy("Whoever asked for it may not download reports any more."),
        "does not follow": gettext_lazy(
            "The balances of this period don’t follow from one another, so no statement was made. Please tell us."
        ),
        "too many": gettext_lazy("The period has more entries than this file holds. Choose a shorter one, or .xlsx."),
        "too large": gettext_lazy("An amount has more digits than MT940 holds. Choose another format."),
        "no room": gettext_lazy(
            "The files of your business take as much as is kept of them. Make it again when the oldest have gone."
        ),
        "disk full": gettext_lazy("There was no room left for the file. Nothing was changed; make it again later."),
        "error": gettext_lazy("Something went wrong on our side. Nothing was changed; make it again."),
    }

    number = models.PositiveIntegerField()
    first = models.DateField()
    last = models.DateField()
    """The last day that is in it."""
    zone = models.CharField(max_length=20)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    """Entries from the first moment to before the other: days as the business counted them when it was asked for."""
    format = models.CharField(max_length=4, choices=Format.choices)
    separator = models.CharField(max_length=1, choices=Report.Separator.choices, default=Report.Separator.COMMA)
    member = models.ForeignKey("accounts.Member", on_delete=models.PROTECT, related_name="+")
    status = StatusField(max_length=9, choices=Report.Status, default=Report.Status.QUEUED)
    rows_done = models.PositiveIntegerField(default=0)
    rows_total = models.PositiveIntegerField(null=True)
    stored_as = models.CharField(max_length=100, blank=True)
    """Where the file is; noted before it is stored there, so that it is found if nobody comes to publish it."""
    file_name = models.CharField(max_length=200, blank=True)
    size = models.BigIntegerField(null=True)  # bytes
    sha256 = models.CharField(max_length=64, blank=True)
    opening = models.BigIntegerField(null=True)  # rupiah
    closing = models.BigIntegerField(null=True)  # rupiah
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = ReportQuerySet.as_manager()

    class Meta(Leased.Meta):
        constraints = [
            models.UniqueConstraint(fields=["business", "mode", "number"], name="statement_number_once"),
            mode_known("statement"),
            models.CheckConstraint(
                condition=Q(format__in=["pdf", "xlsx", "csv", "sta", "xml"]), name="statement_format_known"
            ),
            models.CheckConstraint(condition=Q(separator__in=[",", ";"]), name="statement_separator_known"),
            models.CheckConstraint(
                condition=Q(first__lte=F("last"), starts_at__lt=F("ends_at")), name="statement_period"
            ),
            models.CheckConstraint(
                condition=~Q(status="ready")
                | Q(
                    stored_as__gt="",
                    size__isnull=False,
                    sha256__regex=r"^[0-9a-f]{64}$",
                    opening__isnull=False,
                    closing__isnull=False,
                ),
                name="statement_ready_has_file",
            ),
        ]
        indexes = [
            *Leased.Meta.indexes,
            models.Index(F("expires_at"), name="statement_expiry", condition=Q(status="ready")),
            models.Index(
                fields=["business", "-started_at"], name="statement_last_begun", condition=Q(started_at__isnull=False)
            ),
            models.Index(
                fields=["id"],
                name="statement_leftover",
                condition=Q(status__in=["failed", "cancelled", "expired"], stored_as__gt=""),
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """The number as people write it, S000123."""
        return f"S{self.number:06d}"

    @property
    def title(self) -> str:
        """What it is, in the reader's language: Statement · 1 – 30 Nov 2026."""
        return f"{_('Statement')} · {self.period}"

    @property
    def period(self) -> str:
        """Its days, in the reader's language."""
        return formats.days(self.first, self.last)

    def may_be_cancelled_by(self, scope: Scope) -> bool:
        """Whether the member may stop it: whoever asked for it, or manages the people."""
        return self.member_id == scope.member.pk or scope.can(Permission.MANAGE_MEMBERS)
