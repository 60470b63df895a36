"""The states of people and of invitations, as the list shows them."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """Whether somebody can sign in, or is still expected."""

    ACTIVE = "active", _("Active")
    DEACTIVATED = "deactivated", _("Deactivated")
    ENDED = "ended", _("Ended")
    INVITED = "invited", _("Invited")
    EXPIRED = "expired", _("Invitation expired")

    @property
    def look(self) -> tuple[str, str]:
        """The colour by meaning, and the icon, with which the state is shown."""
        return LOOKS[self]


LOOKS = {
    State.ACTIVE: ("green", "check"),
    State.DEACTIVATED: ("grey", "minus"),
    State.ENDED: ("grey", "calendar-clock"),
    State.INVITED: ("amber", "mail"),
    State.EXPIRED: ("grey", "clock"),
}
