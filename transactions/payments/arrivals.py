"""What a rail says of a payment: money that arrived is recorded once by the rail's own id, and the first that fits
pays it. What comes late, twice or in another amount waits for a person, and moves nothing (trust.md D3, D4).

A link of one use is locked before its payments: whoever is second finds it used.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from flipdash import clock, events, notes, rls, states
from flipdash.scope import Scope
from transactions import rails
from transactions.models import Payment, PaymentArrival, PaymentLink, PaymentStatus, RailCharge, Settlement
from transactions.rails import Collected, Outcome, Paid
from transactions.reasons import Reason

log = logging.getLogger(__name__)
GRACE = timedelta(minutes=5)
"""How long after its time a payment may still be told of by its rail, before it is cancelled."""
Problem = PaymentArrival.Problem
NOTES = {problem.value: notes.declare(f"note:arrived-{problem.value}", problem.label) for problem in Problem}


@rails.on_payment
def take(key: str, said: Collected) -> None:
    """Take what a rail says of a charge, asked for or not, whenever it comes and however often."""
    charge = RailCharge.objects.filter(key=key).first()
    if charge is None:
        log.warning("a payment for %s, which nobody started", key)
        return
    with rls.inside_of(charge.business_id, charge.mode), transaction.atomic():
        payment = lock(charge)
        for paid in said.paid:
            _record(payment, charge, paid)
        if said.outcome == Outcome.FAILED and payment.status == PaymentStatus.PENDING:
            end(payment, PaymentStatus.FAILED, Reason.of(said.reason) or Reason.OTHER)


@rails.before_payment
def judge(key: str, amount: int) -> str:
    """Say why a charge can't be paid now; the answer holds until the asker's transaction ends."""
    charge = RailCharge.objects.filter(key=key).first()
    if charge is None:
        return str(Reason.OTHER)
    with rls.inside_of(charge.business_id, charge.mode), transaction.atomic():
        payment = lock(charge)
        problem = _problem_of(payment, Paid("", amount, at=clock.now()))
    return {
        "": "",
        Problem.LATE: str(Reason.NOT_PAID),
        Problem.USED: str(Reason.PAID_BY_ANOTHER),
    }.get(problem, str(Reason.OTHER))


def lock(charge: RailCharge) -> Payment:
    """Lock the payment of a charge until the transaction ends, and before it its link, if that is of one use."""
    own = Payment.objects.filter(pk=charge.payment_id, business_id=charge.business_id, mode=charge.mode)
    link_id = own.filter(is_only=True).values_list("link_id", flat=True).first()
    if link_id:
        PaymentLink.objects.select_for_update(no_key=True).get(pk=link_id)
    payment: Payment = own.select_for_update(of=("self",)).select_related("business", "link").get()
    return payment


def _record(payment: Payment, charge: RailCharge, paid: Paid) -> None:
    """Record money once, and let it pay its locked payment if it fits."""
    if PaymentArrival.objects.filter(rail=charge.rail, rail_id=paid.rail_id).exists():
        return
    problem = _problem_of(payment, paid)
    PaymentArrival.objects.create(
        business_id=payment.business_id,
        mode=payment.mode,
        payment=payment,
        rail=charge.rail,
        rail_id=paid.rail_id,
        amount=paid.amount,
        reference=paid.reference[:64],
        at=paid.at or clock.now(),
        problem=problem,
        status=PaymentArrival.Status.WAITING if problem else PaymentArrival.Status.TAKEN,
    )
    if problem:
        log.error("%s: %s rupiah arrived: %s", charge.key, paid.amount, problem)
        itself = Scope.by_itself(payment.business, payment.mode)
        events.record(itself, "payment.arrived", payment, amount=paid.amount, note=NOTES[problem])
    else:
        itself = Scope.by_itself(payment.business, payment.mode)
        succeed(payment, reference=paid.reference, at=paid.at, by=itself)


def _problem_of(payment: Payment, paid: Paid) -> str:
    """Return why money doesn't simply pay a locked payment; "" where it does."""
    if payment.status == PaymentStatus.SUCCESSFUL:
        return Problem.TWICE
    if payment.status == PaymentStatus.FAILED:
        return Problem.FAILED
    if payment.status == PaymentStatus.CANCELLED:
        return Problem.USED if payment.reason == Reason.PAID_BY_ANOTHER else Problem.LATE
    if paid.amount != payment.amount:
        return Problem.AMOUNT
    # Of a rail that doesn't say when, what is told within the grace was paid in time.
    if payment.expires_at is not None and (paid.at or clock.now() - GRACE) > payment.expires_at:
        return Problem.LATE
    return ""


def succeed(payment: Payment, *, reference: str, by: Scope, at: datetime | None = None) -> None:
    """Let a locked payment be paid, and with it its link, if that is of one use: whoever else was paying can't now.

    `at` is when the rail says that the money came, which may be learnt much later.
    """
    now = clock.now()
    states.move(
        payment,
        PaymentStatus.SUCCESSFUL,
        by=by,
        kind="payment.successful",
        facts=facts_of(payment),
        paid_at=max(min(at or now, now), payment.created_at),  # whatever a rail's clock says
        settlement_status=Settlement.PENDING,
        reference=reference[:64],
        reason="",
    )
    _over(payment)
    if not payment.is_only or payment.link is None:
        return
    link = PaymentLink.objects.get(pk=payment.link.pk)
    if link.status != PaymentLink.Status.USED:
        states.move(link, PaymentLink.Status.USED, by=by, kind="payment-link.used")
    others = Payment.objects.filter(link=link, business_id=payment.business_id, status=PaymentStatus.PENDING)
    for other in others.select_for_update(of=("self",)).select_related("business").order_by("pk"):
        end(other, PaymentStatus.CANCELLED, Reason.PAID_BY_ANOTHER)


def end(payment: Payment, to: PaymentStatus, reason: Reason) -> None:
    """Let a locked payment end unpaid."""
    itself = Scope.by_itself(payment.business, payment.mode)
    facts = facts_of(payment)
    states.move(payment, to, by=itself, kind=f"payment.{to}", facts=facts, reason=str(reason))
    _over(payment)


def cancel(charge: RailCharge) -> None:
    """Cancel a payment that nobody made in time, unless it has ended otherwise meanwhile."""
    with transaction.atomic():
        payment = lock(charge)
        if payment.status == PaymentStatus.PENDING:
            end(payment, PaymentStatus.CANCELLED, Reason.NOT_PAID)


def facts_of(payment: Payment) -> dict[str, Any]:
    """Return what events tell of a payment."""
    return {"amount": payment.amount, "fee": payment.fee}


def _over(payment: Payment) -> None:
    """Note that the rail isn't told any more. What it was told of is asked for further: more money can come."""
    asked = (RailCharge.Status.OPEN, RailCharge.Status.ASKING, RailCharge.Status.DONE)
    RailCharge.objects.filter(payment=payment).exclude(status__in=asked).update(
        status=RailCharge.Status.DONE, lease_until=None, due_at=None, finished_at=Now(), problem=""
    )
