"""What a rail was asked to do for us, and what it said that can't be."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from flipdash.actors import actor_fields, actor_known
from flipdash.leases import Leased
from flipdash.scope import TenantForeignKey, TenantModel, TenantQuerySet, mode_known
from flipdash.states import State, StatusField, state


class RailOrder(TenantModel, Leased):
    """One transaction on its way through a rail: sent once by its key, asked for until its answer comes (trust.md L8).

    It says what is done about a transaction, never what became of it: that is the transaction's own status.
    """

    class Status(State):
        """What a worker does next."""

        QUEUED = state("queued", _("Waiting to be sent"), "grey", "hourglass", to="sending done")
        SENDING = state("sending", _("Being sent"), "blue", "loader", to="queued sent done failed")
        SENT = state("sent", _("Sent"), "blue", "clock", to="asking done")
        ASKING = state("asking", _("Being asked for"), "blue", "loader", to="sent done failed")
        DONE = state("done", _("Answered"), "green", "check")
        FAILED = state("failed", _("Given up"), "red", "x", later="queued done")

    STEPS = {Status.QUEUED: Status.SENDING, Status.SENT: Status.ASKING}
    PROBLEMS = {
        "error": _("Something went wrong on our side."),
        "key reused": _("The rail knows this key with something else."),
        "not opened": _("What is sealed of it can’t be opened: its key is missing."),
    }

    source = models.CharField(max_length=32)
    """The kind of transaction, as its postings name it."""
    source_id = models.BigIntegerField()
    key = models.CharField(max_length=64, unique=True)
    """What the rail knows it by."""
    rail = models.CharField(max_length=32)
    bank = models.CharField(max_length=32)
    """Whose queue it is in."""
    told_at = models.DateTimeField(null=True)
    """When the rail may have heard of it: noted before it is told, so that it is asked before it is told again."""
    sent_at = models.DateTimeField(null=True)
    """When the rail first said that it has it."""
    recalled_at = models.DateTimeField(null=True)
    """When somebody asked it back: from then on the rail is asked to stop it, and never told to pay."""
    status = StatusField(max_length=7, choices=Status, default=Status.QUEUED)
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta(Leased.Meta):
        constraints = [
            mode_known("railorder"),
            models.UniqueConstraint(fields=["business", "mode", "id"], name="railorder_tenant"),
            models.UniqueConstraint(fields=["business", "mode", "source", "source_id"], name="railorder_once"),
        ]
        indexes = [
            *Leased.Meta.indexes,
            models.Index(
                F("rail"), F("bank"), F("business"), F("id"), name="railorder_queues", condition=Q(finished_at=None)
            ),
            models.Index(F("id"), name="railorder_given_up", condition=Q(status="failed")),
        ]

    def __str__(self) -> str:
        return self.key


class BankPace(models.Model):
    """How long nobody tries a bank by a rail, because it didn't answer: its own queue waits, and no other."""

    rail = models.CharField(max_length=32)
    bank = models.CharField(max_length=32)
    troubles = models.PositiveSmallIntegerField(default=0)
    """How often in a row it didn't answer."""
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rail", "bank"], name="bankpace_once")]

    def __str__(self) -> str:
        return f"{self.rail} {self.bank} until {self.until:%Y-%m-%d %H:%M:%S}"


class RailCase(TenantModel):
    """Something that a rail said, or didn't, which only a person can settle. No money moves because of it by itself."""

    class Kind(models.TextChoices):
        """What is the matter."""

        CONTRADICTION = "contradiction", _("Says something else than before")
        RETURNED = "returned", _("Says that the bank sent it back")
        NO_ANSWER = "no_answer", _("Doesn’t say what became of it")
        GIVEN_UP = "given_up", _("Can’t be sent")

    class Status(State):
        """Whether a person has settled it."""

        OPEN = state("open", _("Open"), "amber", "circle-alert", to="closed")
        CLOSED = state("closed", _("Closed"), "grey", "check")

    class Proposal(models.TextChoices):
        """What somebody has proposed where a rail says the opposite now; somebody else does it."""

        BOOK = "book", _("Book what it says now")
        LEAVE = "leave", _("Leave it as it was")

    AT_A_TIME = (Kind.NO_ANSWER, Kind.GIVEN_UP)
    """What may be the matter again, after a person has closed it."""

    order = models.ForeignKey(
        RailOrder, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="cases"
    )
    kind = models.CharField(_("Kind"), max_length=13, choices=Kind)
    was = models.CharField(_("Was"), max_length=20)
    """The transaction's status at that time."""
    said = models.CharField(_("Said"), max_length=20, blank=True)
    """What the rail said, as an Outcome."""
    reason = models.CharField(max_length=20, blank=True)
    amount = models.BigIntegerField(_("Came back"), null=True)
    """In rupiah, as the rail says of what was sent back; None: all of it."""
    opened_at = models.DateTimeField(_("Opened"), db_default=Now())
    status = StatusField(max_length=6, choices=Status, default=Status.OPEN)
    proposal = models.CharField(_("Proposed"), max_length=5, choices=Proposal, blank=True)
    proposed_at = models.DateTimeField(null=True)
    proposer_kind, proposer_id, proposer_name = actor_fields(_("Proposed by"), blank=True)
    closed_at = models.DateTimeField(_("Closed"), null=True)
    closer_kind, closer_id, closer_name = actor_fields(_("Closed by"), blank=True)
    note = models.CharField(max_length=200, blank=True)

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            mode_known("railcase"),
            actor_known("railcase", "closer", blank=True),
            actor_known("railcase", "proposer", blank=True),
            models.CheckConstraint(
                condition=Q(proposed_at=None) | Q(status="open") | ~Q(closer_id=F("proposer_id")),
                name="railcase_by_two_people",
            ),
            models.CheckConstraint(
                condition=Q(status="open")
                | ~Q(kind="contradiction")
                | ~(Q(was="successful", said="failed") | Q(was="failed", said="successful"))
                | Q(proposal__gt="", proposed_at__isnull=False),
                name="railcase_opposite_proposed",
            ),
            TenantForeignKey(field="order", to="transactions.RailOrder", name="railcase_order_tenant"),
            models.CheckConstraint(condition=Q(amount=None) | Q(amount__gt=0), name="railcase_amount"),
            models.UniqueConstraint(
                fields=["order", "kind", "said", "amount"],
                nulls_distinct=False,
                condition=~Q(kind__in=["no_answer", "given_up"]) | Q(status="open"),
                name="railcase_once",
            ),
        ]
        indexes = [models.Index(F("id"), name="railcase_open", condition=Q(status="open"))]

    def __str__(self) -> str:
        return f"{self.order_id} {self.kind}"
