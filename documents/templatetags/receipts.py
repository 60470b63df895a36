"""Receipts on the pages of what they are of."""

from typing import Any

from django import template
from django.urls import reverse

from flipdash.histories import History

register = template.Library()


@register.inclusion_tag("receipts/actions.html")
def receipt_actions(history: History, row: Any) -> dict[str, Any]:
    """Return the addresses of a row's receipt, where it has one."""
    if history.receipt is None or not row.is_successful:
        return {}
    return {"receipt_url": reverse(f"documents:{history.name}-receipt", args=[row.pk])}
