"""A form that is sent after its session has ended: nothing happens, the person is told so, and led back to it (F27)."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Invitation
from accounts.sign_in import sessions
from tests.accounts.signing_in import PASSWORD

pytestmark = pytest.mark.django_db
HERE = "http://testserver"
SAID = {"email": "ana@kopikita.test", "phone": "0812 3456 7890", "role": "maker"}
NOTHING = "Nothing was sent, and no money moved"


@pytest.fixture
def careful() -> Client:
    """A browser whose tokens are asked for."""
    return Client(enforce_csrf_checks=True)


def token(client: Client) -> str:
    client.get("/sign-in/")
    return client.cookies["csrftoken"].value


def test_who_was_signed_out_is_told_and_comes_back_to_the_form(rina):
    client = Client()
    answer = client.post("/members/invitations/", SAID, headers={"referer": f"{HERE}/members/new/?role=maker"})
    page = client.get(answer["Location"])
    assert urlsplit(answer["Location"]).path == "/sign-in/"
    assert NOTHING in page.content.decode()
    (back,) = parse_qs(urlsplit(answer["Location"]).query)["next"]
    assert back == "/members/new/?role=maker", "not where it was sent, which shows nothing"
    asked = {"login": rina.user.email, "password": PASSWORD, "next": back}
    assert client.post("/sign-in/", asked)["Location"] == back
    assert not Invitation.objects.exists()


def test_a_session_that_was_idle_for_too_long_is_told_the_same(client_of, rina):
    client = client_of(rina)
    client.get("/members/")
    session = client.session
    session[sessions.SEEN] = (timezone.now() - timedelta(days=2)).timestamp()
    session.save()
    answer = client.post("/members/invitations/", SAID, headers={"referer": f"{HERE}/members/new/"})
    page = client.get(answer["Location"]).content.decode()
    assert NOTHING in page
    assert "nothing was done for a while" not in page, "one reason is enough"


@pytest.mark.parametrize("referer", ["", "https://evil.test/members/new/", f"{HERE}//evil.test/"])
def test_only_a_page_of_this_site_is_led_back_to(referer):
    answer = Client().post("/members/new/", SAID, headers={"referer": referer})
    assert parse_qs(urlsplit(answer["Location"]).query)["next"] == ["/members/new/"]


def test_a_mode_is_kept_on_the_way_back():
    answer = Client().post("/test/members/new/", SAID, headers={"referer": f"{HERE}/test/members/new/"})
    assert parse_qs(urlsplit(answer["Location"]).query)["next"] == ["/test/members/new/"]


def test_who_only_looked_is_told_nothing():
    answer = Client().get("/members/")
    assert answer["Location"] == "/sign-in/?next=/members/"
    assert NOTHING not in Client().get(answer["Location"]).content.decode()


def test_a_look_that_the_page_takes_by_itself_leaves_the_page_alone():
    assert (
        Client().post("/money-transfers/create/", {"step": "look"}, headers={"hx-request": "true"}).status_code == 401
    )


def test_a_sign_in_page_in_a_second_tab_sends_on_who_is_signed_in(rina, careful):
    old = token(careful)
    form = {"login": rina.user.email, "password": PASSWORD, "csrfmiddlewaretoken": old}
    assert careful.post("/sign-in/", form).status_code == 302
    second = form | {"next": "/members/"}
    answer = careful.post("/sign-in/", second, headers={"referer": f"{HERE}/sign-in/?next=/members/"})
    assert (answer.status_code, answer["Location"]) == (302, "/members/")
    away = careful.post("/sign-in/", second | {"next": "//evil.test/"}, headers={"referer": f"{HERE}/sign-in/"})
    assert away["Location"] == "/"


def test_a_form_from_before_the_sign_in_leads_back_to_itself(rina, careful):
    old = token(careful)
    careful.post("/sign-in/", {"login": rina.user.email, "password": PASSWORD, "csrfmiddlewaretoken": old})
    sent = SAID | {"csrfmiddlewaretoken": old}
    answer = careful.post("/members/invitations/", sent, headers={"referer": f"{HERE}/members/new/"})
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "Nothing was sent or changed" in page
    assert 'href="/members/new/"' in page
    assert not Invitation.objects.exists()
    elsewhere = careful.post("/members/invitations/", sent, headers={"referer": "https://evil.test/"}).content.decode()
    assert "evil.test" not in elsewhere
    assert "Back to the form" not in elsewhere
