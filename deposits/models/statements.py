"""The operator's bank statements, line by line, and what two of its people correct by hand."""

from datetime import date
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from deposits import banks
from deposits.models.topups import TopUp
from flipdash.leases import Leased
from flipdash.mode import Mode
from flipdash.scope import TenantForeignKey, TenantModel, TenantQuerySet, mode_known
from flipdash.states import State, StatusField, state


class StatementImport(Leased):
    """One uploaded bank statement: queued → running → done, or failed with what is wrong in it.

    What can be read but doesn't add up is held until somebody says that it is to be imported all the same.
    """

    class Status(State):
        """Where the import stands."""

        QUEUED = state("queued", _("Waiting"), "grey", "hourglass", to="running")
        RUNNING = state("running", _("Being read"), "blue", "loader", to="queued held done failed")
        HELD = state("held", _("Waits for your word"), "amber", "pause", to="queued failed")
        DONE = state("done", _("Imported"), "green", "check")
        FAILED = state("failed", _("Not imported"), "red", "x")

    STEPS = {Status.QUEUED: Status.RUNNING}
    PROBLEMS = {
        "faults": _("Nothing of the file was imported. Correct what is named, and upload it again."),
        "declined": _("Nothing of the file was imported: somebody has decided so."),
        "error": _("Something went wrong on our side. Nothing was imported; upload the file again."),
    }

    bank = models.CharField(_("Bank"), max_length=16, choices=list(banks.NAMES.items()), blank=True)
    """Chosen, or "" until the file has said it."""
    mode = models.CharField(_("Mode"), max_length=4, choices=Mode.choices, default=Mode.LIVE)
    file_name = models.CharField(_("File"), max_length=190)
    stored_as = models.CharField(max_length=100, blank=True)
    status = StatusField(_("Status"), max_length=7, choices=Status, default=Status.QUEUED)
    problems = models.JSONField(_("What is wrong"), default=list)
    """The first faults, in words: record, line, column, reason."""
    lines = models.PositiveIntegerField(_("Lines"), default=0)
    added = models.PositiveIntegerField(_("New lines"), default=0)
    layout = models.CharField(_("Layout"), max_length=60, blank=True)
    """What the file turned out to be, as people call it."""
    pending = models.PositiveIntegerField(_("Pending lines"), default=0)
    """Not booked yet, and so not imported."""
    skipped = models.PositiveIntegerField(_("Skipped lines"), default=0)
    """Without a date or a sum."""
    doubts = models.JSONField(_("What doesn’t add up"), default=list)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        verbose_name=_("Imported all the same by"),
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("By"))
    created_at = models.DateTimeField(_("Created Date"), db_default=Now())

    class Meta(Leased.Meta):
        constraints = [
            mode_known("statementimport"),
            models.CheckConstraint(condition=Q(bank__in=["", *banks.NAMES]), name="statementimport_bank_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_bank_display()} {self.file_name}"


class Reason(models.TextChoices):
    """Why a line waits for a person."""

    NONE = "", "–"
    UNKNOWN = "unknown", _("No top-up is known for it")
    TOO_LITTLE = "too_little", _("Too little was paid")
    TOO_MUCH = "too_much", _("Too much was paid")
    LATE = "late", _("Paid after the top-up was closed")
    PAID_TWICE = "paid_twice", _("Paid once already")
    OTHER_BANK = "other_bank", _("Paid to another bank than chosen")
    ATM = "atm", _("An ATM transfer that the sender doesn't confirm")
    CHANGED = "changed", _("The bank has changed a line that was imported before")
    OTHER_NAME = "other_name", _("It names another business")
    REVERSED = "reversed", _("A payment that the bank may have taken back")
    UNDONE = "undone", _("Its credit was taken back")
    DEBIT = "debit", _("Money that went out")


class StatementLineQuerySet(TenantQuerySet):
    """Lines of the operator's bank statements."""

    def waiting(self) -> Self:
        """The queue: those that a person has to look at, oldest first."""
        return self.filter(status=StatementLine.Status.WAITING).order_by("booked_on", "id")


class StatementLine(models.Model):
    """One line of a bank statement. It belongs to nobody until it is matched with a top-up."""

    class Status(State):
        """What became of the line. What waits is matched by two people only; a credit is undone by two people."""

        NEW = state("new", _("New"), "grey", "hourglass", to="matched waiting ignored")
        MATCHED = state("matched", _("Matched"), "blue", "clock", to="credited waiting")
        CREDITED = state("credited", _("Credited"), "green", "check", later="waiting")
        WAITING = state("waiting", _("Waiting for a person"), "amber", "pause", later="matched ignored")
        IGNORED = state("ignored", _("Not a payment to us"), "grey", "minus", later="waiting")

    bank = models.CharField(_("Bank"), max_length=16, choices=list(banks.NAMES.items()))
    mode = models.CharField(_("Mode"), max_length=4, choices=Mode.choices)
    account = models.CharField(_("Account"), max_length=32, blank=True)
    """The operator's, that the statement is of; "" from the simulated bank."""
    booked_on = models.DateField(_("Date"))
    booked_at = models.TimeField(_("Time"), null=True)
    paid_on = models.DateField(_("Day of payment"), null=True)
    """Where the text or the value date says it: banks book on Monday what was paid on Saturday."""
    amount = models.DecimalField(_("Amount"), max_digits=17, decimal_places=2)
    """Rupiah with sen: positive came in, negative went out."""
    description = models.CharField(_("Description"), max_length=500, blank=True)
    sender = models.CharField(_("Sender"), max_length=100, blank=True)
    sender_bank = models.CharField(_("Sender’s bank"), max_length=40, blank=True)
    reference = models.CharField(_("Reference"), max_length=64, blank=True)
    balance = models.DecimalField(_("Balance"), max_digits=17, decimal_places=2, null=True)
    fingerprint = models.CharField(max_length=64)
    """SHA-256 of what names the line in its account, and of which of several such lines it is."""
    statement = models.ForeignKey(
        StatementImport, on_delete=models.PROTECT, related_name="+", null=True, verbose_name=_("Import")
    )
    """None: from the simulated bank."""
    status = StatusField(_("Status"), max_length=8, choices=Status, default=Status.NEW)
    reason = models.CharField(_("Reason"), max_length=12, choices=Reason.choices, blank=True, default="")
    business = models.ForeignKey(
        "accounts.Business", on_delete=models.PROTECT, related_name="+", null=True, db_index=False
    )
    top_up = models.ForeignKey(
        TopUp, on_delete=models.PROTECT, related_name="lines", null=True, db_constraint=False, db_index=False
    )
    matched_at = models.DateTimeField(null=True)
    credited_at = models.DateTimeField(null=True)
    imported_at = models.DateTimeField(_("Imported"), db_default=Now())

    objects: ClassVar[Any] = StatementLineQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mode", "bank", "fingerprint"], name="statementline_once"),
            mode_known("statementline"),
            TenantForeignKey(field="top_up", to="deposits.TopUp", name="statementline_topup_tenant"),
            models.UniqueConstraint(
                fields=["top_up"], name="statementline_pays_once", condition=Q(status__in=["matched", "credited"])
            ),
            models.CheckConstraint(
                condition=Q(status__in=["matched", "credited"], top_up__isnull=False, business__isnull=False)
                | (Q(status__in=["new", "waiting", "ignored"], top_up=None, business=None)),
                name="statementline_matched_has_topup",
            ),
            models.CheckConstraint(
                condition=~Q(amount=0) & (Q(amount__gt=0) | Q(status__in=["new", "waiting", "ignored"])),
                name="statementline_amount",
            ),
        ]
        indexes = [
            models.Index(F("booked_on"), F("id"), name="statementline_todo", condition=Q(status="waiting")),
            models.Index(F("id"), name="statementline_due", condition=Q(status__in=["new", "matched"])),
            models.Index(
                F("mode"), F("bank"), F("reference"), name="statementline_reference", condition=~Q(reference="")
            ),
            models.Index(F("mode"), F("bank"), F("amount"), F("booked_on"), name="statementline_amounts"),
            models.Index(F("mode"), F("account"), F("booked_on"), F("id"), name="statementline_account"),
            models.Index(F("top_up"), name="statementline_topup", condition=Q(top_up__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.get_bank_display()} {self.booked_on} {self.amount}"

    @property
    def whole(self) -> int | None:
        """The amount in rupiah; None when it has sen, as no top-up has."""
        return int(self.amount) if self.amount == int(self.amount) else None

    @property
    def day(self) -> date:
        """The day by which it is matched: of the payment, where it is known."""
        return self.paid_on or self.booked_on


class StatementLayout(models.Model):
    """A layout that one of the operator's people has declared: columns chosen by hand, for a bank of which no real file
    was seen yet. Kept for next time."""

    bank = models.CharField(_("Bank"), max_length=16, choices=list(banks.NAMES.items()))
    declaration = models.JSONField()
    """As deposits/statements/declaration.py has it."""
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("By"))
    created_at = models.DateTimeField(_("Created Date"), db_default=Now())

    class Meta:
        verbose_name = _("Statement layout")
        verbose_name_plural = _("Statement layouts")
        constraints = [
            models.CheckConstraint(condition=Q(bank__in=list(banks.NAMES)), name="statementlayout_bank_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_bank_display()} {self.declaration.get('channel', '')}"


class Correction(TenantModel):
    """What one of the operator's people proposes to do by hand, and another approves: a credit, its undoing, or that a
    line needs neither; `top_up` is then what it might have been about."""

    class Kind(models.TextChoices):
        """What is to be done."""

        CREDIT = "credit", _("Credit the line to the top-up")
        UNDO = "undo", _("Take the credit back")
        IGNORE = "ignore", _("Put the line away")

    class Status(State):
        """What became of the proposal."""

        WAITING = state("waiting", _("Waits for a second person"), "amber", "pause", to="approved rejected")
        APPROVED = state("approved", _("Done"), "green", "check")
        REJECTED = state("rejected", _("Rejected"), "red", "x")

    kind = models.CharField(_("What"), max_length=6, choices=Kind.choices)
    line = models.ForeignKey(StatementLine, on_delete=models.PROTECT, related_name="corrections", null=True)
    top_up = models.ForeignKey(
        TopUp, on_delete=models.PROTECT, related_name="corrections", db_constraint=False, db_index=False
    )
    why = models.CharField(_("Why"), max_length=200)
    status = StatusField(_("Status"), max_length=8, choices=Status, default=Status.WAITING)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("Proposed by")
    )
    proposed_at = models.DateTimeField(_("Proposed"), db_default=Now())
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, verbose_name=_("Decided by")
    )
    decided_at = models.DateTimeField(_("Decided"), null=True)

    class Meta:
        constraints = [
            mode_known("correction"),
            TenantForeignKey(field="top_up", to="deposits.TopUp", name="correction_topup_tenant"),
            models.CheckConstraint(
                condition=Q(kind__in=["credit", "ignore"], line__isnull=False) | Q(kind="undo", line__isnull=True),
                name="correction_credits_a_line",
            ),
            models.CheckConstraint(
                condition=Q(status="waiting", decided_by=None, decided_at=None)
                | Q(status__in=["approved", "rejected"], decided_by__isnull=False, decided_at__isnull=False),
                name="correction_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(status="approved") | ~Q(decided_by=F("proposed_by")), name="correction_by_two_people"
            ),
            models.CheckConstraint(condition=~Q(why=""), name="correction_says_why"),
            models.UniqueConstraint(fields=["line"], name="correction_line_once", condition=Q(status="waiting")),
            models.UniqueConstraint(fields=["top_up"], name="correction_topup_once", condition=Q(status="waiting")),
        ]
        indexes = [models.Index(F("top_up"), name="correction_topup")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.top_up_id}"
