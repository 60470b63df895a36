"""What became of a transaction, on its page."""

from collections.abc import Iterable
from typing import Any

from django import template

from deposits.ledger.shown import Moved
from flipdash.histories import History
from transactions.models import Transaction, TransactionEvent
from transactions.outcomes import outcome_of

register = template.Library()


@register.inclusion_tag("transactions/outcome.html")
def outcome(
    history: History, row: Transaction, events: Iterable[TransactionEvent], entries: Iterable[Moved]
) -> dict[str, Any]:
    """Show what happened, whether money moved, and what to do next, where not all went well."""
    return {"outcome": outcome_of(row, events, entries, history.today)}
