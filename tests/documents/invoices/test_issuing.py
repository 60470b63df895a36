"""Issuing: whose fees, in which month, with which number; once, whole, and never otherwise (trust: D7)."""

from datetime import date, timedelta
from hashlib import sha256

import psycopg
import pytest
from django.core.files.storage import default_storage
from django.db import DatabaseError, connections

from accounts.models import Activity
from deposits import ledger
from deposits.ledger import Line, Source
from deposits.models import AccountKind, PostingKind
from documents.invoices import paper, services
from documents.models import Invoice, InvoiceLine
from flipdash import clock, rls
from flipdash.scope import Scope
from tests import factories
from tests.deposits.conftest import connect
from tests.documents.invoices.conftest import at, fill, issue_all, live, pay_fee, settle
from tests.documents.test_pdf import check_standard
from tests.documents.test_receipts import text_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])
REFUSED = r"never changes|append-only|goes on by one|can't move|keeps its"


def stored(name: str) -> bytes:
    with default_storage.open(name) as file:
        return file.read()


def lines_of(invoice: Invoice) -> list[tuple]:
    lines = InvoiceLine.objects.using("operator").filter(invoice_id=invoice.pk).order_by("place")
    return list(lines.values_list("product", "count", "price", "received", "amount", "given_back_of"))


def test_each_month_that_has_ended_is_billed_once_by_product_and_price(billed):
    issue_all()
    issue_all()
    september, october = live(billed)
    assert (september.number, october.number) == ("INV/2026/09/000001", "INV/2026/10/000002")
    assert lines_of(september) == [("money_transfer.bank", 2, 2_500, None, 5_000, None)]
    assert lines_of(october) == [
        ("money_transfer.ewallet", 1, 1_000, None, 1_000, None),
        ("money_transfer.va", 1, 5_000, None, 5_000, None),
        ("payment.qris", 2, None, 500_000, 3_500, None),
    ]
    assert (october.total, october.dpp + october.ppn) == (9_500, 9_500)
    assert {invoice.status for invoice in (september, october)} == {"issued"}


def test_a_month_without_fees_says_so_and_takes_no_number(billed):
    quiet = [invoice for invoice in issue_all() if invoice.mode == "test"]
    assert [(invoice.status, invoice.number) for invoice in quiet] == [("none", None), ("none", None)]


def test_the_file_is_of_the_standards_and_says_what_the_ledger_says(billed):
    issue_all()
    october = live(billed)[1]
    content = stored(october.stored_as)
    file = check_standard(content, title="Invoice INV/2026/10/000002", language="en")
    assert sha256(content).hexdigest() == october.sha256
    assert [str(one.UF) for one in file.Root.AF] == ["INV-2026-10-000002.xlsx"]
    assert file.attachments["INV-2026-10-000002.xlsx"].get_file().read_bytes() == stored(october.sheet_stored_as)
    assert sha256(stored(october.sheet_stored_as)).hexdigest() == october.sheet_sha256
    said = text_of(content)
    for words in (
        "INV/2026/10/000002",
        "1–31 October 2026",
        "PT FlipDash Demo",
        "PT Kopi Kita Nusantara",
        "0921345678017000000000",
        "Rp9,500",
        "Nine thousand five hundred rupiah",
        "0.7% of Rp500,000",
        "Paid from deposit. Do not pay again.",
        "not a Faktur Pajak",
        "All dates in WIB (UTC+7)",
        "12% × DPP nilai lain",
    ):
        assert words in said


def test_it_is_made_again_to_the_same_bytes_and_in_the_businesss_language(billed):
    fill(billed, language="id")
    issue_all()
    october = live(billed)[1]
    assert paper.make(october, "operator").paper == stored(october.stored_as)
    said = text_of(stored(october.stored_as))
    for words in (
        "Sembilan ribu lima ratus rupiah",
        "Rp9.500",
        "0,7% dari Rp500.000",
        "1–31 Oktober 2026",
        "Jangan bayar",
    ):
        assert words in said


def test_a_fee_that_is_given_back_is_a_line_below_zero_that_names_its_month(billed):
    settled = settle(billed, "2026-10-31T11:00+07:00", 100_000, 700)
    paid = pay_fee(billed, "2026-10-31T12:00+07:00", 2_500)
    scope = Scope.by_itself(billed, "live")
    back = [Line(AccountKind.FEES, -2_500), Line(AccountKind.AVAILABLE, 2_500)]
    with rls.inside(scope):  # now: in a month that hasn't ended
        ledger.reverse(scope, settled.id)
        ledger.post(scope, PostingKind.REFUND, Source("money_transfer", paid.row().source_id), back)
    month = paper.fees.Time(billed, "live", at("2026-11-01T00:00+07:00"), clock.now(), "Asia/Jakarta")
    lines = month.lines("operator")
    assert [(line.product, line.given_back_of, line.amount) for line in lines] == [
        ("money_transfer.bank", date(2026, 10, 1), -2_500),
        ("payment.qris", date(2026, 10, 1), -700),
    ]


def test_months_follow_each_other_when_the_zone_changes_between(billed):
    """A fee in the hour that both months would have, or neither, is billed once."""
    issue_all()
    fill(billed, time_zone="Asia/Jayapura")
    months = services._months(billed, (date(2026, 9, 1), live(billed)[0].ends_at), clock.now())
    assert months[0]["starts_at"] == live(billed)[0].ends_at
    assert months[0]["ends_at"] < live(billed)[1].ends_at


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"npwp": ""}, "party"),
        ({"address": ""}, "party"),
        ({"npwp": "123456789012345"}, "party"),
        ({"legal_name": "PT 王小明"}, "letters"),
        ({"legal_name": "PT \u202etipiruP"}, "letters"),
    ],
)
def test_what_can_not_be_printed_waits_for_a_person_without_a_number(billed, change, problem):
    fill(billed, **change)
    issue_all()
    assert {(one.status, one.problem, one.number) for one in live(billed)} == {("failed", problem, None)}
    fill(billed, legal_name="PT Kopi Kita Nusantara")
    assert services.try_again() == 2
    issue_all()
    assert [one.number for one in live(billed)] == ["INV/2026/09/000001", "INV/2026/10/000002"]


def test_without_the_operators_data_nothing_is_issued(billed, settings):
    settings.OPERATOR_NITKU = "1" * 22
    issue_all()
    assert {(one.status, one.problem) for one in live(billed)} == {("failed", "operator")}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE documents_invoice SET buyer_name = 'PT Lain' WHERE status = 'issued'",
        "UPDATE documents_invoice SET sha256 = repeat('0', 64) WHERE status = 'issued'",
        "UPDATE documents_invoice SET status = 'queued' WHERE status = 'issued'",
        "DELETE FROM documents_invoice",
        "DELETE FROM documents_invoiceline",
        "UPDATE documents_invoiceline SET amount = amount + 1",
        "TRUNCATE documents_invoice CASCADE",
        "UPDATE documents_invoicecounter SET last = last - 1",
        "UPDATE documents_invoicecounter SET last = last + 2",
        "DELETE FROM documents_invoicecounter",
    ],
)
def test_the_database_refuses_to_change_what_is_issued_even_from_the_owner(billed, statement):
    issue_all()
    with (
        pytest.raises(psycopg.errors.CheckViolation, match=REFUSED),
        connect("owner") as connection,
    ):
        connection.execute(statement)


def test_who_serves_takes_no_number_and_removes_nothing(billed):
    issue_all()
    with rls.inside_of(billed.pk, "live"), connections["default"].cursor() as cursor:
        for statement in (
            "SELECT last FROM documents_invoicecounter",
            "UPDATE documents_invoicecounter SET last = last + 1",
            "DELETE FROM documents_invoice",
            "UPDATE documents_invoiceline SET amount = 1",
        ):
            with pytest.raises(DatabaseError, match="permission denied"):
                cursor.execute(statement)


def test_an_invoice_is_taken_back_by_a_credit_note_and_billed_anew_with_the_right_name(billed):
    issue_all()
    wrong = live(billed)[0]
    fill(billed, legal_name="PT Kopi Kita Sejahtera")
    services.credit(wrong, why="Wrong legal name")
    with pytest.raises(services.NotCorrectable):
        services.credit(wrong, why="Twice")
    issue_all()
    first, note, second = live(billed)[:3]
    assert (first.number, note.number, second.number) == (
        "INV/2026/09/000001",
        "CN/2026/09/000001",
        "INV/2026/09/000003",
    )
    assert (first.total, note.total, second.total) == (5_000, -5_000, 5_000)
    assert (note.buyer_name, second.buyer_name) == ("PT Kopi Kita Nusantara", "PT Kopi Kita Sejahtera")
    said = text_of(stored(note.stored_as))
    assert "Takes back invoice INV/2026/09/000001: Wrong legal name" in said
    assert "Minus five thousand rupiah" in said


def test_a_credit_note_takes_back_the_tax_that_was_billed_whatever_the_setting_says_now(billed, settings):
    settings.PPN = ["2022-04-01 11 1/1"]
    issue_all()
    settings.PPN = ["2022-04-01 12 11/12", "2026-09-01 20 1/2"]
    services.credit(live(billed)[0], why="Wrong rate")
    issue_all()
    first, note, second = live(billed)[:3]
    rates = [(one.tax_percent, one.tax_numerator, one.tax_denominator) for one in (first, note, second)]
    assert rates == [(11, 1, 1), (11, 1, 1), (20, 1, 2)]
    sums = ("dpp", "dpp_other", "ppn", "total")
    assert (
        [getattr(note, name) for name in sums]
        == [-getattr(first, name) for name in sums]
        == [-4_505, -4_505, -495, -5_000]
    )
    assert "11%" in text_of(stored(note.stored_as))


def test_an_e_meterai_is_put_in_before_it_is_issued(billed, settings):
    settings.INVOICE_STAMP_FROM = 9_000
    issue_all()
    small, large = live(billed)
    assert (small.status, large.status, large.finished_at) == ("issued", "stamping", None)
    services.stamp(large, stored(large.stored_as) + b"% stamped")
    stamped = live(billed)[1]
    assert stamped.status == "issued"
    assert stored(stamped.stored_as).endswith(b"% stamped")
    assert sha256(stored(stamped.stored_as)).hexdigest() == stamped.sha256


@pytest.mark.parametrize(("days_before", "told"), [(40, 1), (20, 0)])
def test_an_invoice_that_waited_long_is_told_and_one_dated_before_its_row_is_not(kopi_kita, files, days_before, told):
    """The row is 40 or 20 days old, its date 30: the one waited for its stamp, the other was dated by the seed."""
    now = clock.now()
    row = factories.make_invoice(
        kopi_kita,
        status="stamping",
        issued_at=now - timedelta(days=30),
        created_at=now - timedelta(days=days_before),
    )
    services.stamp(Invoice.objects.using("operator").get(pk=row.pk), b"%PDF stamped")
    assert Activity.objects.using("operator").filter(kind="invoice.issued").count() == told
