"""Rejecting many transactions as one act."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from flipdash.leases import Leased
from flipdash.scope import TenantModel, TenantQuerySet, mode_known
from flipdash.states import State, StatusField, state
from flipdash.timeline import LONGEST_NOTE
from transactions.reasons import Reason


class BulkRejection(TenantModel, Leased):
    """A set of transactions that somebody rejected: exactly these rows, but for those that were decided meanwhile."""

    class Status(State):
        """Where it stands."""

        QUEUED = state("queued", _("Waiting"), "grey", "hourglass", to="rejecting failed")
        REJECTING = state("rejecting", _("Being rejected"), "blue", "loader", to="queued done failed")
        DONE = state("done", _("Rejected"), "green", "check")
        FAILED = state("failed", _("Not rejected"), "red", "x")

    STEPS = {Status.QUEUED: Status.REJECTING}
    PROBLEMS = {
        "not allowed": _("Whoever rejected them may no longer reject. None was rejected."),
        "error": _("Something went wrong on our side. None was rejected; try again."),
    }

    member = models.ForeignKey("accounts.Member", on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=32)
    """The kind of transaction, as its postings name it."""
    rows = ArrayField(models.BigIntegerField())
    """Their ids, in order."""
    count = models.PositiveIntegerField()
    done = models.PositiveIntegerField(null=True)
    """How many of them were rejected: the others were decided on before."""
    reason = models.CharField(max_length=20, choices=Reason, blank=True)
    note = models.CharField(max_length=LONGEST_NOTE, blank=True)
    status = StatusField(max_length=9, choices=Status, default=Status.QUEUED)
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            mode_known("bulkrejection"),
            models.UniqueConstraint(fields=["business", "mode", "id"], name="bulkrejection_tenant"),
        ]
        indexes = [models.Index(F("id"), name="bulkrejection_open", condition=Q(finished_at=None))]

    def __str__(self) -> str:
        return f"{self.count} × {self.source}"
