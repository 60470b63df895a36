"""The receipt that a payer gets by mail, in their own language; only where they left an address."""

from datetime import datetime, time
from typing import cast

from django.conf import settings
from django.utils import timezone

from flipdash import clock, events, mail
from flipdash.mode import Mode, mode_url
from transactions.channels import NAMES
from transactions.models import Payment, PaymentStatus


@events.on("payment.successful")
def send_receipt(told: events.Event) -> None:
    """Mail the receipt of a payment that was started on our page; no more in a day than a business may mail."""
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
    """Return whether fewer left today, in the business's zone, than may: strangers name these addresses."""
    today = datetime.combine(clock.now().astimezone(told.scope.zone).date(), time.min, tzinfo=told.scope.zone)
    paid = Payment.objects.visible_to(told.scope, searched=True).filter(
        paid_at__gte=today, status=PaymentStatus.SUCCESSFUL, slug__isnull=False
    )
    return bool(paid.exclude(sender_email="").count() <= settings.RECEIPT_MAILS_A_DAY[payment.mode])
