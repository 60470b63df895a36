"""What happens around signing in, told: to the Activity Log and to the people it concerns."""

from typing import Any
from zoneinfo import ZoneInfo

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from accounts.models import Business, Member, User, VerificationAttempt
from accounts.sign_in.agents import device_name_lazy
from accounts.sign_in.sessions import scope_of
from flipdash import clock, events, mail, rls
from flipdash.formats import moment_with_zone_lazy
from flipdash.http import Request
from flipdash.mode import Mode, mode_url


def member_of(user: User | None) -> Member | None:
    """Return the person's active membership, once they have confirmed their address."""
    if user is None:
        return None
    with rls.outside():
        confirmed = Member.objects.active().filter(user=user, user__emailaddress__verified=True)
        return confirmed.select_related("business", "user").first()


def note(request: Request, user: User, kind: str, **facts: Any) -> None:
    """Record an event of a person who may not be signed in yet.

    Who belongs to no business has no log, and a sign-up has none before it is confirmed (decision 0145).
    """
    if member := member_of(user):
        with rls.beside(member.business):  # another's may be signed in here
            events.record(scope_of(request, member), kind, member, **facts)


def tell(request: Request, user: User, mail_name: str, **context: Any) -> None:
    """Mail the person what was done with their account, when, and from where."""
    with transaction.atomic():
        said = {**where(request, user), **context}
        mail.send(mail_name, to=user.email, language=user.language, rank=mail.Rank.SECURITY, **said)


def tell_if_closed(request: Request, user: User) -> None:
    """Tell the person, at most once an hour, that wrong tries of a code or a password have closed the next ones.

    Whoever tries codes has the right password: its owner has to know why theirs is refused.
    """
    with transaction.atomic():
        if VerificationAttempt.is_to_be_told(user):
            note(request, user, "sign-in.closed")
            tell(request, user, "tries_closed")


def where(request: Request, user: User) -> dict[str, Any]:
    """Return what a mail says about a request: when (WIB for whoever has no business), from where, and what to do."""
    address, agent = client_of(request)
    member = member_of(user)
    zone = Business.TimeZone(member.business.time_zone if member else settings.TIME_ZONE)
    return {
        "person": user.name,
        "at": moment_with_zone_lazy(clock.now(), ZoneInfo(zone), zone.label),
        "address": address,
        "device": device_name_lazy(agent),
        "security_url": mode_url(Mode.LIVE, "security", absolute=True),
        "reset_url": mode_url(Mode.LIVE, "account_reset_password", absolute=True),
    }


def client_of(request: HttpRequest) -> tuple[str, str]:
    """Return the network address and the browser of a request."""
    return get_adapter(request).get_client_ip(request), request.headers.get("User-Agent", "")[:200]
