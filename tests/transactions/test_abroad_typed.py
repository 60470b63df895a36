"""Transfers abroad: what is typed and attached that can't be used is refused in words, and nothing is made."""

import io
import zipfile
from decimal import Decimal

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.permissions import Permission, Role
from accounts.rights import NotAllowed
from flipdash import rls
from tests import factories
from tests.transactions.abroad import CREATE, PDF, begin, finish, text_of, unseen
from tests.transactions.sending import fund
from transactions.international import attachments, beneficiaries, quotes
from transactions.international.attachments import BadAttachment
from transactions.models import Attachment, BeneficiaryAbroad, Corridor, InternationalTransfer, Quote
from transactions.rails import simulated_quotes, simulator

pytestmark = [
    pytest.mark.django_db(databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]


@pytest.fixture(autouse=True)
def inside(kopi_kita):
    """Quotes and documents are shown inside of their business only."""
    fund(kopi_kita, 100_000_000, mode="live")
    with rls.inside_of(kopi_kita.pk, "live"):
        yield


@pytest.mark.parametrize(("corridor", "side"), [("DE B2B", "received"), ("JP C2C", "received"), ("GB B2B", "sent")])
def test_an_amount_with_too_many_digits_is_refused_in_words(web, corridor, side):
    page = begin(web, corridor, amount="9" * 30, side=side)
    assert page.status_code == 200
    assert "9" * 30 in page.content.decode(), "what was typed stays"
    assert "digits" in text_of(page)
    assert not Quote.objects.exists()


def test_asks_are_counted_whatever_comes_of_them(admin, monkeypatch):
    """trust: Q1. What the corridor doesn't take asks no rail; what it can't know before is counted as any other."""
    heard = []

    def quote(asked):
        heard.append(asked)
        return simulated_quotes.offer(asked)

    monkeypatch.setattr(quotes, "MOST_A_MINUTE", 2)
    monkeypatch.setattr(simulator.RAIL, "quote", quote, raising=False)
    scope, corridor = admin.scope("live"), Corridor.objects.get(country="GB")
    with pytest.raises(quotes.OutOfLimits):
        quotes.ask(scope, quotes.Wanted(corridor, "B2B", "received", Decimal(10**9)))
    assert heard == []
    too_much = quotes.Wanted(corridor, "B2B", "sent", Decimal(10**14))
    for problem in (quotes.OutOfLimits, quotes.OutOfLimits, quotes.NoQuote):
        with pytest.raises(problem):
            quotes.ask(scope, too_much)
    assert len(heard) == 2
    assert not Quote.objects.exists()


def office(packed_as=zipfile.ZIP_DEFLATED):
    """A document of Word."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", packed_as) as packed:
        packed.writestr("word/document.xml", "<w:document>Kopi, kopi, kopi</w:document>" * 20)
    return written.getvalue()


def broken():
    """The same with a first block of a type that there isn't; its index is whole."""
    content = bytearray(office())
    content[30 + len("word/document.xml")] = 0xFF
    return bytes(content)


@pytest.mark.parametrize("content", [broken(), office(zipfile.ZIP_LZMA), office(zipfile.ZIP_BZIP2)])
def test_a_document_that_cannot_be_unpacked_is_refused_in_words(web, content):
    page = begin(web, "MY B2B", attachment=SimpleUploadedFile("invoice.docx", content))
    assert page.status_code == 200
    assert "can’t be opened" in text_of(page)
    assert not Attachment.objects.exists()
    page = begin(web, "MY B2B", attachment=SimpleUploadedFile("invoice.docx", office()))
    assert "The rate holds until" in text_of(page)


def test_a_transfer_without_decimals_is_paid_once_more_as_it_stands(web):
    finish(web, "JP C2C", begin(web, "JP C2C", side="received", amount="98.000"))
    row = InternationalTransfer.objects.get()
    assert row.amount_received == 98_000
    form = web.get(f"{CREATE}?again={row.pk}")
    assert 'value="98000"' in form.content.decode()
    again = begin(web, "JP C2C", side="received", amount="98000", is_sure="on", made_key=unseen(form)["made_key"])
    assert "JPY 98,000" in text_of(again)


def test_a_transfer_and_whom_it_pays_are_kept_together_or_not_at_all(web, monkeypatch):
    page = begin(web, "GB B2B", save_beneficiary="on")

    def fails(*_args, **_more):
        raise NotAllowed(Permission.CREATE_TRANSACTIONS)

    with monkeypatch.context() as patch:
        patch.setattr(beneficiaries, "save", fails)
        finish(web, "GB B2B", page)
    assert not InternationalTransfer.objects.exists()
    finish(web, "GB B2B", page)
    assert InternationalTransfer.objects.get().account_number == BeneficiaryAbroad.objects.get().account_number


def test_a_document_that_is_lost_is_not_found(web):
    finish(web, "MY B2B", begin(web, "MY B2B", attachment=SimpleUploadedFile("invoice.docx", office())))
    row = InternationalTransfer.objects.get()
    default_storage.delete(row.attachment.stored_as)
    assert web.get(f"/international-transfers/{row.pk}/attachment/").status_code == 404


def test_unused_documents_of_one_person_leave_room_for_others(kopi_kita, monkeypatch):
    monkeypatch.setattr(attachments, "MOST_UNUSED", 1)
    for maker in (factories.make_member(kopi_kita, Role.MAKER), factories.make_member(kopi_kita, Role.MAKER)):
        with rls.inside(maker.scope("live")):
            attachments.keep(maker.scope("live"), "invoice.pdf", PDF)
            with pytest.raises(BadAttachment):
                attachments.keep(maker.scope("live"), "invoice.pdf", PDF)
