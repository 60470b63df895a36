"""Reports, and links to receipts."""

from documents.models.receipts import ReceiptLink
from documents.models.reports import Report

__all__ = ["ReceiptLink", "Report"]
