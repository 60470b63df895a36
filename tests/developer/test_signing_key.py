"""Manage API → Signatures: a public key of the business's own, judged, kept, told, taken away (trust: K4, §1.7)."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from accounts.models import Activity
from accounts.permissions import Role
from accounts.sign_in.reauthentication import REAUTHENTICATED_AT
from developer.keys import signing_key
from developer.models import SigningKey
from flipdash import clock, rls
from flipdash.models import Message

pytestmark = pytest.mark.django_db
PAGE = "/developer/manage/signature/"


def pem_of(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.fixture(scope="module")
def private():
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def proved(client):
    session = client.session
    session[REAUTHENTICATED_AT] = clock.now().timestamp()
    session.save()
    return client


@pytest.fixture
def page(client_of, people):
    """The developer's browser, with the password typed a moment ago."""
    return proved(client_of(people[Role.DEVELOPER]))


def text_of(answer):
    return answer.content.decode()


def kept(member, mode="live"):
    with rls.inside(member.scope(mode)):
        return signing_key.of(member.scope(mode))


def test_a_key_is_kept_shown_told_and_taken_away(page, people, private):
    developer, pem = people[Role.DEVELOPER], pem_of(private)
    page.post(PAGE, {"pem": f"\n  {pem}  \n"})
    assert kept(developer).pem == pem
    assert kept(developer, "test") is None
    shown = text_of(page.get(PAGE))
    assert signing_key.fingerprint(pem) in shown
    assert "Change Public Key" in text_of(page.get("/developer/manage/"))
    assert "Save Public Key" in text_of(page.get("/test/developer/manage/"))
    page.post(PAGE, {"pem": pem})
    page.post(PAGE, {"remove": "1"})
    page.post(PAGE, {"remove": "1"})
    assert kept(developer) is None
    told = Activity.objects.filter(kind__startswith="signature-key").order_by("pk").values_list("kind", flat=True)
    assert list(told) == ["signature-key.saved", "signature-key.removed"]
    mails = [mail.text for mail in Message.objects.filter(to=people[Role.ADMIN].user.email).order_by("pk")]
    assert any(signing_key.fingerprint(pem) in mail for mail in mails)
    assert any("need no signature any more" in mail for mail in mails)


def test_what_is_no_such_key_is_refused_beside_the_field_and_stays_typed(page, people, private):
    secret = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    weak = pem_of(rsa.generate_private_key(public_exponent=65_537, key_size=1_024))  # noqa: S505  (that is what is refused)
    curve = pem_of(ec.generate_private_key(ec.SECP256R1()))
    cases = {
        "": "required",
        "hello <b>": "no public key in PEM",
        pem_of(private)[:200]: "no public key in PEM",
        weak: "this has 1024",
        curve: "an RSA key",
        secret: "a private key",
        "x" * 4_001: "at most 4000 characters",
    }
    for typed, words in cases.items():
        answer = text_of(page.post(PAGE, {"pem": typed}))
        assert "field--bad" in answer, words
        assert words in answer
        assert secret[40:80] not in answer, "a private key goes nowhere, not even back"
    assert "hello &lt;b&gt;" in text_of(page.post(PAGE, {"pem": "hello <b>"}))
    with rls.inside(people[Role.DEVELOPER].scope("live")):
        assert not SigningKey.objects.exists()


def test_it_wants_the_password_and_the_right(client_of, people, private, stranger, page):
    unproved = client_of(people[Role.DEVELOPER])
    assert "password" in text_of(unproved.post(PAGE, {"pem": pem_of(private)})).lower()
    assert kept(people[Role.DEVELOPER]) is None
    assert proved(client_of(people[Role.MAKER])).get(PAGE).status_code == 403
    page.post(PAGE, {"pem": pem_of(private)})
    assert signing_key.fingerprint(pem_of(private)) not in text_of(proved(client_of(stranger)).get(PAGE))
