"""The ledger on the pages of what moves it."""

from typing import Any

from django import template

from deposits.ledger.shown import Moved, moved_by
from flipdash.histories import History

register = template.Library()


@register.simple_tag
def ledger_entries(history: History, row: Any) -> list[Moved]:
    """Return the entries that a row has made on the business's own accounts, in the order in which they were posted."""
    return moved_by(history.scope, history.ledger_source, row.pk) if history.ledger_source else []
