"""P21, what an invoice costs: against WeasyPrint alone on the same finished page, and 2,000 of them as a month has;
then what statements of the deposit cost (bench/statements.py).

CPU seconds of one process, in turn, medians. The page has eight lines, as the demo's; the sheet inside has 1,000
transactions. Nothing is read from the database: what that takes stands in the ledger's own figures.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from bench import statements
from bench.measure import Line

MONTH = 2_000
"""Businesses that are billed in a month."""
CORES, MOST_SECONDS = 2, 600
TRANSACTIONS = 1_000
MOST = 1.2


def lines(bench: Any) -> list[Line]:
    """Measure the paper alone, then all that is made of an invoice."""
    from django.template.loader import render_to_string
    from django.utils import translation

    from documents import pdf
    from documents.invoices import paper

    rounds = max(3, bench.rounds // 3)
    with translation.override("en"):
        one, priced = invoice()
        page = render_to_string("pdf/invoice.html", paper.context_of(one, priced))
        ours = lambda: pdf.render_page(page)  # noqa: E731
        taken = _in_turn({"ours": ours, "bare": lambda: _bare(page), "whole": lambda: whole(one, priced)}, rounds)
    ratio = taken["ours"] / taken["bare"]
    month = taken["whole"] * MONTH / CORES
    return [
        Line(
            row="P21",
            what="Invoice as PDF/A-3a and PDF/UA-1",
            measured=f"{taken['ours'] * 1000:,.0f} ms CPU",
            yardstick=f"WeasyPrint alone, {taken['bare'] * 1000:,.0f} ms",
            ratio=round(ratio, 2),
            hold=f"≤ {MOST}×",
            held=ratio <= MOST,
        ),
        Line(
            row="P21",
            what=f"{MONTH:,} invoices with sheets of {TRANSACTIONS:,}, on {CORES} cores",
            measured=f"{month:,.0f} s CPU",
            yardstick="",
            hold=f"≤ {MOST_SECONDS} s",
            held=month <= MOST_SECONDS,
        ),
        *statements.lines(bench),
    ]


def _in_turn(acts: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median CPU seconds of each."""
    taken: dict[str, list[float]] = {name: [] for name in acts}
    for number in range(rounds + 1):
        for name, act in acts.items():
            begun = time.process_time()
            act()
            if number:  # the first reads fonts
                taken[name].append(time.process_time() - begun)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def _bare(page: str) -> bytes:
    """Print a page as WeasyPrint does it by itself, with the same fonts and styles at hand, to the same variant."""
    import weasyprint

    from documents import pdf

    styles, font_config = pdf._styles()  # noqa: SLF001  (what is measured is the rest)
    html = weasyprint.HTML(string=page)
    return bytes(html.write_pdf(stylesheets=[styles], font_config=font_config, pdf_variant="pdf/a-3a"))


def whole(invoice: Any, priced: list[Any], transactions: int = TRANSACTIONS) -> bytes:
    """Make the sheet and the paper with it inside."""
    from documents import pdf
    from documents.invoices import paper
    from documents.reports.writers.sheets import Heading
    from documents.reports.writers.xlsx import XlsxWriter

    headings = [Heading("Transaction ID", "text"), Heading("Product", "text"), Heading("Fee", "rupiah")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sheet.xlsx"
        writer = XlsxWriter(path, headings)
        writer.summary("INV", [("Total", invoice.total)])
        writer.rows(
            (f"{26_11_20_00_00_00_000_000_0 + n}", "Money Transfer, to banks", 2_500) for n in range(transactions)
        )
        writer.close()
        sheet = path.read_bytes()
    inside = [pdf.Attachment(invoice.sheet_name, sheet, "Transactions", datetime(2026, 12, 1, tzinfo=UTC))]
    return pdf.render("pdf/invoice.html", paper.context_of(invoice, priced), attachments=inside)


def invoice() -> tuple[Any, list[Any]]:
    """Return an invoice of eight lines that no database knows."""
    from documents.invoices import products
    from documents.models import Invoice, InvoiceLine

    party = {"name": "PT Kopi Kita Nusantara", "address": "Jalan Braga No. 27, Sumur Bandung, Bandung 40111"}
    ids = {"npwp": "0921345678017000", "nitku": "0921345678017000000000"}
    begin, end = datetime(2026, 10, 31, 17, tzinfo=UTC), datetime(2026, 11, 30, 17, tzinfo=UTC)
    invoice = Invoice(
        mode="live",
        period=date(2026, 11, 1),
        zone="Asia/Jakarta",
        starts_at=begin,
        ends_at=end,
        issued_at=end,
        number="INV/2026/11/000047",
        language="en",
        **{f"{who}_{name}": value for who in ("seller", "buyer") for name, value in {**party, **ids}.items()},
        **{"tax_percent": 12, "tax_numerator": 11, "tax_denominator": 12},
        **{"dpp": 18_549_595, "dpp_other": 17_003_795, "ppn": 2_040_455, "total": 20_590_050},
    )
    codes = [code for code in products.PRODUCTS if code != products.OTHER]
    return invoice, [InvoiceLine(product=code, count=3_912, price=2_500, amount=9_780_000) for code in codes]
