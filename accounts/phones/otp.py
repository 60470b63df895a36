"""One-time codes to phones (design.md §7, trust.md §3 and O1-O5).

`challenge` sends a code for one act of one person in one mode and session; `verify` takes it once. The act's digest
says what exactly is to be done, so that a code asked for one thing can't be spent on another. All counting is in
Postgres: it holds when Redis is gone, and for any number of processes.
"""

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import translation
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from accounts.models import OtpChallenge, PhoneDevice, User
from accounts.models.phones import MOST_TRIES
from accounts.phones import numbers as phones
from accounts.phones import senders
from flipdash import clock, db
from flipdash.scope import Scope

LIFE = timedelta(minutes=5)
DIGITS = 6
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

PER_USER = ((timedelta(seconds=60), 1), (HOUR, 5), (DAY, 10))
"""How many codes one person may ask for within which time."""
PER_RANGE = ((HOUR, 20),)
"""For numbers that differ in the last four digits only: who pumps SMS owns ranges of numbers."""
RANGE_DIGITS = 4
PER_BUSINESS = ((HOUR, 60), (DAY, 200))
BREAKER_SAMPLE, BREAKER_SHARE = 50, 0.2
"""The breaker opens when of at least 50 codes of the last hour fewer than a fifth were used."""


class Refused(Exception):
    """No code was sent; the words say why and what to do."""


class Limited(Refused):
    """Too many codes were asked for."""


class NotDelivered(Refused):
    """The provider didn't take the message; `other` is the channel to try."""

    def __init__(self, words: str, other: str) -> None:
        super().__init__(words)
        self.other = other


class Wrong(Exception):
    """The code isn't right, or not good any more; the words say which where that reveals nothing."""


class WrongCode(Wrong):
    """Another try is left."""


class Dead(Wrong):
    """The challenge is used, too old, replaced, tried too often or another's: only a new code helps."""


def digest_of(*parts: Any) -> str:
    """Return the digest of what exactly an act does, for `act_digest`."""
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()


def verified_number(user: User) -> str | None:
    """Return the person's own verified number as E.164."""
    device = PhoneDevice.objects.devices_for_user(user, confirmed=True).first()
    return device and device.number


def countries() -> list[str]:
    """Return the countries that codes are sent to, by their two letters."""
    return settings.OTP_COUNTRIES


# --- Sending -------------------------------------------------------------------------------------------------


def challenge(
    scope: Scope, user: User, *, act: str, act_digest: str, session_key: str, channel: str, to: str | None = None
) -> OtpChallenge:
    """Send a code to the person's verified number and return its challenge; an earlier one for the act is dead.

    `to` is another number only for proving that it is the person's own. Not inside a transaction: the provider is
    called after the commit. Raises Limited, NotDelivered, Refused.
    """
    number = to or verified_number(user)
    if number is None:
        raise Refused(_("You have no verified phone yet. Verify your number in My Profile first."))
    if phones.country_of(number) not in countries():
        raise Refused(_("Codes can’t be sent to this country."))
    channel = OtpChallenge.Channel(channel)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    with transaction.atomic(durable=True):
        made = _make(scope, user, act, act_digest, session_key, channel, number, code)
    _deliver(made, user, code)
    return made


def _make(
    scope: Scope, user: User, act: str, act_digest: str, session_key: str, channel: str, number: str, code: str
) -> OtpChallenge:
    """Count the limits and write the row, one person at a time in all of FlipDash, so that no cap is overrun."""
    db.lock("one-time codes")
    now = clock.now()
    _check_limits(scope, user, number)
    mine = OtpChallenge.objects.visible_to(scope).filter(user=user, act=act, used_at=None, superseded_at=None)
    mine.update(superseded_at=now)
    made = OtpChallenge(
        business_id=scope.business.pk,
        mode=scope.mode,
        user=user,
        act=act,
        act_digest=act_digest,
        session_hash=_session_hash(session_key),
        channel=channel,
        to=number,
        created_at=now,
        expires_at=now + LIFE,
    )
    made.code_mac = _mac(made, code)
    made.save(force_insert=True)
    return made


def _deliver(made: OtpChallenge, user: User, code: str) -> None:
    with translation.override(user.language):
        text = _("%(code)s is your FlipDash code. It’s valid for 5 minutes. Never tell it to anybody.") % {"code": code}
    try:
        senders.current().send(to=made.to, text=text, channel=made.channel, language=user.language)
    except senders.NotSent:
        made.superseded_at = clock.now()
        made.save(update_fields=["superseded_at"])
        other = next(value for value in OtpChallenge.Channel.values if value != made.channel)
        words = _("The code couldn’t be sent by %(channel)s. Wait a minute, then try %(other)s.")
        names = {"channel": OtpChallenge.Channel(made.channel).label, "other": OtpChallenge.Channel(other).label}
        raise NotDelivered(words % names, other) from None


# --- Limits --------------------------------------------------------------------------------------------------


def _check_limits(scope: Scope, user: User, number: str) -> None:
    """Raise Limited. The limits hold across businesses: they guard the operator's bill."""
    _check(PER_USER, _of_user, user=user.pk)
    _check(PER_RANGE, _of_all, of_range=number[:-RANGE_DIGITS])
    _check(PER_BUSINESS, _of_all, business=scope.business.pk)
    _check(((DAY, settings.OTP_DAILY_CAP),), _of_all)
    if _breaker_is_open():
        raise Limited(_of_all(HOUR))


def _check(
    limits: Any,
    words: Callable[[timedelta], str],
    *,
    user: int | None = None,
    business: int | None = None,
    of_range: str | None = None,
) -> None:
    for span, most in limits:
        with connection.cursor() as cursor:
            cursor.execute("SELECT accounts_codes_sent(%s, %s, %s, %s)", [span, user, business, of_range])
            (sent,) = cursor.fetchone()
        if sent >= most:
            raise Limited(words(span))


def _of_user(span: timedelta) -> str:
    if span < HOUR:
        return _("A code was sent less than a minute ago. Wait a minute before you ask for another.")
    if span < DAY:
        return _("You asked for 5 codes within an hour. Try again in an hour.")
    return _("You asked for 10 codes today. Try again tomorrow.")


def _of_all(span: timedelta) -> str:
    return _("Codes can’t be sent at the moment. Try again later.")


def _breaker_is_open() -> bool:
    """Return whether so few codes come back that somebody else than our people seems to ask for them.

    Codes of the last 5 minutes may still come back, so they don't count.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT settled, used FROM accounts_codes_settled('1 hour')")
        settled, used = cursor.fetchone()
    return settled >= BREAKER_SAMPLE and used < BREAKER_SHARE * settled


# --- Taking --------------------------------------------------------------------------------------------------


def verify(
    challenge_id: UUID | str, code: str, *, scope: Scope, user: User, act: str, act_digest: str, session_key: str
) -> bool:
    """Take a code once, for exactly what it was sent for; True, or WrongCode or Dead is raised.

    Not inside a transaction: a try counts even if all that follows fails.
    """
    bound = OtpChallenge.objects.visible_to(scope).filter(
        pk=_uuid(challenge_id), user=user, act=act, act_digest=act_digest, session_hash=_session_hash(session_key)
    )
    usable = Q(used_at=None, superseded_at=None, expires_at__gt=Now())
    with transaction.atomic(durable=True):
        counted = bound.filter(usable, tries__lt=MOST_TRIES).update(tries=F("tries") + 1)
    if not counted:
        raise Dead(_("This code is no longer valid. Ask for a new one."))
    made = bound.get()
    if not constant_time_compare(_mac(made, code), made.code_mac):
        raise WrongCode(_("This isn’t the code. Check it, or ask for a new one."))
    with transaction.atomic(durable=True):
        won = bound.filter(usable).update(used_at=Now())
    if not won:
        raise Dead(_("This code is no longer valid. Ask for a new one."))
    return True


def _uuid(value: UUID | str) -> UUID:
    try:
        return UUID(str(value))
    except ValueError:
        return UUID(int=0)  # nobody's


def _session_hash(session_key: str) -> str:
    return hashlib.sha256(session_key.encode()).hexdigest()


def _mac(made: OtpChallenge, code: str) -> str:
    """Return what is kept of a code: bound to its row, so that it can't be copied to another."""
    bound = (made.pk, made.user_id, made.act, made.act_digest, made.session_hash, made.mode, code)
    return salted_hmac("accounts.phones.otp", "\x1f".join(map(str, bound)), algorithm="sha256").hexdigest()
