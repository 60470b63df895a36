"""Money transfers: what was sent to whom, in which state, and what happened to it."""

from typing import Any, ClassVar

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, Right
from django.utils.translation import gettext_lazy as _

from flipdash.scope import TenantForeignKey, TenantModel, TenantQuerySet, TransactionQuerySet, mode_known
from transactions.destinations import FULL_NAMES, NAMES, Kind
from transactions.models.base import MOVES, NextTransactionId, SearchText, Status, Via


class TransferBatch(TenantModel):
    """Transfers that were created together from one file."""

    name = models.CharField(max_length=100)
    maker_name = models.CharField(max_length=100)
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "mode", "id"], name="transferbatch_tenant"),
            mode_known("transferbatch"),
        ]
        indexes = [models.Index(F("business"), F("mode"), F("created_at").desc(), name="transferbatch_newest")]

    def __str__(self) -> str:
        return self.name


class MoneyTransfer(TenantModel):
    """A transfer inside the country. Amounts are whole rupiah."""

    id = models.BigIntegerField(primary_key=True, db_default=NextTransactionId())
    external_id = models.CharField(_("External ID"), max_length=64, null=True, blank=True)
    status = models.CharField(_("Status"), max_length=20, choices=Status.choices)
    destination_kind = models.CharField(max_length=8, choices=Kind.choices)
    bank = models.CharField(_("Bank"), max_length=32)
    account_number = models.CharField(_("Account Number"), max_length=32)
    beneficiary_name = models.CharField(_("Beneficiary Name"), max_length=100)
    amount = models.BigIntegerField(_("Amount"))
    fee = models.BigIntegerField(_("Fee"), default=0)
    remark = models.CharField(_("Remark"), max_length=100, blank=True)
    internal_reference = models.CharField(_("Internal Reference"), max_length=100, blank=True)
    batch = models.ForeignKey(
        TransferBatch,
        on_delete=models.PROTECT,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="transfers",
    )
    via = models.CharField(_("Created via"), max_length=9, choices=Via.choices)
    maker_name = models.CharField(_("Maker Name"), max_length=100)
    approved_by = models.CharField(_("Approved By"), max_length=100, blank=True)
    bank_reference = models.CharField(_("Bank Reference"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("Created Date"), db_default=Now())
    completed_at = models.DateTimeField(_("Completed Date"), null=True, blank=True)
    returned_at = models.DateTimeField(_("Returned"), null=True, blank=True)

    objects: ClassVar[Any] = TransactionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "mode", "id"], name="moneytransfer_tenant"),
            mode_known("moneytransfer"),
            models.UniqueConstraint(fields=["business", "mode", "external_id"], name="moneytransfer_external_once"),
            TenantForeignKey(field="batch", to="transactions.TransferBatch", name="moneytransfer_batch_tenant"),
            models.CheckConstraint(condition=Q(amount__gt=0, fee__gte=0), name="moneytransfer_amounts"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="moneytransfer_status_known"),
            models.CheckConstraint(condition=Q(destination_kind__in=Kind.values), name="moneytransfer_kind_known"),
            models.CheckConstraint(
                condition=Q(completed_at=None) | Q(completed_at__gte=F("created_at")),
                name="moneytransfer_completed_after",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.SUCCESSFUL) | Q(returned_at=None),
                name="moneytransfer_returned_was_successful",
            ),
        ]
        indexes = [
            models.Index(F("business"), F("mode"), F("created_at").desc(), F("id").desc(), name="moneytransfer_newest"),
            models.Index(F("business"), F("mode"), F("completed_at").desc(), name="moneytransfer_completed"),
            models.Index(
                F("business"),
                F("mode"),
                F("amount"),
                F("created_at").desc(),
                F("id").desc(),
                name="moneytransfer_amount",
            ),
            models.Index(
                F("business"),
                F("mode"),
                OpClass(F("account_number"), "text_pattern_ops"),
                name="moneytransfer_account",
            ),
            models.Index(F("business"), F("mode"), Right("account_number", 4), name="moneytransfer_account_end"),
            models.Index(
                "business",
                "mode",
                F("status"),
                F("created_at").desc(),
                F("id").desc(),
                name="moneytransfer_status",
                condition=~Q(status=Status.SUCCESSFUL),
            ),
            models.Index(F("batch"), name="moneytransfer_batch", condition=Q(batch__isnull=False)),
            GinIndex(
                F("business"),
                OpClass(SearchText("beneficiary_name", "remark"), "gin_trgm_ops"),
                name="moneytransfer_text",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def state(self) -> Status:
        """The status as the enum that knows its look."""
        return Status(self.status)

    @property
    def destination(self) -> str:
        """Where it goes, in full: Bank · Bank Central Asia (BCA)."""
        name, short = FULL_NAMES[self.bank], NAMES[self.bank]
        return f"{Kind(self.destination_kind).label} · {name if short == name else f'{name} ({short})'}"

    def check_may_move(self, to: Status) -> None:
        """Raise ValidationError unless the transfer may go from its state to `to`; the database asks again."""
        if to not in MOVES[Status(self.status)]:
            raise ValidationError(f"A transfer that is {self.status} can't become {to}.")


class TransferEvent(TenantModel):
    """One line of a transfer's timeline: what happened, when, and who did it. Lines are added, never changed."""

    class Kind(models.TextChoices):
        """What can happen to a transfer."""

        CREATED = "created", _("Created")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        SENT = "sent", _("Sent to the bank")
        SUCCESSFUL = "successful", _("Received by the beneficiary")
        FAILED = "failed", _("Refused by the bank")
        CANCELLED = "cancelled", _("Cancelled before it was sent")
        RETURNED = "returned", _("Returned by the bank")
        IMPORTED = "imported", _("Imported from another system")

    transfer = models.ForeignKey(
        MoneyTransfer, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="events"
    )
    kind = models.CharField(max_length=16, choices=Kind.choices)
    at = models.DateTimeField(db_default=Now())
    by = models.CharField(max_length=100, blank=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            TenantForeignKey(field="transfer", to="transactions.MoneyTransfer", name="transferevent_transfer_tenant"),
            mode_known("transferevent"),
        ]
        indexes = [models.Index(fields=["transfer", "at", "id"], name="transferevent_order")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"

    @property
    def look(self) -> str:
        """The colour by meaning of the timeline's dot."""
        return EVENT_LOOKS.get(self.Kind(self.kind), "grey")

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the line; an existing one can't be saved again."""
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)


EVENT_LOOKS = {
    TransferEvent.Kind.CREATED: "green",
    TransferEvent.Kind.APPROVED: "green",
    TransferEvent.Kind.SENT: "green",
    TransferEvent.Kind.SUCCESSFUL: "green",
    TransferEvent.Kind.FAILED: "red",
    TransferEvent.Kind.REJECTED: "red",
    TransferEvent.Kind.RETURNED: "amber",
}
