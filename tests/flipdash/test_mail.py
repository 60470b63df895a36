"""Mails: queued in the transaction, sent once, tried again, wiped once sent."""

from datetime import timedelta

import pytest
from django.core import mail as django_mail
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
