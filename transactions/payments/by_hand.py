"""What one of the operator's people decides about money that waits.

What came late pays its payment, or it is given back; a settlement that no worker could finish is tried again.
"""

from django.db import transaction

from accounts import operators
from accounts.models import User
from flipdash import events, rls, states
from flipdash.states import MoveRefused
from transactions.models import PaymentArrival, PaymentLink, PaymentStatus, SettlementRun
from transactions.payments import arrivals, settling
from transactions.reasons import Reason

Status = PaymentArrival.Status


def accept(arrival: PaymentArrival, *, by: User) -> bool:
    """Let money that came late pay its payment; False if it was decided before.

    Raises MoveRefused where it can't: another amount, a payment that failed or was paid, a link that was paid.
    """
    with rls.inside_of(arrival.business_id, arrival.mode), transaction.atomic():
        payment = arrivals.lock(arrival.payment.charge)
        money = PaymentArrival.objects.select_for_update().get(pk=arrival.pk)
        if money.status != Status.WAITING:
            return False
        fits = money.amount == payment.amount and payment.reason in ("", Reason.NOT_PAID)
        is_used = payment.is_only and payment.link is not None and payment.link.status == PaymentLink.Status.USED
        if is_used or not fits or payment.status not in (PaymentStatus.PENDING, PaymentStatus.CANCELLED):
            raise MoveRefused(f"{money} doesn't fit payment {payment.pk}: give it back")
        states.step(money, Status.TAKEN)
        who = operators.scope(by, payment.business, payment.mode)
        arrivals.succeed(payment, reference=money.reference, at=money.at, by=who)
    return True


def give_back(arrival: PaymentArrival, *, by: User) -> bool:
    """Note that a person has given money back to its payer; False if it was decided before."""
    with rls.inside_of(arrival.business_id, arrival.mode), transaction.atomic():
        payment = arrivals.lock(arrival.payment.charge)
        money = PaymentArrival.objects.select_for_update().get(pk=arrival.pk)
        if money.status != Status.WAITING:
            return False
        states.step(money, Status.RETURNED)
        who = operators.scope(by, payment.business, payment.mode)
        events.record(who, "payment.returned", payment, amount=money.amount)
    return True


def settle_again(run: SettlementRun, *, by: User) -> bool:
    """Let a settlement that was given up be worked on once more; False if it wasn't given up."""
    with rls.inside_of(run.business_id, run.mode), transaction.atomic():
        if not settling.try_again(run):
            return False
        events.record(operators.scope(by, run.business, run.mode), "settlement.tried_again", run)
    return True
