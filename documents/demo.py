"""The demo's receipt: one that was sent, so that its page, its mail in the Outbox and its link can be looked at."""

from accounts.demo import KOPI_KITA
from accounts.models import Member
from accounts.permissions import Role
from documents.models import ReceiptLink
from documents.receipts import sharing
from flipdash import rls
from flipdash.mode import Mode
from transactions.transfers.history import TransferHistory

TO = "sri@pemasok.test"


def send_a_receipt() -> None:
    """Mail the receipt of the newest successful transfer, once, as the Maker."""
    maker = Member.objects.select_related("user", "business").get(user__email=KOPI_KITA.email(Role.MAKER))
    scope = maker.scope(Mode.LIVE)
    with rls.inside(scope):
        transfers = TransferHistory.model.objects.visible_to(scope).filter(status="successful")
        newest = transfers.order_by("-created_at", "-id").first()
        if newest is not None and not ReceiptLink.objects.visible_to(scope).exists():
            sharing.send(scope, TransferHistory, newest.pk, to=TO, with_fee=False)
