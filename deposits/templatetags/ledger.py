"""The ledger on the pages of what moves it."""

from collections.abc import Iterable
from typing import Any

from django import template

from deposits.models import Entry
from deposits.models.ledger import WITH_FLOOR
from flipdash.histories import History

register = template.Library()


@register.simple_tag
def ledger_entries(history: History, row: Any) -> Iterable[Entry]:
    """Return the entries that a row has made on the business's own accounts, in the order in which they were posted.

    Clearing accounts and fees are the operator's side of the same postings: below zero by all that was ever paid in,
    they would only alarm whoever reads "Balance after".
    """
    if not history.ledger_source:
        return []
    return (
        Entry.objects.visible_to(history.scope)
        .filter(posting__source_type=history.ledger_source, posting__source_id=row.pk, account__kind__in=WITH_FLOOR)
        .select_related("posting", "account")
        .order_by("created_at", "posting_id", "id")
    )
