"""Batches: the list, and each with how many of its transfers stand where."""

from typing import Any

from django.db.models import Count, Sum
from django.http import Http404

from flipdash.scope import Scope
from transactions.models import BulkDraft, MoneyTransfer, Status, TransferBatch

PAGE_SIZE = 20
MOST_DRAFTS = 20
ENDED = (Status.SUCCESSFUL, Status.FAILED, Status.CANCELLED)


def under_way(scope: Scope) -> list[BulkDraft]:
    """Return the files that aren't batches yet, and the last that couldn't be, newest first."""
    rows = BulkDraft.objects.visible_to(scope).filter(status__in=BulkDraft.Status.open())
    return list(rows.select_related("member__user").order_by("-number")[:MOST_DRAFTS])


def page_of(scope: Scope, before: str) -> dict[str, Any]:
    """Return the batches before one, newest first, each with its counts. Raises Http404 for a `before` of no page."""
    rows = TransferBatch.objects.visible_to(scope).order_by("-created_at", "-id")
    if before:
        if not (before.isascii() and before.isdigit() and len(before) < 19):
            raise Http404
        last = TransferBatch.objects.visible_to(scope).filter(pk=before).first()
        if last is None:
            raise Http404
        # The place in the list, by both of what it is ordered by.
        rows = rows.filter(created_at__lte=last.created_at).exclude(created_at=last.created_at, pk__gte=last.pk)
    found = list(rows[: PAGE_SIZE + 1])
    page = found[:PAGE_SIZE]
    counts = counts_of(scope, page)
    return {
        "batches": [(batch, counts[batch.pk]) for batch in page],
        "older_url": f"?before={page[-1].pk}" if len(found) > PAGE_SIZE else "",
        "newest_url": "?" if before else "",
    }


def counts_of(scope: Scope, found: list[TransferBatch]) -> dict[int, dict[str, Any]]:
    """Return, by batch, how many transfers it has, their sum in rupiah, and how many stand in each state."""
    counts: dict[int, dict[str, Any]] = {
        batch.pk: {"rows": 0, "amount": 0, "fee": 0, "ended": 0, "states": []} for batch in found
    }
    transfers = MoneyTransfer.objects.visible_to(scope, searched=True).filter(batch__in=list(counts))
    grouped = transfers.order_by("batch_id").values("batch_id", "status")
    by_state = list(grouped.annotate(n=Count("pk"), amount=Sum("amount"), fee=Sum("fee")))
    for status in Status:
        for row in by_state:
            if row["status"] == status:
                one = counts[row["batch_id"]]
                one["rows"] += row["n"]
                one["amount"] += row["amount"]
                one["fee"] += row["fee"]
                one["ended"] += row["n"] if status in ENDED else 0
                one["states"].append((status, row["n"]))
    return counts
