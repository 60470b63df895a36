"""What every sweep does besides waking workers: payments and links whose time is over end."""

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from flipdash import rls, states, sweeps
from flipdash.scope import Scope
from transactions.models import Payment, PaymentLink, PaymentStatus, RailCharge
from transactions.payments import arrivals
from transactions.payments.charges import CHARGES, GRACE
from transactions.reasons import Reason

MOST_AT_ONCE = 100


@CHARGES.tidies
def tidy() -> None:
    """End what is over. Each by itself: a row that fails is logged, and comes again with the next sweep."""
    for due, end in ((due_payments(), cancel), (due_links(), expire)):
        for business_id, mode, pk in due.order_by("?").values_list("business_id", "mode", "pk")[:MOST_AT_ONCE]:
            with sweeps.by_itself(f"{end.__name__} of", pk), rls.inside_of(business_id, mode), transaction.atomic():
                end(pk)


def due_payments() -> Any:
    """Return payments that nobody could make in time. What a rail was told of, its own answer ends (charges.py)."""
    due = Payment.objects.using("operator").filter(status=PaymentStatus.PENDING, expires_at__lt=Now() - GRACE)
    told = [RailCharge.Status.OPEN, RailCharge.Status.ASKING]
    return due.exclude(charge__status__in=told)


def cancel(pk: int) -> None:
    """Cancel a payment, unless it has ended meanwhile."""
    payment = _locked(Payment, pk)
    if payment and payment.status == PaymentStatus.PENDING:
        arrivals.end(payment, PaymentStatus.CANCELLED, Reason.NOT_PAID)


def due_links() -> Any:
    """Return links whose time is over: their page says so already."""
    return PaymentLink.objects.using("operator").filter(status=PaymentLink.Status.ACTIVE, expires_at__lte=Now())


def expire(pk: int) -> None:
    """Let a link expire, unless it was changed meanwhile."""
    link = _locked(PaymentLink, pk)
    if link and link.status == PaymentLink.Status.ACTIVE:
        itself = Scope.by_itself(link.business, link.mode)
        states.move(link, PaymentLink.Status.EXPIRED, by=itself, kind="payment-link.expired")


def _locked(model: Any, pk: int) -> Any:
    """Lock a row, unless somebody holds it at this moment."""
    return (
        model.objects.select_for_update(skip_locked=True, of=("self",)).select_related("business").filter(pk=pk).first()
    )
