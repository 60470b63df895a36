"""What every sweep does besides waking workers: payments and links whose time is over end."""

import logging
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from flipdash import rls, states
from flipdash.scope import Scope
from transactions.models import Payment, PaymentLink, PaymentStatus
from transactions.payments import arrivals
from transactions.payments.charges import CHARGES
from transactions.reasons import Reason

GRACE = timedelta(minutes=5)
"""How long after its time a payment may still be told of by its rail, before it is cancelled."""
MOST_AT_ONCE = 100
log = logging.getLogger(__name__)


@CHARGES.tidies
def tidy() -> None:
    """End what is over. Each by itself: what fails is logged, and comes again with the next sweep."""
    for step in (cancel_due, expire_due):
        try:
            step()
        except Exception:
            log.exception("%s failed", step.__name__)


def cancel_due() -> None:
    """Cancel payments that nobody made in time."""
    due = Payment.objects.using("operator").filter(status=PaymentStatus.PENDING, expires_at__lt=Now() - GRACE)
    for business_id, mode, pk in due.order_by("expires_at").values_list("business_id", "mode", "pk")[:MOST_AT_ONCE]:
        with rls.inside_of(business_id, mode), transaction.atomic():
            payment = _locked(Payment, pk)
            if payment and payment.status == PaymentStatus.PENDING:
                arrivals.end(payment, PaymentStatus.CANCELLED, Reason.NOT_PAID)


def expire_due() -> None:
    """Let links expire whose time is over: their page says so already."""
    due = PaymentLink.objects.using("operator").filter(status=PaymentLink.Status.ACTIVE, expires_at__lte=Now())
    for business_id, mode, pk in due.order_by("expires_at").values_list("business_id", "mode", "pk")[:MOST_AT_ONCE]:
        with rls.inside_of(business_id, mode), transaction.atomic():
            link = _locked(PaymentLink, pk)
            if link and link.status == PaymentLink.Status.ACTIVE:
                itself = Scope.by_itself(link.business, link.mode)
                states.move(link, PaymentLink.Status.EXPIRED, by=itself, kind="payment-link.expired")


def _locked(model: Any, pk: int) -> Any:
    """Lock a row, unless somebody holds it at this moment."""
    return (
        model.objects.select_for_update(skip_locked=True, of=("self",)).select_related("business").filter(pk=pk).first()
    )
