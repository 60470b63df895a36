"""An invoice as a file, and the sheet of the transactions behind it: made of the row alone, so they can be made again.

What is made is stored and served as it is (services.py); the same row gives the same bytes as long as no package, font
or translation is another, which a test asks.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone, translation
from django.utils.dates import MONTHS
from django.utils.translation import gettext as _

from accounts.models import Business
from documents import pdf
from documents.invoices import fees, products
from documents.invoices.words import rupiah_in_words
from documents.models import Invoice, InvoiceLine
from documents.reports.writers.sheets import Heading
from documents.reports.writers.xlsx import XlsxWriter
from flipdash import money

ATTACHED_MOST = 20_000
"""Transactions in the sheet inside the PDF; of more it stands beside it only."""
SHARE_DECIMALS = 2


@dataclass(frozen=True)
class Files:
    """What is made of an invoice."""

    paper: bytes
    sheet: bytes


def time_of(invoice: Invoice) -> fees.Time:
    """Return the time whose fees an invoice is of."""
    return fees.Time(invoice.business, invoice.mode, invoice.starts_at, invoice.ends_at, invoice.zone)


def make(invoice: Invoice, using: str) -> Files:
    """Make both files, in the invoice's language and zone."""
    with translation.override(invoice.language), timezone.override(ZoneInfo(invoice.zone)):
        sheet, count = _sheet(invoice, using)
        return Files(_paper(invoice, using, sheet if count <= ATTACHED_MOST else None), sheet)


def _paper(invoice: Invoice, using: str, sheet: bytes | None) -> bytes:
    lines = list(invoice.lines.using(using).order_by("place"))
    attachments = []
    if sheet is not None and invoice.issued_at:
        about = _("The transactions behind the total")
        attachments = [pdf.Attachment(invoice.sheet_name, sheet, about, invoice.issued_at.astimezone(UTC))]
    return pdf.render("pdf/invoice.html", context_of(invoice, lines), attachments=attachments)


def context_of(invoice: Invoice, lines: list[InvoiceLine]) -> dict[str, Any]:
    """Return what the template prints: texts only, fit for print."""
    total = invoice.total or 0
    return {
        "title": f"{invoice.get_kind_display()} {invoice.number}",
        "invoice": invoice,
        "operator": invoice.seller,
        "language": invoice.language,
        "issued_at": timezone.localtime(invoice.issued_at).isoformat() if invoice.issued_at else "",
        "issued_on": day_in_words(timezone.localtime(invoice.issued_at).date()) if invoice.issued_at else "",
        "period": period_in_words(invoice.period),
        "parties": [
            {"title": _("From"), "party": invoice.seller, "address": address_lines(invoice.seller_address)},
            {"title": _("Billed to"), "party": invoice.buyer, "address": address_lines(invoice.buyer_address)},
        ],
        "lines": [line_in_words(line) for line in lines],
        "dpp": money.number(invoice.dpp or 0),
        "dpp_other": money.number(invoice.dpp_other or 0) if invoice.tax_numerator != invoice.tax_denominator else "",
        "base_rule": f"{invoice.tax_numerator}/{invoice.tax_denominator} × DPP",
        "ppn": money.number(invoice.ppn or 0),
        "percent": invoice.tax_percent,
        "total": money.rupiah(total),
        "in_words": rupiah_in_words(total, invoice.language),
        "to_pay": _("%(amount)s · paid") % {"amount": money.rupiah(0)},
        "is_credit": invoice.kind == Invoice.Kind.CREDIT_NOTE,
        "corrects": invoice.corrects.number if invoice.corrects else "",
        "zone": zone_in_words(invoice),
        "is_test": invoice.mode == "test",
    }


def line_in_words(line: InvoiceLine) -> dict[str, str]:
    """Return a line as it is printed, and as the page shows it."""
    name, note = products.label_of(line.product), ""
    if line.received is not None:
        note = _("%(share)s of %(received)s") % {"share": _share(line), "received": money.rupiah(line.received)}
    if line.given_back_of is not None:
        name = _("Given back: %(product)s") % {"product": name}
        note = _("Charged in %(month)s") % {"month": month_in_words(line.given_back_of)}
    return {
        "name": name,
        "note": note,
        "count": money.number(line.count),
        "price": money.number(line.price) if line.price is not None else _share(line),
        "amount": money.number(line.amount),
    }


def _share(line: InvoiceLine) -> str:
    """Return which share of the amounts the fees were, rounded: 0.7%."""
    hundredths = round(abs(line.amount) * 100 * 10**SHARE_DECIMALS / line.received) if line.received else 0
    whole, rest = divmod(hundredths, 10**SHARE_DECIMALS)
    decimals = f"{rest:0{SHARE_DECIMALS}}".rstrip("0")
    point = money.DECIMAL_POINTS.get(translation.get_language() or "", ".")
    return f"{whole}{point if decimals else ''}{decimals}%"


def month_in_words(month: date) -> str:
    """Write a month: November 2026."""
    return f"{MONTHS[month.month]} {month.year}"


def day_in_words(day: date) -> str:
    """Write a day in full: 1 December 2026."""
    return f"{day.day} {month_in_words(day)}"


def period_in_words(month: date) -> str:
    """Write the days of a month: 1–30 November 2026."""
    last = (date(month.year + month.month // 12, month.month % 12 + 1, 1) - date(month.year, month.month, 1)).days
    return f"1–{last} {month_in_words(month)}"


def zone_in_words(invoice: Invoice) -> str:
    """Write the invoice's zone: WIB (UTC+7)."""
    hours = round((invoice.starts_at.astimezone(ZoneInfo(invoice.zone)).utcoffset().total_seconds()) / 3600)  # type: ignore[union-attr]  # never None with a zone
    return f"{Business.TimeZone(invoice.zone).label} (UTC+{hours})"


def address_lines(address: str) -> list[str]:
    """Break an address at its commas into three lines at most, as an envelope has it."""
    parts = [part.strip() for part in pdf.printable(address, 500).split(",") if part.strip()]
    if len(parts) <= 1:
        return parts
    middle = [", ".join(parts[1:-2])] if len(parts) > 3 else []
    return [parts[0], *middle, ", ".join(parts[-2:] if len(parts) > 2 else parts[1:])]


# --- The sheet -----------------------------------------------------------------------------------------------------


def _sheet(invoice: Invoice, using: str) -> tuple[bytes, int]:
    """Write the sheet; return it, and how many transactions it has."""
    headings = [
        Heading(_("Transaction ID"), "text"),
        Heading(_("Product"), "text"),
        Heading(f"{_('Date')} ({Business.TimeZone(invoice.zone).label})", "datetime"),
        Heading(_("Amount"), "rupiah"),
        Heading(_("Fee incl. PPN"), "rupiah"),
        Heading(_("Given back of"), "text"),
        Heading(_("Ledger entry"), "text"),
    ]
    sign = -1 if invoice.kind == Invoice.Kind.CREDIT_NOTE else 1
    count = 0

    def rows() -> Iterator[tuple[Any, ...]]:
        nonlocal count
        for fee in time_of(invoice).all_behind(using):
            count += 1
            month = f"{fee.given_back_of:%Y-%m}" if fee.given_back_of else ""
            product = products.label_of(fee.product)
            at = timezone.localtime(fee.at).replace(tzinfo=None, microsecond=0)
            yield str(fee.source_id), product, at, fee.moved, sign * fee.amount, month, str(fee.entry)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sheet.xlsx"
        writer = XlsxWriter(path, headings)
        writer.summary(str(invoice), _summary(invoice))
        writer.rows(rows())
        writer.close()
        return path.read_bytes(), count


def _summary(invoice: Invoice) -> Iterator[tuple[Any, ...]]:
    yield _("Business"), invoice.buyer_name
    yield "NPWP", invoice.buyer_npwp
    yield _("Period"), period_in_words(invoice.period)
    yield _("Time zone"), zone_in_words(invoice)
    yield "DPP", invoice.dpp
    yield "PPN", invoice.ppn
    yield _("Total"), invoice.total
