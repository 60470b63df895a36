"""Pages of what was sent."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.permissions import Permission, requires
from flipdash import formats, money
from flipdash.http import Request
from transactions.histories import TransferHistory
from transactions.models import MoneyTransfer


@require_safe
@requires(Permission.VIEW_HISTORY)
def transfers(request: Request) -> HttpResponse:
    """Show Money Transfer → Transaction History."""
    history = TransferHistory(request.scope, request.GET)
    return render(request, "histories/history.html", {"history": history, "results": history.results()})


@require_safe
@requires(Permission.VIEW_HISTORY)
def transfer_detail(request: Request, pk: int) -> HttpResponse:
    """Show one transfer. Opening its own address counts as a search for its id."""
    transfers = MoneyTransfer.objects.visible_to(request.scope, searched=True).select_related("batch")
    transfer = get_object_or_404(transfers, pk=pk)
    return render(
        request,
        "transactions/transfer_detail.html",
        {
            "transfer": transfer,
            "events": transfer.events.visible_to(request.scope).order_by("at", "id"),
            "facts": _facts(transfer),
            "crumbs": [
                {"label": _("Money Transfer")},
                {"label": _("Transaction History"), "url": reverse("transactions:transfers")},
            ],
        },
    )


def _facts(transfer: MoneyTransfer) -> list[dict[str, Any]]:
    """Return every field of the transfer in words, without those that are empty by nature."""
    facts: list[dict[str, Any]] = [
        {"label": _("Transaction ID"), "value": str(transfer.pk), "copyable": True},
        {"label": _("Transfer Destination"), "value": transfer.destination},
        {"label": _("Account Number"), "value": transfer.account_number, "copyable": True},
        {"label": _("Beneficiary Name"), "value": transfer.beneficiary_name},
        {"label": _("Amount"), "value": money.rupiah(transfer.amount)},
        {"label": _("Fee"), "value": money.rupiah(transfer.fee)},
        {"label": _("Remark"), "value": transfer.remark},
        {"label": _("Internal Reference"), "value": transfer.internal_reference},
        {"label": _("Maker Name"), "value": transfer.maker_name},
        {"label": _("Approved By"), "value": transfer.approved_by},
        {"label": _("Created via"), "value": transfer.get_via_display()},
        {"label": _("Created Date"), "value": formats.moment_to_the_second(transfer.created_at)},
        {"label": _("Completed Date"), "value": _moment(transfer.completed_at)},
        {"label": _("Bank Reference"), "value": transfer.bank_reference},
    ]
    if transfer.batch:
        facts.append({"label": _("Batch"), "value": transfer.batch.name})
    if transfer.external_id:
        facts.append({"label": _("External ID"), "value": transfer.external_id, "copyable": True})
    if transfer.returned_at:
        facts.append({"label": _("Returned Date"), "value": _moment(transfer.returned_at)})
    return facts


def _moment(at: Any) -> str:
    return formats.moment_to_the_second(at) if at else ""
