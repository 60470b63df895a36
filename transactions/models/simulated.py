"""What the simulated rail was told, and what it answers: the memory of a provider that isn't there."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from flipdash.leases import Leased
from flipdash.scope import TenantModel, TenantQuerySet, mode_known
from flipdash.states import State, StatusField, state


class SimulatedPayout(TenantModel, Leased):
    """One payout that the simulator was told of, known by our key. It answers by itself after a while."""

    class Status(State):
        """Whether it has answered."""

        TAKEN = state("taken", _("Taken"), "grey", "hourglass", to="answering silent answered")
        ANSWERING = state("answering", _("Being answered"), "blue", "loader", to="taken answered silent failed")
        SILENT = state("silent", _("Says nothing"), "amber", "pause", later="answered")
        ANSWERED = state("answered", _("Answered"), "green", "check")
        FAILED = state("failed", _("Failed"), "red", "x", later="answered")

    STEPS = {Status.TAKEN: Status.ANSWERING}
    PROBLEMS = {"error": _("Something went wrong on our side.")}

    key = models.CharField(max_length=64, unique=True)
    bank = models.CharField(max_length=32)
    account_number = models.CharField(max_length=34)
    amount = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    """Of all else that was to be paid; the same key with another one is refused."""
    told = models.PositiveIntegerField(default=1)
    """How often it was told to send this: more than once is no mistake, paying twice would be."""
    asked = models.PositiveIntegerField(default=0)
    """How often it was asked what became of it."""
    result = models.CharField(max_length=10, blank=True)
    """What it answers, as an Outcome; empty while it is pending."""
    reason = models.CharField(max_length=20, blank=True)
    reference = models.CharField(max_length=64, blank=True)
    status = StatusField(max_length=9, choices=Status, default=Status.TAKEN)

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            mode_known("simulatedpayout"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, result__in=["", "successful", "failed"]), name="simulatedpayout_known"
            ),
        ]
        indexes = [models.Index(F("id"), name="simulatedpayout_open", condition=Q(finished_at=None))]

    def __str__(self) -> str:
        return self.key
