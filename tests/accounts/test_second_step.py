"""The second step at sign-in: codes work once, whoever comes at the same moment (trust: A4)."""

import threading
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from accounts.models import Activity, VerificationAttempt
from accounts.sign_in import second_factor
from flipdash import clock
from flipdash.models import Message
from tests import factories
from tests.accounts.signing_in import sign_in

pytestmark = pytest.mark.django_db
STEP = "/sign-in/second-step/"


@pytest.fixture
def secret(rina) -> str:
    return factories.make_app(rina)


def after_password(member) -> Client:
    client, answer = sign_in(member.user.email)
    assert answer["Location"] == STEP
    return client


def test_the_password_alone_does_not_let_in(rina, secret):
    client = after_password(rina)
    assert client.get("/money-transfers/")["Location"].startswith("/sign-in/")
    assert client.get(STEP).status_code == 200


def test_the_right_code_lets_in_and_gives_the_session_a_new_id(rina, secret):
    """trust: S1."""
    client = after_password(rina)
    before = client.session.session_key
    assert client.post(STEP, {"code": factories.code_of(secret)}).status_code == 302
    assert client.session.session_key != before
    assert client.get("/money-transfers/").status_code == 200


@pytest.mark.parametrize("code", ["", "000000", "abc", "１２３４５６", "x" * 10_000, "\x00"])
def test_a_wrong_code_is_named_and_lets_nobody_in(rina, secret, code):
    client = after_password(rina)
    answer = client.post(STEP, {"code": code})
    assert answer.status_code == 200
    assert answer.context["form"].errors["code"]
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("steps", [-1, 1])
def test_only_the_present_code_counts(rina, secret, steps):
    assert second_factor.use_code(rina.user, factories.code_of(secret, steps)) is None


def test_a_code_is_dead_once_used_also_after_the_cache_was_emptied(rina, secret):
    """trust: A4, flush."""
    code = factories.code_of(secret)
    assert after_password(rina).post(STEP, {"code": code}).status_code == 302
    cache.clear()
    client = after_password(rina)
    assert client.post(STEP, {"code": code}).status_code == 200
    assert "_auth_user_id" not in client.session


def test_a_recovery_code_lets_in_once(rina, secret):
    code, *_others = second_factor.new_recovery_codes(rina.user)
    assert after_password(rina).post(STEP, {"code": code}).status_code == 302
    assert after_password(rina).post(STEP, {"code": code}).status_code == 200
    assert second_factor.codes_left(rina.user) == 9


def test_after_five_wrong_codes_even_the_right_one_waits(rina, secret):
    client = after_password(rina)
    for _try in range(5):
        client.post(STEP, {"code": "000000"})
    answer = client.post(STEP, {"code": factories.code_of(secret)})
    assert "Too many" in " ".join(answer.context["form"].errors["code"])
    VerificationAttempt.objects.update(at="2020-01-01T00:00Z")
    assert client.post(STEP, {"code": factories.code_of(secret)}).status_code == 302


def closings(user) -> tuple[int, int]:
    """How often the person was mailed of it, and how often the Activity Log has it."""
    mails = Message.objects.filter(to=user.email, subject="Too many wrong tries at your account")
    return mails.count(), Activity.objects.filter(kind="sign-in.closed").count()


def test_the_owner_is_told_why_their_code_is_refused_once_an_hour(rina, secret):
    """attack.md A17."""
    client = after_password(rina)
    for _try in range(4):
        client.post(STEP, {"code": "000000"})
    assert closings(rina.user) == (0, 0)
    for _try in range(3):
        client.post(STEP, {"code": "000000"})
    assert closings(rina.user) == (1, 1)
    for hours, expected in (("0.5", (1, 1)), ("2", (2, 2))):
        VerificationAttempt.objects.update(at=Now() - timedelta(hours=float(hours)))
        for _try in range(5):
            client.post(STEP, {"code": "000000"})
        assert closings(rina.user) == expected


def test_the_limit_of_codes_holds_without_redis(rina, secret, settings):
    """trust: Z3: codes fail closed."""
    client = after_password(rina)
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    for _try in range(5):
        client.post(STEP, {"code": "000000"})
    assert client.post(STEP, {"code": factories.code_of(secret)}).status_code == 200


def test_secrets_are_sealed(rina, secret):
    codes = second_factor.new_recovery_codes(rina.user)
    with connection.cursor() as cursor:
        cursor.execute("SELECT data::text FROM mfa_authenticator")
        kept = " ".join(row[0] for row in cursor.fetchall())
    assert secret not in kept
    assert not any(code in kept for code in codes)
    assert kept.count('"s1:') == 2


def test_the_step_is_for_who_gave_a_password(client):
    assert client.get(STEP)["Location"].startswith("/sign-in/")
    assert client.post(STEP, {"code": "123456"})["Location"].startswith("/sign-in/")


@pytest.fixture
def one_moment(monkeypatch) -> None:
    """Stop the clock, so that a slow machine doesn't let the code grow old."""
    now = clock.now()
    monkeypatch.setattr("flipdash.clock.now", lambda using="default": now)


def fifty(act) -> list:
    """Do the same 50 times at once, each on a connection of its own, and return the answers."""
    answers, start = [], threading.Barrier(50)

    def run():
        start.wait()
        try:
            answers.append(act())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 50
    return answers


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["app", "recovery code"])
def test_fifty_with_one_code_at_once_and_exactly_one_gets_in(rina, secret, kind, one_moment):
    """trust: A4, twin 50: each in a session of its own that has given the password."""
    code = factories.code_of(secret) if kind == "app" else second_factor.new_recovery_codes(rina.user)[0]
    given = dict(after_password(rina).session)

    def arrive():
        store = SessionStore()
        store.update(given)
        store.create()
        client = Client()
        client.cookies["sessionid"] = store.session_key
        client.post(STEP, {"code": code})
        return "_auth_user_id" in client.session

    assert fifty(arrive).count(True) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["app", "recovery code"])
def test_without_the_limit_too_a_code_is_used_once(rina, secret, kind, one_moment):
    """The same below the limit of guesses, which must not be what holds."""
    code = factories.code_of(secret) if kind == "app" else second_factor.new_recovery_codes(rina.user)[0]
    assert sum(bool(factor) for factor in fifty(lambda: second_factor._use(rina.user, code))) == 1


@pytest.mark.django_db(transaction=True)
def test_guesses_at_once_are_counted_before_they_are_judged(rina, secret):
    tried = []

    def guess():
        try:
            second_factor.use_code(rina.user, "000000")
        except second_factor.TooManyAttempts:
            return
        tried.append(1)

    fifty(guess)
    assert len(tried) == 5
    assert Authenticator.objects.filter(user=rina.user).exists()
