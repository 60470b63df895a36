"""An Admin lets a colleague back in who lost their phone."""

import pytest
from allauth.mfa.models import Authenticator

from accounts.permissions import Role
from accounts.sign_in import second_factor, services
from accounts.sign_in.reauthentication import REAUTHENTICATED_AT
from flipdash import clock
from flipdash.models import Message
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def maker(kopi_kita):
    member = factories.make_member(kopi_kita, Role.MAKER, name="Dimas")
    factories.make_app(member)
    second_factor.new_recovery_codes(member.user)
    return member


def path_of(member) -> str:
    return f"/members/{member.pk}/second-factor/"


def test_a_reset_takes_the_factors_ends_the_sessions_and_tells_everybody(
    fresh, admin, maker, client_of, told, kopi_kita
):
    other_admin = factories.make_member(kopi_kita, Role.ADMIN)
    theirs = client_of(maker)
    assert "Dimas" in fresh.get(path_of(maker)).content.decode()
    fresh.post(path_of(maker))
    assert not Authenticator.objects.filter(user=maker.user).exists()
    assert theirs.get("/money-transfers/").status_code == 302
    assert {mail.to for mail in Message.objects.all()} == {m.user.email for m in (admin, other_admin, maker)}
    assert [(event.kind, event.subject) for event in told] == [("second-factor.reset", maker)]


def test_it_asks_for_re_authentication(web, maker):
    assert web.post(path_of(maker)).status_code == 403
    assert second_factor.has_factor(maker.user)


def test_who_may_not_manage_people_may_not(client_of, people, maker):
    for role in set(Role) - {Role.ADMIN}:
        assert client_of(people[role]).post(path_of(maker)).status_code == 403
    assert second_factor.has_factor(maker.user)


def test_another_business_is_missing(fresh, stranger):
    factories.make_app(stranger)
    assert fresh.get(path_of(stranger)).status_code == fresh.post(path_of(stranger)).status_code == 404
    assert second_factor.has_factor(stranger.user)


def test_not_for_oneself_and_not_without_a_factor(fresh, scope, admin, kopi_kita):
    factories.make_app(admin)
    with pytest.raises(services.NotPossible):
        services.reset_second_factor(scope, admin)
    assert "your own" in fresh.get(path_of(admin)).content.decode()
    assert second_factor.has_factor(admin.user)
    with pytest.raises(services.NotPossible):
        services.reset_second_factor(scope, factories.make_member(kopi_kita, Role.MAKER))
    assert not Message.objects.exists()


def test_the_members_page_leads_there_and_back(web, admin, maker):
    page = web.get(f"/members/{maker.pk}/").content.decode()
    assert f'href="/members/{maker.pk}/second-factor/"' in page
    session = web.session
    session[REAUTHENTICATED_AT] = clock.now().timestamp()
    session.save()
    ask = web.get(f"/members/{maker.pk}/second-factor/").content.decode()
    assert f'href="/members/{maker.pk}/">Cancel' in ask
    assert web.post(f"/members/{maker.pk}/second-factor/")["Location"] == f"/members/{maker.pk}/"
    assert "second-factor" not in web.get(f"/members/{maker.pk}/").content.decode()


def test_nobody_is_led_to_reset_their_own(web, admin):
    factories.make_app(admin)
    assert "second-factor" not in web.get(f"/members/{admin.pk}/").content.decode()
