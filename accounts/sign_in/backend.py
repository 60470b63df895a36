"""Who is behind a session: the person, and with them, in one question, whom they act for."""

from functools import cache
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from accounts.models import Member, User
from flipdash import rls

FACTORS = Authenticator.objects.filter(
    user=OuterRef("user"), type__in=(Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
)


def membership_of(user_id: int) -> Member | None:
    """Return the active membership of a person, with the time and whether they have a second step."""
    found = _members().filter(user_id=user_id).annotate(asked_at=Now())
    with rls.outside():
        return next(iter(found[:1]), None)


@cache
def _members() -> Any:
    """Return the query of every page, but for whose: to put it together takes longer than to answer it."""
    members = Member.objects.active().select_related("business", "user").order_by("pk")
    return members.annotate(has_factor=Exists(FACTORS))


class Backend(AuthenticationBackend):
    """Signs in as allauth does. Django checks the session's signature on whomever it returns."""

    def get_user(self, user_id: Any) -> User | None:
        """Return the person, who has their membership at hand as `acting`; without one, as Django does."""
        member = membership_of(user_id)
        if member is None:
            return super().get_user(user_id)
        user: User = member.user
        user.acting = member
        return user
