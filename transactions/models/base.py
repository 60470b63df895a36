"""What all transactions share: their number, their states, and their timeline."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from flipdash.actors import Actor, ActorKind, actor_fields, actor_known
from flipdash.functions import NextTransactionId as NextTransactionId  # the migrations find both here
from flipdash.scope import TenantModel, TransactionQuerySet, mode_known
from flipdash.searchkeys import SearchText as SearchText
from flipdash.states import State, StatusField, state
from flipdash.timeline import NO_LINE, Event
from transactions.reasons import Reason


class Status(State):
    """The states of money that is sent (product.md §2).

    What has ended ends otherwise only by two people of the operator's, where its rail says so (RailCase).
    """

    PENDING_APPROVAL = state(
        *("pending_approval", _("Pending approval"), "amber", "pause"),
        to="scheduled processing cancelled",
        said=("Pending approval", "Menunggu persetujuan", "Pending", "Menunggu"),
    )
    SCHEDULED = state(
        *("scheduled", _("Scheduled"), "grey", "calendar-clock"),
        to="processing cancelled",
        said=("Scheduled", "Dijadwalkan"),
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


class Via(models.TextChoices):
    """How a transaction was created."""

    DASHBOARD = "dashboard", _("Dashboard")
    API = "api", _("API")


ENDED_BADLY = (str(Status.FAILED), str(Status.CANCELLED))
"""The states that have a reason. All products call them the same."""

ENDS_BADLY = (*ENDED_BADLY, "rejected")
"""The lines of a timeline that end a transaction so."""

MAY_BE_PAID = ~Q(status__in=ENDED_BADLY) | Q(disputed_at__isnull=False)
"""What has been paid, will be, or was by what its rail says now: paid again, it may be paid twice."""
MAY_BE_PAID_SQL = (
    f"""(t.status NOT IN ({", ".join(f"'{status}'" for status in ENDED_BADLY)}) OR t.disputed_at IS NOT NULL)"""
)
"""The same of a row `t`."""


class Transaction(TenantModel):
    """Money that moves once. Amounts are whole rupiah; the number begins with the time."""

    id = models.BigIntegerField(primary_key=True, db_default=NextTransactionId())
    external_id = models.CharField(_("External ID"), max_length=64, null=True, blank=True)
    status = StatusField(_("Status"), max_length=20)
    reason = models.CharField(_("Failure Reason"), max_length=20, choices=Reason, blank=True, default="", db_default="")
    """Why it failed or was cancelled; empty where nobody said."""
    amount = models.BigIntegerField(_("Amount"))
    fee = models.BigIntegerField(_("Fee"), default=0)
    created_at = models.DateTimeField(_("Created Date"), db_default=Now())

    HAS_RECEIPT: ClassVar[Q] = Q(status="successful")
    """Of which there is a receipt: those that are `is_successful`."""
    objects: ClassVar[Any] = TransactionQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(fields=["business", "mode", "id"], name="%(class)s_tenant"),
            mode_known("%(class)s"),
            models.UniqueConstraint(fields=["business", "mode", "external_id"], name="%(class)s_external_once"),
            models.CheckConstraint(condition=Q(amount__gt=0, fee__gte=0), name="%(class)s_amounts"),
            models.CheckConstraint(
                condition=Q(reason="") | Q(reason__in=Reason.values, status__in=ENDED_BADLY), name="%(class)s_reason"
            ),
        ]
        indexes = [
            models.Index(F("business"), F("mode"), F("created_at").desc(), F("id").desc(), name="%(class)s_newest"),
            models.Index(
                F("business"),
                F("mode"),
                F("reason"),
                F("created_at").desc(),
                F("id").desc(),
                name="%(class)s_reasons",
                condition=~Q(reason=""),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_successful(self) -> bool:
        """Whether the money arrived, so that there is a receipt. All products call that state the same."""
        return self.status == Status.SUCCESSFUL


class OutgoingTransfer(Transaction):
    """Money that a business sends: somebody made it, somebody approved it, a bank answered."""

    status = StatusField(_("Status"), max_length=20, choices=Status)
    internal_reference = models.CharField(_("Internal Reference"), max_length=100, blank=True)
    via = models.CharField(_("Created via"), max_length=9, choices=Via.choices)
    maker_kind, maker_id, maker_name = actor_fields(_("Maker Name"))
    approver_kind, approver_id, approver_name = actor_fields(_("Approved By"), blank=True)
    bank_reference = models.CharField(_("Bank Reference"), max_length=64, blank=True)
    made_key = models.UUIDField(null=True, editable=False)
    """The hidden key of the form that made it, so that a double click makes one (trust.md L6)."""
    send_at = models.DateTimeField(_("Send on"), null=True, blank=True)
    """When it is sent, once it is approved; None: at once."""
    completed_at = models.DateTimeField(_("Completed Date"), null=True, blank=True)
    returned_at = models.DateTimeField(_("Returned"), null=True, blank=True)
    came_back = models.BigIntegerField(null=True, editable=False)
    """In rupiah, of what was returned: banks on the way may have kept some. None: all of it, or none."""
    disputed_at = models.DateTimeField(null=True, editable=False)
    """When its rail said the opposite of how it ended; None once a person has settled it. Until then it may be paid."""
    reminded_at = models.DateTimeField(null=True, blank=True)
    """When approvers were told once more that it waits."""

    HAS_RECEIPT: ClassVar[Q] = Transaction.HAS_RECEIPT & Q(disputed_at=None)

    class Meta(Transaction.Meta):
        abstract = True
        constraints = [
            *Transaction.Meta.constraints,
            actor_known("%(class)s", "maker"),
            actor_known("%(class)s", "approver", blank=True),
            models.UniqueConstraint(fields=["business", "mode", "made_key"], name="%(class)s_made_once"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="%(class)s_status_known"),
            models.CheckConstraint(
                condition=Q(completed_at=None) | Q(completed_at__gte=F("created_at")),
                name="%(class)s_completed_after",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.SUCCESSFUL) | Q(returned_at=None), name="%(class)s_returned_was_successful"
            ),
            models.CheckConstraint(
                condition=Q(came_back=None) | Q(came_back__gt=0, came_back__lte=F("amount"), returned_at__isnull=False),
                name="%(class)s_came_back",
            ),
        ]
        indexes = [
            *Transaction.Meta.indexes,
            models.Index(
                F("business"),
                F("mode"),
                F("status"),
                F("created_at").desc(),
                F("id").desc(),
                name="%(class)s_status",
                condition=~Q(status=Status.SUCCESSFUL),
            ),
            models.Index(
                F("business"),
                F("mode"),
                F("created_at").desc(),
                F("id").desc(),
                name="%(class)s_tagged",
                condition=Q(returned_at__isnull=False) | Q(disputed_at__isnull=False),
            ),
            models.Index(F("send_at"), name="%(class)s_due", condition=Q(status=Status.SCHEDULED)),
            models.Index(F("created_at"), name="%(class)s_pending", condition=Q(status=Status.PENDING_APPROVAL)),
        ]

    @classmethod
    def lines_of(cls, area: str) -> dict[str, str]:
        """Return which line of the timeline each event writes, by what stands before the dot of its kind."""
        lines = {
            "created": OutgoingEventKind.CREATED,
            "approved": OutgoingEventKind.APPROVED,
            "rejected": OutgoingEventKind.REJECTED,
            "cancelled": OutgoingEventKind.CANCELLED,
            "expired": OutgoingEventKind.CANCELLED,
            "sent": OutgoingEventKind.SENT,
            "successful": OutgoingEventKind.SUCCESSFUL,
            "failed": OutgoingEventKind.FAILED,
            "returned": OutgoingEventKind.RETURNED,
            # of many together, each has a line of its own (outgoing/many.py, rejecting.py)
            "approved_many": NO_LINE,
            "rejected_many": NO_LINE,
            "forced": NO_LINE,
            "contradicted": NO_LINE,
            "disputed": OutgoingEventKind.DISPUTED,
            "upheld": OutgoingEventKind.UPHELD,
        }
        return {f"{area}.{act}": str(line) for act, line in lines.items()}

    @property
    def is_successful(self) -> bool:
        """Whether the money arrived; while its bank says both, nobody knows."""
        return super().is_successful and self.disputed_at is None

    @property
    def maker(self) -> Actor | None:
        """Who made it."""
        return Actor.of(self, "maker")

    @property
    def approver(self) -> Actor | None:
        """Who approved it; None while nobody has, and for what needs no approval."""
        return Actor.of(self, "approver")


class TransactionEvent(Event):
    """One line of a transaction's timeline; the line that ended it says why."""

    parent: ClassVar[str] = "transfer"
    """The field of the transaction."""

    class Meta(Event.Meta):
        abstract = True

    @property
    def what(self) -> str:
        """What happened, in words: no bank refused what was asked back, and none stopped what a person has released."""
        if self.kind != Status.FAILED or getattr(self, self.parent).reason != Reason.ASKED_BACK:
            return super().what
        return gettext("Stopped before it was paid") if self.by_kind == ActorKind.SYSTEM else gettext("Not paid")

    @property
    def why(self) -> str:
        """Why it ended badly, where this line says that it did and the reason is known."""
        reason = Reason.of(getattr(self, self.parent).reason) if self.kind in ENDS_BADLY else None
        return str(reason.label) if reason else ""


class OutgoingEventKind(models.TextChoices):
    """What can happen to money that is sent."""

    CREATED = "created", _("Created")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    DUE = "due", _("Its date has come")
    SENT = "sent", _("Sent to the bank")
    SUCCESSFUL = "successful", _("Received by the beneficiary")
    FAILED = "failed", _("Refused by the bank")
    CANCELLED = "cancelled", _("Cancelled before it was sent")
    RETURNED = "returned", _("Returned by the bank")
    IMPORTED = "imported", _("Imported from another system")
    WAITING = "waiting", _("Approved, waits for the deposit")
    RECALLED = "recalled", _("Asked back from the bank")
    COVERED = "covered", _("The deposit has enough now")
    DISPUTED = "disputed", _("The bank says the opposite now: FlipDash is looking into it")
    UPHELD = "upheld", _("FlipDash has looked into it: it stays as it was")
