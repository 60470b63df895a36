"""The timeline of a transaction: lines are added, never changed."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now

from flipdash.scope import TenantModel, mode_known

EVENT_LOOKS = {
    "created": "green",
    "approved": "green",
    "sent": "green",
    "successful": "green",
    "settled": "green",
    "failed": "red",
    "rejected": "red",
    "returned": "amber",
}
"""The colour of what happened, by its kind; anything else is grey."""


class Event(TenantModel):
    """One line of a timeline: what happened, when, and who did it. Lines are added, never changed."""

    kind = models.CharField(max_length=16)
    at = models.DateTimeField(db_default=Now())
    by = models.CharField(max_length=100, blank=True)
    note = models.CharField(max_length=200, blank=True)

    looks: ClassVar[Mapping[str, str]] = EVENT_LOOKS

    class Meta:
        abstract = True
        constraints = [mode_known("%(class)s")]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"

    @property
    def look(self) -> str:
        """The colour by meaning of the timeline's dot."""
        return self.looks.get(self.kind, "grey")

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the line; an existing one can't be saved again."""
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)
