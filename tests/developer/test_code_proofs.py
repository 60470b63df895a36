"""One-time codes of live keys under attack (trust: O1-O3). Only the provider is a fake.

In full numbers: OTP_GUESSES=200 OTP_REQUESTS=10000 make test ARGS=tests/developer/test_code_proofs.py
"""

import os
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import OtpChallenge, PhoneDevice
from accounts.permissions import Role
from accounts.phones import otp, senders
from developer.keys.services import KeyRequest
from developer.keys.views import ACT
from tests import factories
from tests.twins import at_once

pytestmark = pytest.mark.django_db
ASKED = KeyRequest("API Secret Key")
GUESSERS, GUESSES = 50, int(os.environ.get("OTP_GUESSES", "20"))
REQUESTS, CAP = int(os.environ.get("OTP_REQUESTS", "1000")), 100


class Provider:
    """Counts what each message would have cost, and where it went."""

    def __init__(self):
        self.sent = []

    def send(self, *, to, text, channel, language):
        self.sent.append((to, text[: otp.DIGITS]))


@pytest.fixture
def provider(monkeypatch):
    fake = Provider()
    monkeypatch.setattr(senders, "current", lambda: fake)
    return fake


def with_phone(member, number="+6281234567890"):
    PhoneDevice.objects.create(user=member.user, name="phone", number=number, confirmed_at=timezone.now())
    return member


def bound(member, *, mode="live", session="here", asked=ASKED, act=ACT):
    scope = member.scope(mode)
    return {"scope": scope, "user": member.user, "act": act, "act_digest": asked.digest(scope), "session_key": session}


def ask(member, **about):
    to = about.pop("to", None)
    return otp.challenge(**bound(member, **about), channel="sms", to=to)


@pytest.mark.django_db(transaction=True)
def test_fifty_guessers_compare_five_codes_and_none_gets_in(people, provider, monkeypatch):
    """As many different codes, among them the right one, all sent as fast as 50 threads can: trust.md O1."""
    developer = with_phone(people[Role.DEVELOPER])
    made, about, compared, compare = ask(developer), bound(developer), [], otp.constant_time_compare
    monkeypatch.setattr(otp, "constant_time_compare", lambda a, b: compared.append(b) or compare(a, b))
    right = int(provider.sent[0][1])
    codes = [f"{(right + 1 + number) % 10**6:06}" for number in range(GUESSERS * GUESSES - 1)] + [f"{right:06}"]

    outcomes = at_once(len(codes), lambda number: otp.verify(made.pk, codes[number], **about), at_a_time=GUESSERS)

    assert Counter(map(type, outcomes)) == {otp.WrongCode: 5, otp.Dead: len(codes) - 5}
    assert len(compared) == 5
    kept = OtpChallenge.objects.get()
    assert (kept.tries, kept.used_at) == (5, None)


def test_a_code_that_is_used_resent_foreign_or_of_the_other_mode_is_refused(people, provider):
    """trust.md O2: each of them once, and then the right one still works."""
    developer, colleague = with_phone(people[Role.DEVELOPER]), people[Role.ADMIN]
    first, early = ask(developer), provider.sent[-1][1]
    OtpChallenge.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    made, code = ask(developer), provider.sent[-1][1]
    refused = [
        (first, early, bound(developer)),
        (made, code, bound(colleague)),
        (made, code, bound(developer, mode="test")),
        (made, code, bound(developer, session="elsewhere")),
        (made, code, bound(developer, asked=KeyRequest("Other", is_main=False))),
        (made, code, bound(developer, act="phone.verify")),
    ]
    for challenge, typed, about in refused:
        with pytest.raises(otp.Dead):
            otp.verify(challenge.pk, typed, **about)
    assert otp.verify(made.pk, code, **bound(developer))
    with pytest.raises(otp.Dead):
        otp.verify(made.pk, code, **bound(developer))


@pytest.mark.django_db(transaction=True)
def test_thousands_of_hostile_requests_cost_the_days_cap_at_most(provider, settings):
    """People of three businesses, some with a phone of their own, some abroad, some with none: trust.md O3."""
    settings.OTP_DAILY_CAP = CAP
    people = []
    for number in range(3):
        business = factories.make_business(f"Pumper {number}")
        people += [
            with_phone(factories.make_member(business, Role.DEVELOPER), f"+62813{number}{place:04}00{number}")
            for place in range(40)
        ]
    ways = {
        0: lambda number: ask(people[number % len(people)]),
        1: lambda number: ask(people[number % len(people)], to=f"+8816{number:08}"),  # a satellite, dear
        2: lambda number: ask(people[number % len(people)], to=f"+6590{number:06}"),
        3: lambda number: ask(people[number % len(people)], to=f"+1900{number:07}"),
    }

    outcomes = at_once(REQUESTS, lambda number: ways[number % 4](number // 4), at_a_time=8)

    assert len(provider.sent) == OtpChallenge.objects.count() == CAP
    assert all(to.startswith("+62") for to, _code in provider.sent)
    kinds = Counter(map(type, outcomes))
    assert kinds[OtpChallenge] == CAP
    assert kinds[otp.Limited] == REQUESTS // 4 - CAP
    assert kinds[otp.Refused] == REQUESTS * 3 // 4
