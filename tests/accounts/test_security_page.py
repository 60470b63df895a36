"""My Profile → Security: all after re-authentication, told, mailed; businesses that require a second step."""

import re

import pytest
from allauth.mfa.models import Authenticator

from accounts.models import User
from accounts.sign_in import second_factor
from flipdash.models import Message
from tests import factories

pytestmark = pytest.mark.django_db
APP = "/my-profile/security/app/"
GUARDED = [APP, "/my-profile/security/password/", "/my-profile/security/passkey/"]


def secret_on(page: str) -> str:
    return re.search(r'data-copy="([A-Z2-7]{32})"', page).group(1)


@pytest.mark.parametrize("prefix", ["", "/test"])
@pytest.mark.parametrize("path", GUARDED)
def test_every_change_asks_for_re_authentication(web, prefix, path):
    answer = web.get(prefix + path)
    assert answer["Location"].startswith(f"{prefix}/re-authentication/?next=")
    assert web.post(prefix + path, {"new_password": "x", "code": "1", "credential": "{}"}).status_code == 403
    assert not Authenticator.objects.exists()


def test_an_app_is_added_by_its_first_code_and_recovery_codes_are_shown_once(fresh, admin, told):
    page = fresh.get(APP).content.decode()
    assert 'src="data:image/svg+xml;base64,' in page
    secret = secret_on(page)
    wrong = fresh.post(APP, {"code": "000000"})
    assert wrong.context["form"].errors["code"]
    assert secret_on(wrong.content.decode()) == secret

    code = factories.code_of(secret)
    answer = fresh.post(APP, {"code": code})
    codes = re.findall(r"<li>(\d{8})</li>", answer.content.decode())
    assert len(codes) == 10
    assert "no-store" in answer["Cache-Control"]
    assert [event.kind for event in told] == ["second-factor.added", "recovery-codes.made"]
    assert "Authenticator app added" in Message.objects.get(to=admin.user.email).subject
    overview = fresh.get("/my-profile/security/").content.decode()
    assert "10 codes" in overview
    assert not any(code in overview for code in codes)
    assert second_factor.use_code(admin.user, code) is None, "the code that added the app is used"


def test_what_is_being_added_is_sealed_in_the_session(fresh):
    secret = secret_on(fresh.get(APP).content.decode())
    assert secret not in str(dict(fresh.session))


def test_there_is_one_app(fresh, admin):
    factories.make_app(admin)
    assert fresh.get(APP)["Location"] == "/my-profile/security/"


def test_removing_the_last_factor_takes_the_recovery_codes_along(fresh, admin, told):
    factories.make_app(admin)
    second_factor.new_recovery_codes(admin.user)
    factor = Authenticator.objects.get(type="totp")
    path = f"/my-profile/security/factors/{factor.pk}/removal/"
    assert fresh.get(path).status_code == 200
    fresh.post(path)
    assert not Authenticator.objects.exists()
    assert [event.kind for event in told] == ["second-factor.removed"]


def test_another_persons_factor_is_missing(fresh, stranger):
    factor = factories.make_passkey(stranger)
    assert fresh.post(f"/my-profile/security/factors/{factor.pk}/removal/").status_code == 404
    assert Authenticator.objects.filter(pk=factor.pk).exists()


def test_new_recovery_codes_replace_the_old(fresh, admin, told):
    factories.make_app(admin)
    old = second_factor.new_recovery_codes(admin.user)
    page = fresh.post("/my-profile/security/recovery-codes/").content.decode()
    new = re.findall(r"<li>(\d{8})</li>", page)
    assert len(new) == 10
    assert not set(old) & set(new)
    assert second_factor.use_code(admin.user, old[0]) is None
    assert second_factor.use_code(admin.user, new[0])
    assert [event.kind for event in told] == ["recovery-codes.made"]


def test_without_a_factor_there_are_no_recovery_codes(fresh):
    assert fresh.post("/my-profile/security/recovery-codes/").status_code == 302
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("password", ["", "short", "x" * 1_025, "qwerty123456", "kopi-kita-2026"])
def test_a_bad_new_password_changes_nothing(fresh, admin, password):
    assert fresh.post("/my-profile/security/password/", {"new_password": password}).status_code == 200
    assert User.objects.get(pk=admin.user.pk).password == admin.user.password


@pytest.mark.parametrize("credential", ["", "{", "null", "[]", "{}", '{"id": 1}', '{"response": {}}', '"x"', "1e999"])
def test_a_passkey_that_does_not_answer_our_challenge_is_refused(fresh, credential):
    answer = fresh.post("/my-profile/security/passkey/", {"name": "Key", "credential": credential})
    assert answer.status_code == 200
    assert not Authenticator.objects.exists()


# --- A business that requires it -------------------------------------------------------------------------------


@pytest.fixture
def strict(admin):
    admin.business.require_second_factor = True
    admin.business.save()
    return admin


@pytest.mark.parametrize("path", ["/money-transfers/", "/test/money-transfers/", "/documents/reports/"])
def test_who_has_no_second_step_is_led_to_set_one_up(web, strict, path):
    answer = web.get(path)
    assert answer.status_code == 302
    assert answer["Location"].endswith("/my-profile/security/")
    fragment = web.get(path, headers={"HX-Request": "true"})
    assert fragment["HX-Redirect"].endswith("/my-profile/security/")
    assert web.post("/views/", {}).status_code == 302


def test_the_way_there_is_open_and_with_a_factor_everything_is(fresh, strict):
    assert "requires two-step verification" in fresh.get("/my-profile/security/").content.decode()
    secret = secret_on(fresh.get(APP).content.decode())
    fresh.post(APP, {"code": factories.code_of(secret)})
    assert fresh.get("/money-transfers/").status_code == 200


def test_the_last_factor_stays_where_it_is_required(fresh, strict):
    factor = factories.make_passkey(strict)
    page = fresh.post(f"/my-profile/security/factors/{factor.pk}/removal/")
    assert "your only one" in page.content.decode()
    assert Authenticator.objects.filter(pk=factor.pk).exists()


def test_other_businesses_are_not_asked(client_of, strict, stranger):
    assert client_of(stranger).get("/money-transfers/").status_code == 200


def test_removing_a_factor_and_new_recovery_codes_asks_for_re_authentication(web, admin):
    factories.make_app(admin)
    factor = Authenticator.objects.get(user=admin.user)
    for path in (f"/my-profile/security/factors/{factor.pk}/removal/", "/my-profile/security/recovery-codes/"):
        assert web.post(path).status_code == 403, path
    assert [left.pk for left in Authenticator.objects.all()] == [factor.pk]
