"""Mails: queued in the transaction, sent once, tried again, wiped once sent."""

import pytest
from django.core import mail as django_mail
from django.db.models.functions import Now
from django.test import Client

from flipdash import events, mail
from flipdash.models import MOST_ATTEMPTS, Message

pytestmark = pytest.mark.django_db


def queue(**fields):
    return mail.queue(**{"to": "ana@kopikita.test", "subject": "Hello", "text": "Text", "language": "en", **fields})


def test_a_mail_is_sent_once():
    queue()
    mail.send_due()
    mail.send_due()
    (sent,) = django_mail.outbox
    assert (sent.subject, sent.body, sent.to) == ("Hello", "Text", ["ana@kopikita.test"])


def test_a_line_break_never_gets_into_the_subject():
    assert queue(subject="Hello\r\nBcc: all@kopikita.test").subject == "Hello Bcc: all@kopikita.test"


def test_in_production_nothing_of_the_text_stays(settings):
    settings.OUTBOX = False
    message = queue(text="https://flipdash.example/secret")
    mail.send_due()
    message.refresh_from_db()
    assert message.sent_at
    assert message.text == ""


def test_what_cannot_be_sent_is_tried_again_later_and_not_for_ever(monkeypatch):
    message = queue()
    monkeypatch.setattr(django_mail.EmailMessage, "send", lambda self: 1 / 0)
    mail.send_due()
    message.refresh_from_db()
    assert (message.attempt, message.sent_at) == (1, None)
    assert not Message.objects.due().exists(), "it waits before the next attempt"
    Message.objects.update(lease_until=Now(), attempt=MOST_ATTEMPTS)
    mail.send_due()
    message.refresh_from_db()
    assert (message.attempt, message.text) == (MOST_ATTEMPTS, "Text")


def test_the_outbox_shows_what_was_sent_as_text():
    queue(text="<b>bold</b> https://flipdash.example/invitations/abc/")
    page = Client().get("/outbox/").content.decode()
    assert "&lt;b&gt;bold" in page
    assert 'href="https://flipdash.example/invitations/abc/"' in page


def test_an_event_that_nobody_declared_is_refused(scope):
    with pytest.raises(KeyError):
        events.record(scope, "nobody.declared-this")


def test_handlers_see_the_event_in_the_transaction_of_the_act(scope, monkeypatch):
    seen = []
    monkeypatch.setattr(events, "_handlers", [seen.append])
    monkeypatch.setattr(events, "_kinds", {"thing.done": "Thing done"})
    events.record(scope, "thing.done", scope.member, why="test")
    (event,) = seen
    assert (event.scope, event.kind, event.subject, event.facts) == (scope, "thing.done", scope.member, {"why": "test"})
