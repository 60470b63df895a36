"""What a business keeps with us has an end, whatever it is: the disk is everybody's (attack.md A7)."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Business
from accounts.permissions import Role
from deposits.models import StatementImport
from documents.models import Invoice, InvoicePaper, ReceiptFile, Report, Statement
from documents.receipts import making
from documents.reports import services as reports
from documents.statements.wanted import StatementForm
from flipdash import clock, orphans, rls, room
from imports.models import ImportJob
from imports.services import IMPORTS
from tests import factories
from transactions.international import attachments
from transactions.international.attachments import BadAttachment
from transactions.models import BulkDraft

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator", "snapshot"])
NOT_COUNTED = {Business: "one logo", Invoice: "ours", InvoicePaper: "ours", StatementImport: "a bank's"}
"""Whose files a business doesn't make us keep."""
DATA = Path(__file__).parent / "data"


@pytest.fixture(autouse=True)
def quiet(files, asleep) -> None:
    """The test is the worker; files go to a folder of their own."""


def filled_in(form) -> bool:
    """Let the form of statements hold March, whatever the deposit has."""
    form.days = date(2026, 3, 1), date(2026, 3, 31)
    form.cleaned_data = {"format": "csv", "separator": ","}
    return True


def test_both_kinds_of_files_together_and_the_page_says_until_when(web, admin, stranger, monkeypatch):
    monkeypatch.setattr(room, "MOST_STORED", 10 * room.GIGABYTE)
    monkeypatch.setattr(StatementForm, "is_valid", filled_in)
    schedule = factories.make_schedule(admin)
    asks = (
        ("/documents/reports/", {"history": "money-transfers", "query": "q=1"}),
        ("/documents/statements/", {"format": "csv"}),
        (f"/documents/schedules/{schedule.pk}/running/", {}),
    )

    def refused() -> list[bool]:
        pages = [web.post(path, form, follow=True).content.decode() for path, form in asks]
        return ["take 10 GB, and more isn’t kept. The oldest of them goes on 4 Jan 2027" in page for page in pages]

    until = datetime(2027, 1, 4, tzinfo=UTC)
    ready = {"status": "ready", "stored_as": "x", "finished_at": clock.now(), "expires_at": until}
    factories.make_report(admin, size=6 * room.GIGABYTE, **ready)
    factories.make_report(stranger, size=60 * room.GIGABYTE, **ready)
    factories.make_report(admin, mode="test", size=60 * room.GIGABYTE, **ready)
    whole = {"sha256": "0" * 64, "opening": 0, "closing": 0}
    statement = factories.make_statement(admin, size=4 * room.GIGABYTE, **whole, **ready)
    assert refused() == [True, True, True]
    with rls.inside(admin.scope("live")):
        assert (Report.objects.filter(size=None).count(), Statement.objects.filter(size=None).count()) == (0, 0)
        Statement.objects.filter(pk=statement.pk).update(size=4 * room.GIGABYTE - 1)
    assert refused() == [False, False, False]


def test_every_file_that_a_row_names_counts_or_is_not_of_a_business():
    named = {model for fields in orphans._named.values() for model, _field in fields}
    assert named == room.counted() | set(NOT_COUNTED)


def test_of_many_that_waited_only_those_are_made_that_there_is_room_for(admin, scope, files, monkeypatch):
    factories.make_transfer(admin.business)
    asked = [reports.request_report(scope, history="money-transfers", query=f"q={word}") for word in ("a", "b", "c")]

    def made(report: Report) -> tuple[str, str]:
        reports.REPORTS.work(report.pk)
        report.refresh_from_db()
        return report.status, report.problem

    assert made(asked[0]) == ("ready", "")
    monkeypatch.setattr(room, "MOST_STORED", asked[0].size + 1)
    assert made(asked[1]) == ("failed", "no room"), "it turned out to be larger than what was left"
    monkeypatch.setattr(room, "MOST_STORED", asked[0].size)
    assert made(asked[2]) == ("failed", "no room"), "nothing was left, so that it wasn’t even begun"
    assert [path.suffix for path in files.rglob("reports/*/*") if path.is_file()] == [".xls"]
    assert "take as much as is kept" in asked[1].problem_in_words
    assert [report.attempt for report in asked] == [1, 1, 1]


def test_uploads_count_and_are_refused_in_words_where_there_is_no_room(web, admin, files, monkeypatch):
    content = (DATA / "money-transfers.csv").read_bytes()
    until = datetime(2027, 1, 4, tzinfo=UTC)
    factories.make_import(admin, faults_as="x", faults_size=10, keep_until=until)
    pages = (("/settings/import-history/", {"kind": "money-transfer"}), ("/money-transfers/bulk/", {}))

    def sent() -> list[bool]:
        words = "of your business take 5 GB, and more isn’t kept. The oldest of them goes on 4 Jan 2027"
        answers = (
            web.post(path, {**form, "file": SimpleUploadedFile("a.csv", content)}, follow=True) for path, form in pages
        )
        return [words in answer.content.decode() for answer in answers]

    monkeypatch.setattr(room, "MOST_STORED", 5 * room.GIGABYTE)
    ImportJob.objects.update(faults_size=5 * room.GIGABYTE - len(content) + 1)
    assert sent() == [True, True]
    assert [path for path in files.rglob("*") if path.is_file()] == []
    ImportJob.objects.update(faults_size=5 * room.GIGABYTE - 2 * len(content))
    assert sent() == [False, False]
    with rls.inside(admin.scope("live")):
        assert BulkDraft.objects.get().size == len(content)


def test_the_list_of_all_faults_is_kept_where_there_is_room_and_its_first_are_shown(web, admin, monkeypatch):
    content = (DATA / "money-transfers-bad.csv").read_bytes()

    def checked() -> ImportJob:
        upload = SimpleUploadedFile("a.csv", content)
        web.post("/settings/import-history/", {"kind": "money-transfer", "file": upload})
        job = ImportJob.objects.latest("pk")
        IMPORTS.work(job.pk)
        job.refresh_from_db()
        return job

    job = checked()
    assert job.faults_as
    assert job.faults_size > 0
    ImportJob.objects.filter(pk=job.pk).update(status="cancelled", finished_at=clock.now())
    taken = job.faults_size + 2 * len(content)
    monkeypatch.setattr(room, "MOST_STORED", taken + job.faults_size - 1)
    job = checked()
    assert (job.status, job.faults_as, job.faults_size) == ("preview", "", 0)
    assert job.preview["faults"]


def test_receipts_are_printed_and_documents_refused_where_what_stays_takes_enough(web, admin, people, monkeypatch):
    maker = people[Role.MAKER].scope("live")
    factories.make_attachment(admin.business)  # of 8 bytes
    monkeypatch.setattr(room, "MOST_KEPT", 8 + len(b"%PDF-1.7"))
    with rls.inside(maker):
        attachments.keep(maker, "invoice.pdf", b"%PDF-1.7")
        with pytest.raises(BadAttachment, match="more isn’t kept"):
            attachments.keep(maker, "invoice.pdf", b"%PDF-1.7")
    row = factories.make_transfer(admin.business)
    monkeypatch.setattr(making, "MOST_KEPT", 16)
    answer = web.get(f"/documents/receipts/money-transfers/{row.pk}/")
    assert b"".join(answer.streaming_content).startswith(b"%PDF-")
    assert not ReceiptFile.objects.using("operator").exists()
    monkeypatch.setattr(making, "MOST_KEPT", 17)
    web.get(f"/documents/receipts/money-transfers/{row.pk}/")
    assert ReceiptFile.objects.using("operator").exists()
