"""What transactions need the sweep for, besides what waits for a worker (flipdash/operations/needs.py)."""

from collections.abc import Iterator
from typing import Any

from flipdash.operations import needs
from transactions.outgoing import acts, covering, orders
from transactions.outgoing.products import products
from transactions.payments import sweeps
from transactions.transfers.series import running


def _come() -> Iterator[Any]:
    """Yield the rows of which the time has come, which the deposit covers now, or of which somebody is to be told.

    A sweep takes some of each at once: what is left brings the next one, two seconds later.
    """
    for product in products.values():
        yield acts.come(product, "due")
        yield acts.come(product, "expired")
        if product.waits:
            yield covering.covered(product)
    yield orders.given_up()
    yield running.due()
    yield running.untold()
    yield sweeps.due_payments()
    yield sweeps.due_links()


needs.declare("flipdash.tasks.sweep", _come)
