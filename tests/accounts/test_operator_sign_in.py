"""An operator's whole way in: the command, our sign-in, an authenticator app, the back office (trust: A6, S3)."""

import re

import pytest
from django.test import Client

from accounts import operators
from accounts.models import User
from accounts.sign_in import sessions
from flipdash import clock
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])
PASSWORD = "gayo-arabika-88"


@pytest.fixture
def operator() -> User:
    return operators.make_operator(email="op@flipdash.test", name="Olga Operator", password=PASSWORD)


def sign_in(client: Client):
    return client.post("/sign-in/", {"login": "op@flipdash.test", "password": PASSWORD})


def set_up_app(client: Client) -> tuple[str, str]:
    """Set up an app by its forms; returns its secret and the page with the recovery codes."""
    page = client.get("/my-profile/security/app/").content.decode()
    secret = re.search(r'data-copy="([A-Z2-7]{32})"', page).group(1)
    answer = client.post("/my-profile/security/app/", {"code": factories.code_of(secret)})
    return secret, answer.content.decode()


def test_from_the_command_to_the_back_office_by_real_forms(operator, client):
    assert sign_in(client).status_code == 302
    door = client.get("/admin/")
    assert door.status_code == 403
    assert 'href="/my-profile/security/"' in door.content.decode()
    assert "needs a second factor" in client.get("/my-profile/security/").content.decode()

    secret, page = set_up_app(client)
    codes = re.findall(r"<li>([0-9]{8})</li>", page)
    assert len(codes) == 10
    assert client.get("/admin/").status_code == 200

    client.post("/sign-out/")
    assert sign_in(client)["Location"].startswith("/sign-in/second-step/")
    assert client.get("/admin/").status_code == 302, "the password alone lets nobody in"
    assert client.post("/sign-in/second-step/", {"code": factories.code_of(secret)}).status_code == 200, "used already"
    assert client.post("/sign-in/second-step/", {"code": codes[0]}).status_code == 302
    assert client.get("/admin/").status_code == 200


def test_without_re_authentication_nothing_is_set_up(operator, client):
    client.force_login(operator)
    assert client.get("/my-profile/security/app/")["Location"].startswith("/re-authentication/")
    answer = client.post("/my-profile/security/app/", {"code": "123456"})
    assert answer.status_code == 403
    wrong = client.post("/re-authentication/?next=/my-profile/security/app/", {"reauth-password": "wrong"})
    assert wrong.status_code == 200
    right = client.post("/re-authentication/?next=/my-profile/security/app/", {"reauth-password": PASSWORD})
    assert right["Location"] == "/my-profile/security/app/"
    assert client.get("/my-profile/security/app/").status_code == 200


def test_the_last_factor_stays(operator, client):
    sign_in(client)
    set_up_app(client)
    page = client.get("/my-profile/security/").content.decode()
    removal = re.search(r"/my-profile/security/factors/\d+/removal/", page).group()
    client.post(removal)
    assert client.get("/admin/").status_code == 200


def test_the_rest_of_the_site_stays_closed(operator, client):
    sign_in(client)
    for page in ("/", "/my-profile/", "/members/", "/permissions/", "/my-profile/language/"):
        assert client.get(page).status_code == 403, page
    assert client.get("/my-profile/sessions/").status_code == 200


def test_who_is_no_operator_and_in_no_business_gets_no_further(client):
    client.force_login(User.objects.create_user("nobody@flipdash.test", PASSWORD, name="N"))
    assert client.get("/my-profile/security/").status_code == 403


@pytest.mark.parametrize(("key", "seconds"), [(sessions.SEEN, 31 * 60), (sessions.STARTED, 13 * 3600)])
def test_an_operators_session_ends_too(operator, client, key, seconds):
    sign_in(client)
    session = client.session
    session[key] = clock.now().timestamp() - seconds
    session.save()
    assert client.get("/my-profile/security/")["Location"].startswith("/sign-in/")


def test_made_again_signs_out_wherever_the_old_password_was(operator, client):
    sign_in(client)
    operators.make_operator(email="OP@flipdash.test", name="x", password="another-arabika-88")
    assert client.get("/my-profile/security/")["Location"].startswith("/sign-in/")
