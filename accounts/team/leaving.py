"""What a person who loses access leaves waiting. Apps say what they know; the page of the deactivation lists it."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Invitation, Member
from flipdash.scope import Scope
from flipdash.words import Words


@dataclass(frozen=True)
class LeftBehind:
    """Work of one kind that nobody finishes when the person is gone."""

    label: Words
    count: int
    url: str = ""


Finder = Callable[[Scope, Member], LeftBehind]

_finders: list[Finder] = []


def register(find: Finder) -> Finder:
    """Register what finds one kind of work that a member leaves, as the scope may see it."""
    if find not in _finders:
        _finders.append(find)
    return find


def left_by(scope: Scope, member: Member) -> list[LeftBehind]:
    """Return what a member would leave, without what there is none of."""
    return [left for find in _finders if (left := find(scope, member)).count]


@register
def invitations(scope: Scope, member: Member) -> LeftBehind:
    """Count the open invitations that fall with the member's right to invite."""
    count = Invitation.objects.open().filter(business_id=scope.business.pk, invited_by_id=member.pk).count()
    return LeftBehind(
        _("Open invitations, whose links fall until another Admin resends them"), count, reverse("members")
    )
