"""Reports, in the box over everything."""

import re

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission
from documents.models import Report
from documents.reports import services
from flipdash import formats
from flipdash.histories.columns import status_badge
from flipdash.lookup import LINES, Group, Hit, register
from flipdash.scope import Scope
from flipdash.searchkeys import folded

NUMBER = re.compile(r"R0*([1-9]\d{0,8})", re.I | re.A)
LOOKED_AT = 200
"""Of how many of the newest reports the names are looked at."""


@register
def reports(scope: Scope, term: str) -> Group:
    """Return the report of a number as people write it, or the newest whose names have every word."""
    if not scope.can(Permission.DOWNLOAD_REPORTS):
        return Group(_("Reports"), [])
    rows = services.of_person(scope).select_related("member__user").newest_first()
    if number := NUMBER.fullmatch(term):
        return Group(_("Reports"), [_hit(report, is_exact=True) for report in rows.filter(number=number[1])])
    words = folded(term).split()
    hits = [_hit(report) for report in rows[:LOOKED_AT] if all(word in folded(_named(report)) for word in words)]
    return Group(_("Reports"), hits[:LINES], reverse("documents:reports") if len(hits) > LINES else "")


def _named(report: Report) -> str:
    return f"{report.title} {report.reference} {report.file_name}"


def _hit(report: Report, *, is_exact: bool = False) -> Hit:
    """Return a report as a line; the page of reports begins with it."""
    label = report.file_name or f"{report.title} {report.reference}"
    return Hit(
        label,
        f"{reverse('documents:reports')}?before={report.number + 1}",
        note=f"{report.member.name} · {formats.moment(report.created_at)}",
        state=status_badge(report.status),
        is_exact=is_exact,
    )
