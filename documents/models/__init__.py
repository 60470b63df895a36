"""Reports and their templates, statements of the deposit, receipts and links to them, and invoices."""

from documents.models.invoices import Invoice, InvoiceCounter, InvoiceLine, InvoicePaper, InvoiceReader
from documents.models.receipts import ReceiptFile, ReceiptLink
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
    "ReceiptFile",
    "ReceiptLink",
    "Report",
    "ReportTemplate",
    "ScheduleReader",
    "ScheduleRun",
    "ScheduledReport",
    "Statement",
]
