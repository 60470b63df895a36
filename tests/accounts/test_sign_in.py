"""Signing in and out, and being nobody's member."""

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import Member, User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_tried_yet():
    """The limits of sign-in count in the cache, which outlives a test."""
    cache.clear()


@pytest.fixture
def rina(admin):
    admin.user.set_password("a long enough password")
    admin.user.save()
    return admin


def sign_in(email, password="a long enough password", **extra):
    client = Client()
    return client, client.post("/sign-in/", {"login": email, "password": password, **extra})


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


@pytest.mark.parametrize(
    "target", ["//evil.test/x", "https://evil.test", "/\\evil.test", "javascript:alert(1)", "http:evil.test"]
)
def test_signing_in_leads_to_own_paths_only(rina, target):
    """trust: A7."""
    _client, answer = sign_in(rina.user.email, next=target)
    assert "evil" not in answer.get("Location", "")
    assert "javascript" not in answer.get("Location", "")


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


def test_passwords_are_kept_with_argon2id_at_the_documented_cost(rina):
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


def test_too_many_tries_get_a_page_of_ours(rina):
    for _try in range(40):
        _client, answer = sign_in("somebody@kopikita.test", "wrong")
    assert answer.status_code == 429
    assert "Too many tries" in answer.content.decode()
    assert "FlipDash" in answer.content.decode()


def test_nothing_of_a_business_is_kept_by_the_browser(rina, client_of):
    answer = client_of(rina).get("/money-transfers/")
    assert "no-store" in answer["Cache-Control"]
