"""Mails: a row in the transaction of the act, sent by a worker afterwards, in the language of whoever reads it.

The words of a mail are `templates/emails/<name>.txt`; its first line is the subject. Plain text, so that nothing
a person typed can be anything but text (trust.md §1.6).
"""

import logging
import smtplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import timedelta
from email.utils import parseaddr
from time import monotonic
from traceback import walk_tb
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import Error, transaction
from django.db.models import Exists, F, Q, QuerySet
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from flipdash.leases import Worker
from flipdash.models import Message

log = logging.getLogger(__name__)
Status = Message.Status
Rank = Message.Rank
AWAY = "away"
"""The `problem` of a mail whose last attempt met no server, or one that said nothing."""
DROPPED = "dropped"
"""The `problem` of a mail in whose last attempt the server hung up: it may be away, or take offence at this one."""
AWAY_FOR = timedelta(seconds=60)
"""How long a server that is away is left alone."""
DROPS = (smtplib.SMTPServerDisconnected, ConnectionResetError, ConnectionAbortedError, BrokenPipeError)
SMTP_OK, CLOSES = 250, 421
"""What a server answers to what it takes, and one that serves nobody for now."""
FOR_NOW = range(400, 500)
"""What it answers to what it may take another time."""


A_TURN = 2.0
"""For how many seconds a worker goes on with other mails: whatever else is short waits so long for it."""


class Line:
    """The connection by which the mails of a turn leave. What goes wrong on it ends it: the next mail has another."""

    def __init__(self) -> None:
        self.server: Any = None

    def open(self) -> bool:
        """Have a connection that answers; returns whether other mails left by it. Raises Away."""
        if self.server is not None and _answers(self.server):
            return True
        self.close()
        server = get_connection()
        try:
            server.open()
        except Exception as error:  # whatever it is, none of the mail was said yet: it is the server's
            raise Away from error
        self.server = server
        return False

    def close(self) -> None:
        """End it, where there is one; a server that says no goodbye is nobody's fault."""
        server, self.server = self.server, None
        if server is not None:
            with suppress(OSError):
                server.close()


_line: ContextVar[Line | None] = ContextVar("line", default=None)


class Away(Exception):
    """The mail server can't be reached, or can't be spoken to; its cause says why."""


def _answers(server: Any) -> bool:
    """Return whether a connection still stands: a server hangs up after some time, or so many mails."""
    connection = getattr(server, "connection", None)  # of SMTP's backend alone
    try:
        return connection is None or connection.noop()[0] == SMTP_OK
    except OSError:
        return False


@contextmanager
def _one_line() -> Iterator[Line]:
    """Let all mails of the block leave by one connection."""
    if (line := _line.get()) is not None:
        yield line
        return
    line = Line()
    token = _line.set(line)
    try:
        yield line
    finally:
        _line.reset(token)
        line.close()


class Mails(Worker[Message]):
    """Sends mails. While the server is away, one tries it now and then: the others would only hold workers up."""

    def work(self, pk: int | None = None) -> bool:
        """Send the mail whose turn it is and those after it by one connection, for two seconds; or this one alone.

        Each is claimed by itself, just before it leaves: what is about signing in comes first at any moment.
        """
        ends = monotonic() + A_TURN
        with _one_line():
            row = self.claim(pk)
            if row is None:
                return False
            while row:
                self._do(row)
                row = self.claim() if pk is None and monotonic() < ends else None
        if self.due().exists():  # once a turn: two who are woken by each would fill the queue
            self.wake()
        return True

    def due(self) -> Any:
        """Return what may be sent now."""
        away = self.rows.filter(problem=AWAY, finished_at=None)
        trying = self.rows.filter(self._running(lease_until__gte=Now()))
        # What began in the future began before the clock stepped back.
        rests = Exists(away.filter(started_at__range=(Now() - AWAY_FOR, Now())))
        return super().due().exclude(rests).exclude(Q(Exists(away)) & Q(Exists(trying)))

    def _in_turn(self, due: Any) -> Any:
        """Order what is due: whatever met nobody last, for another finds out that the server is there; then by rank.

        In BULK the businesses take turns, by their ids: one's payroll keeps no other's waiting (trust.md E5).
        """
        ordered = due.order_by("problem", "rank", "lane", "pk")
        first = ordered.values_list("problem", "rank").first()
        if first is None or first[1] != Rank.BULK:
            return ordered
        begun = self.rows.filter(rank=Rank.BULK, started_at__isnull=False).order_by("-started_at")
        last = begun.values_list("lane", flat=True).first() or 0
        others = ordered.filter(problem=first[0], rank=Rank.BULK, lane__gt=last)
        return others if others.exists() else ordered

    def is_dropped_alone(self, message: Message) -> bool:
        """Return whether the server hung up on this mail only, for all that is known."""
        others = self.rows.filter(finished_at=None).exclude(pk=message.pk)
        dropped = Q(problem=DROPPED, started_at__range=(Now() - AWAY_FOR, Now()))
        return not others.filter(Q(problem=AWAY) | dropped).exists()

    def give_back(self, message: Message, problem: str) -> None:
        """Let a mail wait for the server: what isn't the mail's fault costs it no attempt."""
        # While the server is away all mails rest. One on which it hung up keeps no other waiting, so it rests itself.
        due_at = None if problem == AWAY else Now() + AWAY_FOR
        self.finish(message, Status.QUEUED, problem=problem, attempt=F("attempt") - 1, due_at=due_at)

    def is_there(self) -> None:
        """Let all that wait for the server go on. A mail has gone: what fails here must not send it again."""
        try:
            with transaction.atomic(using=self.using):
                self._change(Q(problem__in=[AWAY, DROPPED]), problem="")
        except Error:
            log.exception("mails: those that wait for the server go on later")


MAILS = Mails("mails", Message, most_attempts=8, wait=timedelta(seconds=30), words=_("Mails"))
"""The last attempt is about an hour after the first; then the row stays, unsent, for the operator (`send_again`)."""


def send(name: str, *, to: str, language: str, rank: Any = Rank.USUAL, lane: Any = 0, **context: Any) -> Message:
    """Write the mail `emails/<name>.txt` and queue it; it leaves when the transaction has committed.

    What is Rank.BULK names its business as `lane`. Both are Any because callers unpack a mail's context into the call.
    """
    subject, text = written(name, language, **context)
    return queue(to=to, subject=subject, text=text, language=language, rank=rank, lane=lane)


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


def bulk_of(lane: int) -> QuerySet[Message]:
    """Return what a business had queued in bulk within 24 hours; to be asked outside of all walls (rls.outside)."""
    return Message.objects.filter(rank=Rank.BULK, lane=lane, created_at__gt=Now() - timedelta(days=1))


def send_late(name: str, *, to: str, language: str) -> Message:
    """Queue what is written only when it is sent: whoever asks for it can't tell by time if anybody is there."""
    fields = {"text": "", "late": name, "language": language, "rank": Rank.SECURITY}
    message = Message.objects.create(channel=Message.Channel.MAIL, to=to[:254], **fields)
    MAILS.wake_on_commit()
    return message


def queue(*, to: str, subject: str, text: str, language: str, rank: int = Rank.USUAL, lane: int = 0) -> Message:
    """Queue a text that is already written; line breaks never get into the subject."""
    subject = " ".join(subject.split())[:200]
    fields = {"subject": subject, "text": text, "language": language, "rank": rank, "lane": lane}
    message = Message.objects.create(channel=Message.Channel.MAIL, to=to, **fields)
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
    with _one_line() as line:
        try:
            _hand_over(message, line)
        except Away as away:
            _wait(message, AWAY, away.__cause__)
            return
        except Exception as error:
            line.close()
            problem = _problem_of(error, message)
            if problem and message.problem:  # no mail has got through since its last attempt
                _wait(message, problem, error)
                return
            if problem:
                MAILS.note(message, problem=problem)
            raise
    MAILS.finish(message, Status.SENT, problem="", **(kept if settings.OUTBOX else {**kept, "text": ""}))
    MAILS.is_there()


def _hand_over(message: Message, line: Line) -> None:
    """Give a mail to the server. Raises Away, and what Django's backend raises."""
    is_used = line.open()
    try:
        _say(message, line)
    except OSError as error:
        if not (is_used and _may_be_the_lines(error)):
            raise
        line.close()
        line.open()
        _say(message, line)


def _say(message: Message, line: Line) -> None:
    said: dict[str, Any] = {"to": [message.to], "headers": {"Message-ID": id_of(message)}}
    EmailMessage(message.subject, message.text, connection=line.server, **said).send()


def _may_be_the_lines(error: OSError) -> bool:
    """Return whether a server may only take no more by this connection, and has taken nothing of the mail."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code in FOR_NOW for code, _words in error.recipients.values())
    if isinstance(error, smtplib.SMTPDataError):
        return error.smtp_code == CLOSES
    if isinstance(error, DROPS):  # once it has the text, nobody knows if it took the mail
        return all(frame.f_code is not smtplib.SMTP.data.__code__ for frame, _line in walk_tb(error.__traceback__))
    return isinstance(error, smtplib.SMTPSenderRefused)


def _wait(message: Message, problem: str, error: BaseException | None) -> None:
    log.error("mails: the server can't be used", exc_info=error)
    MAILS.give_back(message, problem)


def _problem_of(error: Exception, message: Message) -> str:
    """Return AWAY or DROPPED for what may be the server's fault, "" for what is this mail's."""
    if isinstance(error, DROPS):
        return DROPPED if MAILS.is_dropped_alone(message) else AWAY
    if isinstance(error, smtplib.SMTPSenderRefused):  # all mails have the same sender
        return AWAY
    if isinstance(error, smtplib.SMTPException):
        return AWAY if getattr(error, "smtp_code", None) == CLOSES else ""
    return AWAY if isinstance(error, OSError) else ""


def send_again(messages: QuerySet[Message]) -> int:
    """Queue what failed once more, with all its attempts; returns how many mails that is."""
    rows = messages.filter(channel=Message.Channel.MAIL, status=Status.FAILED)
    with transaction.atomic(using=rows.db):
        found = rows.update(status=Status.QUEUED, attempt=0, due_at=Now(), finished_at=None, problem="")
        transaction.on_commit(MAILS.wake, using=rows.db)
    log.info("mails: %s that failed are sent again", found)
    return found


def tidy() -> None:
    """Delete what was sent long ago: whom we wrote to is kept no longer than it takes to ask about it."""
    kept = timedelta(days=settings.MESSAGE_DAYS_KEPT)
    Message.objects.filter(status=Status.SENT, created_at__lt=Now() - kept).delete()
    Message.objects.filter(status=Status.FAILED, created_at__lt=Now() - 3 * kept).delete()
