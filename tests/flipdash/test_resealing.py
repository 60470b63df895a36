"""`manage.py reseal`: what an older key has sealed is sealed by the first one; what can't be is named."""

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command

from accounts.sign_in import second_factor
from developer.keys import services as keys
from developer.models import ValidationToken
from flipdash import resealing, rls, sealing
from tests import factories

OLD, NEW = bytes(32), bytes(range(32))
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])


@pytest.fixture
def sealed_before(settings, admin, scope):
    """An app, recovery codes and a token, sealed by an old key."""
    settings.SEALING_KEYS = (OLD,)
    secret = factories.make_app(admin)
    codes = second_factor.new_recovery_codes(admin.user)
    with rls.inside(scope):
        token = keys.token(scope)
    settings.SEALING_KEYS = (NEW, OLD)
    return secret, codes, token


def test_the_old_key_can_go_and_everything_still_opens(sealed_before, settings, admin, scope, capsys):
    _secret, codes, token = sealed_before
    before = Authenticator.objects.get(type="totp").data
    call_command("reseal")
    said = capsys.readouterr().out
    assert "Secrets of second factors: 2 sealed anew, 0 by the first key already, 0 that no key opens" in said
    settings.SEALING_KEYS = (NEW,)
    after = Authenticator.objects.get(type="totp").data
    assert after["secret"] != before["secret"]
    assert {**after, "secret": ""} == {**before, "secret": ""}, "the step that was used stays used"
    assert second_factor.use_code(admin.user, codes[0]) is not None
    with rls.inside(scope):
        assert keys.token(scope) == token
    call_command("reseal")
    assert "Secrets of second factors: 0 sealed anew, 2 by" in capsys.readouterr().out


def test_what_no_key_opens_is_named_and_left_alone(sealed_before, settings, capsys):
    kept = ValidationToken.objects.using("operator").get().sealed
    settings.SEALING_KEYS = (NEW,)
    with pytest.raises(CommandError, match="opens 3 texts"):
        call_command("reseal")
    assert ValidationToken.objects.using("operator").get().sealed == kept


def test_api_keys_stay_and_the_key_that_they_need_is_named(settings, scope, capsys):
    settings.SEALING_KEYS = (OLD,)
    with rls.inside(scope):
        made, _text = keys.make_key(scope, keys.KeyRequest(name="Toko"))
    settings.SEALING_KEYS = (NEW, OLD)
    call_command("reseal")
    assert f"API keys keep the key by which they were made, the oldest on {made.created_at:%Y-%m-%d}" in (
        capsys.readouterr().out
    )


def test_keys_are_named_without_being_told(settings, capsys):
    settings.SEALING_KEYS = (NEW, OLD)
    call_command("reseal", "--keys")
    first, second = capsys.readouterr().out.split()
    assert first != second
    assert len(first) == 16
    assert first not in NEW.hex()


def test_every_sealed_column_is_registered_or_stays():
    """A model whose column is named sealed_… and that nobody registered would keep an old key for ever, unsaid."""
    from django.apps import apps

    places = {(place.model, place.column) for place in resealing.PLACES}
    stay = {("developer.ApiKey", "sealed"), ("documents.ReceiptLink", "sealed")}
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if field.name.startswith("sealed") and field.name != "sealed_at":
                assert (model, field.name) in places or (model._meta.label, field.name) in stay, (model, field.name)


@pytest.mark.django_db(databases=[])
def test_sealing_again_by_the_same_key_changes_nothing(settings):
    settings.SEALING_KEYS = (NEW, OLD)
    text = sealing.seal("x", "here")
    assert sealing.reseal(text, "here") == text
    with pytest.raises(sealing.Unsealable):
        sealing.reseal(text, "there")
