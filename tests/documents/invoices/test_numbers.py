"""Numbers without gaps under threads and kills, and what `check_documents` finds (trust: D7)."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from io import StringIO
from random import Random
from threading import Lock

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.models.functions import Now

from documents.invoices import checks, paper, services
from documents.models import Invoice
from tests import factories
from tests.deposits.conftest import connect
from tests.documents.invoices.conftest import fill, issue_all, live, pay_fee

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])


class Killed(BaseException):
    """A worker that dies: nothing above catches it, and nothing is tidied."""


def work(_thread: int) -> None:
    """Work until nothing is due; whoever is killed is started again."""
    try:
        while True:
            with suppress(Killed):
                if not services.INVOICES.work():
                    return
    finally:
        connections.close_all()


def test_twenty_threads_and_kills_leave_no_gap_and_no_number_twice(billed, monkeypatch):
    for number in range(20):
        other = fill(factories.make_business(f"Toko {number}"))
        pay_fee(other, "2026-10-02T10:00+07:00", 1_000 + number)
    services.queue_due()
    dice, lock, kills = Random(14), Lock(), []
    small = paper.Files(b"%PDF-", b"PK")

    def die_sometimes(place):
        with lock:
            if len(kills) < 25 and dice.random() < 0.3:
                kills.append(place)
                raise Killed(place)

    numbered, noted = services._next_number, services._note_issued

    def next_number(invoice):
        given = numbered(invoice)
        die_sometimes("number given, not committed")
        return given

    def make(invoice, using):
        die_sometimes("numbered, no file")
        return small

    def note_issued(*about, **values):
        die_sometimes("stored, not noted")
        noted(*about, **values)
        die_sometimes("noted")

    monkeypatch.setattr(services, "_next_number", next_number)
    monkeypatch.setattr(paper, "make", make)
    monkeypatch.setattr(services, "_note_issued", note_issued)
    monkeypatch.setattr(services.INVOICES, "most_attempts", 30)

    open_ones = Invoice.objects.using("operator").filter(finished_at=None)
    for _round in range(12):
        with ThreadPoolExecutor(20) as pool:
            list(pool.map(work, range(20)))
        if not open_ones.exists():
            break
        open_ones.exclude(lease_until=None).update(lease_until=Now() - timedelta(seconds=1))
        open_ones.update(due_at=None)
    assert len(kills) > 10
    numbers = sorted(
        Invoice.objects.using("operator").filter(status="issued").values_list("number", flat=True),
        key=lambda number: int(number[-6:]),
    )
    assert [int(number[-6:]) for number in numbers] == list(range(1, 23))
    call_command("check_documents", stdout=StringIO())


PLANTED = {
    "UPDATE documents_invoice SET number = 'INV/2026/10/000009' WHERE number = 'INV/2026/10/000002'": checks.GAPS,
    "UPDATE documents_invoice SET total = total + 1, dpp = dpp + 1 WHERE number LIKE 'INV/2026/09/%'": checks.LINES,
    "DELETE FROM documents_invoiceline WHERE product = 'money_transfer.va'": checks.LINES,
    "UPDATE documents_invoicecounter SET last = 7": checks.GAPS,
    "UPDATE documents_invoice SET ends_at = ends_at - interval '1 day' WHERE number LIKE 'INV/2026/09/%'": checks.SUMS,
    "UPDATE documents_invoice SET sha256 = repeat('0', 64)": "Every stored file",
}


@pytest.mark.parametrize("statement", PLANTED)
def test_what_a_superuser_changes_is_found(billed, statement):
    issue_all()
    call_command("check_documents", stdout=StringIO())
    with connect("superuser") as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(statement)
    said = StringIO()
    with pytest.raises(CommandError, match="don't hold"):
        call_command("check_documents", stdout=said)
    wrong = [line.strip() for line in said.getvalue().splitlines() if "WRONG" in line]
    assert any(PLANTED[statement] in line for line in wrong), wrong


def test_a_file_that_was_changed_or_is_gone_is_found(billed):
    issue_all()
    september, october = live(billed)
    with default_storage.open(september.stored_as, "wb") as file:
        file.write(b"%PDF- another")
    default_storage.delete(october.sheet_stored_as)
    said = list(checks.files())
    assert len(said) == 2
    assert "is not what was issued" in said[0]
    assert "is missing" in said[1]
