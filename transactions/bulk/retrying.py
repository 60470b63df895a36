"""Retry Failed: the failed transfers of a batch become the rows of a new draft, each once."""

import hashlib
import uuid
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from accounts import rights
from accounts.permissions import Permission
from flipdash import clock, events
from flipdash.numbers import next_number
from flipdash.scope import Scope
from transactions.bulk import asking
from transactions.bulk import rows as stored
from transactions.bulk.layout import FIELDS, LABELS
from transactions.bulk.services import DAYS_KEPT, check_room
from transactions.destinations import label_of
from transactions.models import BulkDraft, BulkRow, MoneyTransfer, Status, TransferBatch
from transactions.outgoing.refusals import OutgoingRefused


class NothingToRetry(OutgoingRefused):
    """Every failed transfer of the batch was drafted again already, or none has failed."""


def failed(scope: Scope, batch: TransferBatch) -> Any:
    """Return the failed transfers of a batch that nobody has drafted again, but for what the bank says was paid."""
    transfers = MoneyTransfer.objects.visible_to(scope, searched=True).filter(batch=batch, status=Status.FAILED)
    transfers = transfers.filter(disputed_at=None)
    return transfers.exclude(Exists(BulkRow.objects.filter(retry_of=OuterRef("pk")))).order_by("pk")


@transaction.atomic
def retry(scope: Scope, batch: TransferBatch) -> BulkDraft:
    """Draft what has failed once more, to be looked at and confirmed.

    Raises NothingToRetry, TooManyOpen, NotAllowed.
    """
    number = next_number(scope, BulkDraft)  # whoever retries at the same moment waits here
    rights.ask_again(scope, Permission.CREATE_TRANSACTIONS)
    transfers = list(failed(scope, batch))
    if not transfers:
        raise NothingToRetry(_("Nothing is left to retry: what has failed was drafted again already."))
    check_room(scope)
    draft = BulkDraft.objects.create(
        business_id=scope.business.pk,
        mode=scope.mode,
        number=number,
        member_id=scope.member.pk,
        name=(_("%s, once more") % batch.name)[:100],
        file_name=_("Retry of %s") % batch.name,
        sha256=hashlib.sha256(uuid.uuid4().bytes).hexdigest(),
        header=[str(LABELS[name]) for name in FIELDS],
        status=BulkDraft.Status.QUEUED,
        version=1,
        keep_until=clock.now() + timedelta(days=DAYS_KEPT),
    )
    for start in range(0, len(transfers), 1_000):
        some = transfers[start : start + 1_000]
        stored.add(draft, [_row(place, row) for place, row in enumerate(some, start=start + 2)])
    for place, row in enumerate(transfers, start=2):
        row.place = place
    _note(draft, transfers)
    stored.mark(draft)
    for status in (BulkDraft.Status.CHECKING, BulkDraft.Status.REVIEW):
        BulkDraft.objects.filter(pk=draft.pk).update(status=status)
    draft.refresh_from_db()
    asking.ask(draft)
    events.record(scope, "batch.retried", draft, at=None, count=len(transfers))
    return draft


def _note(draft: BulkDraft, transfers: list[Any]) -> None:
    """Note of each row which transfer it tries again; the database takes each once."""
    rows = {row.record: row for row in draft.rows.only("pk", "record")}
    for transfer in transfers:
        rows[transfer.place].retry_of_id = transfer.pk
    BulkRow.objects.bulk_update(rows.values(), ["retry_of"], batch_size=1_000)


def _row(record: int, transfer: MoneyTransfer) -> dict[str, Any]:
    texts = {
        "bank": label_of(transfer.destination_kind, transfer.bank),
        "amount": str(transfer.amount),
        **{
            name: getattr(transfer, name)
            for name in ("account_number", "beneficiary_name", "remark", "beneficiary_email", "internal_reference")
        },
    }
    return stored.as_json(record, [texts[name] for name in FIELDS], dict(texts))
