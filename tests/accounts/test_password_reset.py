"""Resetting a password by mail (trust: A2, A5)."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import SignInTry, User
from accounts.sign_in import strangers
from flipdash.mail import MAILS
from flipdash.models import Message
from tests import factories
from tests.accounts.signing_in import PASSWORD

pytestmark = pytest.mark.django_db
NEW = "kopi susu tanpa gula"


def ask(email: str):
    answer = Client().post("/account/password/", {"email": email})
    while MAILS.work():
        pass
    return answer


def link() -> str:
    return re.search(r"https?://[^/]+(/account/password/\S+)", Message.objects.latest("id").text).group(1)


def test_the_link_sets_a_password_and_ends_every_session(rina, client_of):
    elsewhere = client_of(rina)
    ask(rina.user.email)
    browser = Client()
    form = browser.get(link(), follow=True)
    path = form.redirect_chain[-1][0]
    assert path.endswith("/set-password/"), "the link's secret leaves the address bar"
    answer = browser.post(path, {"password1": NEW})
    assert answer["Location"] == "/sign-in/"
    assert "_auth_user_id" not in browser.session
    assert User.objects.get(pk=rina.user.pk).check_password(NEW)
    assert elsewhere.get("/money-transfers/").status_code == 302
    assert "reset" in Message.objects.latest("id").subject


def test_the_link_is_dead_once_used_and_once_the_password_changed(rina):
    """trust: A5."""
    ask(rina.user.email)
    first = link()
    browser = Client()
    path = browser.get(first)["Location"]
    browser.post(path, {"password1": NEW})
    for again in (Client().get(first), browser.post(path, {"password1": "something else entirely"})):
        assert again.status_code == 404
    assert User.objects.get(pk=rina.user.pk).check_password(NEW)

    ask(rina.user.email)
    second = link()
    rina.user.set_password("changed in the meantime")
    rina.user.save()
    assert Client().get(second).status_code == 404


def test_an_old_link_is_dead(rina, settings):
    ask(rina.user.email)
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert Client().get(link()).status_code == 404


def test_the_second_step_is_still_asked_after_a_reset(rina):
    """trust: A5."""
    factories.make_app(rina)
    ask(rina.user.email)
    browser = Client()
    browser.post(browser.get(link())["Location"], {"password1": NEW})
    answer = browser.post("/sign-in/", {"login": rina.user.email, "password": NEW})
    assert answer["Location"] == "/sign-in/second-step/"
    assert browser.get("/money-transfers/").status_code == 302


def test_a_known_and_an_unknown_address_are_answered_the_same(rina):
    """trust: A2."""
    known, unknown = ask(rina.user.email), ask("nobody@nowhere.test")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert [sent.to for sent in mail.outbox] == [[rina.user.email]]
    assert [(message.status, message.to) for message in Message.objects.order_by("id")] == [
        ("sent", rina.user.email),
        ("sent", ""),
    ], "what nobody has is kept nowhere"


def test_nor_do_the_statements_tell_that_it_takes(rina):
    """attack.md A16: an existing address took 11 ms and two statements longer."""
    taken = []
    for email in (rina.user.email, "nobody@nowhere.test"):
        with CaptureQueriesContext(connection) as statements:
            Client().post("/account/password/", {"email": email})
        taken.append([re.sub(r"'[^']*'", "…", statement["sql"]) for statement in statements])
    assert taken[0] == taken[1]
    assert [sql.split()[0] for sql in taken[0]].count("INSERT") == 3  # of who asks, of the address, of the mail


def test_an_address_gets_five_links_an_hour_and_the_page_says_the_same(rina):
    """attack.md A6, also without Valkey. The last of them still opens, so nobody is kept out."""
    answers = []
    for _ in range(7):
        answers.append(ask(rina.user.email))
        cache.clear()
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, "/account/password/sent/")}
    assert Message.objects.count() == 5
    assert Client().get(link()).status_code == 302
    SignInTry.objects.update(at=Now() - timedelta(minutes=61))
    ask(rina.user.email)
    assert Message.objects.count() == 6


def test_one_place_asks_for_so_many_mails_an_hour_and_a_known_device_beside_it_goes_on(rina, monkeypatch):
    monkeypatch.setattr(strangers, "MOST_FROM_ONE", 2)
    known = Client()
    known.post("/sign-in/", {"login": rina.user.email, "password": PASSWORD})
    known.post("/sign-out/")
    codes = [ask(f"nobody{number}@nowhere.test").status_code for number in range(3)]
    assert codes == [302, 302, 429]
    refused = ask(rina.user.email)
    assert (refused.status_code, b"Wait up to an hour" in refused.content) == (429, True)
    assert known.post("/account/password/", {"email": rina.user.email}).status_code == 302
    assert Message.objects.filter(to=rina.user.email, late="password_reset_key").count() == 1


def test_the_mail_speaks_the_readers_language_and_leaves_no_secret(rina, settings):
    User.objects.filter(pk=rina.user.pk).update(language="id")
    settings.OUTBOX = False
    ask(rina.user.email.upper())
    (sent,) = mail.outbox
    assert sent.subject == "Pilih kata sandi baru"
    assert "/account/password/" in sent.body
    assert (Message.objects.get().text, Message.objects.get().to) == ("", rina.user.email)


def test_who_may_not_sign_in_gets_no_link(rina):
    User.objects.filter(pk=rina.user.pk).update(is_active=False)
    ask(rina.user.email)
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("password", "words"), [("short", "at least 12"), ("x" * 1_025, "1,024 bytes"), ("kopi-kita-2026", "your name")]
)
def test_a_bad_password_is_refused_and_the_link_lives_on(rina, password, words):
    ask(rina.user.email)
    browser = Client()
    path = browser.get(link())["Location"]
    answer = browser.post(path, {"password1": password})
    assert words in " ".join(answer.context["form"].errors["password1"])
    assert browser.post(path, {"password1": NEW}).status_code == 302


def test_links_name_our_own_address_whatever_host_was_asked(rina, settings):
    settings.ALLOWED_HOSTS = ["*"]
    Client().post("/account/password/", {"email": rina.user.email}, headers={"Host": "evil.test"})
    assert MAILS.work()
    text = Message.objects.latest("id").text
    assert settings.SITE_URL in text
    assert "evil" not in text
