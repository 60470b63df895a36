"""Accept Payment: what people paid."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from flipdash.scope import TenantForeignKey
from flipdash.searchkeys import SearchIndex
from flipdash.states import State, StatusField, state
from flipdash.timeline import NO_LINE
from transactions.channels import ChannelKind
from transactions.models.base import Transaction, TransactionEvent
from transactions.models.payment_link import PaymentLink


class PaymentStatus(State):
    """The states of a payment (product.md §2)."""

    PENDING = state(
        *("pending", _("Pending"), "amber", "clock"),
        to="successful cancelled failed",
        said=("Pending", "Menunggu", "Tertunda"),
    )
    SUCCESSFUL = state("successful", _("Successful"), "green", "check", said=("Successful", "Berhasil"))
    CANCELLED = state(
        *("cancelled", _("Cancelled"), "grey", "minus"),
        later="successful",  # money that came late, and that somebody took
        said=("Cancelled", "Canceled", "Dibatalkan"),
    )
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
    # Of those that were started on a public page:
    slug = models.CharField(max_length=43, unique=True, null=True, editable=False)
    """The name of the payer's own page about it."""
    sender_phone = models.CharField(_("Sender Phone"), max_length=20, blank=True, default="", db_default="")
    sender_address = models.CharField(_("Sender Address"), max_length=200, blank=True, default="", db_default="")
    language = models.CharField(max_length=2, blank=True, default="", db_default="")
    """The payer's."""
    expires_at = models.DateTimeField(_("Pay before"), null=True, blank=True)
    is_only = models.BooleanField(default=False, db_default=False, editable=False)
    """Whether its link is of one use, so that no other payment of it can be successful (trust.md D4)."""
    made_key = models.UUIDField(null=True, editable=False)
    """The hidden key of the form that started it, so that a double click starts one."""
    network = models.CharField(max_length=32, blank=True, default="", db_default="", editable=False)
    """A keyed hash of the network address that it was started from: strangers are counted by it."""

    timeline = {
        "payment.created": "created",
        "payment.successful": "successful",
        "payment.failed": "failed",
        "payment.cancelled": "cancelled",
        "payment.settled": "settled",
        "payment.arrived": "arrived",
        "payment.returned": "returned",
        "payment.forced": NO_LINE,
    }
    words = WORDS

    class Meta(Transaction.Meta):
        constraints = [
            *Transaction.Meta.constraints,
            TenantForeignKey(field="link", to="transactions.PaymentLink", name="payment_link_tenant"),
            models.UniqueConstraint(fields=["business", "mode", "made_key"], name="payment_started_once"),
            models.UniqueConstraint(
                fields=["link"], condition=Q(is_only=True, status="successful"), name="payment_of_one_use_is_one"
            ),
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
            models.CheckConstraint(condition=Q(slug=None) | Q(fee__lte=F("amount")), name="payment_fee_is_part_of_it"),
            models.CheckConstraint(
                condition=Q(slug=None) | Q(settled_amount=None) | Q(settled_amount=F("amount") - F("fee")),
                name="payment_settled_less_its_fee",
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
            models.Index(
                F("expires_at"), name="payment_expiring", condition=Q(status="pending", expires_at__isnull=False)
            ),
            models.Index(F("network"), F("created_at"), name="payment_network", condition=~Q(network="")),
            models.Index(
                *(F("sender_phone"), F("created_at")),
                name="payment_phone",
                condition=Q(channel_kind="ewallet", slug__isnull=False),
            ),
            models.Index(
                *(Upper("sender_email"), F("paid_at")),
                name="payment_receipts",
                condition=Q(slug__isnull=False) & ~Q(sender_email=""),
            ),
            models.Index(
                *(F("business"), F("mode"), F("paid_at"), F("id")),
                name="payment_to_settle",
                condition=Q(settlement_status="pending", slug__isnull=False),
            ),
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
        ARRIVED = "arrived", _("Money arrived that FlipDash looks at")
        RETURNED = "returned", _("Money given back to the payer")
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
