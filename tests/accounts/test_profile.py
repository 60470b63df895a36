"""My Profile: name, language, and the phone that is verified by a code."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import OtpChallenge, PhoneDevice
from accounts.permissions import Role
from accounts.sign_in.reauthentication import REAUTHENTICATED_AT
from flipdash import clock
from flipdash.models import Message
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def maker(kopi_kita):
    return factories.make_member(kopi_kita, Role.MAKER, name="Dimas Saputra")


@pytest.fixture
def browser(client_of, maker):
    """The Maker's browser, who has just proved who he is."""
    browser = client_of(maker)
    session = browser.session
    session[REAUTHENTICATED_AT] = clock.now().timestamp()
    session.save()
    return browser


def send(browser, phone="0812 3456 7890", channel="sms"):
    return browser.post("/my-profile/phone/", {"phone": phone, "channel": channel})


def code():
    return re.search(r"\d{6}", Message.objects.exclude(channel="mail").latest("pk").text)[0]


def test_name_and_language_are_saved(browser, maker):
    assert "My Profile" in browser.get("/my-profile/").content.decode()
    assert browser.post("/my-profile/", {"name": " Dimas  S. ", "language": "id"})["Location"] == "/my-profile/"
    maker.user.refresh_from_db()
    assert (maker.user.name, maker.user.language) == ("Dimas S.", "id")


@pytest.mark.parametrize(
    ("field", "typed"), [("name", ""), ("name", "x" * 101), ("name", "a\u200eb"), ("language", "xx")]
)
def test_bad_input_is_named(browser, maker, field, typed):
    page = browser.post("/my-profile/", {"name": "Dimas", "language": "en", field: typed}).content.decode()
    assert f'id="id_{field}_error"' in page
    maker.user.refresh_from_db()
    assert maker.user.name == "Dimas Saputra"


def test_a_phone_is_verified_by_its_code_and_people_are_told(browser, maker, admin):
    assert send(browser)["Location"] == "/my-profile/phone/code/"
    assert not PhoneDevice.objects.filter(confirmed=True).exists()
    answer = browser.post("/my-profile/phone/code/", {"code": f"{code()[:3]} {code()[3:]}"})
    assert answer["Location"] == "/my-profile/"
    device = PhoneDevice.objects.get(user=maker.user)
    assert (device.number, device.confirmed) == ("+6281234567890", True)
    mails = Message.objects.filter(channel="mail")
    assert {mail.to for mail in mails} == {admin.user.email, maker.user.email}
    assert "6281234567890" not in "".join(mail.text for mail in mails)
    assert browser.get("/my-profile/phone/code/")["Location"] == "/my-profile/phone/"


def test_the_old_number_stays_until_the_new_one_is_verified(browser, maker):
    PhoneDevice.objects.create(user=maker.user, name="phone", number="+6281111111111")
    send(browser)
    assert PhoneDevice.objects.get(user=maker.user).number == "+6281111111111"


def test_it_needs_a_proof(client_of, maker):
    browser = client_of(maker)
    assert browser.get("/my-profile/phone/")["Location"].startswith("/re-authentication/")
    assert send(browser).status_code == 403
    assert not OtpChallenge.objects.exists()


@pytest.mark.parametrize(
    ("phone", "words"),
    [("8123456", "no phone number"), ("+6581234567", "to this country"), ("", "required"), ("021 5551234", "messages")],
)
def test_a_bad_number_is_named(browser, phone, words):
    page = send(browser, phone).content.decode()
    assert 'id="id_phone_error"' in page
    assert words in page
    assert not OtpChallenge.objects.exists()


@pytest.mark.parametrize("typed", ["000000", "12345", "abcdef", "", "٠٠٠٠٠٠"])
def test_a_wrong_code_is_named(browser, maker, typed):
    send(browser)
    OtpChallenge.objects.filter(code_mac="").update(code_mac="x")
    if code() == typed:
        typed = "111111"
    page = browser.post("/my-profile/phone/code/", {"code": typed}).content.decode()
    assert 'id="id_code_error"' in page
    assert not PhoneDevice.objects.filter(confirmed=True).exists()


def test_a_used_code_is_no_longer_good(browser):
    send(browser)
    used = code()
    pending = browser.session["phone_pending"]
    browser.post("/my-profile/phone/code/", {"code": used})
    session = browser.session
    session["phone_pending"] = pending
    session.save()
    assert "no longer valid" in browser.post("/my-profile/phone/code/", {"code": used}).content.decode()


def test_a_code_of_another_session_is_not_good(browser, client_of, maker):
    """trust: O2."""
    send(browser)
    other = client_of(maker)
    session = other.session
    session["phone_pending"] = browser.session["phone_pending"]
    session.save()
    assert "no longer valid" in other.post("/my-profile/phone/code/", {"code": code()}).content.decode()


def test_asking_too_often_is_said(browser):
    send(browser)
    assert "less than a minute" in send(browser).content.decode()
    OtpChallenge.objects.update(created_at=timezone.now() - timedelta(seconds=61))
    assert send(browser).status_code == 302


def test_when_the_provider_is_down_the_other_channel_is_offered(browser, settings):
    """trust: O4."""
    settings.OUTBOX = False
    page = send(browser).content.decode()
    assert "couldn’t be sent by SMS" in page
    assert "try WhatsApp" in page


def test_security_and_sessions_are_one_click_away(web):
    page = web.get("/my-profile/").content.decode()
    assert 'href="/my-profile/security/"' in page
    assert 'href="/my-profile/sessions/"' in page
