"""Payments in tests that wait for their settlement, without a payer who pays each of them."""

from datetime import date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from accounts.models import Business
from flipdash import rls
from tests import factories
from transactions.models import Payment, PaymentArrival, SettlementRun
from transactions.models.payment_link import new_slug
from transactions.payments import calendar
from transactions.payments.settling import SETTLEMENTS

_numbers = count(1)


def paid(business: Business, at: datetime, *, mode: str = "live", **fields: Any) -> Payment:
    """Make a payment that was started on a public page, and paid at a moment."""
    values = {"slug": new_slug(), "created_at": at - timedelta(minutes=2), "paid_at": at, **fields}
    with rls.inside_of(business.pk, mode):
        payment = factories.make_payment(business, mode=mode, **values)
        arrive(payment, at)
    return payment


def arrive(payment: Payment, at: datetime) -> None:
    """Let the money of a payment have come, as its rail says."""
    PaymentArrival.objects.create(
        business=payment.business,
        mode=payment.mode,
        payment=payment,
        rail="simulator",
        rail_id=f"S-{next(_numbers)}",
        amount=payment.amount,
        at=at,
        status="taken",
    )


def begin(business: Business, day: date, *, mode: str = "live") -> SettlementRun:
    """Begin the settlement of a day."""
    with rls.inside_of(business.pk, mode):
        until = calendar.begins(day, ZoneInfo(business.time_zone))
        return SettlementRun.objects.create(business=business, mode=mode, day=day, until=until)


def settle(run: SettlementRun) -> SettlementRun:
    """Let a worker settle."""
    SETTLEMENTS.work(run.pk)
    return SettlementRun.objects.using("operator").get(pk=run.pk)
