"""Collecting: each payment is told to its rail once, by our key, under a lease; then it is asked for.

A rail that is told again says the same, so what was told before a kill is simply told again. Callbacks are lost, so
a payment that can be paid is asked for every few minutes, and is cancelled only by an answer from after its time.
Money can still come for one that is over: it is asked for each hour until a day after its time (trust.md L8, D3).
"""

import logging
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from flipdash import clock, rls
from flipdash.leases import Worker
from transactions import rails
from transactions.models import Payment, PaymentStatus, RailCharge
from transactions.payments import arrivals
from transactions.payments.arrivals import GRACE
from transactions.rails import Charge, Collected, HowToPay, KeyReused, NoAnswer, NotOffered, Outcome, Rail, RailDown
from transactions.reasons import Reason

log = logging.getLogger(__name__)
Status = RailCharge.Status

AFTER = timedelta(days=1)
"""How long after its time a payment is asked for, whatever became of it."""
REST = timedelta(hours=1)
"""How often it is asked for once it is over."""

CHARGES = Worker(
    "charges",
    RailCharge,
    most_attempts=30_000,  # each time it is asked for counts: what failed once in a while mustn't end that
    wait=timedelta(seconds=15),
    longest_wait=timedelta(minutes=5),
    longest_rest=REST,
    problems={KeyReused: "key reused"},
)


def key_of(payment: Payment) -> str:
    """Return what a rail knows a payment by; its number is unique over both modes and all businesses."""
    return f"payment-{payment.pk}"


def queue(payment: Payment, rail: str) -> RailCharge:
    """Let a rail be told of a payment as soon as the transaction has committed."""
    owner = {"business_id": payment.business_id, "mode": payment.mode}
    charge: RailCharge = RailCharge.objects.create(**owner, payment=payment, key=key_of(payment), rail=rail)
    CHARGES.wake_on_commit()
    return charge


@CHARGES.runs
def _work(charge: RailCharge) -> None:
    rail = rails.named(charge.rail)
    with rls.inside_of(charge.business_id, charge.mode):
        payment = Payment.objects.get(pk=charge.payment_id)
        if payment.status != PaymentStatus.PENDING and (
            charge.status == Status.TELLING or _began(charge, payment, AFTER)
        ):
            CHARGES.finish(charge, Status.DONE)
            return
        try:
            (_tell if charge.status == Status.TELLING else _ask)(charge, payment, rail)
        except NotOffered:
            _give_up(charge)
        except (NoAnswer, RailDown):
            CHARGES.later(charge, Status.QUEUED if charge.status == Status.TELLING else Status.OPEN)


def _tell(charge: RailCharge, payment: Payment, rail: Rail) -> None:
    how = rail.create_payment(as_charge(charge.key, payment))
    if problem := _unshowable(how):
        log.error("%s: %s says how it is paid in a way that can't be shown: %s", charge.key, charge.rail, problem)
        raise NotOffered
    CHARGES.later(charge, Status.OPEN, code=how.code, qr=how.qr, url=how.url, opened_at=Now())


def _unshowable(how: HowToPay) -> str:
    """Return what of an answer can't reach a payer as it is; a number that is cut is another number."""
    fields: Any = RailCharge._meta
    for name in ("code", "qr", "url"):
        said: str = getattr(how, name)
        if len(said) > fields.get_field(name).max_length or "\0" in said:
            return f"{name} of {len(said)} characters"
    return "a page without https" if how.url and not how.url.startswith("https://") else ""


def _ask(charge: RailCharge, payment: Payment, rail: Rail) -> None:
    arrivals.take(charge.key, rail.payment_status(charge.key))
    if _began(charge, payment, GRACE):
        arrivals.cancel(charge)
    payment.refresh_from_db(fields=["status"])
    CHARGES.later(charge, Status.OPEN, rest=None if payment.status == PaymentStatus.PENDING else REST)


def _began(charge: RailCharge, payment: Payment, after: timedelta) -> bool:
    """Return whether this attempt began so long after the time to pay was over."""
    expires_at = payment.expires_at
    return expires_at is not None and (charge.started_at or clock.now()) > expires_at + after


def _give_up(charge: RailCharge) -> None:
    """Fail a payment that its rail doesn't take: the payer is told at once, and can choose another channel."""
    with transaction.atomic():
        arrivals.take(charge.key, Collected(Outcome.FAILED, (), str(Reason.PAYER_UNAVAILABLE)))
        if charge.status == Status.ASKING:
            CHARGES.finish(charge, Status.DONE)


def as_charge(key: str, payment: Payment) -> Charge:
    """Return what a rail is told of a payment."""
    assert payment.expires_at is not None  # noqa: S101  (what is collected was started on a page)
    return Charge(
        key=key,
        business_id=payment.business_id,
        mode=payment.mode,
        channel=payment.channel,
        amount=payment.amount,
        title=payment.title,
        payer=payment.sender_name,
        phone=payment.sender_phone,
        expires_at=payment.expires_at,
    )
