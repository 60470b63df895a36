"""Asking back what hangs: a transaction on its way whose bank is heavily disturbed.

The rail is asked to stop it. Until the rail says that it did, nothing comes back: it may have been paid all the same.
"""

from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.permissions import Permission
from accounts.rights import lock_row
from flipdash import events
from flipdash.scope import Scope
from transactions.models import Destination, RailOrder, Status
from transactions.outgoing.orders import ORDERS
from transactions.outgoing.products import Product
from transactions.outgoing.refusals import NotWaiting, OutgoingRefused


class NotHanging(OutgoingRefused):
    """Its bank isn't heavily disturbed, or it was asked back before."""


def hangs(product: Product, row: Any) -> bool:
    """Return whether a row can be asked back: it is on its way, and its bank is heavily disturbed."""
    if row.status != Status.PROCESSING:
        return False
    bad = Destination.objects.filter(code=product.bank(row), status=Destination.Status.HEAVILY_DISTURBED)
    return bad.exists() and _orders(product, row).filter(recalled_at=None).exists()


def recall(scope: Scope, product: Product, pk: int) -> None:
    """Ask a transaction back. Raises NotWaiting, NotHanging, NotAllowed."""
    with transaction.atomic():
        rows = product.model.objects.visible_to(scope, searched=True)
        locked = lock_row(scope, rows, pk, Permission.REQUEST_REFUND)
        if locked.status != Status.PROCESSING:
            raise NotWaiting(locked)
        if not hangs(product, locked):
            raise NotHanging(_("Its bank isn’t heavily disturbed, or it was asked back before. Nothing was changed."))
        _orders(product, locked).update(recalled_at=Now(), due_at=Now())
        events.record(scope, product.kind("recalled"), locked, amount=locked.amount)
        ORDERS.wake_on_commit()


def _orders(product: Product, row: Any) -> Any:
    return RailOrder.objects.filter(key=product.key_of(row), finished_at=None)
