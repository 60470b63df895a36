"""What people do to Callback URLs and callbacks, with the words of the Activity Log."""

from django.utils.translation import gettext_lazy as _

from developer.models import CallbackEvent, CallbackUrl
from flipdash import events


def event_words(event: str) -> str:
    """Return an event in words."""
    return str(CallbackEvent(event).label) if event in CallbackEvent.values else event


def why_in_words(why: str) -> str:
    """Return why a URL was paused, in words."""
    return str(CallbackUrl.Paused(why).label) if why in CallbackUrl.Paused.values else why


events.declare(
    {
        "callback-url.saved": _("Callback URL saved"),
        "callback-url.removed": _("Callback URL removed"),
        "callback-url.tested": _("Test call sent"),
        "callback-url.failing": _("Callback URL failing"),
        "callback-url.paused": _("Callback URL paused"),
        "callback-url.resumed": _("Callback URL goes on"),
        "callback-url.secret-shown": _("Signing secret shown"),
        "callback-url.secret-changed": _("Signing secret changed"),
        "callback.resent": _("Callback resent"),
        "callback.resend-asked": _("Resend of callbacks asked for"),
        "callback.resend-cancelled": _("Resend of callbacks cancelled"),
    },
    areas={"callback-url": _("Callback URLs"), "callback": _("Callbacks")},
    facts={
        "callback_event": events.Fact(_("Event"), event_words),
        "callback_url": _("Callback URL"),
        "why_paused": events.Fact(_("Why"), why_in_words),
    },
)
