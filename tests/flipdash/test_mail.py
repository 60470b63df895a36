"""Mails: queued in the transaction, sent once, tried again, wiped once sent."""

import errno
import re
import smtplib
import ssl
from datetime import timedelta
from unittest import mock

import pytest
from django.core import mail as django_mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import OperationalError
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client

from flipdash import mail, tasks
from flipdash.models import Message
from tests.leased import let_time_pass

pytestmark = pytest.mark.django_db


def queue(**fields):
    return mail.queue(**{"to": "ana@kopikita.test", "subject": "Hello", "text": "Text", "language": "en", **fields})


def send_all():
    while mail.MAILS.work():
        pass


def test_a_mail_is_sent_once():
    queue()
    send_all()
    send_all()
    (sent,) = django_mail.outbox
    assert (sent.subject, sent.body, sent.to) == ("Hello", "Text", ["ana@kopikita.test"])


def test_a_mail_that_is_sent_twice_is_known_as_one_and_is_of_our_domain(settings, monkeypatch):
    """A container's name in it is what spam filters dislike."""
    settings.DEFAULT_FROM_EMAIL = "FlipDash <no-reply@pay.example>"
    message, other = queue(), queue()
    first = mail.id_of(message)
    assert re.fullmatch(r"<[0-9a-f]{32}@pay\.example>", first)
    assert mail.id_of(other) != first
    with monkeypatch.context() as patch:
        patch.setattr(mail.MAILS, "finish", lambda *args, **values: 1 / 0)  # it ends once the server has the mail
        mail.MAILS.work(message.pk)
    let_time_pass(mail.MAILS)
    send_all()
    sent = [one.extra_headers["Message-ID"] for one in django_mail.outbox]
    assert sent.count(first) == 2


def test_one_businesss_payroll_keeps_nobody_elses_mail_waiting(monkeypatch):
    """hostile.24a 5: 20,000 of them stood in front of the next person's reset link, for hours."""
    for to, lane in (("a1", 7), ("a2", 7), ("a3", 7), ("b1", 9), ("c1", 8), ("b2", 9)):
        queue(to=f"{to}@x.test", rank=mail.Rank.BULK, lane=lane)
    with monkeypatch.context() as patch:
        patch.setattr(mail, "A_TURN", 0)
        mail.MAILS.work()
    queue(to="usual@x.test")
    queue(to="reset@x.test", rank=mail.Rank.SECURITY)
    send_all()
    order = [sent.to[0].partition("@")[0] for sent in django_mail.outbox]
    assert order == ["a1", "reset", "usual", "c1", "b1", "a2", "b2", "a3"]


def test_a_line_break_never_gets_into_the_subject():
    assert queue(subject="Hello\r\nBcc: all@kopikita.test").subject == "Hello Bcc: all@kopikita.test"


def test_in_production_nothing_of_the_text_stays(settings):
    settings.OUTBOX = False
    message = queue(text="https://flipdash.example/secret")
    send_all()
    message.refresh_from_db()
    assert message.status == "sent"
    assert message.text == ""


def test_what_the_server_does_not_take_keeps_its_text_for_the_operator(monkeypatch):
    message = queue()
    monkeypatch.setattr(django_mail.EmailMessage, "send", lambda self: 1 / 0)
    for _attempt in range(mail.MAILS.most_attempts):
        let_time_pass(mail.MAILS)
        send_all()
    message.refresh_from_db()
    assert (message.status, message.attempt, message.text) == ("failed", 8, "Text")
    assert message.problem_in_words == "The mail server didn’t take it."


def a_minute_later():
    Message.objects.exclude(started_at=None).update(started_at=F("started_at") - mail.AWAY_FOR)
    let_time_pass(mail.MAILS)


@pytest.mark.parametrize(
    ("problem", "tries"),
    [(TimeoutError(), 1), (smtplib.SMTPServerDisconnected("gone"), 2), (ConnectionRefusedError(), 1)],
)
def test_a_server_that_is_away_is_tried_by_one_mail_a_minute_and_then_gets_all(monkeypatch, problem, tries):
    """trust: Z6. A try may take twenty seconds, in which a worker does nothing else: money moves by the same ones.

    A server that hangs up may mean the one mail: a second one tells.
    """
    sent, tried = django_mail.EmailMessage.send, []

    def send(message):
        tried.append(message.to)
        raise problem

    monkeypatch.setattr(django_mail.EmailMessage, "send", send)
    for _message in range(4):
        queue()
    send_all()
    mail.MAILS.sweep()
    send_all()
    assert len(tried) == tries
    a_minute_later()
    send_all()
    assert len(tried) == tries + 1
    attempts = sorted(Message.objects.values_list("attempt", flat=True))
    assert attempts == [0] * (3 - tries) + [1] * (tries + 1), "the others lost no attempt"

    monkeypatch.setattr(django_mail.EmailMessage, "send", sent)
    a_minute_later()
    send_all()
    assert set(Message.objects.values_list("status", "problem")) == {("sent", "")}


REFUSES = [
    OSError(errno.EHOSTUNREACH, "No route to host"),
    ssl.SSLCertVerificationError("certificate has expired"),
    smtplib.SMTPAuthenticationError(535, b"wrong password"),
    smtplib.SMTPConnectError(421, b"try later"),
]


@pytest.mark.parametrize("problem", REFUSES, ids=lambda problem: type(problem).__name__)
def test_a_server_that_is_away_for_hours_costs_no_mail_an_attempt(monkeypatch, problem):
    """hostile.24a 6: after 64 minutes a mail was lost for good, and at once where the server refused FlipDash."""
    opens = mock.Mock(side_effect=problem)
    monkeypatch.setattr(EmailBackend, "open", opens)
    for _message in range(3):
        queue()
    for _minute in range(12):
        a_minute_later()
        send_all()
    assert opens.call_count == 12, "one a minute"
    assert set(Message.objects.values_list("status", "attempt")) == {("queued", 0)}
    monkeypatch.undo()
    a_minute_later()
    send_all()
    assert set(Message.objects.values_list("status", "problem")) == {("sent", "")}


@pytest.mark.parametrize("problem", [TimeoutError(), smtplib.SMTPServerDisconnected("gone")])
def test_only_while_others_get_through_a_mail_loses_attempts_by_silence(monkeypatch, problem):
    sent = django_mail.EmailMessage.send

    def send(message):
        if "bad@kopikita.test" in message.to:
            raise problem
        return sent(message)

    monkeypatch.setattr(django_mail.EmailMessage, "send", send)
    bad = queue(to="bad@kopikita.test")
    for _minute in range(10):
        a_minute_later()
        send_all()
    bad.refresh_from_db()
    assert (bad.status, bad.attempt) == ("queued", 1), "it may be the server"
    for _minute in range(7):
        queue()
        a_minute_later()
        send_all()
        a_minute_later()
        send_all()
    bad.refresh_from_db()
    assert (bad.status, bad.attempt) == ("failed", 8), "others got through each time"


def test_while_one_mail_tries_a_server_that_was_away_the_others_wait(monkeypatch):
    monkeypatch.setattr(django_mail.EmailMessage, "send", mock.Mock(side_effect=TimeoutError))
    queue()
    queue()
    send_all()
    a_minute_later()
    assert mail.MAILS.claim()
    assert mail.MAILS.claim() is None


def test_mails_on_which_the_server_hangs_up_keep_the_others_waiting_for_a_minute_at_most(monkeypatch):
    """One such mail stopped everybody's for three minutes: it was the first that tried again, each time."""
    sent, bad = django_mail.EmailMessage.send, {"bad@kopikita.test"}

    def send(message):
        if bad & set(message.to):
            raise smtplib.SMTPServerDisconnected("gone")
        return sent(message)

    monkeypatch.setattr(django_mail.EmailMessage, "send", send)
    for to in ("bad@kopikita.test", *("ana@kopikita.test",) * 4):
        queue(to=to)
    send_all()
    assert len(django_mail.outbox) == 4, "at once"

    bad.add("worse@kopikita.test")
    a_minute_later()
    queue(to="worse@kopikita.test")
    send_all()
    queue()
    send_all()
    assert len(django_mail.outbox) == 4, "two say that it is away"
    a_minute_later()
    send_all()
    assert len(django_mail.outbox) == 5


def test_a_mail_that_has_gone_is_not_sent_again_because_others_can_not_go_on(monkeypatch):
    message = queue()
    claimed = mail.MAILS.claim()
    monkeypatch.setattr(mail.MAILS, "_change", mock.Mock(side_effect=OperationalError("deadlock detected")))
    mail._send(claimed)
    message.refresh_from_db()
    assert (message.status, len(django_mail.outbox)) == ("sent", 1)


def test_a_clock_that_stepped_back_keeps_no_mail_waiting():
    queue(to="away@kopikita.test")
    later = {"problem": mail.AWAY, "started_at": Now() + timedelta(hours=1), "due_at": Now() + timedelta(hours=1)}
    Message.objects.update(**later)
    queue()
    send_all()
    assert [sent.to for sent in django_mail.outbox] == [["ana@kopikita.test"]]


def test_an_address_that_the_server_refuses_keeps_no_other_mail_waiting(monkeypatch):
    refused = mock.Mock(side_effect=smtplib.SMTPRecipientsRefused({}))
    monkeypatch.setattr(django_mail.EmailMessage, "send", refused)
    queue()
    queue()
    send_all()
    assert refused.call_count == 2


def test_the_outbox_shows_what_was_sent_as_text():
    queue(text="<b>bold</b> https://flipdash.example/invitations/abc/")
    page = Client().get("/outbox/").content.decode()
    assert "&lt;b&gt;bold" in page
    assert 'href="https://flipdash.example/invitations/abc/"' in page


def test_whom_we_wrote_to_is_forgotten_after_a_month():
    """production.md 8: every recipient's address was kept for ever."""
    ages = {"sent": (29, 31), "failed": (89, 91), "queued": (29, 400)}
    for status, days in ages.items():
        for age in days:
            message = queue(to=f"{status}-{age}@kopikita.test")
            steps = {"sent": ("sending", "sent"), "failed": ("sending", "failed"), "queued": ()}[status]
            for step in steps:
                Message.objects.filter(pk=message.pk).update(status=step)
            Message.objects.filter(pk=message.pk).update(created_at=Now() - timedelta(days=age))
    tasks.tidy_operations()
    kept = Message.objects.order_by("pk").values_list("to", flat=True)
    assert [to.partition("@")[0] for to in kept] == ["sent-29", "failed-89", "queued-29", "queued-400"]
