"""Top-ups by unique code: asked for, paid by bank transfer, credited (product.md §4)."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from deposits import banks
from flipdash.actors import Actor, actor_fields, actor_known
from flipdash.functions import NextTransactionId
from flipdash.scope import TenantForeignKey, TenantModel, TransactionQuerySet, mode_known
from flipdash.states import State, StatusField, state
from flipdash.timeline import Event

CODES = 999
"""How many codes there are: 001 to 999, the last three digits above a multiple of Rp1.000. 000 is never given out: a
bare amount is nobody's."""


class TopUpStatus(State):
    """The states of a top-up (product.md §4).

    What was closed becomes successful, and what was successful cancelled, only by two people of the operator's
    (Correction).
    """

    WAITING = state(
        *("waiting", _("Waiting for payment"), "amber", "pause"),
        to="checking successful expired cancelled",
        said=("Waiting for payment", "Menunggu pembayaran"),
    )
    CHECKING = state(
        *("checking", _("Being checked"), "blue", "clock"),
        to="successful expired",
        said=("Being checked", "Sedang diperiksa"),
    )
    SUCCESSFUL = state(
        "successful", _("Successful"), "green", "check", later="cancelled", said=("Successful", "Berhasil")
    )
    EXPIRED = state("expired", _("Expired"), "grey", "clock-alert", later="successful", said=("Expired", "Kedaluwarsa"))
    CANCELLED = state(
        *("cancelled", _("Cancelled"), "grey", "minus"),
        later="successful",
        said=("Cancelled", "Canceled", "Dibatalkan"),
    )


OPEN = TopUpStatus.open()
"""Those that a payment is matched with by itself."""


class TopUpEventKind(models.TextChoices):
    """What can happen to a top-up."""

    CREATED = "created", _("Created")
    MARKED = "marked", _("Marked as transferred")
    SUCCESSFUL = "successful", _("Credited to the deposit")
    EXPIRED = "expired", _("Expired")
    CANCELLED = "cancelled", _("Cancelled")
    REVERSED = "reversed", _("Taken back from the deposit")


class TopUp(TenantModel):
    """Money that a business transfers to one of the operator's accounts; the last three digits say whose it is."""

    id = models.BigIntegerField(primary_key=True, db_default=NextTransactionId())
    amount = models.BigIntegerField(_("Amount asked for"))
    code = models.PositiveSmallIntegerField(_("Unique code"))
    exact_amount = models.BigIntegerField(_("Amount"))
    """What has to be transferred: the amount and the code."""
    bank = models.CharField(_("Bank"), max_length=16, choices=list(banks.NAMES.items()))
    note = models.CharField(_("Note"), max_length=100, blank=True)
    status = StatusField(_("Status"), max_length=10, choices=TopUpStatus, default=TopUpStatus.WAITING)
    maker_kind, maker_id, maker_name = actor_fields(_("Maker Name"))
    idempotency_key = models.UUIDField()
    """The hidden key of the form that asked, so that a double click asks once (trust.md L6)."""

    created_at = models.DateTimeField(_("Created Date"), db_default=Now())
    expires_at = models.DateTimeField(_("Pay before"))
    marked_at = models.DateTimeField(_("Marked as transferred"), null=True)
    settled_at = models.DateTimeField(_("Credited Date"), null=True)
    reversed_at = models.DateTimeField(_("Taken back on"), null=True)
    is_code_held = models.BooleanField(default=True)
    """Whether nobody else may get the same exact amount at this bank: while open, and a quiet period after."""
    code_free_at = models.DateTimeField(null=True)
    """The end of the quiet period, known once the top-up is closed."""

    is_atm = models.BooleanField(_("ATM Transfer"), default=False)
    sender_bank = models.CharField(_("Sender's bank"), max_length=50, blank=True)
    sender_name = models.CharField(_("Sender's name"), max_length=100, blank=True)

    credited_amount = models.BigIntegerField(_("Credited"), null=True)
    posting_id = models.BigIntegerField(null=True)
    simulated_at = models.DateTimeField(null=True)
    """When the simulated bank reports the payment; never in Live Mode in production."""

    objects: ClassVar[Any] = TransactionQuerySet.as_manager()
    timeline = {
        "top-up.requested": TopUpEventKind.CREATED,
        "top-up.marked": TopUpEventKind.MARKED,
        "top-up.cancelled": TopUpEventKind.CANCELLED,
        "top-up.expired": TopUpEventKind.EXPIRED,
        "top-up.credited": TopUpEventKind.SUCCESSFUL,
        "top-up.reversed": TopUpEventKind.REVERSED,
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "mode", "id"], name="topup_tenant"),
            mode_known("topup"),
            actor_known("topup", "maker"),
            models.UniqueConstraint(
                fields=["mode", "bank", "exact_amount"], name="topup_code_once", condition=Q(is_code_held=True)
            ),
            models.UniqueConstraint(fields=["business", "mode", "idempotency_key"], name="topup_once"),
            models.CheckConstraint(
                condition=Q(status__in=TopUpStatus.values, bank__in=list(banks.NAMES)), name="topup_words_known"
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0, amount__lte=10**12, code__gte=1, code__lte=CODES)
                & Q(exact_amount=F("amount") + F("code")),
                name="topup_amounts",
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="topup_expires_after"),
            models.CheckConstraint(condition=~Q(status__in=OPEN) | Q(is_code_held=True), name="topup_open_holds_code"),
            models.CheckConstraint(
                condition=~Q(status=TopUpStatus.SUCCESSFUL)
                | Q(posting_id__isnull=False, credited_amount__gt=0, settled_at__isnull=False),
                name="topup_successful_is_posted",
            ),
            models.CheckConstraint(
                condition=Q(posting_id=None) | Q(status=TopUpStatus.SUCCESSFUL) | Q(reversed_at__isnull=False),
                name="topup_posted_is_successful",
            ),
            models.CheckConstraint(
                condition=Q(is_atm=False, sender_bank="", sender_name="")
                | (Q(is_atm=True) & ~Q(sender_bank="") & ~Q(sender_name="")),
                name="topup_atm_names_sender",
            ),
        ]
        indexes = [
            models.Index(F("business"), F("mode"), F("created_at").desc(), F("id").desc(), name="topup_newest"),
            models.Index(F("business"), F("mode"), F("exact_amount"), F("created_at").desc(), name="topup_amount"),
            models.Index(F("mode"), F("exact_amount"), F("bank"), name="topup_at_bank"),
            models.Index(F("expires_at"), name="topup_open", condition=Q(status__in=OPEN)),
            models.Index(F("simulated_at"), name="topup_simulated", condition=Q(simulated_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def maker(self) -> Actor | None:
        """Who asked for it."""
        return Actor.of(self, "maker")

    @property
    def is_successful(self) -> bool:
        """Whether it was credited."""
        return self.status == TopUpStatus.SUCCESSFUL

    @property
    def is_open(self) -> bool:
        """Whether a payment is still awaited."""
        return self.status.is_open

    @property
    def bank_name(self) -> str:
        return banks.NAMES[self.bank]


class TopUpEvent(Event):
    """One line of a top-up's timeline."""

    Kind = TopUpEventKind

    top_up = models.ForeignKey(
        TopUp, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="events"
    )
    kind = models.CharField(max_length=16, choices=TopUpEventKind.choices)

    looks = {"created": "green", "marked": "green", "successful": "green", "reversed": "red"}

    class Meta(Event.Meta):
        constraints = [
            *Event.Meta.constraints,
            TenantForeignKey(field="top_up", to="deposits.TopUp", name="topupevent_topup_tenant"),
        ]
        indexes = [models.Index(fields=["top_up", "at", "id"], name="topupevent_order")]
