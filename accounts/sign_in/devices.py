"""Devices that a person has signed in from: a signed, long-lived cookie says which (trust.md A1).

A device that is not known gets its person a mail; one that is known counts wrong passwords for itself, so that
a stranger who keeps guessing at an account can't lock out whoever owns it. The cookie outlives any SECRET_KEY, so it is
signed by the ring of flipdash/sealing.py: by the first key again at each sign-in.
"""

import secrets
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from accounts.models import User
from flipdash import sealing

COOKIE = "devices"
SALT = "accounts.sign_in.devices"
KEPT_FOR = 400 * 24 * 60 * 60  # seconds
MOST_PEOPLE = 8
"""How many people one browser remembers; the one who signed in longest ago is forgotten."""


def device_of(request: HttpRequest, user: User | None) -> str | None:
    """Return this device's id for the person, or None if they never signed in here."""
    return _known(request).get(str(user.pk)) if user else None


def any_of(request: HttpRequest) -> str | None:
    """Return this device's id for anybody who has signed in here, the same one each time; None if nobody has."""
    return next(iter(sorted(_known(request).values())), None)


def remember(request: HttpRequest, response: Any, user: User) -> None:
    """Keep in the browser that the person has signed in here."""
    known = _known(request)
    device = known.pop(str(user.pk), None) or secrets.token_urlsafe(12)
    kept = dict([*known.items()][-(MOST_PEOPLE - 1) :]) | {str(user.pk): device}
    _set(response, signing.dumps(kept, key=sealing.signing_keys(SALT)[0], salt=SALT))


def _set(response: HttpResponse, value: str) -> None:
    response.set_cookie(
        settings.COOKIE_PREFIX + COOKIE,
        value,
        max_age=KEPT_FOR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _known(request: HttpRequest) -> dict[str, str]:
    written = request.COOKIES.get(settings.COOKIE_PREFIX + COOKIE, "")
    first, *former = sealing.signing_keys(SALT)
    try:
        known = signing.loads(written, key=first, fallback_keys=former, salt=SALT, max_age=KEPT_FOR)
    except signing.BadSignature:
        return {}
    return known if isinstance(known, dict) else {}
