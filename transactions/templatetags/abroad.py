"""What a transfer abroad has besides the columns of its history, on its page."""

from typing import Any

from django import template

from accounts.permissions import Permission
from transactions.international import identity, wording
from transactions.models import InternationalTransfer, Transaction

register = template.Library()


@register.inclusion_tag("transactions/international/details.html", takes_context=True)
def abroad(context: Any, row: Transaction) -> dict[str, Any]:
    """Show the fields of a corridor and the document; nothing for other transactions, and what was imported."""
    if not isinstance(row, InternationalTransfer) or not row.transfer_kind:
        return {}
    scope = context["scope"]
    may_see = scope.can(Permission.CREATE_TRANSACTIONS) or scope.can(Permission.APPROVE_TRANSACTIONS)
    return {
        "row": row,
        "details": wording.details_in_words(identity.shown(row)) if may_see else [],
        "attachment": row.attachment if may_see else None,
    }
