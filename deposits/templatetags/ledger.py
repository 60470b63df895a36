"""The ledger on the pages of what moves it."""

from typing import Any

from django import template

from deposits.models import AccountKind, Entry
from flipdash.histories import History

register = template.Library()


@register.inclusion_tag("deposits/entries.html")
def ledger_entries(history: History, row: Any) -> dict[str, Any]:
    """Show the entries that a row has made, in the order in which they were posted."""
    if not history.ledger_source:
        return {"entries": []}
    entries = (
        Entry.objects.visible_to(history.scope)
        .filter(posting__source_type=history.ledger_source, posting__source_id=row.pk)
        .select_related("posting", "account")
        .order_by("created_at", "posting_id", "id")
    )
    return {"entries": entries, "available": AccountKind.AVAILABLE}
