"""Asking the banks whose accounts a draft pays, while somebody looks at it."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from flipdash.leases import Leased
from flipdash.scope import TenantForeignKey, TenantModel, TenantQuerySet, mode_known
from flipdash.states import State, StatusField, state
from transactions.models.bulk import BulkDraft


class BulkNames(TenantModel, Leased):
    """The work of asking for the names of one draft; it waits again as soon as a repair makes new accounts."""

    class Status(State):
        """Where it stands."""

        QUEUED = state("queued", _("Waiting"), "grey", "hourglass", to="asking done failed")
        ASKING = state("asking", _("Being asked"), "blue", "loader", to="queued done failed")
        DONE = state("done", _("Asked"), "green", "check", later="queued")
        FAILED = state("failed", _("Not asked"), "red", "x", later="queued")

    STEPS = {Status.QUEUED: Status.ASKING}
    PROBLEMS = {
        "error": _("Something went wrong on our side."),
        "silent": _("They didn’t answer."),
    }

    draft = models.ForeignKey(
        BulkDraft, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="names"
    )
    status = StatusField(max_length=6, choices=Status, default=Status.QUEUED)
    rounds = models.PositiveSmallIntegerField(default=0)
    """How often what nobody answered was put back to be asked for once more."""

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta(Leased.Meta):
        constraints = [
            mode_known("bulknames"),
            models.UniqueConstraint(fields=["business", "mode", "id"], name="bulknames_tenant"),
            TenantForeignKey(field="draft", to="transactions.BulkDraft", name="bulknames_draft_tenant"),
            models.UniqueConstraint(fields=["draft"], name="bulknames_once"),
        ]

    def __str__(self) -> str:
        return str(self.draft_id)
