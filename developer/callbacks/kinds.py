"""What people do to Callback URLs and callbacks, with the words of the Activity Log."""

from django.utils.translation import gettext_lazy as _

from developer.models import CallbackEvent
from flipdash import events


def event_words(event: str) -> str:
    """Return an event in words."""
    return str(CallbackEvent(event).label) if event in CallbackEvent.values else event


events.declare(
    {
        "callback-url.saved": _("Callback URL saved"),
        "callback-url.removed": _("Callback URL removed"),
        "callback-url.tested": _("Test call sent"),
        "callback-url.resumed": _("Callback URL goes on"),
        "callback-url.secret-shown": _("Signing secret shown"),
        "callback-url.secret-changed": _("Signing secret changed"),
        "callback.resent": _("Callback resent"),
        "callback.resend-asked": _("Resend of callbacks asked for"),
        "callback.resend-cancelled": _("Resend of callbacks cancelled"),
    },
    areas={"callback-url": _("Callback URLs"), "callback": _("Callbacks")},
    facts={"callback_event": events.Fact(_("Event"), event_words)},
)
