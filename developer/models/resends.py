"""Many callbacks at once that somebody asked to have sent once more."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from flipdash.leases import Leased
from flipdash.scope import TenantModel, TenantQuerySet, mode_known
from flipdash.states import State, StatusField, state


class CallbackResend(TenantModel, Leased):
    """Exactly the callbacks that were shown and counted: queued → running → done, failed or cancelled."""

    class Status(State):
        """Where it stands."""

        QUEUED = state("queued", _("Waiting"), "grey", "hourglass", to="running failed cancelled")
        RUNNING = state("running", _("Being resent"), "blue", "loader", to="queued done failed cancelled")
        DONE = state("done", _("Resent"), "green", "check")
        FAILED = state("failed", _("Failed"), "red", "x")
        CANCELLED = state("cancelled", _("Cancelled"), "grey", "minus")

    STEPS = {Status.QUEUED: Status.RUNNING}
    PROBLEMS = {
        "not allowed": _("Whoever asked for it may not manage the API any more. What was not resent yet stays."),
        "error": _("Something went wrong on our side. What was not resent yet stays; ask for it again."),
    }

    number = models.PositiveIntegerField()
    member = models.ForeignKey("accounts.Member", on_delete=models.PROTECT, related_name="+")
    callbacks = ArrayField(models.BigIntegerField())
    """Which ones, oldest first."""
    asked = models.CharField(max_length=500, blank=True)
    """What they are, in one line: the search and the filters, in the words of whoever asked."""
    status = StatusField(max_length=9, choices=Status, default=Status.QUEUED)
    rows_done = models.PositiveIntegerField(default=0)
    """How many of them were looked at."""
    resent = models.PositiveIntegerField(default=0)
    """How many were queued once more; the others were being sent anyway by then."""
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta(Leased.Meta):
        constraints = [
            models.UniqueConstraint(fields=["business", "mode", "number"], name="callbackresend_number_once"),
            mode_known("callbackresend"),
            models.CheckConstraint(
                condition=Q(resent__lte=F("rows_done")), name="callbackresend_resends_what_it_looked_at"
            ),
        ]

    def __str__(self) -> str:
        return f"resend {self.number}"

    @property
    def rows_total(self) -> int:
        """How many callbacks were asked for."""
        return len(self.callbacks)

    @property
    def left_alone(self) -> int:
        """How many were being sent anyway."""
        return self.rows_done - self.resent
