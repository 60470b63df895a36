"""Approving many transactions as one act."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from flipdash.leases import Leased
from flipdash.scope import TenantModel, TenantQuerySet, mode_known
from flipdash.states import State, StatusField, state


class BulkApproval(TenantModel, Leased):
    """A set of transactions that somebody approved: exactly these rows, as they were seen, all of them or none."""

    class Status(State):
        """Where it stands."""

        QUEUED = state("queued", _("Waiting"), "grey", "hourglass", to="approving failed")
        APPROVING = state("approving", _("Being approved"), "blue", "loader", to="queued done failed")
        DONE = state("done", _("Approved"), "green", "check")
        FAILED = state("failed", _("Not approved"), "red", "x")

    STEPS = {Status.QUEUED: Status.APPROVING}
    PROBLEMS = {
        "changed": _(
            "Something about them has changed since you looked. Nothing was approved. Look again, then decide."
        ),
        "second person": _("You made some of these yourself: somebody else has to approve them. Nothing was approved."),
        "twice": _("Some may be paid twice, and nobody said that they aren’t. Nothing was approved."),
        "short": _("The deposit doesn’t cover all of them. Nothing was approved."),
        "nothing sends": _("Nothing can be sent in this mode yet. Nothing was approved."),
        "quote": _("Some have a quote that has run out. Nothing was approved. Approve them at their new rates."),
        "closed": _("Nothing can be sent now to the country of some. Nothing was approved."),
        "not allowed": _("Whoever approved them may no longer approve. Nothing was approved."),
        "error": _("Something went wrong on our side. Nothing was approved; try again."),
    }

    member = models.ForeignKey("accounts.Member", on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=32)
    """The kind of transaction, as its postings name it."""
    rows = ArrayField(models.BigIntegerField())
    """Their ids, in order."""
    seen = models.CharField(max_length=64)
    """The digest of what the approver looked at."""
    is_sure = models.BooleanField()
    """Whether they know of the possible duplicates."""
    count = models.PositiveIntegerField()
    total = models.BigIntegerField()
    """Amounts and fees, in rupiah."""
    status = StatusField(max_length=9, choices=Status, default=Status.QUEUED)
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta(Leased.Meta):
        constraints = [
            mode_known("bulkapproval"),
            models.UniqueConstraint(fields=["business", "mode", "id"], name="bulkapproval_tenant"),
        ]

    def __str__(self) -> str:
        return f"{self.count} × {self.source}"
