"""Whether transfers reach a bank or an e-wallet now. Its code and names stand in transactions/destinations.py."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from flipdash.actors import actor_fields, actor_known
from flipdash.states import State, StatusField, state
from transactions import destinations


class DestinationQuerySet(models.QuerySet["Destination"]):
    """Banks and e-wallets."""

    def known(self) -> Self:
        """Those that can be paid: a code that is no longer in our list stays in the table, and is left out."""
        return self.filter(code__in=destinations.NAMES)


class Destination(models.Model):
    """A bank or an e-wallet that can be paid, the same for all businesses and both modes."""

    class Status(State):
        """How well transfers go through. Only the operator says so."""

        OPERATIONAL = state(*("operational", _("Operational"), "green", "check"), to="disturbed heavily_disturbed")
        DISTURBED = state("disturbed", _("Disturbed"), "amber", "clock", to="operational heavily_disturbed")
        HEAVILY_DISTURBED = state(
            *("heavily_disturbed", _("Heavily disturbed"), "red", "triangle-alert"), to="operational disturbed"
        )

    code = models.CharField(_("Code"), max_length=32, unique=True)
    status = StatusField(_("Status"), max_length=17, choices=Status, default=Status.OPERATIONAL)
    changed_at = models.DateTimeField(_("Changed"), db_default=Now())
    changer_kind, changer_id, changer_name = actor_fields(_("Changed by"))

    objects: ClassVar[Any] = DestinationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["operational", "disturbed", "heavily_disturbed"]),
                name="destination_status_known",
            ),
            actor_known("destination", "changer"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The everyday name."""
        return destinations.NAMES.get(self.code, self.code)
