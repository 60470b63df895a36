"""Mails: a row in the transaction of the act, sent by a worker afterwards, in the language of whoever reads it.

The words of a mail are `templates/emails/<name>.txt`; its first line is the subject. Plain text, so that nothing
a person typed can be anything but text (trust.md §1.6).
"""

import logging
import smtplib
import socket
from collections.abc import Callable
from datetime import timedelta
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import Error, transaction
from django.db.models import Exists, Q
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from flipdash.leases import Worker
from flipdash.models import Message

log = logging.getLogger(__name__)
Status = Message.Status
AWAY = "away"
"""The `problem` of a mail whose last attempt met no server, or one that said nothing."""
DROPPED = "dropped"
"""The `problem` of a mail in whose last attempt the server hung up: it may be away, or take offence at this one."""
AWAY_FOR = timedelta(seconds=60)
"""How long a server that is away is left alone."""
DROPS = (smtplib.SMTPServerDisconnected, ConnectionResetError, ConnectionAbortedError, BrokenPipeError)
IS_AWAY = (TimeoutError, ConnectionError, socket.gaierror, smtplib.SMTPConnectError)


class Mails(Worker[Message]):
    """Sends mails. While the server is away, one tries it now and then: the others would only hold workers up."""

    def due(self) -> Any:
        """Return what may be sent now."""
        away = self.rows.filter(problem=AWAY, finished_at=None)
        trying = self.rows.filter(self._running(lease_until__gte=Now()))
        # What began in the future began before the clock stepped back.
        rests = Exists(away.filter(started_at__range=(Now() - AWAY_FOR, Now())))
        return super().due().exclude(rests).exclude(Q(Exists(away)) & Q(Exists(trying)))

    def _in_turn(self, due: Any) -> Any:
        # Whatever met nobody comes last: perhaps it was the mail, and another finds out that the server is there.
        return due.order_by("problem", "pk")

    def is_dropped_alone(self, message: Message) -> bool:
        """Return whether the server hung up on this mail only, for all that is known."""
        others = self.rows.filter(finished_at=None).exclude(pk=message.pk)
        dropped = Q(problem=DROPPED, started_at__range=(Now() - AWAY_FOR, Now()))
        return not others.filter(Q(problem=AWAY) | dropped).exists()

    def is_there(self) -> None:
        """Let all that wait for the server go on. A mail has gone: what fails here must not send it again."""
        try:
            with transaction.atomic(using=self.using):
                self._change(Q(problem__in=[AWAY, DROPPED]), problem="")
        except Error:
            log.exception("mails: those that wait for the server go on later")


MAILS = Mails("mails", Message, most_attempts=8, wait=timedelta(seconds=30), words=_("Mails"))
"""The last attempt is about an hour after the first; then the row stays, unsent, for the operator."""


def send(name: str, *, to: str, language: str, **context: Any) -> Message:
    """Write the mail `emails/<name>.txt` and queue it; it leaves when the transaction has committed."""
    subject, text = written(name, language, **context)
    return queue(to=to, subject=subject, text=text, language=language)


def written(name: str, language: str, **context: Any) -> tuple[str, str]:
    """Return subject and text of the mail `emails/<name>.txt`; line breaks never get into the subject."""
    with translation.override(language):
        subject, _newline, text = render_to_string(f"emails/{name}.txt", context).strip().partition("\n")
    return " ".join(subject.split())[:200], text.strip() + "\n"


Writer = Callable[[str], tuple[str, str] | None]
"""Returns subject and text of what goes to an address, or None if nobody there is to be written to."""
_writers: dict[str, Writer] = {}


def writer(name: str) -> Callable[[Writer], Writer]:
    """Register who writes the mails of a name when they are sent."""

    def register(write: Writer) -> Writer:
        _writers[name] = write
        return write

    return register


def send_late(name: str, *, to: str, language: str) -> Message:
    """Queue what is written only when it is sent: whoever asks for it can't tell by time if anybody is there."""
    message = Message.objects.create(channel=Message.Channel.MAIL, to=to[:254], text="", late=name, language=language)
    MAILS.wake_on_commit()
    return message


def queue(*, to: str, subject: str, text: str, language: str) -> Message:
    """Queue a text that is already written; line breaks never get into the subject."""
    subject = " ".join(subject.split())[:200]
    message = Message.objects.create(channel=Message.Channel.MAIL, to=to, subject=subject, text=text, language=language)
    MAILS.wake_on_commit()
    return message


def id_of(message: Message) -> str:
    """Return a mail's Message-ID: of our own domain, and the same at each attempt, so that two are known as one.

    It says nothing about how many mails there are.
    """
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return f"<{salted_hmac('flipdash.mail', str(message.pk)).hexdigest()[:32]}@{domain}>"


@MAILS.runs
def _send(message: Message) -> None:
    """Send a mail. The text is wiped, except where the local Outbox shows it."""
    kept = {}
    if message.late:
        found = _writers[message.late](message.to)
        if found is None:
            MAILS.finish(message, Status.SENT, to="")  # whose address it is, or isn't, is kept nowhere
            return
        message.subject, message.text = found
        kept = {"subject": message.subject, "text": message.text}
    try:
        EmailMessage(message.subject, message.text, to=[message.to], headers={"Message-ID": id_of(message)}).send()
    except DROPS:
        MAILS.note(message, problem=DROPPED if MAILS.is_dropped_alone(message) else AWAY)
        raise
    except IS_AWAY:
        MAILS.note(message, problem=AWAY)
        raise
    MAILS.finish(message, Status.SENT, problem="", **(kept if settings.OUTBOX else {**kept, "text": ""}))
    MAILS.is_there()


def tidy() -> None:
    """Delete what was sent long ago: whom we wrote to is kept no longer than it takes to ask about it."""
    kept = timedelta(days=settings.MESSAGE_DAYS_KEPT)
    Message.objects.filter(status=Status.SENT, created_at__lt=Now() - kept).delete()
    Message.objects.filter(status=Status.FAILED, created_at__lt=Now() - 3 * kept).delete()
