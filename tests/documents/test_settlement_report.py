"""The settlement report: payments, their fees and the deposit's entry are the same rupiah in every format (D8, L3)."""

import csv
import io
from datetime import UTC, date, datetime

import pytest
import python_calamine
from django.core.files.storage import default_storage

from deposits.models import Entry
from documents.reports import services
from flipdash import rls
from tests.transactions.settling import begin, paid, settle

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator", "snapshot"]),
    pytest.mark.usefixtures("asleep", "files"),
]
MONDAY_NOON = datetime(2025, 9, 1, 5, tzinfo=UTC)
SUMS = ("Amount", "Fee", "Settled Amount")


def sheet(scope, name, query, format):
    """Make a report of all columns; return its heads, its rows, and what its Summary says by the label of a line."""
    report = services.request_report(scope, history=name, query=query, format=format)
    services.REPORTS.work(report.pk)
    report.refresh_from_db()
    assert report.status == "ready", report.problem
    with default_storage.open(report.stored_as) as file:
        content = file.read()
    if format == "csv":
        heads, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        return heads, rows, None
    book = python_calamine.load_workbook(io.BytesIO(content))
    heads, *rows = book.get_sheet_by_name("Data 1").to_python()
    summary = book.get_sheet_by_name("Summary").to_python()
    return heads, rows, summary


def sums_of(heads, rows):
    return {name: sum(int(float(row[heads.index(name)] or 0)) for row in rows) for name in SUMS}


@pytest.mark.parametrize("format", ["xls", "xlsx", "csv"])
def test_its_payments_fees_and_the_entry_of_the_deposit_are_the_same_rupiah(scope, kopi_kita, format):
    for amount, fee in ((350_000, 4_000), (99_999, 699), (50_000, 0)):
        paid(kopi_kita, MONDAY_NOON, amount=amount, fee=fee)
    run = settle(begin(kopi_kita, date(2025, 9, 2)))
    paid(kopi_kita, MONDAY_NOON, amount=77_777)  # of no settlement yet
    with rls.inside_of(kopi_kita.pk, "live"):
        entry = Entry.objects.get(account__kind="available")
        fees = Entry.objects.get(account__kind="fees")
    whole = {"Amount": 499_999, "Fee": 4_699, "Settled Amount": 495_300}
    assert (entry.amount, fees.amount) == (whole["Settled Amount"], whole["Fee"])

    heads, rows, summary = sheet(scope, "payments", f"run={run.pk}", format)
    assert len(rows) == 3
    assert sums_of(heads, rows) == whole
    assert {str(row[heads.index("Settlement ID")]).removesuffix(".0") for row in rows} == {str(run.pk)}
    days_heads, days, days_summary = sheet(scope, "settlements", "", format)
    assert sums_of(days_heads, days) == whole
    for lines in filter(None, (summary, days_summary)):
        said = {cell for line in lines for cell in line if isinstance(cell, float)}
        assert set(whole.values()) <= said
