"""What of the transactions waits before it moves the deposit: told to My Deposit (deposits/overview/pending.py)."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from deposits.overview.pending import Pending
from flipdash.histories import History
from flipdash.scope import Scope
from transactions.international.history import InternationalHistory
from transactions.models import RefundStatus, Settlement, Status
from transactions.payments.history import PaymentHistory
from transactions.refunds.history import RefundHistory
from transactions.transfers.history import TransferHistory


def pending(scope: Scope) -> list[Pending]:
    """Return what waits for an approver, and the payments that are not settled yet; amounts with their fees."""
    states, url = [Settlement.PENDING], f"{reverse(PaymentHistory.url_name)}?settlement={Settlement.PENDING}"
    label = _("Payments to be settled")
    return [
        _sending(TransferHistory),
        _sending(InternationalHistory),
        *_refunds(scope),
        Pending(label, PaymentHistory.model, "settlement_status", states, "amount - fee", url),
    ]


def _refunds(scope: Scope) -> list[Pending]:
    """Return the refunds that wait, to whoever may look at them."""
    if not scope.can(RefundHistory.permission):
        return []
    states = [RefundStatus.PENDING_APPROVAL, RefundStatus.WAITING]
    url = f"{reverse(RefundHistory.url_name)}?{'&'.join(f'status={status}' for status in states)}"
    return [Pending(_("Refunds that wait"), RefundHistory.model, "status", states, "-amount - fee", url)]


def _sending(history: type[History]) -> Pending:
    url = f"{reverse(history.url_name)}?status={Status.PENDING_APPROVAL}"
    label = _("%(section)s: pending approval") % {"section": history.section}
    return Pending(label, history.model, "status", [Status.PENDING_APPROVAL], "-amount - fee", url)
