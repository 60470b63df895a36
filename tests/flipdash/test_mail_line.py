"""The mails of a turn leave by one connection, and a server hangs up when it likes: none is lost, none goes twice."""

import re
import socketserver
from collections.abc import Iterator
from threading import Thread

import pytest

from flipdash import mail
from flipdash.models import Message

pytestmark = pytest.mark.django_db


class Server(socketserver.ThreadingTCPServer):
    """As much of SMTP as a mail needs."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.connections = 0
        self.taken: list[str] = []
        self.most = 1_000
        """How many mails it takes by one connection."""
        self.at, self.answer = "MAIL", "421 no more by this connection"
        """What it says to the next one, and where; "": it hangs up."""
        self.refused, self.refuses = "", "550 nobody of this name"


class Talk(socketserver.StreamRequestHandler):
    """One connection."""

    server: Server

    def say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())

    def ends(self) -> bool:
        """Say that it is enough; returns whether the connection ends by that."""
        if self.server.answer:
            self.say(self.server.answer)
        return not self.server.answer.startswith("45")

    def handle(self) -> None:
        self.server.connections += 1
        taken = 0
        self.say("220 here")
        while line := self.rfile.readline().decode().strip():
            word = line[:4].upper()
            at = self.server.at if taken >= self.server.most else ""
            if word == at:
                if self.ends():
                    return None
            elif word == "RCPT" and self.server.refused and self.server.refused in line:
                self.say(self.server.refuses)
            elif word == "DATA":
                self.say("354 go on")
                text = b"".join(iter(self.rfile.readline, b".\r\n")).decode()
                if at == "TEXT":
                    return self.say(self.server.answer)
                self.server.taken += re.findall(r"^To: (\S+)", text, re.M)
                taken += 1
                self.say("250 taken")
                if self.server.at == "TAKEN" and taken >= self.server.most:
                    return None
            elif word == "QUIT":
                return self.say("221 goodbye")
            else:
                self.say("250 fine")
        return None


@pytest.fixture
def server(settings) -> Iterator[Server]:
    with Server() as made:
        thread = Thread(target=made.serve_forever, daemon=True)
        thread.start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = made.server_address
        yield made
        made.shutdown()


@pytest.fixture(autouse=True)
def a_long_turn(monkeypatch, asleep) -> None:
    """A busy machine must not end it."""
    monkeypatch.setattr(mail, "A_TURN", 600.0)


def queue(*names: str) -> list[str]:
    addresses = [f"{name}@x.test" for name in names]
    for to in addresses:
        mail.queue(to=to, subject="s", text="t", language="en")
    return addresses


def test_all_mails_of_a_turn_leave_by_one_connection(server):
    asked = queue("a", "b", "c", "d")
    assert mail.MAILS.work()
    assert (server.taken, server.connections) == (asked, 1)
    assert not mail.MAILS.work()
    queue("e")
    assert mail.MAILS.work()
    assert server.connections == 2, "a turn ends its own"


ENOUGH = [
    *(("MAIL", "421 no more"), ("MAIL", "452 too much"), ("MAIL", "")),
    *(("RCPT", "451 too fast"), ("RCPT", "421 no more"), ("RCPT", "")),
    *(("DATA", "421 no more"), ("TEXT", "421 no more"), ("TAKEN", "")),
]


@pytest.mark.parametrize(("at", "answer"), ENOUGH)
def test_a_server_that_takes_so_many_by_a_connection_gets_the_others_by_another(server, at, answer):
    """hostile.26 5: what it had taken nothing of lost an attempt, or stopped all mails for a minute."""
    server.most, server.at, server.answer = 2, at, answer
    asked = queue("a", "b", "c", "d", "e")
    assert mail.MAILS.work()
    assert (server.taken, server.connections) == (asked, 3)
    assert set(Message.objects.values_list("status", "problem", "attempt")) == {("sent", "", 1)}


def test_a_mail_that_the_server_may_have_taken_does_not_go_again_at_once(server):
    server.most, server.at, server.answer = 2, "DATA", ""
    queue("a", "b", "c", "d")
    assert mail.MAILS.work()
    assert (server.taken, server.connections) == (["a@x.test", "b@x.test", "d@x.test"], 2)
    assert Message.objects.get(to="c@x.test").status == "queued"


def test_what_a_new_connection_refuses_too_is_tried_once_more_only(server):
    server.most, server.at, server.answer = 1, "RCPT", "451 later"
    server.refused, server.refuses = "b@x.test", "451 not you"
    queue("a", "b", "c")
    assert mail.MAILS.work()
    assert (server.taken, server.connections) == (["a@x.test", "c@x.test"], 3)
    waits = Message.objects.get(to="b@x.test")
    assert (waits.status, waits.attempt, waits.problem) == ("queued", 1, "")


def test_after_a_mail_that_is_refused_the_others_leave_all_the_same(server):
    server.refused = "b@x.test"
    queue("a", "b", "c")
    assert mail.MAILS.work()
    assert (server.taken, server.connections) == (["a@x.test", "c@x.test"], 2), "550 is no connection's fault"
    waits = Message.objects.get(to="b@x.test")
    assert (waits.status, waits.attempt, waits.problem) == ("queued", 1, "")


def test_a_turn_ends_by_the_clock_and_says_that_more_waits(server, monkeypatch):
    monkeypatch.setattr(mail, "A_TURN", 0.0)
    woken: list[bool] = []
    monkeypatch.setattr(mail.Mails, "wake", lambda worker: woken.append(True))
    queue("a", "b", "c")
    assert mail.MAILS.work()
    assert (server.taken, len(woken)) == (["a@x.test"], 1), "twice would let the queue grow by each turn"
    assert mail.MAILS.work()
    assert mail.MAILS.work()
    assert (server.taken, len(woken)) == (["a@x.test", "b@x.test", "c@x.test"], 2), "nothing waits after the last"
