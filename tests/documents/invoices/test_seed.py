"""The demo's invoices: all their lines are the fees in the ledger, month by month."""

from collections import Counter

import pytest
from django.db.models import Sum

from accounts import demo as people
from accounts.demo import TOKO_SEBELAH
from accounts.models import Activity, Business
from deposits.models import AccountKind, Entry
from documents import demo as documents
from documents.invoices import checks, services
from documents.models import Invoice, InvoiceLine
from flipdash.models import Message
from transactions import demo

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])


def test_all_lines_of_the_seeds_invoices_are_the_fees_in_the_ledger_month_by_month(files, monkeypatch):
    monkeypatch.setattr(services.INVOICES, "wake", lambda: None)
    people.make_people()
    demo.write_all(slug=TOKO_SEBELAH.slug)
    mails = Message.objects.count()
    documents.ask_for_invoices()
    while services.INVOICES.work():
        pass
    business = Business.objects.get(slug=TOKO_SEBELAH.slug)
    rows = Invoice.objects.using("operator").filter(business=business, mode="live")
    assert rows.filter(status="issued").count() >= 12
    assert not rows.exclude(status__in=["issued", "none"]).exists()
    lines = InvoiceLine.objects.using("operator").filter(invoice__in=rows)
    billed = dict(lines.values_list("invoice__period").annotate(sum=Sum("amount")))
    fees: Counter = Counter()
    entries = Entry.objects.using("operator").filter(
        business=business, mode="live", account__kind=AccountKind.FEES, created_at__lt=rows.latest("period").ends_at
    )
    for amount, at in entries.values_list("amount", "created_at"):
        fees[services.month_of(services.local_day(at, business))] += amount
    assert billed == dict(fees)
    assert list(checks.files()) == []
    assert not Activity.objects.using("operator").filter(kind="invoice.issued").exists()
    assert Message.objects.count() == mails  # nobody is mailed of what the seed says happened
