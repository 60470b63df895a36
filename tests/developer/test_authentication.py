"""Who calls the merchant API (trust: K1, K3, K4, S6, W3)."""

import base64
from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone

from developer import wording
from developer.api.authentication import Unauthorized, admitted, is_from_elsewhere, note_use
from developer.keys import services
from developer.keys.services import KeyRequest
from developer.models import ApiKey
from flipdash import rls
from flipdash.actors import ActorKind
from flipdash.mode import Mode
from tests import factories

pytestmark = pytest.mark.django_db


def make(member, mode="live", **asked):
    scope = member.scope(mode)
    with rls.inside(scope):
        return services.make_key(scope, KeyRequest("Shop", is_main=False, **asked))


def basic(text):
    return base64.b64encode(text.encode()).decode()


def ask(header, *, mode=Mode.LIVE, address="203.0.113.7"):
    """Return the scope that a header gets, and the keys that are to be seen inside of it."""
    given = {} if header is None else {"HTTP_AUTHORIZATION": header}
    request = RequestFactory().get("/api/v3/general/balance", REMOTE_ADDR=address, HTTP_USER_AGENT="curl/8", **given)
    with admitted(request, mode) as scope:
        note_use(scope, request)
        return scope, list(ApiKey.objects.all())


@pytest.mark.parametrize("shape", ["Basic {}", "basic {}", "BASIC  {}", " Basic {} "])
@pytest.mark.parametrize("password", [":", "", ":anything", "::", ":é".encode().decode("ascii", "ignore") + ":"])
def test_the_user_name_is_the_key_and_the_password_doesnt_matter(admin, shape, password):
    key, text = make(admin)
    scope, seen = ask(shape.format(basic(text + password)))
    assert (scope.business, scope.mode, scope.via) == (admin.business, Mode.LIVE, "api")
    assert (scope.address, scope.agent) == ("203.0.113.7", "curl/8")
    assert (scope.actor.kind, scope.actor.id, scope.actor.name) == (ActorKind.KEY, key.pk, "Shop")
    assert seen == [key]


def wrong_headers(text):
    return [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        f"Bearer {text}",
        f"Basic {text}",
        f"Basic {basic(text)[:-5]}",
        f"Basic {basic(text[:-1] + ':')}",
        f"Basic {basic(':' + text)}",
        f"Basic {basic(text.lower() + ':')}",
        f"Basic {basic(text + chr(0) + ':')}",
        "Basic " + base64.b64encode(bytes([255, 254]) + text.encode()).decode(),
        f"Basic {basic('x' * 900)}",
        "Basic " + "A" * 1_000_000,
        f"Basic {basic(wording.new_key('live') + ':')}",
    ]


@pytest.mark.parametrize("number", range(len(wrong_headers(""))))
def test_whatever_is_wrong_gets_the_same_words(admin, number):
    _key, text = make(admin)
    with pytest.raises(Unauthorized, match=r"^Your request was made with invalid credentials\.$"):
        ask(wrong_headers(text)[number])


def test_the_right_name_with_another_secret_is_refused(admin):
    key, _text = make(admin)
    other = wording.new_key("live")
    body = wording.PREFIXES[Mode.LIVE] + key.public + other[20:-6]
    forged = body + wording._check(body)
    assert wording.public_part(forged) == key.public
    with pytest.raises(Unauthorized):
        ask(f"Basic {basic(forged + ':')}")


def test_keys_of_the_two_modes_refuse_each_others_path(admin):
    for own, other in ((Mode.LIVE, Mode.TEST), (Mode.TEST, Mode.LIVE)):
        _key, text = make(admin, own)
        assert ask(f"Basic {basic(text + ':')}", mode=own)[0].mode == own
        with pytest.raises(Unauthorized):
            ask(f"Basic {basic(text + ':')}", mode=other)


def test_an_ended_key_and_one_past_its_last_day_are_refused(admin):
    key, text = make(admin)
    _late, late_text = make(admin, ends_at=(timezone.now() + timedelta(hours=1)).isoformat())
    _over, over_text = make(admin, ends_at=(timezone.now() - timedelta(seconds=1)).isoformat())
    scope = admin.scope("live")
    with rls.inside(scope):
        services.end_key(scope, key.pk)
    assert ask(f"Basic {basic(late_text + ':')}")
    for ended in (text, over_text):
        with pytest.raises(Unauthorized):
            ask(f"Basic {basic(ended + ':')}")


@pytest.mark.parametrize(
    ("address", "comes_in"), [("203.0.113.7", True), ("::ffff:203.0.113.7", True), ("203.0.113.8", False)]
)
def test_a_key_comes_from_its_addresses_only(admin, address, comes_in):
    _key, text = make(admin, allowed_addresses=("203.0.113.7",))
    scope, _seen = ask(f"Basic {basic(text + ':')}", address=address)
    assert is_from_elsewhere(scope) is not comes_in


def test_an_address_that_the_client_names_itself_is_not_believed(admin):
    _key, text = make(admin, allowed_addresses=("203.0.113.7",))
    request = RequestFactory().get(
        "/api/v3/general/balance",
        REMOTE_ADDR="198.51.100.1",
        HTTP_X_FORWARDED_FOR="203.0.113.7",
        HTTP_AUTHORIZATION=f"Basic {basic(text + ':')}",
    )
    with admitted(request, Mode.LIVE) as scope:
        assert is_from_elsewhere(scope)


@pytest.mark.parametrize(("listed", "is_refused"), [((), False), (("203.0.113.7",), True)])
def test_a_call_whose_address_nobody_knows_comes_in_only_where_none_is_listed(admin, listed, is_refused):
    """What proxies forward may make no sense; that answered a page for people."""
    key, text = make(admin, allowed_addresses=listed)
    scope, _seen = ask(f"Basic {basic(text + ':')}", address="")
    assert (scope.address, is_from_elsewhere(scope)) == ("", is_refused)
    with rls.inside(admin.scope("live")):
        key.refresh_from_db()
    assert key.last_used_from is None


def test_the_last_use_is_noted_once_a_minute(admin, django_assert_num_queries):
    key, text = make(admin)
    header = f"Basic {basic(text + ':')}"
    ask(header)
    with rls.inside(admin.scope("live")):
        key.refresh_from_db()
    assert (key.last_used_from, key.last_used_for) == ("203.0.113.7", "GET /api/v3/general/balance")
    ask(header, address="203.0.113.9")
    with rls.inside(admin.scope("live")):
        key.refresh_from_db()
    assert key.last_used_from == "203.0.113.7"


def test_outside_of_the_call_nothing_of_the_business_is_seen(admin, stranger):
    _key, text = make(admin)
    factories.make_key(stranger)
    ask(f"Basic {basic(text + ':')}")
    assert ApiKey.objects.count() == 0


def test_a_call_is_admitted_in_few_statements(admin, django_assert_num_queries):
    _key, text = make(admin)
    with django_assert_num_queries(6):  # whose key, inside, key and business, its last use, what is seen, outside
        ask(f"Basic {basic(text + ':')}")
