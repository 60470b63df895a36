"""Refunds: what a payer gets back of a payment, paid from the deposit."""

from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from flipdash.scope import TenantForeignKey
from flipdash.searchkeys import SearchIndex
from flipdash.states import State, StatusField, state
from transactions.destinations import Kind
from transactions.models.base import ENDED_BADLY, MAY_BE_PAID, OutgoingEventKind, OutgoingTransfer, TransactionEvent
from transactions.models.payment import Payment


class RefundStatus(State):
    """The states of a refund: those of money that is sent, but it waits for the deposit, and has no date."""

    PENDING_APPROVAL = state(
        *("pending_approval", _("Pending approval"), "amber", "pause"),
        to="waiting processing cancelled",
        said=("Pending approval", "Menunggu persetujuan", "Pending", "Menunggu"),
    )
    WAITING = state(
        *("waiting", _("Waiting for deposit"), "amber", "hourglass"),
        to="processing cancelled",
        said=("Waiting for deposit", "Menunggu deposit", "Waiting"),
    )
    PROCESSING = state(
        *("processing", _("Processing"), "blue", "clock"),
        to="successful failed",
        said=("Processing", "Diproses"),
    )
    SUCCESSFUL = state(
        *("successful", _("Successful"), "green", "check"), later="failed", said=("Successful", "Berhasil", "Sukses")
    )
    CANCELLED = state("cancelled", _("Cancelled"), "grey", "minus", said=("Cancelled", "Canceled", "Dibatalkan"))
    FAILED = state("failed", _("Failed"), "red", "x", later="successful", said=("Failed", "Gagal"))


COUNTED = MAY_BE_PAID & Q(returned_at=None)
"""Which refunds may be the same money as another, and haven't come back."""
GIVEN = Case(When(returned_at=None, then=F("amount")), default=F("amount") - Coalesce("came_back", "amount"))
"""The rupiah of a refund that the payer has, or may have: all, or what banks kept of one that came back."""
ASKED_FOR = (~Q(status=RefundStatus.FAILED) | Q(disputed_at__isnull=False)) & Q(returned_at=None)
"""Which refunds somebody has asked for, and the payer may have yet or never was to have: rejected ones, too."""
WORDS = SearchIndex(texts=("beneficiary_name", "cause"), codes=("internal_reference",))


class Refund(OutgoingTransfer):
    """All of a payment, or a part of it, on its way back to the payer.

    The database refuses one that would give back more than was paid, and one of what wasn't paid.
    """

    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="refunds"
    )
    status = StatusField(_("Status"), max_length=20, choices=RefundStatus)
    destination_kind = models.CharField(max_length=8, choices=Kind.choices)
    bank = models.CharField(_("Bank"), max_length=32)
    account_number = models.CharField(_("Account Number"), max_length=32)
    beneficiary_name = models.CharField(_("Beneficiary Name"), max_length=100)
    holder_name = models.CharField(_("Account holder"), max_length=100, blank=True, default="", db_default="")
    """Whose account it is, as the bank said; empty where nobody answered."""
    is_to_another = models.BooleanField(_("Not the payer’s"), default=False, db_default=False)
    """Whether it goes to another account or name than the payer left."""
    name_reason = models.CharField(
        _("Why another account or name"), max_length=200, blank=True, default="", db_default=""
    )
    cause = models.CharField(_("Reason for the refund"), max_length=200)

    words = WORDS
    timeline = OutgoingTransfer.lines_of("refund") | {
        "refund.waiting": str(OutgoingEventKind.WAITING),
        "refund.covered": str(OutgoingEventKind.COVERED),
    }

    class Meta(OutgoingTransfer.Meta):
        constraints = [
            *(one for one in OutgoingTransfer.Meta.constraints if one.name != "%(class)s_status_known"),
            TenantForeignKey(field="payment", to="transactions.Payment", name="refund_payment_tenant"),
            models.CheckConstraint(condition=Q(status__in=RefundStatus.values), name="refund_status_known"),
            models.CheckConstraint(condition=Q(destination_kind__in=Kind.values), name="refund_kind_known"),
            models.CheckConstraint(condition=Q(send_at=None), name="refund_has_no_date"),
            models.CheckConstraint(condition=~Q(cause=""), name="refund_has_a_cause"),
        ]
        indexes = [
            *OutgoingTransfer.Meta.indexes,
            models.Index(F("payment"), name="refund_payment"),
            models.Index(F("business"), F("mode"), F("account_number"), name="refund_account"),
            models.Index(F("created_at"), name="refund_waiting", condition=Q(status=RefundStatus.WAITING)),
        ]

    @property
    def given(self) -> int:
        """How many rupiah it takes of what can be refunded: GIVEN of one row that may be paid, none of another."""
        if self.status in ENDED_BADLY and self.disputed_at is None:
            return 0
        if self.returned_at is None:
            return self.amount
        return self.amount - (self.amount if self.came_back is None else self.came_back)


class RefundEvent(TransactionEvent):
    """One line of a refund's timeline."""

    Kind = OutgoingEventKind
    parent = "refund"

    refund = models.ForeignKey(
        Refund, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="events"
    )
    kind = models.CharField(max_length=16, choices=OutgoingEventKind.choices)

    class Meta(TransactionEvent.Meta):
        constraints = [
            *TransactionEvent.Meta.constraints,
            TenantForeignKey(field="refund", to="transactions.Refund", name="refundevent_refund_tenant"),
        ]
        indexes = [models.Index(fields=["refund", "at", "id"], name="refundevent_order")]
