"""Mails: a row in the transaction of the act, sent by a worker afterwards, in the language of who reads it.

The words of a mail are `templates/emails/<name>.txt`; its first line is the subject. Plain text, so that nothing
a person typed can be anything but text (trust.md §1.6).
"""

import logging
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import translation

from flipdash import tasks
from flipdash.models import Message

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
"""How long one worker may take over one message; a mail server gets 20 seconds (EMAIL_TIMEOUT)."""


def send(name: str, *, to: str, language: str, **context: Any) -> Message:
    """Write the mail `emails/<name>.txt` and queue it; it leaves when the transaction has committed."""
    with translation.override(language):
        subject, _newline, text = render_to_string(f"emails/{name}.txt", context).strip().partition("\n")
    return queue(to=to, subject=subject, text=text.strip() + "\n", language=language)


def queue(
    *, to: str, subject: str, text: str, language: str, channel: Message.Channel = Message.Channel.MAIL
) -> Message:
    """Queue a text that is already written; line breaks never get into the subject."""
    subject = " ".join(subject.split())[:200]
    message = Message.objects.create(channel=channel, to=to, subject=subject, text=text, language=language)
    transaction.on_commit(partial(tasks.wake_sender))
    return message


def send_due() -> None:
    """Send the mails that are due, each under a lease; what can't be sent now is tried again later.

    The wait doubles from 30 seconds on; after the last attempt the row stays, unsent, for the operator.
    """
    while message := _claim():
        try:
            EmailMessage(message.subject, message.text, to=[message.to]).send()
        except Exception:  # a mail server may fail in any way; the next attempt comes by the sweep
            log.exception("message %s: attempt %s failed", message.pk, message.attempt)
            wait = timedelta(seconds=30 * 2 ** (message.attempt - 1))
            _mine(message).update(lease_until=Now() + wait)
        else:
            kept = {} if settings.OUTBOX else {"text": ""}
            _mine(message).update(sent_at=Now(), lease_until=None, **kept)


def _claim() -> Message | None:
    with transaction.atomic():
        due = Message.objects.due().filter(channel=Message.Channel.MAIL)
        message = due.select_for_update(skip_locked=True).first()
        if message is None:
            return None
        Message.objects.filter(pk=message.pk).update(attempt=F("attempt") + 1, lease_until=Now() + LEASE)
        message.attempt += 1
        return message


def _mine(message: Message) -> Any:
    return Message.objects.filter(pk=message.pk, attempt=message.attempt, sent_at=None)
