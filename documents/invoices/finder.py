"""Invoices, in the box over everything."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission
from documents.invoices import paper
from documents.models import Invoice
from flipdash import money
from flipdash.histories.columns import status_badge
from flipdash.lookup import LINES, Group, Hit, register
from flipdash.scope import Scope
from flipdash.searchkeys import folded

LOOKED_AT = 200
"""Of how many of the newest invoices the numbers and months are looked at: a business has twelve a year."""


@register
def invoices(scope: Scope, term: str) -> Group:
    """Return the invoice of a number, or the newest whose number or month has every word."""
    if not scope.can(Permission.DOWNLOAD_REPORTS):
        return Group(_("Invoices"), [])
    rows = list(Invoice.objects.visible_to(scope).newest_first()[:LOOKED_AT])
    words = folded(term).split()
    hits = [_hit(row, term) for row in rows if all(word in folded(_named(row)) for word in words)]
    more_url = reverse("documents:invoices") if len(hits) > LINES else ""
    return Group(_("Invoices"), hits[:LINES], more_url, is_of_few=any(hit.is_exact for hit in hits))


def _named(row: Invoice) -> str:
    return f"{row.get_kind_display()} {row.number or ''} {paper.month_in_words(row.period)}"


def _hit(row: Invoice, term: str) -> Hit:
    return Hit(
        f"{row.get_kind_display()} {row.number}" if row.number else row.get_kind_display(),
        reverse("documents:invoice", args=[row.pk]),
        note=paper.period_in_words(row.period),
        figure=money.rupiah(row.total) if row.total is not None else "",
        state=status_badge(row.status),
        is_exact=row.number is not None and folded(term) == folded(row.number),
    )
