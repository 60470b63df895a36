"""Manage Multi Account: the list, adding, roles, deactivating; who may, who not, and what is refused (trust: R3)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Invitation, Member, User
from accounts.permissions import Role
from accounts.rights import NotAllowed
from accounts.sign_in.reauthentication import REAUTHENTICATED_AT
from accounts.team import services as team
from flipdash import clock
from flipdash.actors import Actor, ActorKind
from flipdash.models import Message
from tests import factories
from tests.twins import at_once

pytestmark = pytest.mark.django_db
PHONE = "+6281234567890"
SAID = {"email": "ana@kopikita.test", "phone": "0812 3456 7890", "role": "maker"}


def invite(scope, email="ana@kopikita.test", role="maker"):
    return team.invite(scope, email=email, phone=PHONE, role=role)


def fill(admin, count):
    """Take so many sub-accounts, half by people and half by open invitations."""
    for number in range(count):
        if number % 2:
            factories.make_invitation(admin)
        else:
            factories.make_member(admin.business, Role.MAKER)


# --- The list and the form -----------------------------------------------------------------------------------


def test_the_list_names_everybody_with_their_state(web, admin, kopi_kita, stranger):
    factories.make_member(kopi_kita, Role.MAKER, name="Dimas Maker", is_active=False)
    factories.make_invitation(admin, "invited@kopikita.test")
    factories.make_invitation(admin, "late@kopikita.test", expires_at=timezone.now() - timedelta(seconds=1))
    factories.make_invitation(stranger, "foreign@tokosebelah.test")
    page = web.get("/members/").content.decode()
    for words in ("Rina Admin", "Dimas Maker", "Deactivated", "invited@kopikita.test", "Invited", "Invitation expired"):
        assert words in page
    assert "foreign@" not in page
    assert stranger.name not in page
    assert "1 of 20" in page, "neither the main account nor who is deactivated nor an expired invitation counts"


def test_a_right_form_asks_before_it_adds(web):
    page = web.post("/members/new/", SAID).content.decode()
    assert "Yes, Add Account" in page
    assert 'value="+6281234567890"' in page
    assert not Invitation.objects.exists()


def test_the_form_says_what_each_role_may_do_without_scripts(web):
    page = web.get("/members/new/").content.decode()
    assert "Create Transactions" in page
    assert "last 7 days, unless searching" in page
    assert "Looks at everything and downloads reports; changes nothing." in page


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("email", "no address", "valid email"),
        ("email", "", "required"),
        ("phone", "8123456", "This is no phone number"),
        ("phone", "0215551234", "can’t take messages"),
        ("phone", "call me", "Write the number in digits"),
        ("phone", "+99912345678", "This is no phone number"),
        ("phone", "٠٨١٢٣٤٥٦٧٨٩٠", "Write the number in digits"),
        ("role", "owner", "Choose one of these roles"),
        ("role", "", "Choose a role"),
    ],
)
@pytest.mark.parametrize("address", ["/members/new/", "/members/invitations/"])
def test_bad_input_is_named_beside_its_field(web, address, field, typed, words):
    page = web.post(address, {**SAID, field: typed}).content.decode()
    assert f'id="id_{field}_error"' in page
    assert words in page
    assert "Yes, Add Account" not in page
    assert not Invitation.objects.exists()


def test_yes_add_account_sends_the_invitation(web, admin, told):
    assert web.post("/members/invitations/", SAID)["Location"] == "/members/"
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.phone, invitation.role) == ("ana@kopikita.test", PHONE, "maker")
    assert invitation.expires_at - invitation.sent_at == timedelta(hours=72)
    assert Message.objects.get().to == "ana@kopikita.test"
    assert [event.kind for event in told] == ["member.invited"]


@pytest.mark.parametrize("email", ["ANA@kopikita.test", "ana@KopiKita.test"])
def test_an_address_of_this_business_is_named_in_any_case(web, kopi_kita, admin, email):
    member = factories.make_member(kopi_kita, Role.MAKER, name="Ana Here")
    User.objects.filter(pk=member.user_id).update(email="ana@kopikita.test")
    page = web.post("/members/new/", {**SAID, "email": email}).content.decode()
    assert "Ana Here has this address here already" in page
    Member.objects.filter(pk=member.pk).update(is_active=False)
    assert "Reactivate that account instead" in web.post("/members/new/", {**SAID, "email": email}).content.decode()


def test_an_invited_address_is_named(web, admin):
    factories.make_invitation(admin, "ana@kopikita.test")
    assert "is invited already" in web.post("/members/new/", {**SAID, "email": "Ana@kopikita.test"}).content.decode()
    assert "is invited already" in web.post("/members/invitations/", SAID).content.decode()
    assert Invitation.objects.count() == 1


def test_an_expired_invitation_gives_way(scope, admin):
    old = factories.make_invitation(admin, "ana@kopikita.test", expires_at=timezone.now() - timedelta(seconds=1))
    invite(scope)
    old.refresh_from_db()
    assert old.revoked_at


def test_an_address_known_elsewhere_looks_the_same_and_gets_an_explanation(web, stranger):
    """trust: A2, decision 0003."""
    here = web.post("/members/invitations/", SAID)
    there = web.post("/members/invitations/", {**SAID, "email": stranger.user.email.upper()})
    assert (here.status_code, here["Location"]) == (there.status_code, there["Location"])
    page = web.get("/members/").content.decode()
    assert page.count("Invited") == 4, "in place of the name, and as the status"
    assert "Stranger" not in page
    mail = Message.objects.get(to=stranger.user.email)
    assert "belongs to one business" in mail.text
    assert "http" not in mail.text
    assert Member.objects.filter(user=stranger.user).count() == 1


# --- The twenty ----------------------------------------------------------------------------------------------


def test_the_twenty_first_is_refused(web, admin):
    fill(admin, 20)
    page = web.post("/members/new/", SAID).content.decode()
    assert "All 20 sub-accounts are taken" in page
    assert "All 20 sub-accounts are taken" in web.post("/members/invitations/", SAID).content.decode()
    assert not Invitation.objects.filter(email=SAID["email"]).exists()


def test_reactivating_counts_and_deactivating_makes_room(scope, admin, kopi_kita):
    away = factories.make_member(kopi_kita, Role.MAKER, is_active=False)
    fill(admin, 20)
    with pytest.raises(team.Full):
        team.reactivate(scope, away.pk)
    team.deactivate(scope, Member.objects.filter(role=Role.MAKER, is_active=True).first().pk)
    team.reactivate(scope, away.pk)


def test_a_revoked_or_expired_invitation_makes_room_and_resending_takes_it(scope, admin):
    fill(admin, 18)
    one, two = factories.make_invitation(admin), factories.make_invitation(admin)
    team.revoke(scope, one.pk)
    Invitation.objects.filter(pk=two.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    invite(scope, "a@kopikita.test")
    invite(scope, "b@kopikita.test")
    with pytest.raises(team.Full):
        team.resend(scope, two.pk)


@pytest.mark.django_db(transaction=True)
def test_twenty_adds_at_once_at_nineteen_add_one(admin):
    """trust: R3."""
    fill(admin, 19)
    scope = admin.scope("live")
    outcomes = at_once(20, lambda number: invite(scope, f"new-{number}@kopikita.test"))
    assert sum(isinstance(one, Invitation) for one in outcomes) == 1
    refusals = [one for one in outcomes if isinstance(one, team.Full)]
    assert len(refusals) == 19
    assert "All 20 sub-accounts are taken" in str(refusals[0])
    assert team.taken(admin.business) == 20


# --- The last Admin, and rights ------------------------------------------------------------------------------


def attempts(scope, pk):
    tomorrow = timezone.now().date() + timedelta(days=1)
    yield lambda: team.change_role(scope, pk, "maker")
    yield lambda: team.deactivate(scope, pk)
    yield lambda: team.set_end(scope, pk, tomorrow)


def test_the_last_admin_stays(scope, admin, kopi_kita):
    factories.make_member(kopi_kita, Role.ADMIN, is_active=False)
    factories.make_member(kopi_kita, Role.ADMIN, ends_at=timezone.now() + timedelta(days=3))
    for attempt in attempts(scope, admin.pk):
        with pytest.raises(team.LastAdmin):
            attempt()
    factories.make_member(kopi_kita, Role.ADMIN)
    for attempt in attempts(scope, admin.pk):
        admin.refresh_from_db()
        Member.objects.filter(pk=admin.pk).update(role="admin", is_active=True, ends_at=None)
        attempt()


@pytest.mark.django_db(transaction=True)
def test_two_admins_cannot_remove_each_other_at_once(admin, kopi_kita):
    other = factories.make_member(kopi_kita, Role.ADMIN)
    pair = (admin, other)
    for _round in range(5):
        outcomes = at_once(2, lambda number: team.deactivate(pair[number].scope("live"), pair[1 - number].pk))
        assert sum(isinstance(one, NotAllowed) for one in outcomes) == 1
        assert kopi_kita.members.admins().count() == 1
        Member.objects.filter(business=kopi_kita).update(is_active=True)


def test_nobody_grants_a_right_they_lack(admin, kopi_kita, monkeypatch):
    scope = admin.scope("live")
    monkeypatch.setattr(type(scope), "can", lambda self, permission: permission != "api:manage")
    with pytest.raises(team.GrantsTooMuch):
        invite(scope, role="developer")
    maker = factories.make_member(kopi_kita, Role.MAKER)
    with pytest.raises(team.GrantsTooMuch):
        team.change_role(scope, maker.pk, "admin")


def test_a_right_lost_meanwhile_is_asked_again(admin, kopi_kita):
    """trust: R4."""
    factories.make_member(kopi_kita, Role.ADMIN)
    scope = admin.scope("live")
    Member.objects.filter(pk=admin.pk).update(role="maker")
    with pytest.raises(NotAllowed):
        invite(scope)


def test_making_an_admin_needs_a_proof_and_tells_all_admins(web, kopi_kita, admin, told):
    maker = factories.make_member(kopi_kita, Role.MAKER)
    other = factories.make_member(kopi_kita, Role.ADMIN)
    for address, sent in (
        (f"/members/{maker.pk}/role/", {"role": "admin"}),
        ("/members/invitations/", {**SAID, "role": "admin"}),
    ):
        answer = web.post(address, sent)
        assert answer.status_code == 403
        assert "Confirm that it’s you" in answer.content.decode()
    assert (Member.objects.get(pk=maker.pk).role, Invitation.objects.count(), told) == ("maker", 0, [])
    session = web.session
    session[REAUTHENTICATED_AT] = clock.now().timestamp()
    session.save()
    assert web.post(f"/members/{maker.pk}/role/", {"role": "admin"}).status_code == 302
    assert {admin.user.email, other.user.email} <= set(Message.objects.values_list("to", flat=True))
    assert (told[0].facts["old"], told[0].facts["new"]) == ("maker", "admin")


@pytest.mark.parametrize("act", ["role", "deactivation", "end"])
def test_changing_an_admin_needs_a_proof(web, kopi_kita, act):
    other = factories.make_member(kopi_kita, Role.ADMIN)
    assert web.post(f"/members/{other.pk}/{act}/", {"role": "maker"}).status_code == 403
    other.refresh_from_db()
    assert (other.role, other.is_active) == ("admin", True)


# --- One member ----------------------------------------------------------------------------------------------


def test_a_new_role_holds_on_the_next_request(web, client_of, kopi_kita):
    maker = factories.make_member(kopi_kita, Role.MAKER)
    browser = client_of(maker)
    assert browser.get("/members/").status_code == 403
    assert web.post(f"/members/{maker.pk}/role/", {"role": "customer_service"}).status_code == 302
    assert browser.get("/documents/reports/").status_code == 403
    assert browser.get("/money-transfers/").status_code == 200


def test_who_is_deactivated_is_signed_out_on_the_next_request(web, client_of, kopi_kita):
    """trust: S2."""
    maker = factories.make_member(kopi_kita, Role.MAKER)
    browsers = client_of(maker), client_of(maker)
    assert web.post(f"/members/{maker.pk}/deactivation/").status_code == 302
    for browser in browsers:
        assert browser.get("/money-transfers/")["Location"].startswith("/sign-in/")
    assert web.post(f"/members/{maker.pk}/reactivation/").status_code == 302
    assert browsers[0].get("/money-transfers/")["Location"].startswith("/sign-in/"), "old sessions stay dead"
    assert client_of(User.objects.get(pk=maker.user_id).member).get("/money-transfers/").status_code == 200


def test_the_deactivation_lists_what_is_left_waiting(web, kopi_kita):
    maker = factories.make_member(kopi_kita, Role.MAKER, name="Dimas Saputra")
    assert "Nothing waits under their name" in web.get(f"/members/{maker.pk}/deactivation/").content.decode()
    for status in ("pending_approval", "scheduled", "successful"):
        factories.make_transfer(kopi_kita, status=status, maker=maker.actor)
    page = web.get(f"/members/{maker.pk}/deactivation/").content.decode()
    assert "Money transfers they made that wait" in page
    assert ": 2" in page.replace("\n", " ").replace("  ", "")


def test_what_namesakes_leave_is_not_ones_own(web, kopi_kita):
    maker, namesake = (factories.make_member(kopi_kita, Role.MAKER, name="Dimas Saputra") for _ in range(2))
    imported, renamed = Actor.named("Dimas Saputra"), Actor(ActorKind.MEMBER, maker.pk, "Dimas S.")
    for who in (namesake.actor, imported, Actor(ActorKind.OPERATOR, maker.pk, "Dimas Saputra")):
        factories.make_transfer(kopi_kita, status="pending_approval", maker=who)
        factories.make_international(kopi_kita, status="pending_approval", maker=who)
    assert "Nothing waits under their name" in web.get(f"/members/{maker.pk}/deactivation/").content.decode()
    factories.make_transfer(kopi_kita, status="pending_approval", maker=renamed)  # as they were called then
    page = web.get(f"/members/{maker.pk}/deactivation/").content.decode()
    assert "Money transfers they made that wait" in page
    assert "International transfers they made that wait" not in page


def test_a_membership_ends_with_its_last_day(scope, web, kopi_kita):
    maker = factories.make_member(kopi_kita, Role.MAKER)
    today = timezone.now().astimezone(scope.zone).date()
    page = web.post(f"/members/{maker.pk}/end/", {"last_day": today - timedelta(days=1)}).content.decode()
    assert "Choose today or a later day" in page
    assert "Write a date" in web.post(f"/members/{maker.pk}/end/", {"last_day": "soon"}).content.decode()
    assert web.post(f"/members/{maker.pk}/end/", {"last_day": today}).status_code == 302
    maker.refresh_from_db()
    assert maker.ends_at.astimezone(scope.zone).strftime("%H:%M") == "00:00"
    assert maker.ends_at > timezone.now()


def test_the_members_page_says_what_the_role_allows(web, kopi_kita):
    maker = factories.make_member(kopi_kita, Role.MAKER)
    page = web.get(f"/members/{maker.pk}/").content.decode()
    assert "Create Transactions" in page
    assert "Not allowed" in page


@pytest.mark.parametrize("act", ["", "role/", "deactivation/", "reactivation/", "end/"])
def test_another_businesss_member_is_missing(fresh, stranger, act):
    """trust: W1."""
    for method in (fresh.get, fresh.post):
        one = method(f"/members/{stranger.pk}/{act}", {"role": "maker"})
        none = method(f"/members/999999/{act}", {"role": "maker"})
        assert (one.status_code, one.content) == (none.status_code, none.content)
        assert one.status_code in {404, 405}
    stranger.refresh_from_db()
    assert (stranger.role, stranger.is_active) == ("admin", True)


def test_revoking_asks_first(web, admin):
    invitation = factories.make_invitation(admin)
    path = f"/members/invitations/{invitation.pk}/revocation/"
    page = web.get(path).content.decode()
    assert invitation.email in page
    assert "You can invite the same address again." in page
    invitation.refresh_from_db()
    assert invitation.revoked_at is None
    assert web.post(path)["Location"] == "/members/"
    assert web.get(path).status_code == 404, "there is nothing left to ask"


def test_the_last_admin_is_refused_before_the_question(web, admin, kopi_kita):
    maker = factories.make_member(kopi_kita, Role.MAKER)
    answer = web.get(f"/members/{admin.pk}/deactivation/", follow=True)
    assert answer.redirect_chain == [(f"/members/{admin.pk}/", 302)]
    assert "is the only Admin who stays" in answer.content.decode()
    assert "Deactivate account" in web.get(f"/members/{maker.pk}/deactivation/").content.decode()


def test_a_persons_page_leads_to_what_they_did(web, kopi_kita):
    maker = factories.make_member(kopi_kita, Role.MAKER, name="Dimas Saputra")
    page = web.get(f"/members/{maker.pk}/").content.decode()
    path = f"/members/activity/?person={maker.pk}"
    assert f'href="{path}"' in page
    assert "What <bdi>Dimas</bdi> did" in page
    assert web.get(path).status_code == 200


def test_a_name_in_a_timeline_leads_an_admin_to_the_person(web, client_of, kopi_kita):
    maker = factories.make_member(kopi_kita, Role.MAKER, name="<i>Dimas</i>")
    path = f"/money-transfers/{factories.make_transfer(kopi_kita, events=True, maker=maker.actor).pk}/"
    link = f'<a href="/members/{maker.pk}/">&lt;i&gt;Dimas&lt;/i&gt;</a>'
    assert link in web.get(path).content.decode()
    assert "/members/" not in client_of(maker).get(path).content.decode()


def test_another_businesss_invitation_is_missing(web, stranger):
    invitation = factories.make_invitation(stranger)
    assert web.get(f"/members/invitations/{invitation.pk}/revocation/").status_code == 404
    for act in ("resending", "revocation"):
        assert web.post(f"/members/invitations/{invitation.pk}/{act}/").status_code == 404
    invitation.refresh_from_db()
    assert invitation.revoked_at is None


def test_who_was_seen_is_noted_seldom(web, admin):
    web.get("/permissions/")
    admin.refresh_from_db()
    first = admin.last_seen_at
    assert first
    web.get("/permissions/")
    admin.refresh_from_db()
    assert admin.last_seen_at == first
