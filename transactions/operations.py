"""What transactions need the sweep for, besides what waits for a worker (flipdash/operations/needs.py)."""

from collections.abc import Iterator
from typing import Any

from flipdash.operations import needs
from transactions.outgoing import acts, orders
from transactions.outgoing.products import products
from transactions.payments import sweeps
from transactions.transfers.series import running


def _come() -> Iterator[Any]:
    """Yield the rows of which the time has come, or that wait for the deposit, or for somebody to be told of them.

    A sweep takes some of each at once: what is left brings the next one, two seconds later.
    """
    for product in products.values():
        yield acts.come(product, "due")
        yield acts.come(product, "expired")
        if product.waits:
            yield product.model.objects.filter(status=product.waits)
    yield orders.given_up()
    yield running.due()
    yield running.untold()
    yield sweeps.due_payments()
    yield sweeps.due_links()


needs.declare("flipdash.tasks.sweep", _come)
