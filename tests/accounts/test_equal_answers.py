"""Whether an account exists is told by nothing: text, status, headers, mails, hashes (trust: A2), nor by time."""

import re

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from accounts.models import User
from accounts.team import services as team
from flipdash import hashers
from flipdash.models import Message
from tests import factories

pytestmark = pytest.mark.django_db
UNKNOWN = "nobody@nowhere.test"
WORDS = "gula aren dua sendok"


@pytest.fixture
def hashed(monkeypatch) -> list[str]:
    """Which hashes were made, by what they were for."""
    made: list[str] = []
    for name in ("encode", "verify"):
        slow = getattr(hashers.Argon2, name)
        monkeypatch.setattr(
            hashers.Argon2, name, lambda *args, slow=slow, name=name, **kw: made.append(name) or slow(*args, **kw)
        )
    return made


def sign_in(_web, email):
    return Client().post("/sign-in/", {"login": email, "password": "not the password"})


def reset(_web, email):
    return Client().post("/account/password/", {"email": email})


def sign_up(_web, email):
    form = {"business_name": "Warung", "name": "Tini", "email": email, "password1": WORDS, "language": "en"}
    return Client().post("/sign-up/", form)


def invite(web, email):
    return web.post("/members/invitations/", {"email": email, "phone": "0812 3456 7890", "role": "maker"})


def told(answer, email: str) -> tuple[int, str, str, list[str]]:
    """Return all that an answer says, without what differs each time and the address itself."""
    text = re.sub(r'(name="csrfmiddlewaretoken" value=")[^"]+', r"\1", answer.content.decode())
    headers = sorted(name for name, _value in answer.items())
    return answer.status_code, answer.get("Location", ""), text.replace(email, "…"), headers


@pytest.mark.parametrize(
    ("act", "mails", "hashes"),
    [(sign_in, (0, 0), 1), (reset, (1, 1), 0), (sign_up, (1, 1), 1), (invite, (1, 1), 0)],
    ids=["sign-in", "reset", "sign-up", "invitation"],
)
def test_a_known_and_an_unknown_address_get_the_same(web, stranger, hashed, act, mails, hashes):
    User.objects.filter(pk=stranger.user.pk).update(password=make_password("the real password"))
    known = stranger.user.email
    seen = []
    for email in (known, UNKNOWN):
        mailed, before = Message.objects.count(), len(hashed)
        answer = act(web, email)
        seen.append((told(answer, email), Message.objects.count() - mailed, len(hashed) - before))
    assert seen[0][0] == seen[1][0]
    assert (seen[0][1], seen[1][1]) == mails, "only the reader of the mailbox learns more"
    assert (seen[0][2], seen[1][2]) == (hashes, hashes), "or the time would tell"
    assert all(mail.to == known for mail in Message.objects.filter(to=known))


# --- Extra fields (trust: R5) --------------------------------------------------------------------------------------

EXTRA = {
    "business": "1",
    "is_staff": "on",
    "is_superuser": "on",
    "is_active": "",
    "role": "admin",
    "member": "1",
    "mode": "test",
    "session_version": "9",
    "verified": "on",
    "id": "1",
}


def test_extra_fields_of_a_sign_up_and_an_acceptance_are_ignored(client, scope):
    form = {"business_name": "Warung", "name": "Tini", "email": "tini@warung.test", "password1": WORDS}
    client.post("/sign-up/", {**EXTRA, **form, "language": "en"})
    tini = User.objects.get(email="tini@warung.test")
    assert (tini.is_staff, tini.is_active, tini.member.business.name) == (False, True, "Warung")
    assert not tini.emailaddress_set.get().verified

    team.invite(scope, email="ana@kopikita.test", phone="+6281234567890", role="reviewer")
    link = re.search(r"/invitations/[\w-]+/", Message.objects.get(to="ana@kopikita.test").text).group()
    Client().post(link, {**EXTRA, "name": "Ana", "password": WORDS, "email": "boss@kopikita.test"})
    ana = User.objects.get(email="ana@kopikita.test")
    assert (ana.is_staff, ana.member.role, ana.member.business) == (False, "reviewer", scope.business)


@pytest.mark.parametrize("page", ["/my-profile/", "/my-profile/language/", "/my-profile/phone/"])
def test_extra_fields_of_ones_own_pages_are_ignored(client_of, kopi_kita, page):
    maker = factories.make_member(kopi_kita, "maker")
    fields = {**EXTRA, "name": maker.name, "language": "id", "email": "other@kopikita.test"}
    before = User.objects.values("email", "is_staff", "is_active", "session_version").get(pk=maker.user.pk)
    client_of(maker).post(page, fields)
    assert User.objects.values("email", "is_staff", "is_active", "session_version").get(pk=maker.user.pk) == before
    maker.refresh_from_db()
    assert maker.role == "maker"


# --- Who signs in by what (trust: S6) --------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["Basic", "Bearer", "Token"])
def test_the_dashboard_knows_no_other_credentials_than_its_cookie(admin, scheme):
    answer = Client().get("/money-transfers/", headers={"Authorization": f"{scheme} YWRtaW46YWRtaW4="})
    assert answer["Location"].startswith("/sign-in/")
