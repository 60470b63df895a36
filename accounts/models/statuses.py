"""Where people and invitations stand, as the list shows them."""

from django.utils.translation import gettext_lazy as _

from flipdash.states import State, state


class Status(State):
    """Whether somebody can sign in, or is still expected. It follows from other columns, so nothing moves it."""

    ACTIVE = state("active", _("Active"), "green", "check")
    DEACTIVATED = state("deactivated", _("Deactivated"), "grey", "minus")
    ENDED = state("ended", _("Ended"), "grey", "calendar-clock")
    INVITED = state("invited", _("Invited"), "amber", "mail")
    EXPIRED = state("expired", _("Invitation expired"), "grey", "clock")
    FALLEN = state("fallen", _("Not valid: whoever invited may no longer"), "red", "x")
