"""One-time codes: five tries, one use, bound to everything; limits that hold; senders (trust: O1-O5)."""

import logging
import os
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import OtpChallenge, PhoneDevice
from accounts.permissions import Role
from accounts.phones import otp, senders
from flipdash.models import Message
from tests import factories
from tests.twins import at_once

pytestmark = pytest.mark.django_db
NUMBER = "+6281234567890"
KEY = "session-one"


class Counting:
    """A provider that counts what it was given and remembers the codes."""

    def __init__(self):
        self.sent = []

    def send(self, *, to, text, channel, language):
        self.sent.append((to, channel, text))

    @property
    def code(self):
        return self.sent[-1][2][:6]


FLOOD = int(os.environ.get("OTP_FLOOD", "600"))
GUESSES = int(os.environ.get("OTP_GUESSES", "200"))


@pytest.fixture
def provider(monkeypatch):
    counting = Counting()
    monkeypatch.setattr(senders, "current", lambda: counting)
    return counting


@pytest.fixture
def rina(admin):
    PhoneDevice.objects.create(user=admin.user, name="phone", number=NUMBER, confirmed_at=timezone.now())
    return admin


def ask(member, *, mode="live", act="key.reveal", digest="d1", session=KEY, channel="sms", to=None):
    return otp.challenge(
        member.scope(mode), member.user, act=act, act_digest=digest, session_key=session, channel=channel, to=to
    )


def take(member, made, code, *, mode="live", act="key.reveal", digest="d1", session=KEY, user=None):
    return otp.verify(
        made.pk,
        code,
        scope=member.scope(mode),
        user=user or member.user,
        act=act,
        act_digest=digest,
        session_key=session,
    )


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06}"


def age(**by):
    """Let the codes that were sent so far be older."""
    for made in OtpChallenge.objects.all():
        made.created_at -= timedelta(**by)
        made.expires_at -= timedelta(**by)
        made.save()


# --- Taking (O1, O2) -----------------------------------------------------------------------------------------


def test_the_right_code_works_once(rina, provider):
    made = ask(rina)
    assert take(rina, made, provider.code)
    with pytest.raises(otp.Dead):
        take(rina, made, provider.code)


def test_the_code_is_kept_as_a_mac_of_its_own_row(rina, provider):
    made = ask(rina)
    assert provider.code not in str(OtpChallenge.objects.values().get())
    first = made.code_mac
    age(minutes=2)
    other = ask(rina, digest="d2")
    OtpChallenge.objects.filter(pk=other.pk).update(code_mac=first)
    with pytest.raises(otp.WrongCode):
        take(rina, other, provider.sent[0][2][:6], digest="d2")


def test_five_wrong_tries_kill_it(rina, provider):
    made = ask(rina)
    for _ in range(5):
        with pytest.raises(otp.WrongCode):
            take(rina, made, wrong(provider.code))
    with pytest.raises(otp.Dead):
        take(rina, made, provider.code)


@pytest.mark.parametrize(
    "other",
    [{"act": "phone.verify"}, {"digest": "d2"}, {"mode": "test"}, {"session": "session-two"}, {"user": "maker"}],
)
def test_it_is_good_for_its_own_act_mode_session_and_person_only(rina, kopi_kita, provider, other):
    made = ask(rina)
    if "user" in other:
        other = {"user": factories.make_member(kopi_kita, Role.MAKER).user}
    with pytest.raises(otp.Dead):
        take(rina, made, provider.code, **other)
    assert take(rina, made, provider.code), "it wasn't even tried"


def test_another_businesss_challenge_is_dead(rina, stranger, provider):
    made = ask(rina)
    with pytest.raises(otp.Dead):
        take(stranger, made, provider.code, user=rina.user)


def test_it_dies_after_five_minutes(rina, provider):
    made = ask(rina)
    age(minutes=4, seconds=50)
    assert OtpChallenge.objects.filter(expires_at__gt=timezone.now()).exists()
    age(seconds=20)
    with pytest.raises(otp.Dead):
        take(rina, made, provider.code)


def test_a_resend_kills_the_old_one(rina, provider):
    first, code = ask(rina), provider.code
    age(seconds=61)
    second = ask(rina)
    with pytest.raises(otp.Dead):
        take(rina, first, code)
    assert take(rina, second, provider.code)


@pytest.mark.parametrize("written", ["not-a-uuid", "", "00000000-0000-0000-0000-000000000000"])
def test_a_challenge_that_isnt_one_is_dead(rina, written):
    with pytest.raises(otp.Dead):
        otp.verify(
            written, "123456", scope=rina.scope("live"), user=rina.user, act="a", act_digest="d", session_key=KEY
        )


@pytest.mark.django_db(transaction=True)
def test_guessing_in_parallel_compares_five(rina, provider, monkeypatch):
    """trust: O1, with 20 threads and 200 guesses, over a pool of connections. OTP_GUESSES=10000 makes it 50 × 200."""
    made, compared = ask(rina), []
    compare = otp.constant_time_compare
    monkeypatch.setattr(otp, "constant_time_compare", lambda a, b: compared.append(1) or compare(a, b))
    bad = wrong(provider.code)
    outcomes = at_once(GUESSES, lambda _: take(rina, made, bad), at_a_time=20)
    assert len(compared) == 5
    assert sum(isinstance(one, otp.WrongCode) for one in outcomes) == 5
    assert sum(isinstance(one, otp.Dead) for one in outcomes) == GUESSES - 5


@pytest.mark.django_db(transaction=True)
def test_the_right_code_many_times_at_once_works_once(rina, provider):
    """trust: O2."""
    made, code = ask(rina), provider.code
    outcomes = at_once(5, lambda _: take(rina, made, code))
    assert outcomes.count(True) == 1
    assert sum(isinstance(one, otp.Dead) for one in outcomes) == 4


# --- Limits (O3) ---------------------------------------------------------------------------------------------


def test_it_goes_to_the_persons_own_verified_number_only(rina, provider):
    ask(rina)
    assert provider.sent[0][:2] == (NUMBER, "sms")
    PhoneDevice.objects.update(confirmed=False)
    with pytest.raises(otp.Refused, match="no verified phone"):
        ask(rina, act="other")


def test_other_countries_get_none(rina, provider, settings):
    with pytest.raises(otp.Refused, match="this country"):
        ask(rina, to="+6581234567")
    settings.OTP_COUNTRIES = ["ID", "SG"]
    ask(rina, to="+6581234567")


def test_a_person_gets_one_a_minute_five_an_hour_ten_a_day(rina, provider):
    ask(rina)
    with pytest.raises(otp.Limited, match="a minute"):
        ask(rina, act="another")
    for _ in range(4):
        age(seconds=61)
        ask(rina)
    age(seconds=61)
    with pytest.raises(otp.Limited, match="within an hour"):
        ask(rina)
    age(hours=1)
    for _ in range(5):
        ask(rina)
        age(seconds=61)
    age(hours=1)
    with pytest.raises(otp.Limited, match="today"):
        ask(rina)
    age(hours=24)
    ask(rina)
    assert len(provider.sent) == 11


def sent_before(rina, count, *, business=None, to="+628111111{:04}", used=0, minutes=30):
    """Codes that others were sent."""
    other = factories.make_member(business or rina.business, Role.MAKER)
    at = timezone.now() - timedelta(minutes=minutes)
    OtpChallenge.objects.bulk_create(
        OtpChallenge(
            business=other.business,
            mode="live",
            user=other.user,
            act="x",
            act_digest="d",
            session_hash="s",
            channel="sms",
            to=to.format(number),
            code_mac="m",
            created_at=at,
            expires_at=at + timedelta(minutes=5),
            used_at=at if number < used else None,
        )
        for number in range(count)
    )


def test_a_range_of_numbers_a_business_and_all_together_are_limited(rina, provider, toko_sebelah, settings):
    sent_before(rina, 20, to="+628123456{:04}", business=toko_sebelah)
    with pytest.raises(otp.Limited):
        ask(rina)
    OtpChallenge.objects.all().delete()
    sent_before(rina, 60, to="+62811{:04}1111", used=60)
    with pytest.raises(otp.Limited):
        ask(rina)
    OtpChallenge.objects.all().delete()
    settings.OTP_DAILY_CAP = 30
    sent_before(rina, 30, to="+62811{:04}1111", business=toko_sebelah, used=30, minutes=300)
    with pytest.raises(otp.Limited):
        ask(rina)
    settings.OTP_DAILY_CAP = 31
    ask(rina)


def test_the_breaker_opens_when_few_codes_come_back(rina, provider, toko_sebelah):
    sent_before(rina, 50, to="+62811{:04}1111", business=toko_sebelah, used=9)
    with pytest.raises(otp.Limited):
        ask(rina)
    OtpChallenge.objects.filter(used_at=None).first().delete()
    OtpChallenge.objects.filter(used_at=None).update(used_at=timezone.now())
    ask(rina)


@pytest.mark.django_db(transaction=True)
def test_a_flood_of_requests_sends_what_the_caps_allow(kopi_kita, provider, settings):
    """trust: O3; scaled: 600 requests of 30 people on 12 threads, a cap of 25. OTP_FLOOD=10000 asks as often."""
    settings.OTP_DAILY_CAP = 25
    people = [factories.make_member(kopi_kita, Role.MAKER) for _ in range(30)]
    for number, member in enumerate(people):
        PhoneDevice.objects.create(user=member.user, name="phone", number=f"+62812{number:04}1234")
    outcomes = at_once(FLOOD, lambda number: ask(people[number % 30]), at_a_time=12)
    assert len(provider.sent) == OtpChallenge.objects.count() == 25
    assert sum(isinstance(one, otp.Limited) for one in outcomes) == FLOOD - 25


# --- Senders (O4, O5) ----------------------------------------------------------------------------------------


def test_without_twilio_the_outbox_shows_it(rina):
    ask(rina, channel="whatsapp")
    message = Message.objects.get()
    assert (message.channel, message.to, message.status) == ("whatsapp", NUMBER, "sent")
    assert "FlipDash code" in message.text


def test_in_production_without_twilio_nothing_is_sent(rina, settings):
    settings.OUTBOX = False
    with pytest.raises(otp.NotDelivered):
        ask(rina)
    assert not Message.objects.exists()


@pytest.fixture
def twilio(settings, monkeypatch):
    """Twilio's settings, and what its client would send."""
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "AC1", "secret-token"
    settings.TWILIO_SMS_FROM = settings.TWILIO_WHATSAPP_FROM = "+15550001111"
    calls = []

    class Session:
        answer = None

        def mount(self, *args):
            pass

        def prepare_request(self, request):
            calls.append(request)
            return request

        def merge_environment_settings(self, *args):
            return {}

        def send(self, request, *, timeout, **options):
            calls.append(timeout)
            return self.answer()

    session = Session()
    monkeypatch.setattr("twilio.http.http_client.Session", lambda: session)
    return session, calls


def answer(status, text):
    from requests import Response

    def make():
        response = Response()
        response.status_code, response._content = status, text.encode()
        return response

    return make


@pytest.mark.parametrize(("channel", "prefix"), [("sms", ""), ("whatsapp", "whatsapp:")])
def test_twilio_is_asked_with_a_time_limit(rina, twilio, channel, prefix):
    session, calls = twilio
    session.answer = answer(201, '{"sid": "SM1"}')
    ask(rina, channel=channel)
    request, timeout = calls
    assert request.data["To"] == f"{prefix}{NUMBER}"
    assert request.data["From"] == f"{prefix}+15550001111"
    assert 0 < timeout * 2 < 10, "connecting and waiting together"
    assert not Message.objects.exists()


@pytest.mark.parametrize("status", [429, 500, 400])
def test_when_twilio_fails_the_other_channel_is_offered_and_nothing_leaks(rina, twilio, caplog, status):
    """trust: O4, O5."""
    session, calls = twilio
    session.answer = answer(status, '{"message": "no", "code": 1}')
    with caplog.at_level(logging.INFO), pytest.raises(otp.NotDelivered) as problem:
        ask(rina)
    assert problem.value.other == "whatsapp"
    assert "WhatsApp" in str(problem.value)
    code = calls[0].data["Body"][:6]
    assert code not in caplog.text
    assert NUMBER not in caplog.text
    assert "secret-token" not in caplog.text
    assert OtpChallenge.objects.get().superseded_at, "what never left can't be used"


def test_a_twilio_that_does_not_answer_is_a_friendly_refusal(rina, twilio):
    from requests import ConnectTimeout

    session, _calls = twilio

    def never():
        raise ConnectTimeout("slow")

    session.answer = never
    with pytest.raises(otp.NotDelivered):
        ask(rina)


def test_no_code_is_in_the_logs_of_a_whole_round(rina, provider, caplog):
    """trust: O5."""
    with caplog.at_level(logging.DEBUG):
        made = ask(rina)
        take(rina, made, provider.code)
    assert provider.code not in caplog.text
