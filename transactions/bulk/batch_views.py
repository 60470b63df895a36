"""A batch's own page: how far it is, what became of its rows, the result file, and Retry Failed."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Permission, refuse, requires
from accounts.rights import NotAllowed
from flipdash.gate import polled
from flipdash.http import Request
from transactions.bulk import batches, results, retrying
from transactions.bulk.views import CRUMBS
from transactions.models import MoneyTransfer, Status, TransferBatch
from transactions.outgoing.refusals import OutgoingRefused

MOST_FAILED = 50
"""Failed transfers that the page shows; the history has all."""
looking = requires(Permission.CREATE_TRANSACTIONS, or_one_of=[Permission.APPROVE_TRANSACTIONS])
"""Whoever approves a batch sees all that its makers see of it; only they draft it again."""


@never_cache
@require_safe
@looking
def bulk_batch(request: Request, batch_id: int) -> HttpResponse:
    """Show a batch."""
    batch = _batch(request, batch_id)
    above = {"label": _("Approvals"), "url": reverse("transactions:approvals")}
    if request.scope.can(Permission.CREATE_TRANSACTIONS):
        above = {"label": _("Bulk Transfer"), "url": reverse("transactions:bulk")}
    crumbs = [*CRUMBS, above]
    return render(request, "transactions/bulk/batch.html", {"crumbs": crumbs, **_shown(request, batch)})


@polled
@never_cache
@require_safe
@looking
def batch_status(request: Request, batch_id: int) -> HttpResponse:
    """Answer the part of a batch’s page that changes while it is sent, for htmx."""
    return render(request, "transactions/bulk/batch_status.html", _shown(request, _batch(request, batch_id)))


@never_cache
@require_safe
@looking
def batch_result(request: Request, batch_id: int) -> HttpResponse:
    """Send what became of each row, in the shape of the file that was uploaded."""
    name, kind, content = results.file_of(request.scope, _batch(request, batch_id))
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return HttpResponse(content, content_type=kind, headers=headers)


@require_POST
@requires(Permission.CREATE_TRANSACTIONS)
def batch_retry(request: Request, batch_id: int) -> HttpResponse:
    """Draft the failed rows again, each once."""
    batch = _batch(request, batch_id)
    try:
        draft = retrying.retry(request.scope, batch)
    except OutgoingRefused as problem:
        messages.info(request, str(problem))
        return redirect("transactions:bulk-batch", batch.pk)
    except NotAllowed as problem:
        return refuse(request, problem.permission)
    return redirect("transactions:bulk-draft", draft.number)


def _shown(request: Request, batch: TransferBatch) -> dict[str, Any]:
    counts = batches.counts_of(request.scope, [batch])[batch.pk]
    transfers = MoneyTransfer.objects.visible_to(request.scope, searched=True).filter(batch=batch)
    failed: list[Any] = []
    may_create = request.scope.can(Permission.CREATE_TRANSACTIONS)
    may_approve = request.scope.can(Permission.APPROVE_TRANSACTIONS)
    if _has(counts, Status.FAILED):
        failed = list(transfers.filter(status=Status.FAILED).order_by("pk")[:MOST_FAILED])
    return {
        "batch": batch,
        "counts": counts,
        "total": counts["amount"] + counts["fee"],
        "failed": failed,
        "to_retry": retrying.failed(request.scope, batch).count() if failed and may_create else 0,
        "waits": _has(counts, Status.PENDING_APPROVAL),
        "may_approve": may_approve,
        "is_moving": _has(counts, Status.PROCESSING),
    }


def _has(counts: dict[str, Any], status: Status) -> bool:
    return any(state == status for state, _n in counts["states"])


def _batch(request: Request, pk: int) -> TransferBatch:
    found: TransferBatch = get_object_or_404(TransferBatch.objects.visible_to(request.scope), pk=pk)
    return found
