"""The receipt that a payer gets by mail, in their own language; only where they left an address."""

from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from flipdash import clock, events, mail
from flipdash.mode import Mode, mode_url
from transactions.channels import NAMES
from transactions.models import Payment, PaymentStatus

TO_ONE_A_DAY = 5
"""How many receipts of one mode an address gets within 24 hours, of all businesses together; beyond that, only
the first of a business leaves: none keeps another's from leaving."""


@events.on("payment.successful")
def send_receipt(told: events.Event) -> None:
    """Mail the receipt of a payment that was started on our page, as long as there is room."""
    payment = cast(Payment, told.subject)
    if told.at is not None or not payment.sender_email or not payment.slug or not _has_room(told, payment):
        return
    with timezone.override(told.scope.zone):
        mail.send(
            "payment_received",
            to=payment.sender_email,
            language=payment.language or told.scope.business.language,
            business=told.scope.business.name,
            payment=payment,
            channel=NAMES[payment.channel],
            zone=told.scope.zone_name,
            url=mode_url(Mode.LIVE, "pay:payment", payment.slug, absolute=True),
        )


def _has_room(told: events.Event, payment: Payment) -> bool:
    """Return whether one more may leave: strangers name these addresses.

    Each that leaves in Live Mode was paid for. In Test Mode nobody pays, so a business may send a few a day.
    """
    paid = Payment.objects.filter(
        paid_at__gt=clock.now() - timedelta(days=1),
        status=PaymentStatus.SUCCESSFUL,
        slug__isnull=False,
        mode=payment.mode,
    ).exclude(sender_email="")
    to_one, ours = paid.filter(sender_email__iexact=payment.sender_email), Q(business=told.scope.business.pk)
    if _more_than(TO_ONE_A_DAY, to_one) and _more_than(1, to_one.filter(ours)):
        return False
    if payment.mode == Mode.LIVE:
        return True
    return not _more_than(settings.RECEIPT_MAILS_A_DAY[payment.mode], paid.filter(ours))


def _more_than(most: int, rows: Any) -> bool:
    """Return whether there are more rows; no more of them are read than that takes."""
    return bool(rows.values("pk")[: most + 1].count() > most)
