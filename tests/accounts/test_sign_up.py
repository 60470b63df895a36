"""Signing up a business: one answer for every address, one link, one use."""

import re

import pytest
from django.contrib.auth import hashers
from django.core.cache import cache
from django.test import Client

from accounts.models import Business, Member, User
from accounts.permissions import Role
from accounts.sign_in import services, strangers
from flipdash.models import Message

pytestmark = pytest.mark.django_db
PASSWORD = "gula aren dua sendok"
FORM = {
    "business_name": "Warung Bu Tini",
    "name": "Tini Suhartini",
    "email": "Tini@warung.test",
    "password1": PASSWORD,
    "language": "id",
}


def sign_up(client: Client, **changed):
    return client.post("/sign-up/", {**FORM, **changed})


def link_in_mail(email: str = "tini@warung.test") -> str:
    text = Message.objects.filter(to=email).latest("id").text
    return re.search(r"https?://[^/]+(/account/\S+)", text).group(1)


def test_a_business_signs_up_confirms_and_is_in_as_admin(client):
    answer = sign_up(client)
    assert answer["Location"] == "/account/confirmation/"
    assert client.get(answer["Location"]).status_code == 200
    member = Member.objects.get(user__email="tini@warung.test")
    assert (member.role, member.business.name, member.business.slug) == (Role.ADMIN, "Warung Bu Tini", "warung-bu-tini")
    assert member.user.language == "id"
    assert member.business.language == "id"
    assert client.get("/money-transfers/").status_code == 302, "not before the address is confirmed"

    link = link_in_mail()
    assert client.get(link).status_code == 200
    assert client.post(link)["Location"] == "/"
    assert client.get("/money-transfers/").status_code == 200


def test_opening_the_link_alone_confirms_nothing(client):
    sign_up(client)
    Client().get(link_in_mail())
    assert not User.objects.get().emailaddress_set.get().verified


def test_the_link_works_once_and_elsewhere_one_signs_in(client):
    sign_up(client)
    link = link_in_mail()
    elsewhere = Client()
    assert elsewhere.post(link)["Location"].startswith("/sign-in/")
    assert "_auth_user_id" not in elsewhere.session
    again = Client().get(link)
    assert (again.status_code, b"no longer works" in again.content) == (404, True)
    assert Client().post(link).status_code == 404


def test_who_has_not_confirmed_cannot_sign_in_and_is_told_the_same_page(client):
    sign_up(client)
    answer = Client().post("/sign-in/", {"login": FORM["email"], "password": PASSWORD})
    assert answer["Location"] == "/account/confirmation/"


def test_a_known_address_gets_the_same_answer_and_a_mail_of_its_own(client, admin):
    """trust: A2."""
    unknown = sign_up(client)
    known = sign_up(Client(), email=admin.user.email.upper())
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert User.objects.filter(email__iexact=admin.user.email).count() == 1
    assert Business.objects.filter(name="Warung Bu Tini").count() == 1
    mail = Message.objects.get(to=admin.user.email)
    assert "already" in mail.subject
    assert "/account/password/" in mail.text


def test_a_known_address_costs_a_hash_too(client, admin, monkeypatch):
    """trust: A2, by time."""
    made = []
    encode = hashers.get_hasher().__class__.encode
    monkeypatch.setattr("flipdash.hashers.Argon2.encode", lambda self, *args: made.append(1) or encode(self, *args))
    sign_up(client, email=admin.user.email)
    for_known, made[:] = len(made), []
    sign_up(Client())
    assert for_known == len(made) == 1


def test_one_place_signs_so_many_up_an_hour_and_nothing_is_made_of_the_next(client, monkeypatch):
    """attack.md A6: each is a mail to a stranger."""
    monkeypatch.setattr(strangers, "MOST_FROM_ONE", 1)
    assert sign_up(client).status_code == 302
    refused = sign_up(Client(), email="other@warung.test", business_name="Warung Lain")
    assert (refused.status_code, b"Wait up to an hour" in refused.content) == (429, True)
    assert b"other@warung.test" in refused.content, "what was typed stays"
    assert (Business.objects.count(), Message.objects.count()) == (1, 1)


def test_an_address_is_told_five_times_a_day_that_it_is_known(client, admin):
    for _ in range(7):
        cache.clear()
        assert sign_up(Client(), email=admin.user.email).status_code == 302
    assert Message.objects.filter(to=admin.user.email).count() == 5


def test_two_at_the_same_moment_are_answered_the_same(client, monkeypatch):
    sign_up(client)
    monkeypatch.setattr("accounts.sign_in.forms.SignUpForm.validate_unique_email", lambda self, value: value)
    assert sign_up(Client())["Location"] == "/account/confirmation/"
    assert Business.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("business_name", "", "required"),
        ("business_name", "Ko\u202epi", "can’t be seen"),
        ("name", "A\x07B", "can’t be seen"),
        ("name", "x" * 101, "at most 100"),
        ("email", "not an address", "valid email"),
        ("password1", "short pass", "at least 12"),
        ("password1", "qwerty123456", "commonest"),
        ("password1", "warung-bu-tini-1", "your business’s name"),
        ("password1", "x" * 1_025, "1,024 bytes"),
        ("language", "xx", "valid choice"),
    ],
)
def test_bad_input_is_named_beside_its_field_and_makes_nothing(client, field, value, words):
    answer = sign_up(client, **{field: value})
    assert answer.status_code == 200
    assert words in " ".join(answer.context["form"].errors[field])
    assert not User.objects.exists()
    assert not Business.objects.exists()


def test_businesses_of_one_name_get_addresses_of_their_own(db):
    def slug(number):
        return services.sign_up(
            business_name="Kopi ☕", name="A", email=f"a{number}@x.test", password=PASSWORD, language="en"
        ).business.slug

    assert [slug(number) for number in range(3)] == ["kopi", "kopi-2", "kopi-3"]
    assert services._make_business("☕☕", "en").slug == "business"
