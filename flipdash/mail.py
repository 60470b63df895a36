"""Mails: a row in the transaction of the act, sent by a worker afterwards, in the language of whoever reads it.

The words of a mail are `templates/emails/<name>.txt`; its first line is the subject. Plain text, so that nothing
a person typed can be anything but text (trust.md §1.6).
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from flipdash.leases import Worker
from flipdash.models import Message

Status = Message.Status
MAILS = Worker("mails", Message, most_attempts=8, wait=timedelta(seconds=30), words=_("Mails"))
"""The last attempt is about an hour after the first; then the row stays, unsent, for the operator."""


def send(name: str, *, to: str, language: str, **context: Any) -> Message:
    """Write the mail `emails/<name>.txt` and queue it; it leaves when the transaction has committed."""
    with translation.override(language):
        subject, _newline, text = render_to_string(f"emails/{name}.txt", context).strip().partition("\n")
    return queue(to=to, subject=subject, text=text.strip() + "\n", language=language)


def queue(*, to: str, subject: str, text: str, language: str) -> Message:
    """Queue a text that is already written; line breaks never get into the subject."""
    subject = " ".join(subject.split())[:200]
    message = Message.objects.create(channel=Message.Channel.MAIL, to=to, subject=subject, text=text, language=language)
    MAILS.wake_on_commit()
    return message


@MAILS.runs
def _send(message: Message) -> None:
    """Send a mail. The text is wiped, except where the local Outbox shows it."""
    EmailMessage(message.subject, message.text, to=[message.to]).send()
    MAILS.finish(message, Status.SENT, **({} if settings.OUTBOX else {"text": ""}))
