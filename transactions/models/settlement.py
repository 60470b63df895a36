"""Settlement: what people paid becomes the business's own, all of a day at once."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from flipdash import formats
from flipdash.leases import Leased
from flipdash.scope import TenantForeignKey, TenantModel, TenantQuerySet, TransactionQuerySet, mode_known
from flipdash.states import State, StatusField, state
from transactions.models.base import NextTransactionId
from transactions.models.payment import Payment


class SettlementRun(TenantModel, Leased):
    """The payments of a business that reach its deposit on one day, by one posting. Amounts are whole rupiah."""

    class Status(State):
        """Where it stands."""

        QUEUED = state("queued", _("Waiting"), "grey", "hourglass", to="running failed")
        RUNNING = state("running", _("Being settled"), "blue", "loader", to="queued done failed")
        DONE = state("done", _("Settled"), "green", "wallet", said=("Settled", "Sudah masuk deposit", "Selesai"))
        FAILED = state("failed", _("Not settled"), "red", "x", later="queued")

    STEPS = {Status.QUEUED: Status.RUNNING}
    PROBLEMS = {"error": _("Something went wrong on our side. FlipDash looks at it.")}

    id = models.BigIntegerField(primary_key=True, db_default=NextTransactionId())
    day = models.DateField(_("Settlement Date"))
    """In the business's zone."""
    until = models.DateTimeField()
    """What was paid before this moment is part of it."""
    payment = models.OneToOneField(
        Payment, on_delete=models.PROTECT, null=True, db_constraint=False, related_name="settled_alone_by"
    )
    """The one that somebody settled at once, in Test Mode; None: all that are due."""
    count = models.PositiveIntegerField(_("Payments"), default=0, db_default=0)
    amount = models.BigIntegerField(_("Amount"), default=0, db_default=0)
    """What the payers paid."""
    fee = models.BigIntegerField(_("Fee"), default=0, db_default=0)
    net = models.BigIntegerField(_("Settled Amount"), default=0, db_default=0)
    """What the deposit got: the amount less the fee."""
    posted_at = models.DateTimeField(_("Settled Date"), null=True)
    """When the deposit got it. From then on it is known which payments it is of."""
    posting_id = models.BigIntegerField(null=True)
    status = StatusField(_("Status"), max_length=7, choices=Status, default=Status.QUEUED)
    created_at = models.DateTimeField(_("Created Date"), db_default=Now())

    objects: ClassVar[Any] = TransactionQuerySet.as_manager()

    class Meta(Leased.Meta):
        constraints = [
            mode_known("settlementrun"),
            models.UniqueConstraint(fields=["business", "mode", "id"], name="settlementrun_tenant"),
            TenantForeignKey(field="payment", to="transactions.Payment", name="settlementrun_payment_tenant"),
            models.UniqueConstraint(
                fields=["business", "mode", "day"], name="settlementrun_once_a_day", condition=Q(payment=None)
            ),
            models.CheckConstraint(condition=Q(payment=None) | Q(mode="test"), name="settlementrun_alone_in_test_mode"),
            models.CheckConstraint(
                condition=Q(posted_at=None, posting_id=None, count=0, amount=0, fee=0, net=0)
                | Q(posted_at__isnull=False, amount__gte=0, fee__gte=0, net=F("amount") - F("fee"))
                & (Q(count=0, amount=0, posting_id=None) | Q(count__gt=0, amount__gt=0, posting_id__isnull=False)),
                name="settlementrun_posted_whole",
            ),
            models.CheckConstraint(
                condition=~Q(status="done") | Q(posted_at__isnull=False), name="settlementrun_done_is_posted"
            ),
        ]
        indexes = [
            models.Index(F("id"), name="settlementrun_open", condition=Q(finished_at=None)),
            models.Index(F("business"), F("mode"), F("created_at").desc(), F("id").desc(), name="settlementrun_newest"),
        ]

    def __str__(self) -> str:
        return formats.day(self.day)


class SettledPayment(TenantModel):
    """That a payment belongs to a settlement: to one, and for ever."""

    payment = models.OneToOneField(
        Payment, on_delete=models.PROTECT, primary_key=True, db_constraint=False, related_name="settled_in"
    )
    run = models.ForeignKey(
        SettlementRun, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="payments"
    )

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            mode_known("settledpayment"),
            TenantForeignKey(field="payment", to="transactions.Payment", name="settledpayment_payment_tenant"),
            TenantForeignKey(field="run", to="transactions.SettlementRun", name="settledpayment_run_tenant"),
        ]
        indexes = [models.Index(fields=["run", "payment"], name="settledpayment_of_run")]

    def __str__(self) -> str:
        return str(self.payment_id)
