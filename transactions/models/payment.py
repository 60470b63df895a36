"""Accept Payment: links that people pay by, and what they paid."""

import secrets
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from flipdash.actors import actor_fields, actor_known
from flipdash.scope import TenantForeignKey, TenantModel, TenantQuerySet, mode_known
from flipdash.searchkeys import SearchIndex
from flipdash.states import State, StatusField, state
from transactions.channels import ChannelKind
from transactions.models.base import Transaction, TransactionEvent, Via

SLUG_BYTES = 16
"""128 random bits, so that nobody finds a link by guessing (trust.md W7)."""


def new_slug() -> str:
    """Return a random name for a link's address."""
    return secrets.token_urlsafe(SLUG_BYTES)


class PaymentLink(TenantModel):
    """An address that people pay at: an amount fixed or open, once or as often as they like."""

    class Uses(models.TextChoices):
        """How often a link can be paid."""

        ONE = "one", _("One use")
        MANY = "many", _("Many uses")

    class Status(State):
        """Whether a link can be paid at all."""

        ACTIVE = state("active", _("Active"), "green", "check", to="inactive")
        INACTIVE = state("inactive", _("Inactive"), "grey", "minus", later="active")

    slug = models.CharField(max_length=43, unique=True, default=new_slug, editable=False)
    title = models.CharField(_("Title"), max_length=100)
    amount = models.BigIntegerField(_("Amount"), null=True, blank=True)
    """Rupiah; None lets the payer choose."""
    uses = models.CharField(max_length=4, choices=Uses.choices, default=Uses.MANY)
    status = StatusField(max_length=8, choices=Status, default=Status.ACTIVE)
    via = models.CharField(_("Created via"), max_length=9, choices=Via.choices, default=Via.DASHBOARD)
    maker_kind, maker_id, maker_name = actor_fields(_("Maker Name"))
    created_at = models.DateTimeField(_("Created Date"), db_default=Now())
    expires_at = models.DateTimeField(_("Expires"), null=True, blank=True)

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "mode", "id"], name="paymentlink_tenant"),
            mode_known("paymentlink"),
            actor_known("paymentlink", "maker"),
            models.CheckConstraint(condition=Q(slug__regex="^[A-Za-z0-9_-]{22,}$"), name="paymentlink_slug_is_long"),
            models.CheckConstraint(condition=Q(amount=None) | Q(amount__gt=0), name="paymentlink_amount"),
            models.CheckConstraint(
                condition=Q(uses__in=["one", "many"], status__in=["active", "inactive"]), name="paymentlink_words_known"
            ),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=F("created_at")), name="paymentlink_expires_after"
            ),
        ]
        indexes = [models.Index(F("business"), F("mode"), F("created_at").desc(), name="paymentlink_newest")]

    def __str__(self) -> str:
        return self.slug


class PaymentStatus(State):
    """The states of a payment (product.md §2)."""

    PENDING = state(
        *("pending", _("Pending"), "amber", "clock"),
        to="successful cancelled failed",
        said=("Pending", "Menunggu", "Tertunda"),
    )
    SUCCESSFUL = state("successful", _("Successful"), "green", "check", said=("Successful", "Berhasil"))
    CANCELLED = state("cancelled", _("Cancelled"), "grey", "minus", said=("Cancelled", "Canceled", "Dibatalkan"))
    FAILED = state("failed", _("Failed"), "red", "x", said=("Failed", "Gagal"))


class Settlement(State, blank=True):
    """Whether a payment's money has reached the business; a rail's answer may say both, paid and settled, at once."""

    PENDING = state("pending", _("Pending"), "grey", "hourglass", to="settled")  # searched: means the payment's status
    SETTLED = state("settled", _("Settled"), "green", "wallet", said=("Settled", "Sudah masuk deposit", "Selesai"))


WORDS = SearchIndex(
    texts=("title", "sender_name"),
    facets=("status", "channel_kind", "settlement_status", "channel", "reason"),
    codes=("external_id", "reference", "sender_email"),
    amounts=("amount",),
    when="created_at",
)


class Payment(Transaction):
    """One payment by one sender. The title is the link's at that time."""

    link = models.ForeignKey(
        PaymentLink, on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="payments"
    )
    title = models.CharField(_("Payment"), max_length=100)
    sender_name = models.CharField(_("Sender Name"), max_length=100)
    sender_email = models.EmailField(_("Sender Email"), blank=True)
    channel_kind = models.CharField(max_length=8, choices=ChannelKind.choices)
    channel = models.CharField(_("Channel"), max_length=32)
    status = StatusField(_("Status"), max_length=20, choices=PaymentStatus)
    settlement_status = StatusField(_("Settlement Status"), max_length=8, choices=Settlement, blank=True)
    """Empty where nothing will ever be settled."""
    reference = models.CharField(_("Transaction Reference No"), max_length=64, blank=True)
    settled_amount = models.BigIntegerField(_("Settled Amount"), null=True, blank=True)  # rupiah, after the fee
    paid_at = models.DateTimeField(_("Paid Date"), null=True, blank=True)
    settled_at = models.DateTimeField(_("Settled Date"), null=True, blank=True)

    words = WORDS

    class Meta(Transaction.Meta):
        constraints = [
            *Transaction.Meta.constraints,
            TenantForeignKey(field="link", to="transactions.PaymentLink", name="payment_link_tenant"),
            models.CheckConstraint(condition=Q(status__in=PaymentStatus.values), name="payment_status_known"),
            models.CheckConstraint(condition=Q(channel_kind__in=ChannelKind.values), name="payment_kind_known"),
            models.CheckConstraint(
                condition=Q(settlement_status__in=["", *Settlement.values]), name="payment_settlement_known"
            ),
            models.CheckConstraint(
                condition=Q(status=PaymentStatus.SUCCESSFUL) | Q(paid_at=None, settled_at=None),
                name="payment_paid_was_successful",
            ),
            models.CheckConstraint(
                condition=Q(
                    settlement_status=Settlement.SETTLED,
                    settled_at__isnull=False,
                    settled_amount__isnull=False,
                    settled_amount__gte=0,
                    settled_amount__lte=F("amount"),
                )
                | (~Q(settlement_status=Settlement.SETTLED) & Q(settled_at=None, settled_amount=None)),
                name="payment_settled_whole",
            ),
            models.CheckConstraint(
                condition=(Q(paid_at=None) | Q(paid_at__gte=F("created_at")))
                & (Q(settled_at=None) | Q(settled_at__gte=F("created_at"))),
                name="payment_paid_after",
            ),
        ]
        indexes = [
            *Transaction.Meta.indexes,
            models.Index(F("business"), F("mode"), F("paid_at").desc(), name="payment_paid"),
            models.Index(
                F("business"), F("mode"), F("amount"), F("created_at").desc(), F("id").desc(), name="payment_amount"
            ),
            models.Index(
                F("business"), F("mode"), F("status"), F("created_at").desc(), F("id").desc(), name="payment_status"
            ),
            models.Index(
                F("business"),
                F("mode"),
                F("settlement_status"),
                F("created_at").desc(),
                F("id").desc(),
                name="payment_settlement",
            ),
            models.Index(F("link"), name="payment_link", condition=Q(link__isnull=False)),
            WORDS.index("payment_words"),
        ]


class PaymentEvent(TransactionEvent):
    """One line of a payment's timeline."""

    parent = "payment"

    class Kind(models.TextChoices):
        """What can happen to a payment."""

        CREATED = "created", _("Started")
        SUCCESSFUL = "successful", _("Paid")
        FAILED = "failed", _("Refused")
        CANCELLED = "cancelled", _("Not paid in time")
        SETTLED = "settled", _("Settled")
        IMPORTED = "imported", _("Imported from another system")

    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="events"
    )
    kind = models.CharField(max_length=16, choices=Kind.choices)

    class Meta(TransactionEvent.Meta):
        constraints = [
            *TransactionEvent.Meta.constraints,
            TenantForeignKey(field="payment", to="transactions.Payment", name="paymentevent_payment_tenant"),
        ]
        indexes = [models.Index(fields=["payment", "at", "id"], name="paymentevent_order")]
