"""Rights asked for again when they are used: under the lock of what is changed (trust.md R4).

A page asks when the request begins (accounts.permissions.requires); a role can change before the act has its lock. So
every act that changes what belongs to the business asks once more, of the database, when nobody can come between.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Business, Member
from accounts.permissions import Permission
from flipdash.actors import ActorKind
from flipdash.scope import Scope

Row = TypeVar("Row", bound=Model)


class NotAllowed(Exception):
    """The actor may not, or may not any more; nothing was changed. A page answers 403, with who can grant it."""

    def __init__(self, permission: Permission) -> None:
        super().__init__(_("Your role no longer allows this. Nothing was changed."))
        self.permission = permission


def lock_business(scope: Scope, permission: Permission) -> Business:
    """Lock the business, within a transaction, and return it; raises NotAllowed.

    Whoever changes roles takes the same lock, so that the answer holds until the transaction ends.
    """
    business = Business.objects.select_for_update(no_key=True).get(pk=scope.business.pk)
    ask_again(scope, permission)
    return business


def lock_row(scope: Scope, rows: QuerySet[Row], pk: Any, permission: Permission) -> Row:
    """Lock one row, within a transaction, and return it; raises NotAllowed, and DoesNotExist.

    `rows` are those that the scope may see, whatever their age.
    """
    locked = rows.select_for_update().get(pk=pk)
    ask_again(scope, permission)
    return locked


Finder = Callable[[Scope], Any]
_finders: dict[str, Finder] = {}


def holders(kind: ActorKind) -> Callable[[Finder], Finder]:
    """Register what finds whoever acts, of one kind, as they are at this moment; None for who may act no more."""

    def register(finder: Finder) -> Finder:
        _finders[kind] = finder
        return finder

    return register


@holders(ActorKind.MEMBER)
def _member(scope: Scope) -> Member | None:
    found: Member | None = Member.objects.active().filter(pk=scope.member.pk, business_id=scope.business.pk).first()
    return found


def ask_again(scope: Scope, permission: Permission) -> None:
    """Raise NotAllowed unless the actor has the permission at this moment. Call it under the lock of the act's row."""
    find = _finders.get(scope.actor.kind)
    actor = find(scope) if find else None
    if actor is None or permission not in actor.permissions:
        raise NotAllowed(permission)


def check(scope: Scope, *permissions: Permission) -> None:
    """Raise NotAllowed unless the scope has all permissions."""
    for permission in permissions:
        if not scope.can(permission):
            raise NotAllowed(permission)


def scope_now(member_id: int, mode: str, via: str, *permissions: Permission) -> Scope:
    """Return a member's scope as it is at this moment, for work that is done without them, such as a report.

    Raises NotAllowed unless they have all the permissions.
    """
    member = Member.objects.active().select_related("user", "business").filter(pk=member_id).first()
    if member is None:
        raise NotAllowed(permissions[0])
    scope = member.scope(mode, via=via)
    check(scope, *permissions)
    return scope
