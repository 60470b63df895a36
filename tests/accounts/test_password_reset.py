"""Resetting a password by mail (trust: A2, A5)."""

import re

import pytest
from django.test import Client

from accounts.models import User
from flipdash.models import Message
from tests import factories

pytestmark = pytest.mark.django_db
NEW = "kopi susu tanpa gula"


def ask(email: str):
    return Client().post("/account/password/", {"email": email})


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
    assert [mail.to for mail in Message.objects.all()] == [rina.user.email]


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
    text = Message.objects.latest("id").text
    assert settings.SITE_URL in text
    assert "evil" not in text
