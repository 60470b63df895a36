"""Invoices in the back office: what waits says why; Faktur Pajak, e-meterai and credit notes."""

from hashlib import sha256

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from documents.models import Invoice, InvoicePaper
from flipdash import backoffice
from tests import factories
from tests.documents.invoices.conftest import fill, issue_all, live
from tests.documents.invoices.test_invoice_pages import PDF

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])
LIST = "/admin/documents/invoice/"


@pytest.fixture
def office(db, monkeypatch) -> Client:
    """One of the operator's people, who has a second factor."""
    monkeypatch.setattr(backoffice, "has_second_factor", lambda user: True)
    client = Client()
    client.force_login(
        factories.make_operator(email="op@flipdash.test", name="Olga Operator", password="gayo-arabika-88")
    )
    return client


def test_what_waits_says_why_and_is_tried_again(office, billed):
    fill(billed, legal_name="PT 王小明")
    issue_all()
    assert "can’t be printed" in office.get(LIST).content.decode()
    fill(billed, legal_name="PT Kopi Kita")
    rows = Invoice.objects.using("operator").filter(status="failed").values_list("pk", flat=True)
    office.post(LIST, {"action": "try_again", "_selected_action": list(rows)})
    issue_all()
    assert {row.status for row in live(billed)} == {"issued"}


def test_a_faktur_pajak_is_attached_with_its_17_digits(office, billed, web):
    issue_all()
    row = live(billed)[0]
    given = {"number": "0400260001234567", "dated": "2026-11-05", "file": SimpleUploadedFile("f.pdf", PDF)}
    assert "has 17 digits" in office.post(f"{LIST}{row.pk}/faktur/", given).content.decode()
    given |= {"number": "04002600012345678", "file": SimpleUploadedFile("f.pdf", PDF)}
    assert office.post(f"{LIST}{row.pk}/faktur/", given).status_code == 302
    [kept] = InvoicePaper.objects.using("operator").all()
    assert (kept.kind, kept.number, kept.sha256, kept.by_kind) == (
        "faktur",
        "04002600012345678",
        sha256(PDF).hexdigest(),
        "operator",
    )


def test_the_stamped_paper_is_what_is_issued(office, billed, settings):
    settings.INVOICE_STAMP_FROM = 1
    issue_all()
    row = live(billed)[0]
    assert row.status == "stamping"
    assert b"".join(office.get(f"{LIST}{row.pk}/file/")).startswith(b"%PDF")
    for _twice in range(2):
        answer = office.post(f"{LIST}{row.pk}/stamp/", {"file": SimpleUploadedFile("s.pdf", PDF)})
    assert "doesn’t wait" in answer.content.decode()
    row = live(billed)[0]
    with default_storage.open(row.stored_as) as file:
        assert (row.status, file.read()) == ("issued", PDF)


def test_an_invoice_is_taken_back_once(office, billed):
    issue_all()
    row = live(billed)[0]
    assert office.post(f"{LIST}{row.pk}/credit/", {"why": "Wrong name", "reissue": "on"}).status_code == 302
    assert "taken back already" in office.post(f"{LIST}{row.pk}/credit/", {"why": "Again"}).content.decode()
    issue_all()
    assert [one.number[:2] for one in live(billed)] == ["IN", "CN", "IN", "IN"]
