"""What somebody who loses access may still know: the keys that they made."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Member
from accounts.team.leaving import LeftBehind, register
from developer.models import ApiKey
from flipdash.scope import Scope


@register
def keys(scope: Scope, member: Member) -> LeftBehind:
    """Count the keys of this mode that the member made and that still work."""
    count = ApiKey.objects.visible_to(scope).good().filter(member.actor.is_in("maker")).count()
    return LeftBehind(_("API keys they made, which work on: change them"), count, reverse("developer:manage"))
