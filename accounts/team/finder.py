"""People, in the box over everything."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.addresses import canonical
from accounts.permissions import Permission
from flipdash.lookup import LINES, Group, Hit, register
from flipdash.scope import Scope
from flipdash.searchkeys import folded

LOOKED_AT = 1_000
"""People of a business, of whom twenty can be active."""


@register
def people(scope: Scope, term: str) -> Group:
    """Return the people whose names or addresses have every word, for whoever manages them."""
    if not scope.can(Permission.MANAGE_MEMBERS):
        return Group(_("People"), [])
    term = _as_kept(term)
    words, hits = folded(term).split(), []
    for member in scope.business.members.select_related("user").order_by("user__name", "pk")[:LOOKED_AT]:
        email, url = member.user.email, reverse("member", args=[member.pk])
        if all(word in folded(f"{member.name} {email}") for word in words):
            is_exact = term.casefold() == email.casefold()
            hits.append(Hit(member.name, url, f"{member.role_label} · {email}", is_exact=is_exact))
    more_url = reverse("members") if len(hits) > LINES else ""
    return Group(_("People"), hits[:LINES], more_url, is_of_few=True)


def _as_kept(term: str) -> str:
    try:
        return canonical(term) if "@" in term else term
    except ValueError:  # the beginning of a domain may be none
        return term
