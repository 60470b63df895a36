"""Banks and e-wallets that the operator says are disturbed, and who is told of it."""

from collections.abc import Callable, Iterable, Sequence

from django.db import transaction

from flipdash import clock
from flipdash.actors import Actor
from transactions.models import Destination

Listener = Callable[[Sequence[Destination]], None]
_listeners: list[Listener] = []


def on_change(listener: Listener) -> Listener:
    """Register what is called with the destinations that changed, in the transaction of the change."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


@transaction.atomic
def set_status(codes: Iterable[str], status: str, *, by: Actor) -> list[Destination]:
    """Say how well transfers to some destinations go through, and return those that were in another state.

    A destination that is in it already keeps its time and who said so, and nobody is told again.
    """
    rows = Destination.objects.select_for_update().filter(code__in=list(codes)).exclude(status=status)
    changed = list(rows.order_by("code"))
    now = clock.now()
    for row in changed:
        row.status, row.changed_at = status, now
        for column, value in by.columns("changer").items():
            setattr(row, column, value)
        row.save(update_fields=["status", "changed_at", *by.columns("changer")])
    if changed:
        for listener in _listeners:
            listener(changed)
    return changed
