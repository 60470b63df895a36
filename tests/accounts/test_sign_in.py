"""Signing in and out, and being nobody's member."""

import re
import threading
import time
from datetime import timedelta

import pytest
import redis
from django.contrib.auth.hashers import check_password
from django.test import Client
from django.utils import timezone

from accounts.models import Member, SignInTry, User
from accounts.models.sign_in import network_of
from accounts.profile import notices
from accounts.sign_in import unconfirmed
from accounts.sign_in.devices import device_of
from accounts.tasks import tidy_people
from flipdash import hashers
from flipdash.hashers import Argon2
from flipdash.models import Message
from tests.accounts.signing_in import PASSWORD, sign_in

pytestmark = pytest.mark.django_db


def test_email_and_password_let_in_whatever_the_case(rina):
    client, answer = sign_in(rina.user.email.upper())
    assert answer.status_code == 302
    assert client.get("/", follow=True).redirect_chain == [("/money-transfers/", 302)]


def test_a_wrong_password_and_an_unknown_person_read_the_same(rina):
    pages = []
    for email, password in ((rina.user.email, "wrong"), ("nobody@kopikita.test", "wrong")):
        client, answer = sign_in(email, password)
        assert answer.status_code == 200
        assert "_auth_user_id" not in client.session
        pages.append(answer.context["form"].non_field_errors())
    assert pages[0] == pages[1]


ELSEWHERE = [
    f"{start}{host}"
    for start in (
        "//",
        "///",
        "////",
        "\\\\",
        "/\\",
        "\\/",
        "/\t/",
        "/\n/",
        "\t//",
        "http://",
        "https://",
        "https:",
        "HTTPS://",
        "ftp://",
    )
    for host in ("evil.test", "evil.test/money-transfers/")
] + [
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:evil",
    "mailto:a@evil.test",
    "http://testserver@evil.test/",
    "https://testserver.evil.test/",
    "http://testserver/money-transfers/",
    "/\x00/evil.test",
    "/%5cevil.test\\@x",
    "evil.test",
    "?next=//evil.test\\",
    "//evil.test\u2024",
]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_signing_in_leads_to_own_paths_only(rina, target):
    """trust: A7."""
    _client, answer = sign_in(rina.user.email, next=target)
    assert answer["Location"] == "/"


def test_there_are_forty_of_them():
    assert len(set(ELSEWHERE)) >= 40


def test_signing_in_leads_on_to_an_own_path(rina):
    _client, answer = sign_in(rina.user.email, next="/test/money-transfers/?q=a%5Cb")
    assert answer["Location"] == "/test/money-transfers/?q=a%5Cb"


def test_a_deactivated_member_is_stopped_on_the_next_request(rina):
    client, _answer = sign_in(rina.user.email)
    assert client.get("/money-transfers/").status_code == 200
    Member.objects.update(is_active=False)
    answer = client.get("/money-transfers/")
    assert answer.status_code == 403
    assert "belongs to no business" in answer.content.decode()


def test_an_ended_membership_lets_in_no_more(rina):
    from django.utils import timezone

    Member.objects.update(ends_at=timezone.now())
    client = Client()
    client.force_login(rina.user)
    assert client.get("/money-transfers/").status_code == 403


def test_a_changed_role_counts_on_the_next_request(rina):
    client, _answer = sign_in(rina.user.email)
    assert client.get("/documents/reports/").status_code == 200
    Member.objects.update(role="customer_service")
    assert client.get("/documents/reports/").status_code == 403


def test_an_email_is_somebodys_once_in_any_case(rina):
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email=rina.user.email.upper(), name="Twin")


def test_passwords_are_kept_with_argon2id_at_the_documented_cost(dear_passwords, rina):
    assert rina.user.password.startswith("argon2$argon2id$v=19$m=65536,t=2,p=1$")


def test_without_redis_people_still_sign_in_and_wrong_passwords_still_fail(rina, settings):
    """trust: Z3. The limits of sign-in don't hold then; money and codes count in Postgres."""
    gone = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}
    settings.CACHES = {"default": gone}
    _client, wrong = sign_in(rina.user.email, "wrong")
    assert wrong.status_code == 200
    client, right = sign_in(rina.user.email)
    assert right.status_code == 302
    assert client.get("/money-transfers/").status_code == 200


# --- Limits (trust: A1, A3) ------------------------------------------------------------------------------------


def fail(email, times, client=None, **extra):
    client = client or Client()
    for _try in range(times):
        answer = client.post("/sign-in/", {"login": email, "password": "wrong"}, **extra)
    return answer


def test_ten_accounts_a_minute_from_one_address_and_no_more(rina):
    """Spraying: a different account each time. Forms say nothing of an address; the network does."""
    for number in range(10):
        assert fail(f"nobody{number}@kopikita.test", 1).status_code == 200
    answer = fail("nobody11@kopikita.test", 1)
    assert answer.status_code == 429
    assert "Too many tries" in answer.content.decode()
    for extra in ({}, {"REMOTE_ADDR": "203.0.113.5"}):
        _client, answer = sign_in(rina.user.email, **extra)
        assert answer.status_code == 429
    elsewhere = Client(REMOTE_ADDR="203.0.113.5")
    assert elsewhere.post("/sign-in/", {"login": rina.user.email, "password": PASSWORD}).status_code == 302


def test_whoever_was_here_before_is_not_locked_out_by_a_neighbour(rina):
    """attack.md A5: thousands share one address."""
    known, _answer = sign_in(rina.user.email)
    known.post("/sign-out/")
    for number in range(12):
        fail(f"ghost{number}@x.test", 1)
    assert Client().post("/sign-in/", {"login": rina.user.email, "password": PASSWORD}).status_code == 429
    assert known.post("/sign-in/", {"login": rina.user.email, "password": PASSWORD}).status_code == 302


def test_many_tries_at_one_account_are_no_spraying(rina):
    """One person who forgot their password keeps nobody else of the office out."""
    fail("forgetful@kopikita.test", 30)
    _client, answer = sign_in(rina.user.email)
    assert answer.status_code == 302


def test_limits_hold_without_valkey(rina, monkeypatch):
    """attack.md A10: they are counted in Postgres."""
    monkeypatch.setattr("redis.Redis.execute_command", gone)
    statuses = [fail(rina.user.email, 1, Client(REMOTE_ADDR=f"203.0.113.{n}")).status_code for n in range(7)]
    assert statuses == [200] * 5 + [429] * 2


def gone(*_args, **_kwargs):
    raise redis.ConnectionError("gone")


def test_an_address_of_ipv6_counts_by_its_subscriber(rina):
    for number in range(10):
        fail(f"nobody{number}@x.test", 1, Client(REMOTE_ADDR=f"2001:db8:1:1::{number:x}"))
    assert fail("nobody@x.test", 1, Client(REMOTE_ADDR="2001:db8:1:1:ffff::1")).status_code == 429
    assert fail("nobody@x.test", 1, Client(REMOTE_ADDR="2001:db8:1:2::1")).status_code == 200


def test_a_password_that_was_not_judged_counts_for_nothing(rina, monkeypatch):
    def busy(*_args, **_kwargs):
        raise hashers.Busy

    with monkeypatch.context() as patch:
        patch.setattr(Argon2, "verify", busy)
        assert {fail(rina.user.email, 1).status_code for _try in range(6)} == {503}
    assert SignInTry.objects.count() == 0
    _client, answer = sign_in(rina.user.email)
    assert answer.status_code == 302


def test_ipv4_written_as_ipv6_is_the_same_address():
    assert network_of("::ffff:203.0.113.7") == network_of("203.0.113.7") == "203.0.113.7"
    assert network_of("nowhere") == ""


def test_old_tries_are_tidied_away(rina, monkeypatch):
    for module in (notices, unconfirmed):
        monkeypatch.setattr(module, "USING", "default")  # which sees what the test hasn't committed
    fail(rina.user.email, 2)
    SignInTry.objects.update(at=timezone.now() - timedelta(days=2))
    fail(rina.user.email, 1)
    tidy_people()
    assert SignInTry.objects.count() == 1
    assert "kopikita" not in str(SignInTry.objects.values())  # nobody's address is kept


def test_five_failures_at_one_account_from_many_addresses(rina):
    for number in range(5):
        assert fail(rina.user.email, 1, Client(REMOTE_ADDR=f"203.0.113.{number}")).status_code == 200
    answer = Client(REMOTE_ADDR="203.0.113.99").post("/sign-in/", {"login": rina.user.email, "password": PASSWORD})
    assert answer.status_code == 429


def test_an_unknown_account_is_limited_like_a_known_one(rina):
    """trust: A2."""
    for email in (rina.user.email, "nobody@kopikita.test"):
        statuses = [fail(email, 1, Client(REMOTE_ADDR=f"203.0.113.{n}")).status_code for n in range(7)]
        assert statuses == [200] * 5 + [429] * 2


def test_a_stranger_who_keeps_guessing_cannot_lock_out_a_device_that_is_known(rina):
    client, _answer = sign_in(rina.user.email)
    client.post("/sign-out/")
    for number in range(6):
        fail(rina.user.email, 1, Client(REMOTE_ADDR=f"203.0.113.{number}"))
    assert client.post("/sign-in/", {"login": rina.user.email, "password": PASSWORD}).status_code == 302
    client.cookies["devices"] = "forged"
    client.post("/sign-out/")
    assert client.post("/sign-in/", {"login": rina.user.email, "password": "wrong"}).status_code == 429


def test_a_device_is_known_whatever_signs_sessions_now(rina, settings, rf):
    """Its cookie is kept for 400 days, and former values of SECRET_KEY for one."""
    client, _answer = sign_in(rina.user.email)
    request = rf.get("/")
    request.COOKIES["devices"] = client.cookies["devices"].value
    device = device_of(request, rina.user)
    assert device
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 8, []
    assert device_of(request, rina.user) == device
    settings.SEALING_KEYS = (b"n" * 32, *settings.SEALING_KEYS)
    assert device_of(request, rina.user) == device, "and whatever seals"
    settings.SEALING_KEYS = (b"n" * 32,)
    assert device_of(request, rina.user) is None


def test_success_costs_nothing_a_whole_office_shares_an_address(rina):
    for _person in range(40):
        _client, answer = sign_in(rina.user.email)
        assert answer.status_code == 302


@pytest.mark.parametrize("proxies", [0, 1])
def test_a_forged_address_counts_for_the_real_one(rina, settings, proxies):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    for number in range(11):
        forged = f"198.51.100.{number}" + (", 203.0.113.7" if proxies else "")
        answer = fail(f"nobody{number}@kopikita.test", 1, headers={"X-Forwarded-For": forged})
    assert answer.status_code == 429


def test_a_huge_password_is_refused_before_it_costs_a_hash(rina, monkeypatch):
    def boom(*_args):
        raise AssertionError("hashed")

    monkeypatch.setattr("argon2.low_level.hash_secret", boom)
    monkeypatch.setattr("argon2.PasswordHasher.verify", boom)
    for email in (rina.user.email, "nobody@kopikita.test"):
        _client, answer = sign_in(email, "x" * 1_000_000)
        assert answer.status_code == 200
        assert "not correct" in answer.content.decode()
    assert not check_password("x" * 1_025, rina.user.password)


def test_an_unknown_account_costs_a_hash_like_a_known_one(rina, monkeypatch):
    """trust: A2, by time."""
    hashed = []
    for name in ("encode", "verify"):
        real = getattr(Argon2, name)
        monkeypatch.setattr(Argon2, name, lambda *args, real=real: hashed.append(1) or real(*args))
    counts = []
    for email in (rina.user.email, "nobody@kopikita.test"):
        hashed.clear()
        sign_in(email, "wrong password")
        counts.append(len(hashed))
    assert counts == [1, 1]


def test_few_passwords_are_hashed_at_once_and_who_would_wait_long_is_asked_back(rina, monkeypatch):
    at_once, most, lock, enough = [], [], threading.Lock(), threading.Event()

    def slow(self, password, encoded):
        with hashers._turn():
            with lock:
                at_once.append(1)
                most.append(len(at_once))
            enough.wait(5)
            with lock:
                at_once.pop()
        return True

    monkeypatch.setattr(Argon2, "verify", slow)
    refused = []

    def check():
        try:
            check_password(PASSWORD, rina.user.password)
        except hashers.Busy:
            refused.append(1)

    threads = [threading.Thread(target=check) for _ in range(20)]
    for thread in threads:
        thread.start()
    while len(refused) < 17:
        time.sleep(0.01)
    _client, answer = sign_in(rina.user.email)
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert Client().get("/sign-in/").status_code == 200, "other pages are unhurt"
    enough.set()
    for thread in threads:
        thread.join()
    assert max(most) <= hashers.AT_ONCE
    assert len(refused) == 20 - hashers.AT_ONCE - hashers.WAITING


# --- What follows a sign-in ------------------------------------------------------------------------------------


def test_a_new_device_gets_a_mail_and_a_known_one_does_not(rina):
    client, _answer = sign_in(rina.user.email)
    mail = Message.objects.get(to=rina.user.email)
    assert "New sign-in" in mail.subject
    assert "from a new device: Unknown device." in mail.text
    assert "127.0.0.1" in mail.text
    assert re.search(r"When: \d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d WIB\n", mail.text), "as pages write it"
    assert "/account/password/" in mail.text
    client.post("/sign-out/")
    client.post("/sign-in/", {"login": rina.user.email, "password": PASSWORD})
    assert Message.objects.count() == 1
    sign_in(rina.user.email)
    assert Message.objects.count() == 2


def test_signing_in_and_out_and_failing_is_told(rina, told):
    sign_in(rina.user.email, "wrong")
    sign_in("nobody@kopikita.test", "wrong")
    client, _answer = sign_in(rina.user.email)
    client.post("/sign-out/")
    assert [event.kind for event in told] == ["sign-in.failed", "sign-in", "sign-out"]
    assert {event.scope.member for event in told} == {rina}
    assert told[0].scope.address == "127.0.0.1"


def test_signing_in_counts_as_re_authentication(rina):
    client, _answer = sign_in(rina.user.email)
    assert client.get("/my-profile/security/password/").status_code == 200


def test_nothing_of_a_business_is_kept_by_the_browser(rina, client_of):
    answer = client_of(rina).get("/money-transfers/")
    assert "no-store" in answer["Cache-Control"]
