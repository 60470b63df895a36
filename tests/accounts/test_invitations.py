"""Invitations: one use, 72 hours, only a hash kept, tied to the address; one page for every dead link (trust: I1)."""

import re
import threading
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.models import Invitation, Member, PhoneDevice, User
from accounts.permissions import Role
from accounts.sign_in import services
from accounts.sign_in.services import confirm_email
from accounts.team import services as team
from flipdash import events, hashers
from flipdash.forms import NameField
from flipdash.models import Message
from flipdash.sealing import hash_of
from tests import factories
from tests.twins import at_once

pytestmark = pytest.mark.django_db
PASSWORD = "gula-aren-tumpah-7"
JOIN = {"name": "Ana  Wijaya", "password": PASSWORD}


@pytest.fixture
def link(scope):
    """The link of the mail that invites Ana as a Maker."""
    team.invite(scope, email="Ana@KopiKita.test", phone="+6281234567890", role="maker")
    return newest_link()


def newest_link():
    text = Message.objects.filter(channel="mail", text__contains="/invitations/").latest("pk").text
    return re.search(r"http://[^/]+(/invitations/[\w-]+/)", text)[1]


def token_of(link):
    return link.split("/")[2]


def is_dead(link):
    answer = Client().get(link)
    assert "kopikita" not in answer.content.decode().lower()
    assert "Kopi Kita" not in answer.content.decode()
    return answer.status_code == 404 and "can’t be used" in answer.content.decode()


def test_only_a_hash_of_the_link_is_kept(link):
    invitation = Invitation.objects.get()
    assert invitation.token_hash == hash_of(token_of(link))
    assert len(token_of(link)) >= 43
    assert token_of(link) not in str(Invitation.objects.values().get())


def test_the_invited_person_joins_and_is_in(link, monkeypatch):
    told = []
    monkeypatch.setattr(events, "_handlers", [told.append])
    browser = Client()
    page = browser.get(link).content.decode()
    assert "Maker" in page
    assert "ana@kopikita.test" in page
    assert browser.post(link, JOIN)["Location"] == "/"
    user = User.objects.get(email="ana@kopikita.test")
    assert (user.name, user.member.role, user.check_password(PASSWORD)) == ("Ana Wijaya", "maker", True)
    assert EmailAddress.objects.get(user=user).verified
    assert (PhoneDevice.objects.get(user=user).number, user.phone_device.confirmed) == ("+6281234567890", False)
    assert browser.get("/money-transfers/").status_code == 200
    assert [event.kind for event in told] == ["member.joined", "sign-in"]


@pytest.mark.parametrize(
    "lost",
    [
        lambda inviter: Member.objects.filter(pk=inviter.pk).update(is_active=False),
        lambda inviter: Member.objects.filter(pk=inviter.pk).update(role=Role.MAKER),
        lambda inviter: Member.objects.filter(pk=inviter.pk).update(ends_at=timezone.now() - timedelta(seconds=1)),
        lambda inviter: User.objects.filter(pk=inviter.user_id).update(is_active=False),
    ],
    ids=["deactivated", "lowered", "ended", "suspended"],
)
def test_an_invitation_falls_with_its_inviters_right(kopi_kita, client_of, admin, lost):
    other = factories.make_member(kopi_kita, Role.ADMIN)
    team.invite(other.scope("live"), email="ana@kopikita.test", phone="+6281234567890", role="admin")
    link = newest_link()
    lost(other)
    assert is_dead(link)
    assert "whoever sent it may no longer invite" in Client().get(link).content.decode()
    assert Client().post(link, JOIN).status_code == 404
    assert not User.objects.filter(email="ana@kopikita.test").exists()
    assert "whoever invited may no longer" in client_of(admin).get("/members/").content.decode()


def test_an_invitation_that_fell_is_resent_by_another_admin_who_answers_for_it(kopi_kita, scope):
    other = factories.make_member(kopi_kita, Role.ADMIN)
    fallen = team.invite(other.scope("live"), email="ana@kopikita.test", phone="+6281234567890", role="maker")
    old = newest_link()
    team.change_role(scope, other.pk, "maker")
    assert team.taken(kopi_kita) == 2  # it takes its place until somebody revokes it or its time is over
    Invitation.objects.update(sent_at=timezone.now() - timedelta(hours=1))
    assert team.resend(scope, fallen.pk).invited_by_id == scope.member.pk
    assert is_dead(old)
    assert Client().post(newest_link(), JOIN).status_code == 302


def test_a_right_lost_between_looking_and_joining_is_missed(link, admin, kopi_kita, monkeypatch):
    factories.make_member(kopi_kita, Role.ADMIN)
    real = team.make_password

    def slow(password):
        Member.objects.filter(pk=admin.pk).update(role=Role.MAKER)
        return real(password)

    monkeypatch.setattr(team, "make_password", slow)
    assert Client().post(link, JOIN).status_code == 404
    assert not User.objects.filter(email="ana@kopikita.test").exists()


def test_who_deactivates_an_admin_sees_their_open_invitations(kopi_kita, web):
    other = factories.make_member(kopi_kita, Role.ADMIN)
    team.invite(other.scope("live"), email="ana@kopikita.test", phone="+6281234567890", role="maker")
    page = web.get(f"/members/{other.pk}/deactivation/").content.decode()
    assert "Open invitations, whose links fall until another Admin resends them" in page


def test_looking_does_not_use_it_up(link):
    for _ in range(3):
        assert Client().get(link).status_code == 200
        assert Client().head(link).status_code == 200
    assert Client().post(link, JOIN).status_code == 302


def test_it_works_once(link):
    Client().post(link, JOIN)
    assert is_dead(link)
    assert Client().post(link, {**JOIN, "name": "Second"}).status_code == 404
    assert Member.objects.filter(role="maker").count() == 1


@pytest.mark.parametrize("name", ["revoked_at", "accepted_at"])
def test_a_withdrawn_or_used_one_is_dead(link, name):
    Invitation.objects.update(**{name: timezone.now()})
    assert is_dead(link)


def test_it_dies_after_72_hours(link):
    Invitation.objects.update(expires_at=timezone.now() + timedelta(seconds=5))
    assert Client().get(link).status_code == 200
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert is_dead(link)
    assert Client().post(link, JOIN).status_code == 404
    assert not User.objects.filter(email="ana@kopikita.test").exists()


def test_every_dead_link_gets_the_same_page(link):
    unknown = Client().get("/invitations/unknown/").content
    Invitation.objects.update(revoked_at=timezone.now())
    assert Client().get(link).content == unknown


def test_resending_kills_the_old_link(link, scope):
    invitation = Invitation.objects.get()
    with pytest.raises(team.TooSoon):
        team.resend(scope, invitation.pk)
    assert Client().get(link).status_code == 200
    Invitation.objects.update(sent_at=timezone.now() - timedelta(minutes=2))
    team.resend(scope, invitation.pk)
    assert is_dead(link)
    assert newest_link() != link
    assert Client().get(newest_link()).status_code == 200


def test_an_account_made_elsewhere_meanwhile_makes_it_dead(link, toko_sebelah):
    member = factories.make_member(toko_sebelah, Role.MAKER)
    User.objects.filter(pk=member.user_id).update(email="ANA@kopikita.test".lower())
    assert is_dead(link)


def test_the_form_cannot_name_another_address_or_role(link):
    """trust: R5."""
    Client().post(link, {**JOIN, "email": "eve@evil.test", "role": "admin", "business": 1, "is_staff": "on"})
    user = User.objects.get(name="Ana Wijaya")
    assert (user.email, user.member.role) == ("ana@kopikita.test", "maker")


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("password", "short", "at least 12"),
        ("password", "x" * 1_025, "at most 1,024"),
        ("password", "", "required"),
        ("password", "ana.wijaya-123", "your name"),
        ("name", "", "required"),
        ("name", "Ana\u202egnp", "can’t be seen"),
    ],
)
def test_bad_input_is_named_and_nothing_is_made(link, field, typed, words):
    page = Client().post(link, {**JOIN, field: typed}).content.decode()
    assert f'id="id_{field}_error"' in page
    assert words in page
    assert not User.objects.filter(email="ana@kopikita.test").exists()
    assert Client().get(link).status_code == 200


def test_a_megabyte_of_password_is_refused_unhashed(link, monkeypatch):
    """trust: A3."""
    monkeypatch.setattr(team, "make_password", lambda password: 1 / 0)
    assert "at most 1,024" in Client().post(link, {**JOIN, "password": "x" * 2**20}).content.decode()


def test_who_is_signed_in_as_somebody_else_becomes_the_new_person(link, web):
    assert web.post(link, JOIN)["Location"] == "/"
    assert User.objects.get(pk=web.session["_auth_user_id"]).name == "Ana Wijaya"


@pytest.mark.django_db(transaction=True)
def test_accepting_twice_at_once_makes_one(admin, monkeypatch):
    team.invite(admin.scope("live"), email="ana@kopikita.test", phone="+6281234567890", role="maker")
    token = token_of(newest_link())
    monkeypatch.setattr(hashers, "_room", threading.BoundedSemaphore(6))  # or three of them are asked to come back
    outcomes = at_once(6, lambda number: team.accept(token, name=f"Ana {number}", password=PASSWORD))
    assert sum(isinstance(one, User) for one in outcomes) == 1
    assert sum(isinstance(one, team.Unusable) for one in outcomes) == 5
    assert Member.objects.filter(business=admin.business).count() == 2


# --- Somebody else signed up with the address first ------------------------------------------------------------


def squat(email: str = "ana@kopikita.test") -> User:
    """Sign up with an address that is somebody else's, and so never confirm it."""
    return services.sign_up(
        business_name="Kedai Palsu", name="S", email=email, password="kata sandi lain 9", language="en"
    ).user


@pytest.mark.parametrize("first", ["invitation", "sign-up"])
def test_an_unconfirmed_sign_up_does_not_stand_in_the_way(scope, first):
    if first == "sign-up":
        squat()
    team.invite(scope, email="Ana@KopiKita.test", phone="+6281234567890", role="maker")
    link = newest_link()
    squatter = squat() if first == "invitation" else User.objects.get(email="ana@kopikita.test")
    browser = Client()
    assert browser.post(link, JOIN)["Location"] == "/"
    assert browser.get("/money-transfers/").status_code == 200
    user = User.objects.get(email="ana@kopikita.test")
    assert (user.member.business, user.check_password(PASSWORD)) == (scope.business, True)
    squatter.refresh_from_db()
    assert (squatter.email.endswith("@flipdash.invalid"), squatter.is_active) == (True, False)
    assert not EmailAddress.objects.filter(user=squatter).exists()


def test_the_confirmation_link_of_a_sign_up_that_gave_way_is_dead(scope):
    squatter = squat()
    key = EmailConfirmationHMAC(EmailAddress.objects.get(user=squatter)).key
    team.invite(scope, email="ana@kopikita.test", phone="+6281234567890", role="maker")
    Client().post(newest_link(), JOIN)
    assert Client().post(f"/account/confirmation/{key}/").status_code == 404
    assert User.objects.get(email="ana@kopikita.test").member.business == scope.business


def test_a_confirmed_account_elsewhere_still_stands(scope):
    confirm_email(squat())
    team.invite(scope, email="ana@kopikita.test", phone="+6281234567890", role="maker")
    assert Message.objects.latest("pk").to == "ana@kopikita.test"
    assert "/invitations/" not in Message.objects.latest("pk").text


# --- Who may invite decides to whom we write (attack.md A6) -----------------------------------------------------


def minutes_later():
    Invitation.objects.update(sent_at=timezone.now() - timedelta(minutes=2))


def test_withdrawing_and_inviting_again_sends_no_second_mail_within_a_minute(link, scope):
    team.revoke(scope, Invitation.objects.get().pk)
    with pytest.raises(team.TooSoon):
        team.invite(scope, email="ana@kopikita.test", phone="+6281234567890", role="maker")
    assert Message.objects.count() == 1


def test_one_address_gets_five_invitations_a_day(link, scope):
    for _again in range(4):
        minutes_later()
        team.resend(scope, Invitation.objects.waiting().get().pk)
    minutes_later()
    with pytest.raises(team.TooSoon, match="5 invitations"):
        team.resend(scope, Invitation.objects.waiting().get().pk)
    team.revoke(scope, Invitation.objects.waiting().get().pk)
    with pytest.raises(team.TooSoon, match="5 invitations"):
        team.check_new(scope, email="Ana@kopikita.test", role="maker")
    team.invite(scope, email="budi@kopikita.test", phone="+6281234567890", role="maker")


def test_a_business_has_a_number_of_invitations_a_day(link, scope, monkeypatch):
    monkeypatch.setattr(team, "MOST_MAILS", 2)
    team.invite(scope, email="budi@kopikita.test", phone="+6281234567890", role="maker")
    with pytest.raises(team.TooSoon, match="2 invitations"):
        team.invite(scope, email="caca@kopikita.test", phone="+6281234567890", role="maker")


def test_the_subject_holds_nothing_that_somebody_typed(link, kopi_kita):
    assert kopi_kita.name not in Message.objects.get().subject


@pytest.mark.parametrize("name", ["https://evil.example/x", "See WWW.evil.example", "http evil", "x://y"])
def test_no_name_holds_a_link(name):
    assert NameField(label="Name").clean("Toko Httpd 3.0") == "Toko Httpd 3.0"
    with pytest.raises(ValidationError, match="link"):
        NameField(label="Name").clean(name)
