"""Developer → Manage API, as a developer meets it (product.md §7; trust: O1-O5, K1, §1.7)."""

import re

import pytest
from django.utils import timezone

from accounts.models import OtpChallenge, PhoneDevice
from accounts.permissions import Role
from accounts.sign_in import second_factor
from accounts.sign_in.reauthentication import REAUTHENTICATED_AT
from developer.models import ApiKey
from flipdash import clock, rls
from flipdash.models import Message
from tests import factories

pytestmark = pytest.mark.django_db
NUMBER = "+6281234567890"
MANAGE, CHANGE, CHANNEL, CODE = (f"/developer/manage/{rest}" for rest in ("", "key/", "keys/channel/", "keys/code/"))
KEY = re.compile(r"fd_(?:live|test)_[0-9A-Za-z]{61}")


@pytest.fixture
def developer(people):
    member = people[Role.DEVELOPER]
    PhoneDevice.objects.create(user=member.user, name="phone", number=NUMBER, confirmed_at=timezone.now())
    return member


@pytest.fixture
def page(client_of, developer):
    """The developer's browser, with the password typed a moment ago."""
    return proved(client_of(developer))


def proved(client):
    session = client.session
    session[REAUTHENTICATED_AT] = clock.now().timestamp()
    session.save()
    return client


def code_sent() -> str:
    return Message.objects.filter(channel="sms").latest("id").text[:6]


def text_of(response) -> str:
    return response.content.decode()


def keys_of(member, mode="live"):
    with rls.inside(member.scope(mode)):
        return list(ApiKey.objects.order_by("id"))


def generate(page) -> str:
    """Walk from Generate Key to the key, by SMS."""
    page.post(CHANGE, {"grace": "0"})
    page.post(CHANNEL, {"channel": "sms"})
    [key] = set(KEY.findall(text_of(page.post(CODE, {"code": code_sent()}))))
    return key


def test_both_modes_stand_apart(page):
    live, test = text_of(page.get(MANAGE)), text_of(page.get("/test" + MANAGE))
    assert "Live Mode/Production" in live
    assert "Test Mode/Sandbox" in test
    assert "Test Mode/Sandbox" not in live


def test_a_live_key_is_made_by_a_code_and_shown_once(page, developer):
    assert page.get(CHANGE).headers["Location"] == CHANNEL
    asked = text_of(page.get(CHANNEL))
    assert "WhatsApp" in asked
    assert "SMS" in asked
    assert "Authenticator app" not in asked
    assert page.post(CHANNEL, {"channel": "sms"}).headers["Location"] == CODE
    answer = page.post(CODE, {"code": code_sent()})
    key = generate_found(answer)
    assert "no-store" in answer.headers["Cache-Control"]
    assert "won’t be shown again" in text_of(answer)
    [kept] = keys_of(developer)
    assert kept.shown in text_of(page.get(MANAGE))
    assert key not in text_of(page.get(MANAGE))
    assert key not in text_of(page.get(CODE, follow=True))
    assert page.post(f"/developer/manage/keys/{kept.pk}/text/").status_code == 404


def generate_found(answer) -> str:
    [key] = set(KEY.findall(text_of(answer)))
    return key


def test_a_test_key_is_made_at_once_and_shown_again(page, developer):
    assert "Generate Key" in text_of(page.get("/test" + MANAGE))
    key = generate_found(page.post("/test" + CHANGE, {"grace": "0"}))
    [kept] = keys_of(developer, "test")
    assert key not in text_of(page.get("/test" + MANAGE))
    assert key in text_of(page.post(f"/test/developer/manage/keys/{kept.pk}/text/"))


def test_changing_asks_what_happens_to_the_old_key(page, developer):
    generate(page)
    asked = text_of(page.get(CHANGE))
    for words in ("ends at once", "works on for 1 hour", "works on for 24 hours", "works on for 7 days"):
        assert words in asked
    page.post(CHANGE, {"grace": "24"})
    page.post(CHANNEL, {"channel": "whatsapp"})
    wait_over(developer)
    page.post(CHANNEL, {"channel": "sms"})
    page.post(CODE, {"code": code_sent()})
    old, new = keys_of(developer)
    assert (old.is_main, new.is_main) == (False, True)
    shown = text_of(page.get(MANAGE))
    assert f'id="end-{old.pk}"' in shown
    assert "data-countdown" in shown
    page.post(f"/developer/manage/keys/{old.pk}/end/")
    assert f'id="end-{old.pk}"' not in text_of(page.get(MANAGE))


def wait_over(member) -> None:
    """Let the minute between two codes pass."""
    OtpChallenge.objects.filter(user=member.user).update(created_at=timezone.now() - timezone.timedelta(minutes=2))


@pytest.mark.parametrize("grace", ["", "2", "-1", "169", "soon"])
def test_another_time_for_the_old_key_is_refused_beside_the_field(page, developer, grace):
    generate(page)
    answer = page.post(CHANGE, {"grace": grace})
    assert answer.status_code == 200
    assert "field--bad" in text_of(answer)
    assert len(keys_of(developer)) == 1


def test_the_authenticator_app_is_a_third_way(page, developer):
    secret = second_factor.new_secret()
    second_factor.add_app(developer.user, secret, 0)
    page.get(CHANGE)
    assert "Authenticator app" in text_of(page.get(CHANNEL))
    page.post(CHANNEL, {"channel": "app"})
    assert not OtpChallenge.objects.exists()
    assert "wrong" in text_of(page.post(CODE, {"code": "000000"}))
    assert keys_of(developer) == []
    answer = page.post(CODE, {"code": factories.code_of(secret)})
    assert generate_found(answer)


def test_who_has_no_phone_and_no_app_is_led_to_verify_one(client_of, people):
    page = proved(client_of(people[Role.ADMIN]))
    page.get(CHANGE)
    shown = text_of(page.get(CHANNEL))
    assert "no verified phone" in shown
    assert 'value="sms"' not in shown
    page.post(CHANNEL, {"channel": "sms"})
    assert not OtpChallenge.objects.exists()


# --- Codes that don't make a key -----------------------------------------------------------------------------


def test_a_used_code_makes_no_second_key(page, developer):
    generate(page)
    code = code_sent()
    page.post(CHANGE, {"grace": "0"})
    session = page.session
    made = OtpChallenge.objects.latest("created_at")
    session["api_key_waiting_live"] = {**session["api_key_waiting_live"], "channel": "sms", "challenge": str(made.pk)}
    session.save()
    assert "no longer valid" in text_of(page.post(CODE, {"code": code}))
    assert len(keys_of(developer)) == 1


def test_a_resent_code_ends_the_one_before(page, developer):
    page.get(CHANGE)
    page.post(CHANNEL, {"channel": "sms"})
    first = code_sent()
    wait_over(developer)
    page.post(CHANNEL, {"channel": "sms"})
    if first != code_sent():
        assert "isn’t the code" in text_of(page.post(CODE, {"code": first}))
    assert keys_of(developer) == []


def test_a_code_for_one_key_makes_no_other(page, developer):
    page.get(CHANGE)
    page.post(CHANNEL, {"channel": "sms"})
    session = page.session
    waiting = session["api_key_waiting_live"]
    session["api_key_waiting_live"] = {**waiting, "asked": {**waiting["asked"], "is_main": False, "name": "Mine"}}
    session.save()
    assert "no longer valid" in text_of(page.post(CODE, {"code": code_sent()}))
    assert keys_of(developer) == []


def test_a_code_of_another_person_or_session_makes_no_key(page, developer, client_of, people):
    page.get(CHANGE)
    page.post(CHANNEL, {"channel": "sms"})
    waiting = page.session["api_key_waiting_live"]
    for member in (people[Role.ADMIN], developer):
        other = proved(client_of(member))
        session = other.session
        session["api_key_waiting_live"] = waiting
        session.save()
        assert "no longer valid" in text_of(other.post(CODE, {"code": code_sent()}))
    assert keys_of(developer) == []


def test_five_wrong_codes_end_it(page, developer):
    page.get(CHANGE)
    page.post(CHANNEL, {"channel": "sms"})
    right = code_sent()
    wrong = "000000" if right != "000000" else "000001"
    for _ in range(5):
        page.post(CODE, {"code": wrong})
    assert "no longer valid" in text_of(page.post(CODE, {"code": right}))
    assert keys_of(developer) == []


def test_a_code_that_could_not_be_sent_says_what_else_to_try(page, developer):
    page.get(CHANGE)
    page.post(CHANNEL, {"channel": "sms"})
    answer = text_of(page.post(CHANNEL, {"channel": "sms"}))
    assert "less than a minute ago" in answer
    assert "WhatsApp" in answer


# --- What comes before ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [CHANGE, CHANNEL, CODE, "/developer/manage/keys/new/", "/developer/manage/token/"])
def test_the_password_comes_first(client_of, developer, address):
    browser = client_of(developer)
    assert "/re-authentication/" in browser.get(address).headers["Location"]
    assert browser.post(address, {"grace": "0", "channel": "sms"}).status_code == 403
    assert browser.post("/test" + address, {"grace": "0"}).status_code == 403
    assert keys_of(developer) == keys_of(developer, "test") == []


def test_a_maker_sees_no_developer_menu(client_of, people):
    browser = client_of(people[Role.MAKER])
    assert browser.get(MANAGE).status_code == 403
    assert "Manage API" not in text_of(browser.get("/money-transfers/"))


# --- Keys beside the main one --------------------------------------------------------------------------------


def test_a_key_is_added_with_name_access_addresses_and_end(page, developer):
    last = timezone.localdate() + timezone.timedelta(days=30)
    asked = {
        "name": "Toko <b>online</b>",
        "access": "read",
        "allowed_addresses": "203.0.113.7\n2001:DB8:7::/48\n203.0.113.7",
        "ends_on": last.isoformat(),
    }
    page.post("/test/developer/manage/keys/new/", asked)
    [key] = keys_of(developer, "test")
    assert (key.access, key.allowed_addresses) == ("read", ["203.0.113.7", "2001:db8:7::/48"])
    assert (
        f"{key.ends_at.astimezone(developer.scope('test').zone):%Y-%m-%d %H:%M}"
        == f"{last + timezone.timedelta(1)} 00:00"
    )
    shown = text_of(page.get("/test" + MANAGE))
    assert "Toko &lt;b&gt;online&lt;/b&gt;" in shown
    assert "203.0.113.7, 2001:db8:7::/48" in shown


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("allowed_addresses", "example.com", "“example.com” is no IP address or range."),
        ("allowed_addresses", "203.0.113.7/24", "Did you mean 203.0.113.0/24?"),
        ("allowed_addresses", "\n".join(f"203.0.113.{n}" for n in range(60)), "at most 50 addresses"),
        ("ends_on", "2020-01-01", "from today on"),
        ("ends_on", "2099-02-30", "valid date"),
        ("name", "", "required"),
        ("name", "x" * 51, "at most 50"),
        ("access", "everything", "everything"),
    ],
)
def test_a_wrong_key_is_refused_beside_its_field_and_nothing_is_lost(page, developer, field, value, words):
    asked = {"name": "Shop", "access": "full", "allowed_addresses": "", "ends_on": "", field: value}
    answer = text_of(page.post("/test/developer/manage/keys/new/", asked))
    assert words in answer
    if field != "name":
        assert 'value="Shop"' in answer
    assert keys_of(developer, "test") == []


# --- The token -----------------------------------------------------------------------------------------------


def test_the_token_is_shown_in_both_modes_and_in_live_mode_after_the_password(client_of, developer):
    browser = client_of(developer)
    assert "Copy Validation Token" in text_of(browser.post("/test/developer/manage/token/text/"))
    assert browser.post("/developer/manage/token/text/").status_code == 403
    assert "Copy Validation Token" in text_of(proved(browser).post("/developer/manage/token/text/"))


def test_the_token_changes_after_a_question(page):
    before = re.search(r'data-copy="([\w-]{43})"', text_of(page.post("/developer/manage/token/text/")))[1]
    assert "callbacks carry the new token" in text_of(page.get("/developer/manage/token/"))
    after = re.search(r'data-copy="([\w-]{43})"', text_of(page.post("/developer/manage/token/")))[1]
    assert after != before
