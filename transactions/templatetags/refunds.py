"""What may be done with a refund, why it waits, and what of a payment was given back."""

from typing import Any

from django import template

from accounts.permissions import Permission
from transactions.models import Payment, PaymentStatus, Refund, RefundStatus
from transactions.outgoing import acts, covering
from transactions.refunds import services
from transactions.refunds.services import REFUNDS
from transactions.transfers.accounts import LEAST

register = template.Library()
MOST = 20
"""Refunds that stand on the page of a payment; Refund History has all."""


@register.inclusion_tag("refunds/actions.html", takes_context=True)
def refund_actions(context: Any, row: Refund) -> dict[str, Any]:
    """Offer what this person may do with a refund."""
    scope = context["scope"]
    may_decide, is_open = scope.can(Permission.APPROVE_TRANSACTIONS), row.status in acts.WAITING
    waits = row.status == RefundStatus.PENDING_APPROVAL
    return {
        "row": row,
        "csrf_token": context["csrf_token"],
        "may_approve": may_decide and waits and acts.may_approve(scope, row),
        "may_reject": may_decide and is_open,
        "may_cancel": is_open and acts.may_cancel(scope, row),
        "may_force": scope.is_test and row.status == RefundStatus.PROCESSING,
    }


@register.inclusion_tag("refunds/waits.html", takes_context=True)
def refund_waits(context: Any, row: Refund) -> dict[str, Any]:
    """Say why an approved refund waits: what is missing once those that waited before it have gone."""
    if row.status != RefundStatus.WAITING:
        return {"missing": None}
    left, before, wanted = covering.left_for(REFUNDS, row)
    missing = max(0, row.amount + row.fee - left)
    return {"missing": missing, "before": before, "wanted": wanted, "may": context["may"]}


@register.inclusion_tag("refunds/of_payment.html", takes_context=True)
def payment_refunds(context: Any, payment: Payment) -> dict[str, Any]:
    """Show whoever may see refunds those of a payment, and what of it is left."""
    scope = context["scope"]
    if payment.status != PaymentStatus.SUCCESSFUL or not scope.can(Permission.REQUEST_REFUND):
        return {}
    rows = list(services.refunds_of(scope, payment)[: MOST + 1])
    left = max(0, payment.amount - sum(row.given for row in rows))
    if len(rows) > MOST:
        left = services.left_of(payment)
    return {"refunds": rows[:MOST], "payment": payment, "left": left, "may_request": left > 0} | _said(payment, left)


def _said(payment: Payment, left: int) -> dict[str, Any]:
    """Whether the rest is too little to be sent, or the payment was imported: then there is nothing to ask for."""
    is_imported, is_little = services.is_imported(payment), 0 < left < LEAST
    said = {"is_imported": is_imported, "is_little": is_little, "least": LEAST}
    return said | ({"may_request": False} if is_imported or is_little else {})
