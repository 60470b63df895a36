"""API keys and the token: made, shown, changed, ended; what is kept of them (trust: K1-K3, W3)."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.permissions import Permission, Role
from accounts.rights import NotAllowed
from accounts.team.leaving import left_by
from developer import wording
from developer.keys import addresses, services
from developer.keys.services import MAC, KeyRequest
from developer.models import ApiKey, ValidationToken
from flipdash import clock, rls, sealing
from flipdash.models import Message
from tests import factories
from tests.twins import at_once

pytestmark = pytest.mark.django_db
MAIN = KeyRequest("API Secret Key")


@pytest.fixture
def inside(scope):
    with rls.inside(scope):
        yield scope


# --- How a key is written ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["live", "test"])
def test_a_key_tells_product_and_mode_and_checks_itself(mode):
    key = wording.new_key(mode)
    assert key.startswith(f"fd_{mode}_")
    assert len(key) == 8 + 12 + 43 + 6
    assert wording.public_part(key) == key[8:20]


def test_no_two_keys_are_the_same():
    assert len({wording.new_key("live") for _ in range(1_000)}) == 1_000


def test_a_key_with_one_character_changed_is_none():
    key = wording.new_key("live")
    for place in range(8, len(key)):
        other = "A" if key[place] != "A" else "B"
        with pytest.raises(wording.NotAKey):
            wording.public_part(key[:place] + other + key[place + 1 :])


@pytest.mark.parametrize("text", ["", "fd_live_", "fd_live_" + "é" * 61, "x" * 10_000, "fd_live_" + "A" * 61 + "\n"])
def test_other_texts_are_no_keys(text):
    with pytest.raises(wording.NotAKey):
        wording.public_part(text)


def test_a_text_is_masked_wherever_a_key_stands_in_it():
    key = wording.new_key("live")
    assert wording.masked(f'{{"a": "{key}", "b": "{key}"}}') == f'{{"a": "{key[:20]}…", "b": "{key[:20]}…"}}'


# --- Addresses -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("203.0.113.7", "203.0.113.7"),
        (" 203.0.113.0/24 ", "203.0.113.0/24"),
        ("203.0.113.7/32", "203.0.113.7"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("2001:db8:7::/48", "2001:db8:7::/48"),
    ],
)
def test_addresses_are_kept_in_one_spelling(written, kept):
    assert addresses.parse(written) == kept


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("example.com", ""),
        ("203.0.113", ""),
        ("203.0.113.256", ""),
        ("0.0.0.0/0", ""),
        ("::/0", ""),
        ("203.0.113.7/24", "203.0.113.0/24"),
        ("203.0.113.0/255.255.255.0", "203.0.113.0/24"),
        ("203.0.113.1 - 203.0.113.9", ""),
    ],
)
def test_what_is_no_address_is_refused_with_what_was_meant(written, hint):
    with pytest.raises(addresses.NotAnAddress) as refused:
        addresses.parse(written)
    assert refused.value.hint == hint


@pytest.mark.parametrize(
    ("address", "comes_in"),
    [
        ("203.0.113.7", True),
        ("203.0.113.8", False),
        ("::ffff:203.0.113.7", True),  # the same, as a socket of both versions writes it
        ("2001:db8:7::9", True),
        ("2001:db8:8::9", False),
        ("", False),
        ("unknown", False),
    ],
)
def test_a_list_admits_what_stands_in_it(address, comes_in):
    assert addresses.admits(["203.0.113.7", "2001:db8:7::/48"], address) is comes_in
    assert addresses.admits([], address)


# --- Making --------------------------------------------------------------------------------------------------


def test_of_a_live_key_only_a_keyed_hash_is_kept(inside):
    made, text = services.make_key(inside, MAIN)
    kept = ApiKey.objects.get(pk=made.pk)
    assert kept.sealed == ""
    assert sealing.is_mac(text, MAC, kept.mac)
    assert not sealing.is_mac(wording.new_key("live"), MAC, kept.mac)
    secret = text[20:]
    with connection.cursor() as cursor:
        cursor.execute("SELECT k::text FROM developer_apikey k")
        [(row,)] = cursor.fetchall()
    assert made.public in row
    assert secret not in row


def test_a_hash_made_by_an_older_sealing_key_still_fits(inside, settings):
    made, text = services.make_key(inside, MAIN)
    settings.SEALING_KEYS = (b"n" * 32, *settings.SEALING_KEYS)
    assert sealing.is_mac(text, MAC, made.mac)
    settings.SEALING_KEYS = (b"n" * 32,)
    assert not sealing.is_mac(text, MAC, made.mac)


def test_a_test_key_can_be_shown_again_and_that_is_told(admin, told):
    scope = admin.scope("test")
    with rls.inside(scope):
        made, text = services.make_key(scope, MAIN)
        assert services.show_key(scope, made.pk) == text
    assert [event.kind for event in told] == ["api-key.made", "api-key.shown"]


def test_a_live_key_can_be_shown_by_nobody(inside):
    made, _text = services.make_key(inside, MAIN)
    with pytest.raises(ApiKey.DoesNotExist):
        services.show_key(inside, made.pk)


def test_the_database_keeps_no_readable_live_key(inside):
    made, text = services.make_key(inside, MAIN)
    with pytest.raises(DatabaseError, match="keeps its identity"), transaction.atomic():
        ApiKey.objects.filter(pk=made.pk).update(sealed=sealing.seal(text, services.SEAL))
    row = {field.attname: getattr(made, field.attname) for field in ApiKey._meta.concrete_fields if field.name != "id"}
    with pytest.raises(DatabaseError, match="apikey_live_is_hashed_only"), transaction.atomic():
        ApiKey.objects.create(**{**row, "public": "A" * 12, "is_main": False, "sealed": "s1:x"})


@pytest.mark.parametrize(("hours", "left"), [(0, timedelta(0)), (1, timedelta(hours=1)), (168, timedelta(days=7))])
def test_the_old_key_ends_when_it_was_said(inside, hours, left):
    old, _text = services.make_key(inside, MAIN)
    new, _text = services.make_key(inside, KeyRequest("API Secret Key", grace_hours=hours))
    old.refresh_from_db()
    assert old.ends_at == pytest.approx(clock.now() + left, abs=timedelta(seconds=5))
    assert set(ApiKey.objects.good()) == ({old, new} if hours else {new})
    assert new.is_main
    assert not old.is_main


def test_a_change_that_breaks_off_leaves_the_old_key_working(inside, monkeypatch):
    old, _text = services.make_key(inside, MAIN)

    def die(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("developer.keys.services.events.record", die)
    with pytest.raises(KeyboardInterrupt):
        services.make_key(inside, MAIN)
    assert list(ApiKey.objects.good()) == [old]
    old.refresh_from_db()
    assert old.is_main


def test_an_ended_key_never_works_again(inside):
    made, _text = services.make_key(inside, MAIN)
    services.end_key(inside, made.pk)
    services.end_key(inside, made.pk)
    assert not ApiKey.objects.good().exists()
    with pytest.raises(DatabaseError, match="never later"), transaction.atomic():
        ApiKey.objects.filter(pk=made.pk).update(ends_at=None)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        ApiKey.objects.filter(pk=made.pk).delete()


def test_there_are_at_most_twenty_keys(inside):
    for number in range(services.MOST_KEYS):
        services.make_key(inside, KeyRequest(f"Key {number}", is_main=False))
    with pytest.raises(services.TooManyKeys):
        services.make_key(inside, KeyRequest("One more", is_main=False))


@pytest.mark.django_db(transaction=True)
def test_two_changes_at_once_leave_one_main_key(admin):
    scope = admin.scope("live")

    def change(number):
        with rls.inside(scope):
            return services.make_key(scope, MAIN)[0].pk

    made = at_once(4, change)
    with rls.inside(scope):
        assert [key.pk for key in ApiKey.objects.filter(is_main=True)] == [max(made)]
        assert ApiKey.objects.good().count() == 1


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.ADMIN, Role.DEVELOPER)])
def test_who_may_not_manage_the_api_makes_no_key(people, role):
    scope = people[role].scope("live")
    for act in (
        lambda: services.make_key(scope, MAIN),
        lambda: services.change_token(scope),
        lambda: services.show_token(scope),
    ):
        with rls.inside(scope), pytest.raises(NotAllowed), transaction.atomic():
            act()


def test_keys_of_others_are_out_of_reach(stranger, inside, admin):
    foreign = factories.make_key(stranger)
    other_mode = factories.make_key(admin, mode="test")
    for key in (foreign, other_mode):
        with pytest.raises(ApiKey.DoesNotExist):
            services.end_key(inside, key.pk)
    assert not ApiKey.objects.filter(pk__in=[foreign.pk, other_mode.pk]).exists()  # row level security, unscoped


def test_what_a_key_may_do_ends_before_approving_and_managing(inside):
    full = factories.make_key(inside.member).permissions
    read = factories.make_key(inside.member, access="read").permissions
    assert read == {Permission.VIEW_HISTORY}
    assert full == {Permission.VIEW_HISTORY, Permission.CREATE_TRANSACTIONS, Permission.REQUEST_REFUND}


def test_all_admins_are_told_of_each_change(people, told):
    scope = people[Role.DEVELOPER].scope("live")
    second = factories.make_member(scope.business, Role.ADMIN)
    with rls.inside(scope):
        services.make_key(scope, MAIN)
        made, text = services.make_key(scope, KeyRequest("API Secret Key", grace_hours=1))
        services.end_key(scope, made.pk)
        services.change_token(scope)
    mails = Message.objects.order_by("id")
    assert [mails.filter(to=admin.user.email).count() for admin in (second, people[Role.ADMIN])] == [4, 4]
    texts = " ".join(mails.values_list("text", flat=True))
    assert made.shown in texts
    assert "works on for 1 hour." in texts
    assert text[20:] not in texts + repr(told)


# --- The token -----------------------------------------------------------------------------------------------


def test_the_token_is_one_a_mode_sealed_and_stays_until_it_is_changed(admin):
    found = {}
    for mode in ("live", "test"):
        scope = admin.scope(mode)
        with rls.inside(scope):
            found[mode] = services.token(scope)
            assert services.token(scope) == services.show_token(scope) == found[mode]
            assert found[mode] not in ValidationToken.objects.get().sealed
            assert services.change_token(scope) != found[mode]
    assert found["live"] != found["test"]
    assert len(found["live"]) == 43


def test_the_function_finds_a_key_from_outside_and_only_a_good_one(admin):
    key = factories.make_key(admin)

    def find():
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, business_id, mode FROM developer_find_key(%s)", [key.public])
            return cursor.fetchall()

    assert find() == [(key.pk, admin.business_id, "live")]
    with rls.inside(admin.scope("live")):
        services.end_key(admin.scope("live"), key.pk)
    assert find() == []


def test_who_leaves_is_said_to_have_made_keys(people):
    developer = people[Role.DEVELOPER]
    factories.make_key(developer)
    scope = people[Role.ADMIN].scope("live")
    with rls.inside(scope):
        [left] = left_by(scope, developer)
        assert (left.count, left.url) == (1, "/developer/manage/")
        services.end_key(scope, ApiKey.objects.get().pk)
        assert left_by(scope, developer) == []
