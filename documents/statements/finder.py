"""Statements of the deposit, in the box over everything."""

import re

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission
from documents.models import Statement
from flipdash import formats
from flipdash.histories.columns import status_badge
from flipdash.lookup import LINES, Group, Hit, register
from flipdash.scope import Scope
from flipdash.searchkeys import folded

NUMBER = re.compile(r"S0*([1-9]\d{0,8})", re.I | re.A)
LOOKED_AT = 200
"""Of how many of the newest statements the names are looked at."""


@register
def statements(scope: Scope, term: str) -> Group:
    """Return the statement of a number as people write it, or the newest whose names have every word."""
    if not scope.can(Permission.DOWNLOAD_REPORTS):
        return Group(_("Statements"), [])
    rows = Statement.objects.visible_to(scope).select_related("member__user").newest_first()
    if number := NUMBER.fullmatch(term):
        return Group(_("Statements"), [_hit(row, is_exact=True) for row in rows.filter(number=number[1])])
    words = folded(term).split()
    hits = [_hit(row) for row in rows[:LOOKED_AT] if all(word in folded(_named(row)) for word in words)]
    return Group(_("Statements"), hits[:LINES], reverse("documents:statements") if len(hits) > LINES else "")


def _named(row: Statement) -> str:
    return f"{row.title} {row.get_format_display()} {row.reference} {row.file_name}"


def _hit(row: Statement, *, is_exact: bool = False) -> Hit:
    return Hit(
        f"{row.title} · {row.get_format_display()}",
        f"{reverse('documents:statements')}?before={row.number + 1}",
        note=f"{row.reference} · {row.member.name} · {formats.moment(row.created_at)}",
        state=status_badge(row.status),
        is_exact=is_exact,
    )
