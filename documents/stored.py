"""What is stored, beside what the rows say: files that no row names go, rows whose file is gone are named."""

from collections.abc import Iterator
from hashlib import file_digest
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import Q

from documents.models import Invoice, InvoicePaper, ReceiptFile, Report, Statement
from flipdash import orphans, room

USING = "operator"

orphans.register("reports", (Report, "stored_as"))
orphans.register("receipts", (ReceiptFile, "stored_as"))
orphans.register("deposit-statements", (Statement, "stored_as"))
orphans.register("invoices", (Invoice, "stored_as"), (Invoice, "sheet_stored_as"), (InvoicePaper, "stored_as"))

room.goes(Report, when=Q(status=Report.Status.READY), until="expires_at")
room.goes(Statement, when=Q(status=Report.Status.READY), until="expires_at")
room.stays(ReceiptFile)


def missing() -> Iterator[str]:
    """Yield what is wrong with the files of reports, statements and receipts that can be downloaded."""
    for report in Report.objects.using(USING).filter(status=Report.Status.READY).order_by("pk").iterator():
        if not default_storage.exists(report.stored_as):
            yield f"report {report}: {report.stored_as} is missing"
    hashed: tuple[tuple[str, Any], ...] = (("statement", Statement), ("receipt", ReceiptFile))
    for name, model in hashed:
        for row in model.objects.using(USING).filter(status=model.Status.READY).order_by("pk").iterator():
            try:
                with default_storage.open(row.stored_as) as file:
                    if file_digest(file, "sha256").hexdigest() != row.sha256:
                        yield f"{name} {row}: {row.stored_as} is not what was made"
            except FileNotFoundError:
                yield f"{name} {row}: {row.stored_as} is missing"
