"""Re-authentication: asked before an act, carrying what was typed, good for 5 minutes (trust.md §1.7)."""

from datetime import timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpResponse
from django.test import RequestFactory

from accounts.sign_in import second_factor
from accounts.sign_in.reauthentication import REAUTHENTICATED_AT, reauthenticated
from flipdash import clock
from flipdash.models import Message
from tests import factories
from tests.accounts.signing_in import PASSWORD

pytestmark = pytest.mark.django_db


@reauthenticated
def act(request):
    return HttpResponse(f"did {request.POST.get('what', '')} {sorted(request.POST)}")


@pytest.fixture
def ask(rina):
    """Return what sends a request to the guarded view, with an authentication of some age in the session."""

    def ask(method="post", data=None, *, age=None):
        request = getattr(RequestFactory(), method)("/act/?a=1", data or {})
        request.user, request.scope, request.session = rina.user, rina.scope("live"), SessionStore()
        request.mode = "live"
        if age is not None:
            request.session[REAUTHENTICATED_AT] = (clock.now() - age).timestamp()
        return act(request)

    return ask


def test_re_authentication_within_5_minutes_lets_through(ask):
    assert ask(data={"what": "it"}, age=timedelta(minutes=4)).content.startswith(b"did it")


@pytest.mark.parametrize("age", [None, timedelta(minutes=5, seconds=1), timedelta(minutes=-1)])
def test_an_old_proof_or_one_from_the_future_does_not(ask, age):
    answer = ask(data={"what": "it"}, age=age)
    assert answer.status_code == 403
    assert b"did it" not in answer.content


def test_what_was_typed_is_carried_along_and_acted_upon(ask):
    page = ask(data={"what": 'it & "more"'}).content.decode()
    assert 'name="what" value="it &amp; &quot;more&quot;"' in page
    answer = ask(data={"what": "it", "reauth-password": PASSWORD})
    assert answer.content == b"did it ['what']"


def test_a_wrong_password_does_nothing_and_keeps_what_was_typed(ask):
    answer = ask(data={"what": "it", "reauth-password": "wrong"})
    assert answer.status_code == 403
    assert b"wrong" not in answer.content
    assert b'value="it"' in answer.content


def test_a_page_leads_to_the_proof_and_back(ask, client_of, rina):
    answer = ask("get")
    assert answer["Location"] == "/re-authentication/?next=%2Fact%2F%3Fa%3D1"
    browser = client_of(rina)
    assert browser.get(answer["Location"]).status_code == 200
    assert browser.post(answer["Location"], {"reauth-password": "wrong"}).status_code == 200
    assert REAUTHENTICATED_AT not in browser.session
    assert browser.post(answer["Location"], {"reauth-password": PASSWORD})["Location"] == "/act/?a=1"
    assert REAUTHENTICATED_AT in browser.session


@pytest.mark.parametrize("target", ["//evil.test", "https://evil.test", "/\\evil.test", "javascript:alert(1)", "evil"])
def test_the_proof_leads_to_own_paths_only(client_of, rina, target):
    """trust: A7."""
    answer = client_of(rina).post(f"/re-authentication/?next={target}", {"reauth-password": PASSWORD})
    assert answer["Location"] == "/"


# --- Two-step verification, limits and telling ------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "/test"])
def test_with_two_step_verification_the_password_alone_is_no_proof(client_of, rina, prefix):
    secret = factories.make_app(rina)
    browser = client_of(rina)
    path = f"{prefix}/re-authentication/?next={prefix}/money-transfers/"
    browser.post(path, {"reauth-password": PASSWORD})
    browser.post(path, {"reauth-password": PASSWORD, "reauth-code": "000000"})
    browser.post(path, {"reauth-password": "wrong", "reauth-code": factories.code_of(secret)})
    assert REAUTHENTICATED_AT not in browser.session
    answer = browser.post(path, {"reauth-password": PASSWORD, "reauth-code": factories.code_of(secret)})
    assert answer["Location"] == f"{prefix}/money-transfers/"
    assert REAUTHENTICATED_AT in browser.session


def test_a_recovery_code_proves_too_and_is_used_up(client_of, rina):
    factories.make_app(rina)
    code = second_factor.new_recovery_codes(rina.user)[0]
    sent = {"reauth-password": PASSWORD, "reauth-code": code}
    assert client_of(rina).post("/re-authentication/", sent).status_code == 302
    assert client_of(rina).post("/re-authentication/", sent).status_code == 200


def test_guesses_are_limited_and_success_costs_nothing(client_of, rina):
    browser = client_of(rina)
    for _proof in range(8):
        assert browser.post("/re-authentication/", {"reauth-password": PASSWORD}).status_code == 302
    for _guess in range(5):
        browser.post("/re-authentication/", {"reauth-password": "wrong"})
    answer = browser.post("/re-authentication/", {"reauth-password": PASSWORD})
    assert answer.status_code == 200
    assert "Too many wrong tries" in answer.content.decode()
    assert Message.objects.filter(to=rina.user.email, subject="Too many wrong tries at your account").count() == 1


def test_proofs_are_told(client_of, rina, told):
    browser = client_of(rina)
    browser.post("/re-authentication/", {"reauth-password": "wrong"})
    browser.post("/re-authentication/", {"reauth-password": PASSWORD})
    assert [event.kind for event in told] == ["reauthentication.failed", "reauthentication.passed"]


def test_a_huge_password_is_refused(client_of, rina):
    assert client_of(rina).post("/re-authentication/", {"reauth-password": "x" * 1_000_000}).status_code == 200
