"""What the database itself refuses of reports, statements, invoices, receipts and links to them."""

from documents.models import (
    Invoice,
    InvoiceCounter,
    InvoiceLine,
    InvoicePaper,
    InvoiceReader,
    ReceiptFile,
    ReceiptLink,
    Report,
    ReportTemplate,
    ScheduledReport,
    ScheduleReader,
    ScheduleRun,
    Statement,
)
from flipdash.sql.declaring import (
    AppendOnly,
    Begins,
    Code,
    Fixed,
    InnerWall,
    Kept,
    Moves,
    Refused,
    Rights,
    RowLevelSecurity,
    files,
)

NUMBERED = (
    *("number", "issued_at", "language", "dpp", "dpp_other", "ppn", "total"),
    *("seller_name", "seller_address", "seller_npwp", "seller_nitku"),
    *("buyer_name", "buyer_address", "buyer_npwp", "buyer_nitku"),
    *("tax_percent", "tax_numerator", "tax_denominator"),
)
"""What an invoice says once it has a number."""

MADE = ("status", "stored_as", "file_name", "size", "sha256")
"""What is known of a receipt's file once it is there."""


def _differ(names: tuple[str, ...]) -> str:
    old, new = (", ".join(f"{row}.{name}" for name in names) for row in ("OLD", "NEW"))
    return f"({old}) IS DISTINCT FROM ({new})"


INVOICES: list[Code] = [
    Kept(Invoice),
    Begins(Invoice, "queued", empty=["number", "total"]),
    Moves(Invoice),
    Fixed(Invoice, "business", "mode", "kind", "period", "revision", "starts_at", "ends_at", "zone", "corrects", "why"),
    Refused(Invoice, "issued", "BEFORE UPDATE", "is issued, and never changes", when="OLD.status = 'issued'"),
    Refused(
        *(Invoice, "numbered", "BEFORE UPDATE", "keeps its number and what it says"),
        when=f"OLD.number IS NOT NULL AND {_differ(NUMBERED)}",
    ),
    AppendOnly(InvoiceLine),
    AppendOnly(InvoicePaper),
    Kept(InvoiceCounter),
    Refused(
        *(InvoiceCounter, "grows", "BEFORE UPDATE", "goes on by one"),
        when="NEW.last <> OLD.last + 1 OR (OLD.series, OLD.year) IS DISTINCT FROM (NEW.series, NEW.year)",
    ),
    *(RowLevelSecurity(model) for model in (Invoice, InvoiceLine, InvoicePaper, InvoiceReader)),
    Rights(Invoice, app="SELECT, INSERT, UPDATE"),
    Rights(InvoiceLine, app="SELECT, INSERT"),
    # Who serves takes no numbers: the worker does, as the operator.
    Rights(InvoiceCounter, app="", operator="SELECT, INSERT, UPDATE"),
    Rights(InvoicePaper, app="SELECT, INSERT"),
    Rights(InvoiceReader, app="SELECT, INSERT, DELETE"),
]

AFTER_TABLES: list[Code] = [
    Moves(Report),
    InnerWall(Report),
    *(RowLevelSecurity(model) for model in (ReportTemplate, ScheduledReport, ScheduleReader, ScheduleRun)),
    Moves(ScheduleRun),
    Fixed(ScheduledReport, "business", "mode", "history", "created_at"),
    Fixed(ScheduleRun, "business", "mode", "schedule", "day", "by_kind", "by_id", "by_name", "created_at"),
    Fixed(ReportTemplate, "business", "mode", "history", "by_kind", "by_id", "by_name", "created_at"),
    Moves(Statement),
    RowLevelSecurity(Statement),
    Fixed(Statement, "business", "mode", "number", "first", "last", "zone", "starts_at", "ends_at", "format", "member"),
    RowLevelSecurity(ReceiptFile),
    Kept(ReceiptFile),
    Moves(ReceiptFile),
    Fixed(
        ReceiptFile,
        *("business", "mode", "history", "row_id", "with_fee", "returned", "language"),
        *("by_kind", "by_id", "by_name", "created_at"),
    ),
    Refused(
        *(ReceiptFile, "made", "BEFORE UPDATE", "is made, and never changes"),
        when=f"OLD.status = 'ready' AND {_differ(MADE)}",
    ),
    RowLevelSecurity(ReceiptLink),
    Kept(ReceiptLink),
    Fixed(
        ReceiptLink,
        *("business", "mode", "history", "row_id", "token_hash", "sealed", "to", "known_by", "with_fee"),
        *("by_kind", "by_id", "by_name", "created_at", "expires_at"),
    ),
    Refused(
        ReceiptLink,
        "stays_revoked",
        "BEFORE UPDATE",
        "stays revoked",
        when="OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at",
    ),
    *files(__file__, "receipt_link_place"),
    *INVOICES,
]
