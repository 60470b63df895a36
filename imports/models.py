"""Uploads of another system's history, from the file to the last imported row."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from flipdash import tables
from flipdash.actors import actor_fields, actor_known
from flipdash.leases import Leased
from flipdash.scope import TenantModel, TenantQuerySet, mode_known
from flipdash.states import State, StatusField, state


class ImportJobQuerySet(TenantQuerySet):
    """The imports of a business in a mode."""

    def unfinished(self) -> Self:
        """Those that may still bring something in."""
        return self.filter(status__in=ImportJob.Status.open())

    def forgotten(self) -> Self:
        """Those that have waited for a person for so long that the file is thrown away."""
        return self.filter(status__in=["columns", "preview"], keep_until__lt=Now())

    def with_files_to_delete(self) -> Self:
        """The finished ones that still have an upload, or whose list of faults is too old."""
        old = Q(stored_as__gt="") | Q(faults_as__gt="", keep_until__lt=Now())
        return self.exclude(status__in=ImportJob.Status.open()).filter(old)


class ImportJob(TenantModel, Leased):
    """One upload: queued → checking → preview → confirmed → importing → done; or failed, or cancelled.

    Where the file leaves open what its columns are, or how its dates are written, somebody says so: columns → queued.
    """

    class Status(State):
        """Where the import stands."""

        QUEUED = state("queued", _("Waiting"), "grey", "hourglass", to="checking failed cancelled")
        CHECKING = state("checking", _("Being checked"), "blue", "loader", to="queued columns preview failed cancelled")
        COLUMNS = state("columns", _("Waiting for its columns"), "amber", "pause", to="queued failed cancelled")
        PREVIEW = state(
            "preview", _("Waiting for confirmation"), "amber", "pause", to="queued confirmed failed cancelled"
        )
        CONFIRMED = state(
            "confirmed", _("Waiting to be imported"), "grey", "hourglass", to="importing failed cancelled"
        )
        IMPORTING = state("importing", _("Being imported"), "blue", "loader", to="confirmed done failed cancelled")
        DONE = state("done", _("Imported"), "green", "check", later="undone")
        FAILED = state("failed", _("Not imported"), "red", "x")
        CANCELLED = state("cancelled", _("Cancelled"), "grey", "minus")
        UNDONE = state("undone", _("Taken back"), "grey", "minus")

    STEPS = {Status.QUEUED: Status.CHECKING, Status.CONFIRMED: Status.IMPORTING}
    PROBLEMS = {
        "faults": _("The file can’t be imported. Correct what is named below and upload it again."),
        "not allowed": _("Whoever uploaded or confirmed it may not import history any more. Nothing was imported."),
        "forgotten": _("Nobody confirmed it in time, and the file was thrown away. Upload it again."),
        "error": _("Something went wrong on our side. Nothing was imported; upload the file again."),
    }

    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=40)
    member = models.ForeignKey("accounts.Member", on_delete=models.PROTECT, related_name="+")
    confirmed_by = models.ForeignKey("accounts.Member", on_delete=models.PROTECT, related_name="+", null=True)
    file_name = models.CharField(max_length=190)
    size = models.PositiveIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=100, blank=True)
    """Where the upload is; empty once it was thrown away."""
    faults_as = models.CharField(max_length=100, blank=True)
    """Where the list of all faults is."""
    faults_size = models.BigIntegerField(default=0, db_default=0)  # bytes
    status = StatusField(max_length=9, choices=Status, default=Status.QUEUED)
    skip_bad = models.BooleanField(default=False)
    columns = models.JSONField(default=dict)
    """What somebody has said of the file, as a Mapping; empty where its own header says it all."""

    rows_done = models.PositiveIntegerField(default=0)
    rows_total = models.PositiveIntegerField(null=True)
    """About how many rows there are, for the progress."""
    read = models.PositiveIntegerField(default=0)
    good = models.PositiveIntegerField(default=0)
    already_there = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    fault_count = models.PositiveIntegerField(default=0)
    is_doubtful = models.BooleanField(default=False)
    preview = models.JSONField(default=dict)
    """What the page shows before it is confirmed, in the words of whoever uploaded it: services.Preview."""

    keep_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[Any] = ImportJobQuerySet.as_manager()

    class Meta(Leased.Meta):
        constraints = [
            models.UniqueConstraint(fields=["business", "mode", "number"], name="importjob_number_once"),
            mode_known("importjob"),
            models.CheckConstraint(
                condition=~Q(status__in=["confirmed", "importing", "done"]) | Q(confirmed_by__isnull=False),
                name="importjob_imports_what_was_confirmed",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["queued", "checking", "columns", "preview", "confirmed", "importing"])
                | Q(stored_as__gt=""),
                name="importjob_unfinished_has_file",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """The number as people write it, I000123."""
        return f"I{self.number:06d}"

    @property
    def title(self) -> str:
        """What is imported."""
        return str(tables.kinds()[self.kind].title)

    @property
    def takes_columns(self) -> bool:
        """Whether somebody may say which column is which."""
        return self.status in {self.Status.COLUMNS, self.Status.PREVIEW} and "header" in self.preview

    @property
    def is_confirmable(self) -> bool:
        """Whether there is something to import, and somebody may say so."""
        return self.status == self.Status.PREVIEW and not self.is_doubtful and self.to_import > 0

    @property
    def bad(self) -> int:
        """How many records have faults."""
        return self.read - self.good

    @property
    def to_import(self) -> int:
        """How many records are good and not there yet; none where a fault puts all of the file in doubt."""
        return 0 if self.is_doubtful else self.good - self.already_there


class ImportedRecord(TenantModel):
    """One record that an import brought in, for as long as it may be taken back."""

    job = models.ForeignKey(ImportJob, on_delete=models.PROTECT, related_name="+", db_index=False)
    record = models.BigIntegerField()
    """The id of the row in its kind's table."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "record"], name="importedrecord_once"),
            mode_known("importedrecord"),
        ]

    def __str__(self) -> str:
        return str(self.record)


class ImportUndo(TenantModel, Leased):
    """Somebody's wish to take an import back: queued → running → done, or failed with what depends on its records."""

    class Status(State):
        """Where it stands."""

        QUEUED = state("queued", _("Waiting to be taken back"), "grey", "hourglass", to="running")
        RUNNING = state("running", _("Being taken back"), "blue", "loader", to="queued done failed")
        DONE = state("done", _("Taken back"), "green", "check")
        FAILED = state("failed", _("Not taken back"), "red", "x")

    STEPS = {Status.QUEUED: Status.RUNNING}
    PROBLEMS = {
        "not allowed": _("Whoever asked for it may not take imports back any more. Everything is still there."),
        "late": _("It was too late to take it back. Everything is still there."),
        "needed": _("It can’t be taken back, because something depends on it. Everything is still there."),
        "error": _("Something went wrong on our side. Everything is still there; try again."),
    }

    job = models.ForeignKey(ImportJob, on_delete=models.PROTECT, related_name="+")
    member = models.ForeignKey("accounts.Member", on_delete=models.PROTECT, related_name="+")
    status = StatusField(max_length=7, choices=Status, default=Status.QUEUED)
    rows_done = models.PositiveIntegerField(default=0)
    rows_total = models.PositiveIntegerField()
    needed = models.JSONField(default=list)
    """What depends on the records: words, and how many."""
    created_at = models.DateTimeField(db_default=Now())

    class Meta(Leased.Meta):
        constraints = [
            mode_known("importundo"),
            models.UniqueConstraint(fields=["job"], condition=Q(finished_at=None), name="importundo_one_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.job}"


class ColumnMapping(TenantModel):
    """Which column of a header is which, and how its dates are written, as somebody has said it: kept for next time."""

    class Order(models.TextChoices):
        """What comes first in a date such as 03/04/2026."""

        UNSAID = "", _("The file says it by itself")
        DAY = "day", _("The day: 31/12/2026")
        MONTH = "month", _("The month: 12/31/2026")

    kind = models.CharField(max_length=40)
    header = models.CharField(max_length=64)
    """SHA-256 of the labels of the columns, in any order."""
    columns = models.JSONField(default=dict)
    """The label of the column of each field; empty where the names are known anyway."""
    order = models.CharField(max_length=5, choices=Order, blank=True)
    by_kind, by_id, by_name = actor_fields()
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "mode", "kind", "header"], name="columnmapping_header_once"),
            mode_known("columnmapping"),
            actor_known("columnmapping", "by"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.header[:8]}"
