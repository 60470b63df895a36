"""Approvals: what waits for an approver."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import Permission, requires
from deposits import ledger
from flipdash import money
from flipdash.http import Request
from flipdash.scope import Scope
from flipdash.words import Words
from transactions.models import Status
from transactions.outgoing.products import Product, products

MOST = 100
"""Rows of each product that are shown, the oldest first."""


@dataclass(frozen=True)
class Group:
    """What waits of one product."""

    area: str
    label: Words
    rows: list[Any]
    more: bool


@never_cache
@require_safe
@requires(Permission.APPROVE_TRANSACTIONS)
def approvals(request: Request) -> HttpResponse:
    """Show what waits, the oldest first."""
    groups = [group for product in products.values() if (group := _group(request.scope, product)).rows]
    rows = [row for group in groups for row in group.rows]
    shown = {
        "groups": groups,
        "count": money.number(len(rows)) + ("+" if any(group.more for group in groups) else ""),
        "total": sum(row.amount + row.fee for row in rows),
        "available": ledger.balance(request.scope).available,
    }
    return render(request, "transactions/approvals.html", shown)


def _group(scope: Scope, product: Product) -> Group:
    waiting = product.model.objects.visible_to(scope, searched=True).filter(status=Status.PENDING_APPROVAL)
    rows: list[Any] = list(waiting.order_by("created_at", "id")[: MOST + 1])
    for row in rows:
        row.url = reverse(product.row_url_name, args=[row.pk])
        row.approval_url = reverse(product.approval_url_name, args=[row.pk])
        row.rejection_url = reverse(product.rejection_url_name, args=[row.pk])
        row.destination = product.destination(row)
    return Group(product.area, product.label_of_many, rows[:MOST], len(rows) > MOST)
