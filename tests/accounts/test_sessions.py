"""Sessions: how long they last, where they are, and what ends them at once (trust: S1–S5, S7)."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import translation

from accounts.models import Member, User
from accounts.sign_in import sessions
from accounts.sign_in.agents import device_name
from flipdash import clock
from tests import factories
from tests.accounts.signing_in import PASSWORD, sign_in

pytestmark = pytest.mark.django_db
NEW = "another long password"


@pytest.fixture
def here(rina) -> Client:
    """Rina's browser, which has signed in by the form."""
    return signed_in(rina)


@pytest.fixture
def elsewhere(rina) -> Client:
    return signed_in(rina)


def signed_in(member) -> Client:
    client, answer = sign_in(member.user.email)
    assert answer.status_code == 302
    assert is_in(client)
    return client


def is_in(client: Client) -> bool:
    return client.get("/money-transfers/").status_code == 200


def turn_back(client: Client, key: str, age: timedelta) -> None:
    session = client.session
    session[key] = (clock.now() - age).timestamp()
    session.save()


# --- How long --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "age", "holds"),
    [
        (sessions.SEEN, timedelta(minutes=29), True),
        (sessions.SEEN, timedelta(minutes=30, seconds=1), False),
        (sessions.STARTED, timedelta(hours=11, minutes=59), True),
        (sessions.STARTED, timedelta(hours=12, seconds=1), False),
    ],
)
def test_a_session_ends_when_idle_or_old(here, key, age, holds):
    """trust: S3."""
    turn_back(here, key, age)
    assert is_in(here) is holds
    if not holds:
        assert "You were signed out" in here.get("/sign-in/").content.decode()
        assert "You were signed out" not in here.get("/sign-in/").content.decode()


def test_the_business_sets_both_lengths(here, rina):
    rina.business.session_idle_minutes, rina.business.session_hours = 5, 1
    rina.business.save()
    turn_back(here, sessions.SEEN, timedelta(minutes=6))
    assert not is_in(here)


def test_working_keeps_a_session_alive_and_a_page_that_asks_by_itself_does_not(here):
    for path, kept in (("/documents/reports/tray/", False), ("/money-transfers/", True)):
        turn_back(here, sessions.SEEN, timedelta(minutes=20))
        before = here.session[sessions.SEEN]
        assert here.get(path).status_code == 200, path
        assert (here.session[sessions.SEEN] > before) is kept


def test_sessions_live_in_postgres_and_survive_a_lost_redis(here, settings):
    """trust: S4."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    assert Session.objects.filter(session_key=here.session.session_key).exists()
    assert is_in(here)


def test_every_sign_in_gets_a_new_id(rina):
    """trust: S1: an id that was planted before is worth nothing."""
    client = Client()
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies["sessionid"] = before = session.session_key
    client.post("/sign-in/", {"login": rina.user.email, "password": PASSWORD})
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


# --- What ends them: 7 of 7 (trust: S2) -----------------------------------------------------------------------


def test_signing_out_ends_the_session_and_clears_the_browser(here):
    """trust: S2, S5."""
    key = here.session.session_key
    answer = here.post("/sign-out/")
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert "no-store" in answer["Cache-Control"]
    here.cookies["sessionid"] = key
    assert not is_in(here)


def test_deactivation_holds_on_the_next_request(here):
    Member.objects.update(is_active=False)
    assert not is_in(here)


def test_a_changed_role_keeps_the_session_and_changes_its_rights(here):
    Member.objects.update(role="customer_service")
    assert here.get("/documents/reports/").status_code == 403
    assert is_in(here)


def test_a_changed_password_ends_the_others_and_renews_this_one(here, elsewhere):
    """trust: S1, S2."""
    before = here.session.session_key
    assert here.post("/my-profile/security/password/", {"new_password": NEW}).status_code == 302
    assert is_in(here)
    assert here.session.session_key != before
    assert not is_in(elsewhere)
    assert not Session.objects.filter(session_key=before).exists()


def test_a_changed_second_factor_ends_the_others(here, elsewhere, rina):
    factor = factories.make_passkey(rina)
    assert here.post(f"/my-profile/security/factors/{factor.pk}/removal/").status_code == 302
    assert is_in(here)
    assert not is_in(elsewhere)


def test_a_changed_address_ends_all(here, rina):
    User.objects.filter(pk=rina.user.pk).update(email="new@kopikita.test")
    assert not is_in(here)


def test_ending_a_session_ends_it(here, elsewhere, rina):
    page = here.get("/my-profile/sessions/").content.decode()
    assert page.count("127.0.0.1") >= 2
    other = next(s for s in sessions.alive(rina.user) if s.session_key == elsewhere.session.session_key)
    assert here.post(f"/my-profile/sessions/{other.pk}/end/").status_code == 302
    assert is_in(here)
    assert not is_in(elsewhere)
    assert len(sessions.alive(rina.user)) == 1


LINUX = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.0 Mobile/15E148 Safari/604.1"
)


@pytest.mark.parametrize(
    ("agent", "english", "indonesian"),
    [
        (LINUX, "Chrome on Linux", "Chrome di Linux"),
        (LINUX.replace("Chrome", "HeadlessChrome"), "Chrome on Linux", "Chrome di Linux"),
        (IPHONE, "Mobile Safari on iOS", "Mobile Safari di iOS"),
        ("curl/8.1", "curl", "curl"),
        ("", "Unknown device", "Perangkat tak dikenal"),
        ("<b>me</b> \u202e" + "x" * 100_000, "Unknown device", "Perangkat tak dikenal"),
    ],
)
def test_a_device_is_named_as_people_do(agent, english, indonesian):
    assert device_name(agent) == english
    with translation.override("id"):
        assert device_name(agent) == indonesian


def test_the_list_says_which_device_it_is_and_offers_to_end_others_only_where_there_are_some(here, rina):
    UserSession.objects.filter(user=rina.user).update(user_agent=LINUX)
    page = here.get("/my-profile/sessions/").content.decode()
    assert "Chrome on Linux" in page
    assert "This device" in page
    assert "Sign out everywhere else" not in page
    signed_in(rina)
    page = here.get("/my-profile/sessions/").content.decode()
    assert page.count("This device") == 1
    assert "Sign out everywhere else" in page


def test_ending_all_others_ends_them_also_those_that_are_not_listed(here, elsewhere, rina, client_of):
    unlisted = client_of(rina)
    assert here.post("/my-profile/sessions/others/end/").status_code == 302
    assert is_in(here)
    assert not is_in(elsewhere)
    assert not is_in(unlisted)
    assert [s.session_key for s in sessions.alive(rina.user)] == [here.session.session_key]


def test_another_persons_session_is_missing(here, stranger):
    session = factories.make_user_session(stranger)
    assert here.post(f"/my-profile/sessions/{session.pk}/end/").status_code == 404
    assert Session.objects.filter(session_key=session.session_key).exists()


def test_ones_own_session_is_ended_by_log_out_only(here, rina):
    mine = sessions.alive(rina.user)[0]
    here.post(f"/my-profile/sessions/{mine.pk}/end/")
    assert is_in(here)


@pytest.mark.parametrize("path", ["/sign-in/", "/sign-up/", "/account/password/", "/my-profile/sessions/others/end/"])
def test_forms_from_elsewhere_are_refused(rina, path):
    """trust: S6."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(rina.user)
    assert client.post(path).status_code == 403


def test_the_path_decides_the_mode_in_one_session(here):
    """trust: S7."""
    for path, is_test in (("/test/my-profile/sessions/", True), ("/my-profile/sessions/", False)):
        assert here.get(path).context["scope"].is_test is is_test


@pytest.mark.parametrize(
    "cookie", ['"' + "\\000" * 32 + '"', "'; DROP TABLE x; --", "x" * 50_000, '"' + "\\377" * 32 + '"']
)
def test_a_cookie_that_no_session_can_have_is_nobodys(cookie):
    """Quoted, a cookie holds any character: NUL broke every page."""
    answer = Client().get("/money-transfers/", headers={"Cookie": f"sessionid={cookie}"})
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/sign-in/")
