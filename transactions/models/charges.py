"""What a rail was asked to collect for us, and all that it says arrived."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from flipdash.leases import Leased
from flipdash.scope import TenantForeignKey, TenantModel, TenantQuerySet, mode_known
from flipdash.states import State, StatusField, state
from transactions.models.payment import Payment


class RailCharge(TenantModel, Leased):
    """One payment that a rail collects: the rail is told of it by its key, says how it is paid, and is asked for it.

    It says what is done about a payment, never what became of it: that is the payment's own status.
    """

    class Status(State):
        """What a worker does next."""

        QUEUED = state("queued", _("Waiting to be sent"), "grey", "hourglass", to="telling done")
        TELLING = state("telling", _("Being sent"), "blue", "loader", to="queued open done failed")
        OPEN = state("open", _("Can be paid"), "blue", "clock", to="asking done")
        ASKING = state("asking", _("Being asked for"), "blue", "loader", to="open done failed")
        DONE = state("done", _("Answered"), "green", "check")
        FAILED = state("failed", _("Given up"), "red", "x", later="done")

    STEPS = {Status.QUEUED: Status.TELLING, Status.OPEN: Status.ASKING}
    PROBLEMS = {
        "error": _("Something went wrong on our side."),
        "key reused": _("The rail knows this key with something else."),
    }

    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, db_constraint=False, related_name="charge")
    key = models.CharField(max_length=64, unique=True)
    """What the rail knows it by."""
    rail = models.CharField(max_length=32)
    code = models.CharField(max_length=64, blank=True)
    """What the payer types: the number of a virtual account, a code for the till. Empty until the rail said so."""
    qr = models.CharField(max_length=512, blank=True)
    """What the payer scans, as the QR code holds it."""
    url = models.CharField(max_length=500, blank=True)
    """A page of the rail's that takes the payment."""
    opened_at = models.DateTimeField(null=True)
    """When the rail said how it is paid."""
    status = StatusField(max_length=7, choices=Status, default=Status.QUEUED)

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta(Leased.Meta):
        constraints = [
            mode_known("railcharge"),
            models.UniqueConstraint(fields=["business", "mode", "id"], name="railcharge_tenant"),
            TenantForeignKey(field="payment", to="transactions.Payment", name="railcharge_payment_tenant"),
        ]

    def __str__(self) -> str:
        return self.key


class PaymentArrival(TenantModel):
    """Money that a rail says arrived, known by the rail's own id: once, however often it says so (trust.md D3)."""

    class Status(State):
        """What became of it."""

        TAKEN = state("taken", _("Paid the payment"), "green", "check")
        WAITING = state("waiting", _("FlipDash looks at it"), "amber", "pause", to="taken returned")
        RETURNED = state("returned", _("Given back to the payer"), "grey", "undo-2")

    class Problem(models.TextChoices):
        """Why a person has to look at it."""

        LATE = "late", _("It came after the time to pay was over")
        TWICE = "twice", _("It was paid before")
        USED = "used", _("Its link could be paid once, and somebody else was faster")
        AMOUNT = "amount", _("It is another amount than was asked for")
        FAILED = "failed", _("The payment had failed before")

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, db_constraint=False, related_name="arrivals")
    rail = models.CharField(max_length=32)
    rail_id = models.CharField(max_length=64)
    amount = models.BigIntegerField(_("Amount"))
    reference = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(db_default=Now())
    status = StatusField(_("Status"), max_length=8, choices=Status)
    problem = models.CharField(_("Problem"), max_length=6, choices=Problem.choices, blank=True)

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            mode_known("paymentarrival"),
            TenantForeignKey(field="payment", to="transactions.Payment", name="paymentarrival_payment_tenant"),
            models.UniqueConstraint(fields=["rail", "rail_id"], name="paymentarrival_once"),
            models.UniqueConstraint(fields=["payment"], condition=Q(status="taken"), name="paymentarrival_pays_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="paymentarrival_amount"),
            models.CheckConstraint(
                condition=Q(status__in=["taken", "waiting", "returned"]) & (Q(status="taken") | ~Q(problem="")),
                name="paymentarrival_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rail} {self.rail_id}"


class SimulatedCharge(TenantModel):
    """One payment that the simulated rail collects, known by our key. It is paid when somebody says so."""

    key = models.CharField(max_length=64, unique=True)
    channel = models.CharField(max_length=32)
    amount = models.BigIntegerField()
    code = models.CharField(max_length=64, blank=True)
    qr = models.CharField(max_length=512, blank=True)
    told = models.PositiveIntegerField(default=1)
    result = models.CharField(max_length=10, blank=True)
    """What it answers, as an Outcome; empty while it is pending."""
    reason = models.CharField(max_length=20, blank=True)
    paid = models.JSONField(default=list)
    """All that was paid by it: the simulator's id, rupiah, and when."""

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            mode_known("simulatedcharge"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, result__in=["", "successful", "failed"]), name="simulatedcharge_known"
            ),
        ]

    def __str__(self) -> str:
        return self.key
