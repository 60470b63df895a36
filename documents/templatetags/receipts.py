"""Receipts on the pages of what they are of."""

from typing import Any

from django import template
from django.urls import reverse

from flipdash.histories import History

register = template.Library()


@register.inclusion_tag("receipts/actions.html")
def receipt_actions(history: History, row: Any) -> dict[str, Any]:
    """Return the addresses of a row's receipt and of the page that sends it, where it has one."""
    if history.receipt is None or not row.is_successful:
        return {}
    name = f"documents:{history.name}-receipt"
    return {"receipt_url": reverse(name, args=[row.pk]), "sending_url": reverse(f"{name}-sending", args=[row.pk])}
