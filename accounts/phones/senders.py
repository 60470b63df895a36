"""What carries a code to a phone: Twilio, or the local Outbox in development."""

import logging
from typing import Protocol

from django.conf import settings
from django.db.models.functions import Now

from accounts.models import OtpChallenge
from flipdash.models import Message

log = logging.getLogger(__name__)

TWILIO_TIMEOUT = 4
"""Seconds to connect, and again to answer: a page that sends a code answers within 10 s (trust.md O4)."""


class NotSent(Exception):
    """The message did not leave. The words never hold its text."""


class Sender(Protocol):
    """Sends one text to one phone."""

    def send(self, *, to: str, text: str, channel: str, language: str) -> None:
        """Send the text to an E.164 number; raise NotSent."""


class Outbox:
    """Shows the text on the local Outbox page."""

    def send(self, *, to: str, text: str, channel: str, language: str) -> None:
        """Put the text into the Outbox."""
        Message.objects.create(
            channel=channel, to=to, text=text, language=language, status=Message.Status.SENT, finished_at=Now()
        )


class Twilio:
    """Sends by Twilio's Programmable Messaging, without a retry: the person asks again, or by the other channel."""

    def send(self, *, to: str, text: str, channel: str, language: str) -> None:
        """Send by SMS or WhatsApp."""
        from requests import RequestException  # loaded late: Twilio's package takes half a second
        from twilio.base.exceptions import TwilioException
        from twilio.http.http_client import TwilioHttpClient
        from twilio.rest import Client

        sms = channel == OtpChallenge.Channel.SMS
        origin = settings.TWILIO_SMS_FROM if sms else settings.TWILIO_WHATSAPP_FROM
        if not origin:
            raise NotSent("no sender number for this channel")
        prefix = "" if sms else "whatsapp:"
        http = TwilioHttpClient(timeout=TWILIO_TIMEOUT, max_retries=0)
        try:
            client = Client(settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, http_client=http)
            client.messages.create(to=prefix + to, from_=prefix + origin, body=text)
        except (TwilioException, RequestException, OSError) as error:
            status = getattr(error, "status", "no answer")
            log.warning("Twilio did not take a message: %s, %s", type(error).__name__, status)
            raise NotSent("Twilio did not take it") from None  # the error holds the request, and with it the code


def current() -> Sender:
    """Return what sends now; raises NotSent when nothing can."""
    if settings.TWILIO_ACCOUNT_SID and settings.TWILIO_AUTH_TOKEN:
        return Twilio()
    if settings.OUTBOX:
        return Outbox()
    raise NotSent("neither Twilio nor the Outbox is set up")
