"""The facts that callbacks tell of, each as our API would say it (docs/developer.md)."""

from typing import Any, cast

from deposits.models import TopUp
from developer.callbacks import outbox
from developer.models import CallbackEvent
from developer.times import moment
from flipdash import events


@events.on("top-up.credited")
def tell_top_up(told: events.Event) -> None:
    """Tell that a top-up is in the deposit."""
    top_up = cast(TopUp, told.subject)
    outbox.tell(told, CallbackEvent.TOP_UP, as_top_up(top_up), source=("top_up", top_up.pk))


def as_top_up(top_up: TopUp) -> dict[str, Any]:
    """Return a credited top-up as a callback tells it: what came in, its unique code included."""
    assert top_up.settled_at is not None  # noqa: S101  (the database has it: topup_successful_is_posted)
    return {
        "id": top_up.pk,
        "amount": top_up.credited_amount,
        "bank_code": top_up.bank,
        "status": "DONE",
        "created_at": moment(top_up.created_at),
        "credited_at": moment(top_up.settled_at),
    }
