"""What the operator's people may do to a business's people; the business reads it in its Activity Log."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.activity.words import OPERATOR
from accounts.addresses import canonical
from accounts.models import Business, Member, User
from accounts.sign_in.services import confirm_email
from flipdash import events
from flipdash.actors import Actor, ActorKind
from flipdash.mode import Mode
from flipdash.scope import Scope

USING = "operator"


class StillMember(Exception):
    """The person belongs to a business, and so can't be the operator's."""


@dataclass
class Operator:
    """One of the operator's people, where a scope asks who acts. They may do nothing that members may."""

    user: Any
    pk: Any = None
    role: str = OPERATOR
    permissions: frozenset[str] = frozenset()
    sees_recent_only: bool = False

    @property
    def name(self) -> str:
        return self.user.name

    @property
    def actor(self) -> Actor:
        """Who this is, to sign with."""
        return Actor(ActorKind.OPERATOR, self.user.pk, self.user.name)


class NotOperator(PermissionDenied):
    """The person may not act for the operator, or may not any more. Nothing was changed; the page answers 403."""


def ask_again(user: User, *, using: str) -> None:
    """Raise NotOperator unless the person may act for the operator now. Call it under the lock of the act's row."""
    if not User.objects.using(using).filter(pk=user.pk, is_active=True, is_staff=True).exists():
        raise NotOperator


def scope(user: User, business: Business, mode: str) -> Scope:
    """Return what one of the operator's people acts as for a business."""
    return Scope(business, Mode(mode), Operator(user), via="backoffice")


@transaction.atomic(using=USING)
def make_operator(*, email: str, name: str, password: str) -> User:
    """Give somebody who belongs to no business a way into the back office; raises StillMember.

    As the operator's role: the database refuses it to whoever serves pages (accounts/sql).
    """
    address = canonical(email)
    user = User.objects.using(USING).select_for_update().filter(email__iexact=address).first()
    if user is not None and Member.objects.using(USING).filter(user=user).exists():
        raise StillMember
    user = user or User(email=address, name=name)
    user.is_staff = user.is_active = True
    user.set_password(password)
    user.save(using=USING)
    confirm_email(user, using=USING)  # whoever has the server’s terminal answers for the address
    return user


@transaction.atomic
def set_access(user: User, *, allowed: bool, by: Any, address: str = "", agent: str = "") -> bool:
    """Let a business's person sign in or not, from their next request on; returns whether anything changed."""
    user = User.objects.select_for_update().get(pk=user.pk)
    member = Member.objects.select_related("business").filter(user=user).first()
    if member is None or user.is_active == allowed:
        return False
    user.is_active = allowed
    user.save(update_fields=["is_active"])
    scope = Scope(member.business, Mode.LIVE, Operator(by), "backoffice", address, agent)
    events.record(scope, "access.restored" if allowed else "access.suspended", user)
    return True
