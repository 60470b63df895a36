"""Transfers that repeat: one account and amount, each week or month until a day, each a transfer of its own."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from flipdash.actors import Actor, actor_fields, actor_known
from flipdash.leases import Leased
from flipdash.scope import TenantForeignKey, TenantModel, TenantQuerySet, mode_known
from flipdash.states import State, StatusField, state
from transactions.destinations import Kind, label_of
from transactions.models.money_transfer import LONGEST_EMAILS


class Repeats(models.TextChoices):
    """How often."""

    WEEK = "week", _("Each week")
    MONTH = "month", _("Each month")


class PausedWhy(models.TextChoices):
    """Why nothing is made until somebody resumes it."""

    PERSON = "person", _("Somebody paused it.")
    MAKER = "maker", _("Whoever made it may no longer create transactions. Who may can resume it as their own.")
    APPROVER = "approver", _("Whoever approved it may no longer approve. Resume it, and somebody else approves it.")
    RULE = "rule", _("A second person has to approve it now. Resume it, and somebody else approves it.")


class SeriesQuerySet(TenantQuerySet):
    """The series of a business in a mode."""

    def unapproved(self) -> "SeriesQuerySet":
        """Those that are still to bring something, and that nobody has approved as a whole."""
        return self.filter(status__in=TransferSeries.Status.open(), approver_kind="")

    def paying(self, row: Any) -> "SeriesQuerySet":
        """Those that are still to pay the account and amount of a row, or its Internal Reference: the same, perhaps."""
        same = Q(bank=row.bank, account_number=row.account_number, amount=row.amount)
        if row.internal_reference:
            same |= Q(internal_reference=row.internal_reference)
        return self.filter(same, status__in=TransferSeries.Status.open()).order_by("-pk")


class TransferSeries(TenantModel):
    """What is paid again and again. It is never changed: it is stopped, and another one made."""

    class Status(State):
        """Where it stands."""

        ACTIVE = state("active", _("Running"), "green", "calendar-clock", to="paused ended stopped")
        PAUSED = state("paused", _("Paused"), "amber", "pause", to="active ended stopped")
        ENDED = state("ended", _("Ended"), "grey", "check")
        STOPPED = state("stopped", _("Stopped"), "grey", "minus")

    status = StatusField(max_length=7, choices=Status, default=Status.ACTIVE)
    paused_why = models.CharField(max_length=8, choices=PausedWhy.choices, blank=True)
    destination_kind = models.CharField(max_length=8, choices=Kind.choices)
    bank = models.CharField(max_length=32)
    account_number = models.CharField(max_length=32)
    beneficiary_name = models.CharField(max_length=100)
    holder_name = models.CharField(max_length=100, blank=True)
    name_reason = models.CharField(max_length=200, blank=True)
    beneficiary_email = models.CharField(max_length=LONGEST_EMAILS, blank=True)
    amount = models.BigIntegerField()
    """Rupiah of each of them, without the fee, which is that of its day."""
    remark = models.CharField(max_length=100, blank=True)
    internal_reference = models.CharField(max_length=100, blank=True)
    repeats = models.CharField(max_length=5, choices=Repeats.choices)
    first_day = models.DateField()
    """Its day of the week, or of the month, is that of all that follow."""
    last_day = models.DateField()
    """The last on which one may be sent."""
    times = models.PositiveSmallIntegerField()
    """How many days there are."""
    next_day = models.DateField()
    """The day of the business for which the next is made; when none is to come, the last that came."""
    next_at = models.DateTimeField(null=True)
    """When that is made; None once its last day has come."""
    maker_kind, maker_id, maker_name = actor_fields()
    approver_kind, approver_id, approver_name = actor_fields(blank=True)
    """Who approved all of them at once, where the business lets that be."""
    approved_from = models.DateField(null=True)
    """The first day that this approval is for: those before it came without it."""
    approved_fee = models.BigIntegerField(null=True)
    """The rupiah that each cost when it was approved: at another fee none goes by that approval."""
    approved_twins = ArrayField(models.BigIntegerField(), default=list)
    """The transfers that may be the same money, which whoever approved it saw and knew to be none."""
    approved_alike = ArrayField(models.BigIntegerField(), default=list)
    """The other series that pay the same, which whoever approved it saw and wanted as well."""
    made_key = models.UUIDField(editable=False)
    """The hidden key of the form that made it."""
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[Any] = SeriesQuerySet.as_manager()

    class Meta:
        constraints = [
            mode_known("transferseries"),
            models.UniqueConstraint(fields=["business", "mode", "id"], name="transferseries_tenant"),
            models.UniqueConstraint(fields=["business", "mode", "made_key"], name="transferseries_made_once"),
            actor_known("transferseries", "maker"),
            actor_known("transferseries", "approver", blank=True),
            models.CheckConstraint(condition=Q(amount__gt=0, times__gt=0), name="transferseries_amounts"),
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day"), repeats__in=Repeats.values), name="transferseries_days"
            ),
            models.CheckConstraint(
                condition=Q(approver_kind="", approved_from=None, approved_fee=None)
                | (~Q(approver_kind="") & Q(approved_from__isnull=False, approved_fee__isnull=False)),
                name="transferseries_approved_from_a_day_at_a_fee",
            ),
            models.CheckConstraint(
                condition=Q(status="paused", paused_why__in=PausedWhy.values)
                | (~Q(status="paused") & Q(paused_why="")),
                name="transferseries_paused_for_a_reason",
            ),
        ]
        indexes = [
            models.Index(F("business"), F("mode"), F("id").desc(), name="transferseries_newest"),
            models.Index(F("next_at"), name="transferseries_due", condition=Q(status="active")),
        ]

    def __str__(self) -> str:
        return self.beneficiary_name

    @property
    def maker(self) -> Actor | None:
        """In whose name its transfers are made."""
        return Actor.of(self, "maker")

    @property
    def approver(self) -> Actor | None:
        """Who approved all of it; None where each of its transfers is approved."""
        return Actor.of(self, "approver")

    @property
    def whole(self) -> int:
        """What all of it pays, in rupiah without fees: what the second-person rule judges."""
        return self.amount * self.times

    @property
    def destination(self) -> str:
        """What people call where it goes."""
        return label_of(self.destination_kind, self.bank)


class SeriesRun(TenantModel, Leased):
    """One day of a series: its transfer is made by a worker. What became of it is the transfer's own."""

    class Status(State):
        """Where it stands."""

        QUEUED = state("queued", _("Waiting"), "grey", "hourglass", to="running failed")
        RUNNING = state("running", _("Being made"), "blue", "loader", to="queued done failed")
        DONE = state("done", _("Made"), "green", "check")
        FAILED = state("failed", _("Not made"), "red", "x", later="queued")

    STEPS = {Status.QUEUED: Status.RUNNING}
    HELD = (*PausedWhy.values, "stopped")
    """The problems of a day that brought nothing only because its series stood still."""
    PROBLEMS = {
        "maker": _("Whoever made it may no longer create transactions. Nothing was created."),
        "approver": _("Whoever approved it may no longer approve. Nothing was created."),
        "rule": _("A second person has to approve it now. Nothing was created."),
        "stopped": _("The series was paused or stopped before. Nothing was created."),
        "refused": _("The bank’s rules no longer allow this account or amount. Nothing was created."),
        "account": _("The bank says that nothing can be paid to this account any more. Nothing was created."),
        "name": _("The bank has another name for this account than before. It waits for an approver."),
        "short": _("The deposit didn’t cover it. It waits for an approver: top up, then approve it."),
        "twice": _("The same may have been paid already. It waits for an approver, who looks at both."),
        "nothing sends": _("Nothing can be sent in this mode yet. It waits for an approver."),
        "fee": _("The fee has changed since the series was approved. It waits, and what follows is approved anew."),
        "error": _("Something went wrong on our side. Nothing was created: make this one by Duplicate."),
    }

    series = models.ForeignKey(
        TransferSeries, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="runs"
    )
    day = models.DateField()
    status = StatusField(max_length=7, choices=Status, default=Status.QUEUED)
    told_at = models.DateTimeField(null=True)
    """When its maker heard that it failed."""

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta(Leased.Meta):
        constraints = [
            mode_known("seriesrun"),
            models.UniqueConstraint(fields=["business", "mode", "id"], name="seriesrun_tenant"),
            TenantForeignKey(field="series", to="transactions.TransferSeries", name="seriesrun_series_tenant"),
            models.UniqueConstraint(fields=["series", "day"], name="seriesrun_once_a_day"),
        ]
        indexes = [
            *Leased.Meta.indexes,
            models.Index(F("id"), name="seriesrun_untold", condition=Q(status="failed", told_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.series_id} {self.day}"
