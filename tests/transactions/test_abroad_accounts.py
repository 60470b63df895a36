"""Transfers abroad: what a rail is told of whom it pays, and which accounts abroad are the same (trust: L8, M3)."""

from dataclasses import replace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.permissions import Role
from flipdash import rls
from tests import factories
from tests.transactions.abroad import PDF, begin, finish, text_of, unseen
from tests.transactions.sending import fund, let_it_arrive
from transactions.demo import abroad
from transactions.international import accounts, beneficiaries
from transactions.international.services import INTERNATIONAL
from transactions.models import BeneficiaryAbroad, InternationalTransfer, Status
from transactions.rails import KeyReused, simulator

pytestmark = [
    pytest.mark.django_db(databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]


@pytest.fixture(autouse=True)
def inside(kopi_kita):
    """Quotes, documents and beneficiaries are shown inside of their business only."""
    fund(kopi_kita, 100_000_000, mode="live")
    with rls.inside_of(kopi_kita.pk, "live"):
        yield


@pytest.fixture
def making(kopi_kita, client_of):
    return client_of(factories.make_member(kopi_kita, Role.MAKER))


def make(web, corridor="GB B2B", **typed):
    typed = {"internal_reference": f"PO-{InternationalTransfer.objects.count()}", **typed}
    finish(web, corridor, begin(web, corridor, **typed))
    return InternationalTransfer.objects.latest("created_at", "pk")


# --- What the rail is told ---


def test_a_rail_is_told_all_that_the_corridor_asked_for(making):
    row = make(making)
    there = make(making, sort_code="60-00-01", is_sure="on")
    told, other = (INTERNATIONAL.payout("international_transfer-1", one) for one in (row, there))
    assert told.abroad.details == row.details
    assert told.abroad.details["sort_code"] == "200000"
    assert (told.abroad.country, told.abroad.currency, told.abroad.kind) == ("GB", "GBP", "B2B")
    assert (told.abroad.beneficiary_bank, told.abroad.purpose) == ("Barclays", "goods")
    same = replace(other, quote=told.quote, amount=told.amount, received=told.received)
    assert same != told, "the sort code alone differs"
    simulator.RAIL.send(told)
    simulator.RAIL.send(INTERNATIONAL.payout(told.key, InternationalTransfer.objects.get(pk=row.pk)))
    with pytest.raises(KeyReused):
        simulator.RAIL.send(same)


def test_a_rail_is_told_of_the_document_that_goes_along(making):
    row = make(making, "MY B2B", attachment=paper())
    document = INTERNATIONAL.payout("international_transfer-1", row).abroad.document
    assert (document.name, document.content_type) == ("invoice.pdf", "application/pdf")
    assert (document.stored_as, document.sha256) == (row.attachment.stored_as, row.attachment.sha256)


def paper():
    return SimpleUploadedFile("invoice.pdf", PDF)


# --- Which account is the same ---

NEVER_PAID = "Nothing has been paid to this account before"


def test_the_same_number_at_another_bank_is_another_account(kopi_kita, making, client_of):
    approving = client_of(factories.make_member(kopi_kita, Role.APPROVER))
    first = make(making, save_beneficiary="on")
    pay(approving, first)
    same = make(making, amount="99.00")
    swapped = make(
        making, amount="98.00", sort_code="60-00-01", beneficiary_name="Somebody Else", save_beneficiary="on"
    )
    assert NEVER_PAID not in text_of(approving.get(f"/international-transfers/{same.pk}/approval/"))
    assert NEVER_PAID in text_of(approving.get(f"/international-transfers/{swapped.pk}/approval/"))
    assert text_of(approving.get("/approvals/")).count("New account") == 1
    saved = {one.details["sort_code"]: one for one in BeneficiaryAbroad.objects.all()}
    assert {code: one.name for code, one in saved.items()} == {
        "200000": "London Tea & Coffee Ltd",
        "600001": "Somebody Else",
    }
    assert saved["200000"].paid_at
    assert saved["600001"].paid_at is None


@pytest.mark.parametrize(
    ("details", "place"),
    [
        ({"iban": "DE89370400440532013000", "swift_bic_code": "COBADEFF"}, "DE89370400440532013000"),
        ({"swift_bic_code": "BOTKJPJT", "branch_number": "001"}, "BOTKJPJT/001"),
        ({"branch_number": "001"}, "mufg bank/001"),
        ({"bank_id": "BOTKJPJT", "branch_number": "001"}, "BOTKJPJT/001"),
        ({}, "mufg bank/"),
    ],
)
def test_where_an_account_is_kept(making, details, place):
    assert accounts.place_of(details, "MUFG Bank") == place
    row = make(making)
    row.pk, row.made_key, row.quote = None, None, None
    row.details, row.beneficiary_bank = details, "MUFG Bank"
    row.save(force_insert=True)
    assert InternationalTransfer.objects.filter(accounts.same_as(row)).get().pk == row.pk


def pay(web, row):
    url = f"/international-transfers/{row.pk}/approval/"
    web.post(url, unseen(web.get(url)))
    let_it_arrive()
    row.refresh_from_db()
    assert row.status == Status.SUCCESSFUL


def test_a_demo_that_was_killed_in_between_has_its_saved_beneficiaries(kopi_kita, monkeypatch):
    maker, approver = (factories.make_member(kopi_kita, role).scope("live") for role in (Role.MAKER, Role.APPROVER))

    def die(*args):
        raise RuntimeError("killed")

    with monkeypatch.context() as patched, pytest.raises(RuntimeError, match="killed"):
        patched.setattr(beneficiaries, "save", die)
        abroad.write(maker, approver)
    assert len(abroad.write(maker, approver)) == 3
    assert set(BeneficiaryAbroad.objects.values_list("country", flat=True)) == {"SG", "MY"}
