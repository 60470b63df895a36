"""Reports and their templates, statements of the deposit, links to receipts, and invoices."""

from documents.models.invoices import Invoice, InvoiceCounter, InvoiceLine, InvoicePaper, InvoiceReader
from documents.models.receipts import ReceiptLink
from documents.models.reports import Report
from documents.models.schedules import ScheduledReport, ScheduleReader, ScheduleRun
from documents.models.statements import Statement
from documents.models.templates import ReportTemplate

__all__ = [
    "Invoice",
    "InvoiceCounter",
    "InvoiceLine",
    "InvoicePaper",
    "InvoiceReader",
    "ReceiptLink",
    "Report",
    "ReportTemplate",
    "ScheduleReader",
    "ScheduleRun",
    "ScheduledReport",
    "Statement",
]
