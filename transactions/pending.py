"""What of the transactions waits before it moves the deposit: told to My Deposit (deposits/overview/pending.py)."""

from django.db.models import Count, F, Sum
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from deposits.overview.pending import PendingTotal
from flipdash.histories import History
from flipdash.scope import Scope
from transactions.international.history import InternationalHistory
from transactions.models import Settlement, Status
from transactions.models.base import OutgoingTransfer
from transactions.payments.history import PaymentHistory
from transactions.transfers.history import TransferHistory


def pending(scope: Scope) -> list[PendingTotal]:
    """Return what waits for an approver, and the payments that are not settled yet; amounts with their fees."""
    unsettled = PaymentHistory.model.objects.visible_to(scope, searched=True)
    found = unsettled.filter(settlement_status=Settlement.PENDING).aggregate(
        count=Count("pk"), sum=Sum(F("amount") - F("fee"))
    )
    url = f"{reverse(PaymentHistory.url_name)}?settlement={Settlement.PENDING}"
    return [
        _sending(scope, TransferHistory),
        _sending(scope, InternationalHistory),
        PendingTotal(_("Payments to be settled"), found["count"], found["sum"] or 0, url),
    ]


def _sending(scope: Scope, history: type[History]) -> PendingTotal:
    model: type[OutgoingTransfer] = history.model
    rows = model.objects.visible_to(scope, searched=True).filter(status=Status.PENDING_APPROVAL)
    found = rows.aggregate(count=Count("pk"), sum=Sum(F("amount") + F("fee")))
    url = f"{reverse(history.url_name)}?status={Status.PENDING_APPROVAL}"
    label = _("%(section)s: pending approval") % {"section": history.section}
    return PendingTotal(label, found["count"], -(found["sum"] or 0), url)
