"""A file of transfers on its way to being a batch: read, checked and repaired, before anything of it exists."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from flipdash.leases import Leased
from flipdash.scope import TenantForeignKey, TenantModel, TenantQuerySet, mode_known
from flipdash.states import State, StatusField, state
from transactions.models.money_transfer import MoneyTransfer, TransferBatch


class BulkDraft(TenantModel, Leased):
    """One file: queued → checking → review → confirmed → creating → done; or failed, or cancelled."""

    class Status(State):
        """Where it stands."""

        QUEUED = state("queued", _("Waiting"), "grey", "hourglass", to="checking failed cancelled")
        CHECKING = state("checking", _("Being checked"), "blue", "loader", to="queued review failed cancelled")
        REVIEW = state("review", _("Waiting for confirmation"), "amber", "pause", to="confirmed failed cancelled")
        CONFIRMED = state(
            "confirmed", _("Waiting to be created"), "grey", "hourglass", to="creating review failed cancelled"
        )
        CREATING = state("creating", _("Being created"), "blue", "loader", to="confirmed review done failed cancelled")
        DONE = state("done", _("Created"), "green", "check")
        FAILED = state("failed", _("Not created"), "red", "x")
        CANCELLED = state("cancelled", _("Cancelled"), "grey", "minus")

    STEPS = {Status.QUEUED: Status.CHECKING, Status.CONFIRMED: Status.CREATING}
    BACK = {Status.CREATING: Status.REVIEW}
    PROBLEMS = {
        "file": _("This file can’t be read as transfers. Nothing was created."),
        "not allowed": _("Whoever uploaded or confirmed it may no longer create transactions. Nothing was created."),
        "forgotten": _("Nobody confirmed it in time, and it was thrown away. Upload it again."),
        "changed": _("Something has changed since it was confirmed. Nothing was created. Look again, then confirm."),
        "short": _("The deposit doesn’t cover it. Nothing was created."),
        "nothing sends": _("Nothing can be sent in this mode yet: no bank connection is set up. Nothing was created."),
        "error": _("Something went wrong on our side. Nothing was created; try again."),
    }

    number = models.PositiveIntegerField()
    member = models.ForeignKey("accounts.Member", on_delete=models.PROTECT, related_name="+")
    """Who uploaded it; whoever confirms it is the maker of its transfers."""
    confirmed_by = models.ForeignKey("accounts.Member", on_delete=models.PROTECT, related_name="+", null=True)
    name = models.CharField(max_length=100)
    file_name = models.CharField(max_length=190)
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=100, blank=True)
    """Where the upload is; empty once it has been read."""
    size = models.PositiveIntegerField(default=0)  # bytes
    header = models.JSONField(default=list)
    """The names of the file's columns, as they stand in it."""
    notes = models.JSONField(default=dict)
    """What else the file said: its sheet's neighbours, columns that aren't read, its own sums."""
    fault = models.CharField(max_length=300, blank=True)
    """Why all of the file is refused, in the words of whoever uploaded it."""
    status = StatusField(max_length=9, choices=Status, default=Status.QUEUED)
    version = models.PositiveIntegerField(default=0)
    """Counts what was changed in it: what is confirmed is one version and no other."""
    rows_done = models.PositiveIntegerField(default=0)
    rows_total = models.PositiveIntegerField(null=True)
    seen = models.CharField(max_length=64, blank=True)
    """The digest of what was confirmed."""
    is_sure = models.BooleanField(default=False)
    name_reason = models.CharField(max_length=200, blank=True)
    """Why names that differ are right, for all rows that have no reason of their own."""
    missing = models.BigIntegerField(null=True)
    """How many rupiah the deposit was short of."""
    batch = models.ForeignKey(
        TransferBatch, on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="drafts"
    )
    keep_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta(Leased.Meta):
        constraints = [
            mode_known("bulkdraft"),
            models.UniqueConstraint(fields=["business", "mode", "id"], name="bulkdraft_tenant"),
            models.UniqueConstraint(fields=["business", "mode", "number"], name="bulkdraft_number_once"),
            TenantForeignKey(field="batch", to="transactions.TransferBatch", name="bulkdraft_batch_tenant"),
            models.UniqueConstraint(fields=["batch"], name="bulkdraft_batch_once"),
            models.CheckConstraint(
                condition=~Q(status="done") | Q(batch__isnull=False), name="bulkdraft_done_has_batch"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["confirmed", "creating", "done"]) | Q(confirmed_by__isnull=False),
                name="bulkdraft_creates_what_was_confirmed",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class BulkRow(TenantModel):
    """One row of such a file: its cells as they came, what was read or typed for each field, and what that means."""

    draft = models.ForeignKey(
        BulkDraft, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="rows"
    )
    record = models.PositiveIntegerField()
    """Its place in the file, counted with the header."""
    cells = models.JSONField(default=list)
    """The whole row as it came, for the result file."""
    texts = models.JSONField()
    """What stands in each field now: a text, or [text] for a spreadsheet's number, [text, place] for a broken cell."""
    wrong = ArrayField(models.CharField(max_length=20), default=list)
    """The fields whose texts can't be used."""
    is_left_out = models.BooleanField(default=False)
    destination_kind = models.CharField(max_length=8, blank=True)
    bank = models.CharField(max_length=32, blank=True)
    account_number = models.CharField(max_length=32, blank=True)
    amount = models.BigIntegerField(null=True)
    """Rupiah; it and the others are empty where they can't be read."""
    fee = models.BigIntegerField(default=0)
    beneficiary_name = models.CharField(max_length=100, blank=True)
    remark = models.CharField(max_length=100, blank=True)
    beneficiary_email = models.CharField(max_length=254, blank=True)
    internal_reference = models.CharField(max_length=100, blank=True)
    is_repeated = models.BooleanField(default=False)
    """Whether another row of the file pays the same, or has the same Internal Reference."""
    is_paid_before = models.BooleanField(default=False)
    """Whether a transfer of the last 30 days, by whatever channel, does."""
    twins = models.CharField(max_length=32, blank=True, default="", db_default="")
    """A hash of the ids of those transfers: what may be paid twice is confirmed as it was seen."""
    holder_status = models.CharField(max_length=11, blank=True)
    """What the bank said of the account; empty while nobody has asked, "pending" or "failed" where it didn't answer."""
    tries = models.PositiveSmallIntegerField(db_default=0)
    """How often a bank was asked for it: what was asked for least comes first."""
    holder_name = models.CharField(max_length=100, blank=True)
    name_differs = models.BooleanField(default=False)
    name_reason = models.CharField(max_length=200, blank=True)
    transfer = models.ForeignKey(
        MoneyTransfer, on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    """What it became."""
    retry_of = models.ForeignKey(
        MoneyTransfer, on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    """The failed transfer that it tries again."""

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            mode_known("bulkrow"),
            TenantForeignKey(field="draft", to="transactions.BulkDraft", name="bulkrow_draft_tenant"),
            models.UniqueConstraint(fields=["draft", "record"], name="bulkrow_in_order"),
            models.UniqueConstraint(fields=["transfer"], name="bulkrow_transfer_once"),
            models.UniqueConstraint(fields=["retry_of"], name="bulkrow_retry_once"),
        ]
        indexes = [
            models.Index(F("draft"), F("record"), name="bulkrow_wrong", condition=~Q(wrong=[]) & Q(is_left_out=False)),
            models.Index(
                F("draft"),
                F("record"),
                name="bulkrow_twins",
                condition=(Q(is_repeated=True) | Q(is_paid_before=True)) & Q(is_left_out=False),
            ),
            models.Index(
                F("draft"), F("record"), name="bulkrow_names", condition=Q(name_differs=True, is_left_out=False)
            ),
            models.Index(F("draft"), F("record"), name="bulkrow_left_out", condition=Q(is_left_out=True)),
            models.Index(
                F("draft"),
                F("tries"),
                F("record"),
                name="bulkrow_unasked",
                condition=Q(holder_status__in=["", "failed", "pending"], wrong=[]),
            ),
            models.Index(F("draft"), F("account_number"), F("amount"), name="bulkrow_account"),
            models.Index(
                F("draft"), F("internal_reference"), name="bulkrow_reference", condition=~Q(internal_reference="")
            ),
        ]

    def __str__(self) -> str:
        return str(self.record)
