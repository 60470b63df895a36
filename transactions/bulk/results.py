"""What became of a batch, row by row: in the shape of the file that was uploaded, with our columns behind."""

import io
from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _

from flipdash.scope import Scope
from flipdash.tables import CsvFile, Workbook
from transactions.bulk.judging import shown
from transactions.bulk.layout import FIELDS, LABELS
from transactions.destinations import label_of
from transactions.models import BulkDraft, BulkRow, MoneyTransfer, TransferBatch
from transactions.reasons import Reason

AT_ONCE = 2_000


def file_of(scope: Scope, batch: TransferBatch) -> tuple[str, str, bytes]:
    """Return the name, the kind of content and the bytes of a batch's result."""
    draft = BulkDraft.objects.visible_to(scope).filter(batch=batch).first()
    added = [_("Status"), _("Reason"), _("Transaction ID"), _("Bank Reference"), _("Fee")]
    added += [_("Bank Used"), _("Account Number Used"), _("Name Used"), _("Amount Used")]  # the rows may be repaired
    own = [str(LABELS[name]) for name in FIELDS]
    is_theirs = draft is not None and bool(draft.header)
    header = [*(draft.header if draft is not None and is_theirs else own), *added]
    rows = _of_draft(scope, draft) if draft is not None and is_theirs else _of_batch(scope, batch)
    file = io.BytesIO()
    if draft is not None and draft.file_name.lower().endswith((".xls", ".xlsx")):
        book = Workbook(file)
        book.sheet(_("Result"), header, rows)
        book.close()
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        return f"batch-{batch.pk}-result.xlsx", kind, file.getvalue()
    CsvFile(file, header).rows(rows)
    return f"batch-{batch.pk}-result.csv", "text/csv; charset=utf-8", file.getvalue()


def _of_draft(scope: Scope, draft: BulkDraft) -> Iterator[Sequence[Any]]:
    """Yield the file's rows as they came, with what became of each."""
    width = len(draft.header)
    last = 0
    while rows := list(
        BulkRow.objects.visible_to(scope).filter(draft=draft, record__gt=last).order_by("record")[:AT_ONCE]
    ):
        ids = [row.transfer_id for row in rows if row.transfer_id]
        made = MoneyTransfer.objects.visible_to(scope, searched=True).in_bulk(ids)
        for row in rows:
            cells = [shown(cell) for cell in row.cells]
            cells = (cells + [""] * width)[:width] if cells else [shown(row.texts.get(name, "")) for name in FIELDS]
            transfer = made.get(row.transfer_id)
            yield [*cells, *(_added(transfer) if transfer else (_("Left out"), *[""] * 8))]
        last = rows[-1].record


def _of_batch(scope: Scope, batch: TransferBatch) -> Iterator[Sequence[Any]]:
    """Yield the transfers of a batch whose file nobody kept."""
    last = 0
    transfers = MoneyTransfer.objects.visible_to(scope, searched=True).filter(batch=batch)
    while rows := list(transfers.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        for row in rows:
            yield [
                *(label_of(row.destination_kind, row.bank), row.account_number, row.beneficiary_name, str(row.amount)),
                *(row.remark, row.beneficiary_email, row.internal_reference),
                *_added(row),
            ]
        last = rows[-1].pk


def _added(transfer: MoneyTransfer) -> tuple[str, ...]:
    reason = Reason.of(transfer.reason)
    status = _("Returned") if transfer.returned_at else str(transfer.status.label)
    if transfer.disputed_at:
        status = _("FlipDash is looking into it")
    why = str(reason.label) if reason else ""
    used = (label_of(transfer.destination_kind, transfer.bank), transfer.account_number, transfer.beneficiary_name)
    return status, why, str(transfer.pk), transfer.bank_reference, str(transfer.fee), *used, str(transfer.amount)
