"""What is stored, beside what the rows say: files that no row names go, rows whose file is gone are named.

A worker notes a file's name before it stores it, so that little is ever left: a paper whose row didn't come to be, what
was put back with an older database, what a storage kept though it was told to delete it.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import file_digest
from itertools import islice
from typing import Any

from django.core.files.storage import default_storage

from documents.models import Invoice, InvoicePaper, ReceiptFile, Report, Statement
from flipdash import clock

USING = "operator"
KEPT_FOR = timedelta(days=1)
"""How old a file must be: one that is just being stored may have its row in a transaction that nobody sees yet."""
MOST = 1_000
"""Files that go at once; the next sweep takes more."""

NAMED: dict[str, Callable[[], Iterator[Any]]] = {
    "reports": lambda: _names(Report, "stored_as"),
    "receipts": lambda: _names(ReceiptFile, "stored_as"),
    "deposit-statements": lambda: _names(Statement, "stored_as"),
    "invoices": lambda: (
        name
        for model, field in ((Invoice, "stored_as"), (Invoice, "sheet_stored_as"), (InvoicePaper, "stored_as"))
        for name in _names(model, field)
    ),
}
"""The folders that are ours alone, and what names the files in each. Other apps' files are in others."""


def throw_away_orphans() -> int:
    """Delete the files that are older than a day and that no row names; return how many went."""
    gone = 0
    for folder, named in NAMED.items():
        old = list(islice(_old_files(folder), 100 * MOST))
        orphans = set(old) - set(named()) if old else set()
        for name in islice(sorted(orphans), MOST):
            default_storage.delete(name)
            gone += 1
    return gone


def _names(model: Any, field: str) -> Iterator[str]:
    """Return the stored names, each without doubt: read after the storage was, so that none is missing."""
    rows = model.objects.using(USING).exclude(**{field: ""}).order_by()
    return iter(rows.values_list(field, flat=True).iterator(chunk_size=10_000))


def _old_files(folder: str) -> Iterator[str]:
    """Yield the files in a folder and the folders in it that are older than a day."""
    before = clock.now(USING) - KEPT_FOR
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:  # nothing was ever stored there
        return
    for file in files:
        name = f"{folder}/{file}"
        try:
            if default_storage.get_modified_time(name) < before:
                yield name
        except FileNotFoundError:  # gone a moment ago
            continue
    for inner in folders:
        yield from _old_files(f"{folder}/{inner}")


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
