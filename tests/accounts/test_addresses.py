"""An address is one in whichever spelling its domain is sent: invited, signed up, signed in, reset, found (F26)."""

import re

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client

from accounts import operators
from accounts.addresses import AddressField, canonical
from accounts.models import Invitation, User
from accounts.team import services as team
from accounts.team.finder import people
from flipdash.mail import MAILS
from flipdash.models import Message
from tests.accounts.signing_in import PASSWORD, sign_in

KEPT = "tono@xn--kop-tma.test"
SPELLED = [
    KEPT,
    "tono@kopí.test",
    "Tono@KOPÍ.test",
    " TONO@XN--KOP-TMA.TEST ",
    "tono@kopi\u0301.test",
    "tono@ｋｏｐí。test",
]
PHONE = "+6281234567890"


@pytest.mark.parametrize("written", SPELLED)
def test_every_spelling_of_a_domain_is_one_address(written):
    assert canonical(written) == AddressField().clean(written) == KEPT


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Budi.New+Kas@KopiKita.test", "budi.new+kas@kopikita.test"),
        ("a@straße.test", "a@xn--strae-oqa.test"),  # a domain of its own, and not strasse.test
        ("a@r3---x.test", "a@r3---x.test"),
        ("a@[127.0.0.1]", "a@[127.0.0.1]"),
    ],
)
def test_what_is_not_a_spelling_stays(written, kept):
    assert AddressField().clean(written) == kept


@pytest.mark.parametrize(
    "written",
    ["a@xn--a.test", "a@xn--kop-.test", "a@kop\u200dí.test", f"a@{'í' * 64}.test", "tono@☕.test"],
)
def test_a_domain_that_nobody_can_have_is_refused(written):
    with pytest.raises(ValidationError, match="valid email"):
        AddressField().clean(written)


@pytest.fixture
def tono(rina) -> User:
    rina.user.email = KEPT
    rina.user.save()
    rina.user.emailaddress_set.update(email=KEPT)
    return rina.user


@pytest.mark.django_db
@pytest.mark.parametrize("written", SPELLED)
def test_one_signs_in_with_any_spelling(tono, written):
    client, answer = sign_in(written)
    assert answer.status_code == 302
    assert client.session["_auth_user_id"] == str(tono.pk)


@pytest.mark.django_db
def test_wrong_tries_count_for_one_account_in_whatever_spelling(tono):
    for written in SPELLED[:5]:
        sign_in(written, "wrong")
    assert sign_in(SPELLED[5], PASSWORD)[1].status_code == 429


@pytest.mark.django_db
def test_a_reset_is_mailed_to_whoever_is_asked_for_in_any_spelling(tono):
    Client().post("/account/password/", {"email": "tono@kopí.test"})
    while MAILS.work():
        pass
    (sent,) = mail.outbox
    assert sent.to == [KEPT]
    assert re.search(r"/account/password/\S+", sent.body)


@pytest.mark.django_db
def test_an_invitation_is_one_in_every_spelling(web, scope):
    asked = {"phone": "0812 3456 7890", "role": "maker"}
    assert web.post("/members/invitations/", asked | {"email": "tono@kopí.test"}).status_code == 302
    for email in SPELLED:
        assert "is invited already" in web.post("/members/new/", asked | {"email": email}).content.decode()
        with pytest.raises(team.AlreadyHere):
            team.invite(scope, email=email, phone=PHONE, role="maker")
    assert [invitation.email for invitation in Invitation.objects.all()] == [KEPT]


@pytest.mark.django_db
def test_who_joined_in_one_spelling_is_here_in_the_other(scope, tono):
    with pytest.raises(team.AlreadyHere, match=tono.name):
        team.check_new(scope, email="tono@kopí.test", role="maker")


@pytest.mark.django_db
def test_a_sign_up_in_another_spelling_is_told_by_mail_alone(client, tono):
    form = {"business_name": "Warung", "name": "Tono", "email": "tono@kopí.test", "language": "id"}
    client.post("/sign-up/", {**form, "password1": "gula aren dua sendok"})
    assert User.objects.filter(email__startswith="tono@").count() == 1
    assert "already" in Message.objects.latest("id").text


@pytest.mark.django_db
def test_the_database_keeps_no_other_spelling(kopi_kita, admin):
    with pytest.raises(IntegrityError, match="user_email_canonical"), transaction.atomic():
        User.objects.create(email="tono@kopí.test", name="Tono")
    invitation = Invitation(email="tono@kopí.test", phone=PHONE, role="maker", token_hash="x", business=kopi_kita)
    invitation.invited_by, invitation.sent_at, invitation.expires_at = admin, admin.created_at, admin.created_at
    with pytest.raises(IntegrityError, match="invitation_email_canonical"), transaction.atomic():
        invitation.save()


@pytest.mark.django_db
@pytest.mark.parametrize("term", ["tono@kopí.test", "tono@kopí", KEPT])
def test_a_person_is_found_by_either_spelling(scope, tono, term):
    assert [hit.label for hit in people(scope, term).hits] == [tono.name]


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_an_operator_is_made_once_in_whatever_spelling(monkeypatch):
    monkeypatch.setattr("accounts.management.commands.make_operator.getpass", lambda _: "gayo-arabika-88")
    call_command("make_operator", "olga@kopí.test")
    operators.make_operator(email="OLGA@xn--kop-tma.test", name="Olga", password="gayo-arabika-89")
    assert User.objects.get().email == "olga@xn--kop-tma.test"
    with pytest.raises(CommandError, match="valid email"):
        call_command("make_operator", "olga@☕.test")


@pytest.mark.django_db
def test_an_address_with_a_plus_is_one_of_its_own(scope):
    """H36: who sorts their mail by it is invited, and signs in, apart from the one without."""
    for email in ("budi@kopikita.test", "Budi+Kas@kopikita.test"):
        team.invite(scope, email=email, phone=PHONE, role="maker")
    assert set(Message.objects.filter(text__contains="/invitations/").values_list("to", flat=True)) == {
        "budi@kopikita.test",
        "budi+kas@kopikita.test",
    }
