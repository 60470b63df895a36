"""What became of a transaction and what may be done with it, on its page; and how many wait, in the menu."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString

from accounts.permissions import Permission
from deposits.ledger.shown import Moved
from flipdash import frame
from flipdash.histories import History
from transactions import afterwards
from transactions.models import OutgoingTransfer, Status, Transaction, TransactionEvent
from transactions.outcomes import outcome_of
from transactions.outgoing import acts, recalling
from transactions.outgoing.products import kind_of
from transactions.transfers.services import MONEY_TRANSFERS

register = template.Library()


@register.inclusion_tag("transactions/outcome.html")
def outcome(
    history: History, row: Transaction, events: Iterable[TransactionEvent], entries: Iterable[Moved]
) -> dict[str, Any]:
    """Show what happened, whether money moved, and what to do next, where not all went well."""
    return {"outcome": outcome_of(row, events, entries, history.today)}


@register.inclusion_tag("transactions/actions.html", takes_context=True)
def transfer_actions(context: Any, row: Transaction) -> dict[str, Any]:
    """Offer what this person may do with money that leaves; nothing for what only the ledger moves."""
    product = kind_of(row)
    if product is None or not product.forced_url_name or not isinstance(row, OutgoingTransfer):
        return {}
    scope = context["scope"]
    may_decide = scope.can(Permission.APPROVE_TRANSACTIONS)
    may_create = scope.can(Permission.CREATE_TRANSACTIONS)
    waits, is_open = row.status == Status.PENDING_APPROVAL, row.status in acts.WAITING
    return {
        "row": row,
        "product": product,
        "csrf_token": context["csrf_token"],
        "may_approve": may_decide and waits and acts.may_approve(scope, row),
        "may_reject": may_decide and is_open,
        "may_cancel": is_open and acts.may_cancel(scope, row),
        "may_create": may_create and product.create_url_name,
        "may_recall": product is MONEY_TRANSFERS
        and scope.can(Permission.REQUEST_REFUND)
        and recalling.hangs(product, row),
        "series_url": _series_url(row) if may_create or may_decide else "",
        "may_force": may_create and scope.is_test and row.status == Status.PROCESSING,
    }


@register.simple_tag
def outgoing_badge(row: OutgoingTransfer) -> SafeString:
    """Return the badge of a row's state, with what came after it, where it stands in no history."""
    return afterwards.badge_of(row)


@register.simple_tag
def afterwards_tags(row: OutgoingTransfer) -> SafeString:
    """Return what came after its state alone."""
    return afterwards.tags_of(row)


def _series_url(row: OutgoingTransfer) -> str:
    """Return where the series stands of which a transfer is one day; "" for all others."""
    series = getattr(row, "series_id", None)
    return reverse("transactions:one-series", args=[series]) if series else ""


@register.simple_tag(takes_context=True)
def waiting_count(context: Any) -> int:
    """Return how many transactions wait for whoever may approve; 0 for anybody else."""
    scope = context.get("scope")
    if scope is None or not scope.can(Permission.APPROVE_TRANSACTIONS):
        return 0
    return int(frame.of(context["request"])["waiting"] or 0)
