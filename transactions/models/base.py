"""What all transactions share: their number, their states, and how text is searched."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class NextTransactionId(models.Func):
    """A new 19-digit transaction id, made by Postgres (migration 0001, design.md §3)."""

    function = "next_transaction_id"
    template = "%(function)s(now())"
    output_field = models.BigIntegerField()
    arity = 0


class Status(models.TextChoices):
    """The states of a transfer (product.md §2)."""

    PENDING_APPROVAL = "pending_approval", _("Pending approval")
    SCHEDULED = "scheduled", _("Scheduled")
    PROCESSING = "processing", _("Processing")
    SUCCESSFUL = "successful", _("Successful")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Failed")

    @property
    def look(self) -> tuple[str, str]:
        """The colour by meaning, and the icon, with which the state is shown."""
        return LOOKS[self]


LOOKS = {
    Status.PENDING_APPROVAL: ("amber", "pause"),
    Status.SCHEDULED: ("grey", "calendar-clock"),
    Status.PROCESSING: ("blue", "clock"),
    Status.SUCCESSFUL: ("green", "check"),
    Status.CANCELLED: ("grey", "minus"),
    Status.FAILED: ("red", "x"),
}

MOVES = {
    Status.PENDING_APPROVAL: {Status.SCHEDULED, Status.PROCESSING, Status.CANCELLED},
    Status.SCHEDULED: {Status.PROCESSING, Status.CANCELLED},
    Status.PROCESSING: {Status.SUCCESSFUL, Status.FAILED},
    Status.SUCCESSFUL: set(),
    Status.CANCELLED: set(),
    Status.FAILED: set(),
}
"""The allowed moves. Migration 0001 gives the same table to the database, which refuses all others."""


class Via(models.TextChoices):
    """How a transaction was created."""

    DASHBOARD = "dashboard", _("Dashboard")
    API = "api", _("API")


class SearchText(models.Func):
    """What text search looks in; the trigram index holds this very expression."""

    template = "lower(%(expressions)s)"
    arg_joiner = " || ' ' || "
    output_field = models.TextField()
