"""Mails that anybody may ask for who isn't signed in: so many from one place, so many to one address (attack.md A6).

Counted in Postgres, beside the tries to sign in, so that the loss of Valkey changes nothing.
"""

from datetime import timedelta

from allauth.account.adapter import get_adapter
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import SignInTry
from accounts.models.sign_in import digest_of, network_of
from accounts.sign_in import devices

RESET, SIGN_UP = "mail: reset", "mail: sign-up"
"""What the mail is for, as SignInTry notes it in the place of a device."""
HOUR = timedelta(hours=1)
WITHIN = {RESET: HOUR, SIGN_UP: timedelta(days=1)}
"""Within what time an address gets MOST_TO_ONE. A link to a new password holds for an hour, so whoever gets no more of
them has one that still opens: a stranger who asks for many keeps nobody from their own account."""
MOST_TO_ONE = 5
MOST_FROM_ONE = 30
"""How many a network address, or a device from which somebody has signed in, asks for within an hour."""
CODE = "too_many_mails"
WORDS = _("Too many emails were asked for from your network. Wait up to an hour.")


def may_ask(request: HttpRequest, kind: str) -> bool:
    """Count a mail for whoever asks for it; False where too many were asked for from there.

    A device that somebody has signed in from counts for itself: a stranger beside it doesn't lock it out.
    """
    asker = devices.any_of(request) or network_of(str(get_adapter(request).get_client_ip(request)))
    if not asker:
        return True
    mine = SignInTry.objects.create(account="", device=kind, network=asker[:45])
    asked = SignInTry.objects.filter(account="", device__in=WITHIN, network=mine.network, at__gt=Now() - HOUR)
    return _is_within(mine, asked.count(), MOST_FROM_ONE)


def may_mail(email: str, kind: str) -> bool:
    """Count a mail for the address that it goes to; False where that has had enough."""
    mine = SignInTry.objects.create(account=digest_of(email), device=kind, network="")
    sent = SignInTry.objects.filter(account=mine.account, device=kind, at__gt=Now() - WITHIN[kind])
    return _is_within(mine, sent.count(), MOST_TO_ONE)


def _is_within(mine: SignInTry, count: int, most: int) -> bool:
    """Return whether one that was counted is within the limit; what is refused doesn't count."""
    if count > most:
        mine.delete()
    return count <= most
