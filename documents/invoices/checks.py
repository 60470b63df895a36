"""What must hold of all invoices: numbers without gaps, files that are what was issued, sums that are the ledger's.

`manage.py check_documents` asks; what the database alone can tell, `check_ledger` asks too.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import BinaryIO, cast

from django.core.files.storage import default_storage

from deposits.ledger.checks import ledger_check
from documents.models import Invoice, InvoicePaper

GAPS = "Invoice numbers have no gap: each year’s are 1 to the last that was given"
SUMS = "Every issued month’s invoices, less credit notes, are the fees in the ledger"
LINES = "Every numbered invoice is the sum of its lines, and DPP and PPN add up to it"

ledger_check(
    GAPS,
    """
    SELECT format('%s/%s: the last is %s, there are %s, from %s to %s', series, year, last, given, first, highest)
    FROM (
        SELECT c.series, c.year, c.last, count(i.id) AS given, min(split_part(i.number, '/', 4)::int) AS first,
            max(split_part(i.number, '/', 4)::int) AS highest
        FROM documents_invoicecounter c
        LEFT JOIN documents_invoice i
            ON split_part(i.number, '/', 1) = c.series AND split_part(i.number, '/', 2)::int = c.year
        GROUP BY 1, 2, 3
    ) n WHERE last <> given OR coalesce(highest, 0) <> last OR coalesce(first, 1) <> 1
    UNION ALL
    SELECT format('%s is of no series', number) FROM documents_invoice i
    WHERE number IS NOT NULL AND NOT EXISTS (
        SELECT FROM documents_invoicecounter c
        WHERE split_part(i.number, '/', 1) = c.series AND split_part(i.number, '/', 2)::int = c.year)
    """,
)
ledger_check(
    LINES,
    """
    SELECT format('%s: total %s, lines %s, DPP %s + PPN %s', i.number, i.total, l.amount, i.dpp, i.ppn)
    FROM documents_invoice i
    LEFT JOIN (SELECT invoice_id, sum(amount) AS amount FROM documents_invoiceline GROUP BY 1) l ON l.invoice_id = i.id
    WHERE i.number IS NOT NULL AND (i.total IS DISTINCT FROM l.amount OR i.dpp + i.ppn <> i.total)
    """,
)
ledger_check(
    SUMS,
    """
    SELECT format('business %s, %s, %s: invoices %s, fees %s', m.business_id, m.mode, m.period, m.billed, f.fees)
    FROM (
        SELECT business_id, mode, period, starts_at, ends_at,
            sum(CASE WHEN number IS NOT NULL THEN total ELSE 0 END) AS billed
        FROM documents_invoice
        GROUP BY 1, 2, 3, 4, 5
        HAVING bool_and(status IN ('issued', 'none'))
            AND (bool_or(status = 'none') OR count(*) FILTER (WHERE kind = 'invoice')
                > count(*) FILTER (WHERE kind = 'credit_note'))
    ) m
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(e.amount), 0) AS fees
        FROM deposits_account a
        JOIN deposits_entry e ON e.account_id = a.id AND e.created_at >= m.starts_at AND e.created_at < m.ends_at
        JOIN deposits_posting p ON p.id = e.posting_id
        LEFT JOIN deposits_posting r ON r.id = p.reverses_id
        WHERE a.business_id = m.business_id AND a.mode = m.mode AND a.kind = 'fees' AND a.currency = 'IDR'
            AND coalesce(r.kind, p.kind) <> 'sweep'
    ) f WHERE m.billed <> f.fees
    """,
)
NAMES = (GAPS, LINES, SUMS)


def files() -> Iterator[str]:
    """Yield what is wrong with the stored files: one that is missing, or isn't what was issued."""
    issued = Invoice.objects.using("operator").issued().order_by("pk")
    for row in issued.iterator():
        yield from _wrong(row.number or "", row.stored_as, row.size, row.sha256)
        yield from _wrong(f"{row.number}, its sheet", row.sheet_stored_as, row.sheet_size, row.sheet_sha256)
    for paper in InvoicePaper.objects.using("operator").select_related("invoice").order_by("pk").iterator():
        yield from _wrong(f"{paper} beside {paper.invoice}", paper.stored_as, paper.size, paper.sha256)


def _wrong(name: str, stored_as: str, size: int | None, digest: str) -> Iterator[str]:
    try:
        with default_storage.open(stored_as) as file:
            found, length = _digest(cast(BinaryIO, file))
    except FileNotFoundError:
        yield f"{name}: {stored_as} is missing"
        return
    if (found, length) != (digest, size):
        yield f"{name}: {stored_as} is not what was issued"


def _digest(file: BinaryIO) -> tuple[str, int]:
    digest, length = sha256(), 0
    while part := file.read(1 << 20):
        digest.update(part)
        length += len(part)
    return digest.hexdigest(), length
