"""The demo's documents: invoices of its months, and a receipt that was sent, with its mail and its link."""

from accounts.demo import KOPI_KITA
from accounts.models import Member
from accounts.permissions import Role
from documents.invoices import services as invoices
from documents.models import ReceiptLink
from documents.receipts import sharing
from flipdash import rls
from flipdash.mode import Mode
from transactions.transfers.history import TransferHistory

TO = "sri@pemasok.test"


def ask_for_invoices() -> None:
    """Let the months of the demo be billed, as if each had been when it ended: by the worker, once it runs."""
    invoices.queue_due(as_if_in_time=True)


def send_a_receipt() -> None:
    """Mail the receipt of the newest successful transfer, once, as the Maker."""
    maker = Member.objects.select_related("user", "business").get(user__email=KOPI_KITA.email(Role.MAKER))
    scope = maker.scope(Mode.LIVE)
    with rls.inside(scope):
        transfers = TransferHistory.model.objects.visible_to(scope).filter(status="successful")
        newest = transfers.order_by("-created_at", "-id").first()
        if newest is not None and not ReceiptLink.objects.visible_to(scope).exists():
            sharing.send(scope, TransferHistory, newest.pk, to=TO, with_fee=False)
