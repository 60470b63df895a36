"""Undo import: all that an import brought in goes again, or nothing; within 7 days, while nothing depends on it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connections, transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.models import Activity, Member
from accounts.permissions import Role
from flipdash import rls
from imports import undo
from imports.models import ImportedRecord, ImportJob, ImportUndo
from imports.undo import UNDOS
from tests.factories import make_member, make_transfer
from tests.imports.test_import_columns import again, known
from tests.imports.test_import_page import URL, checked, confirm, files, page, upload  # noqa: F401  (a fixture)
from tests.imports.test_round_trips import past
from tests.twins import at_once
from transactions.models import MoneyTransfer, Payment, PaymentEvent, TransferEvent

pytestmark = pytest.mark.django_db

THREE = known("2025-10-01 10:00", "2025-10-02 10:00", "2025-10-03 10:00")


def imported(browser, content: bytes = THREE) -> ImportJob:
    """Return an import whose records are in."""
    job = checked(browser, content)
    confirm(browser, job)
    return again(job)


def ask(browser, job: ImportJob, seen: int | str = "") -> str:
    data = {"seen": seen if seen != "" else job.added}
    return browser.post(f"{URL}{job.number}/undo/", data, follow=True).content.decode()


def undone(browser, job: ImportJob) -> ImportUndo:
    """Ask for it, and let a worker do it."""
    ask(browser, job)
    asked = ImportUndo.objects.get(job=job, finished_at=None)
    UNDOS.work(asked.pk)
    asked.refresh_from_db()
    job.refresh_from_db()
    return asked


def records(job: ImportJob) -> Any:
    return MoneyTransfer.objects.filter(business_id=job.business_id, mode=job.mode)


def test_an_import_is_taken_back_with_its_timelines_and_can_be_imported_again(web, admin):
    own = make_transfer(admin.business, external_id="OWN-1", events=True)
    kept = TransferEvent.objects.filter(transfer=own).count()
    job = imported(web)
    assert (job.added, records(job).count()) == (3, 4)
    assert "Undo import" in page(web, job)
    shown = " ".join(web.get(f"{URL}{job.number}/undo/").content.decode().split())
    assert "The 3 transactions that it brought into Live Mode" in shown
    assert "Rp3,000 together" in shown
    assert "Take back 3 transactions" in shown
    assert records(job).count() == 4  # nothing before a worker has done it
    assert "Waiting to be taken back" in ask(web, job)
    assert undone(web, job).status == "done"
    assert job.status == "undone"
    assert list(records(job)) == [own]
    assert TransferEvent.objects.count() == kept
    assert "3 transactions were taken back by Rina Admin" in page(web, job)
    assert "Undo import" not in page(web, job)
    assert Activity.objects.filter(kind__in=["import.undo", "import.undone"]).count() == 2
    again_in = imported(web)
    assert (again_in.added, records(job).count()) == (3, 4)


def test_only_what_the_import_itself_brought_goes(web):
    first = imported(web, known("2025-10-01 10:00"))
    second = imported(web)
    assert (first.added, second.added, second.already_there) == (1, 2, 1)
    assert undone(web, second).status == "done"
    assert [row.external_id for row in records(second)] == ["D-0"]


def test_payments_go_too(web):
    upload(web, past("payment"), kind="payment")
    job = again(ImportJob.objects.get())
    confirm(web, job)
    assert again(job).added == Payment.objects.count() > 0
    assert undone(web, job).status == "done"
    assert (Payment.objects.count(), PaymentEvent.objects.count()) == (0, 0)


def send_receipt(admin, row):
    from documents.models import ReceiptLink

    with rls.inside(admin.scope("live")):
        ReceiptLink.objects.create(
            **{"business_id": row.business_id, "mode": "live", "history": "money-transfers", "row_id": row.pk},
            **{"token_hash": "a" * 64, "to": "x@kopi.test", "with_fee": True, "language": "en"},
            **admin.actor.columns("by"),
            expires_at=Now() + timedelta(days=1),
        )


def test_what_something_depends_on_stays_and_it_is_said_what(web, admin):
    from documents.models import ReceiptLink

    job = imported(web)
    send_receipt(admin, records(job).first())
    asked = undone(web, job)
    assert (asked.status, asked.problem, asked.needed) == (
        "failed",
        "needed",
        [["Links to receipts that still open", 1]],
    )
    assert (job.status, records(job).count()) == ("done", 3)
    text = page(web, job)
    assert "something depends on it" in text
    assert "Links to receipts that still open: 1" in text
    with rls.inside(admin.scope("live")):
        ReceiptLink.objects.update(revoked_at=Now())
    assert undone(web, job).status == "done"


def test_a_receipt_that_is_sent_during_the_look_keeps_its_record(web, admin, monkeypatch):
    job, hold = imported(web), UNDOS.hold

    def send_one_first(row):
        send_receipt(admin, records(job).first())
        hold(row)

    monkeypatch.setattr(UNDOS, "hold", send_one_first)
    assert undone(web, job).needed == [["Links to receipts that still open", 1]]
    assert records(job).count() == 3


def test_what_went_on_since_keeps_a_record(web, admin):
    job = imported(web)
    row = records(job).first()
    TransferEvent.objects.create(
        business=admin.business,
        mode="live",
        transfer=row,
        kind="returned",
        at=Now() + timedelta(minutes=1),
        **admin.actor.columns("by"),
    )
    assert undone(web, job).needed == [["What happened to them since", 1]]
    assert records(job).count() == 3


def test_after_seven_days_it_stays(web):
    job = imported(web)
    ImportJob.objects.filter(pk=job.pk).update(finished_at=F("finished_at") - timedelta(days=7, minutes=1))
    assert "can’t be taken back any more" in ask(web, job)
    assert "Undo import" not in page(web, job)
    assert not ImportUndo.objects.exists()
    # Asked for in time, and worked on too late.
    ImportJob.objects.filter(pk=job.pk).update(finished_at=Now())
    job.refresh_from_db()
    ask(web, job)
    ImportJob.objects.filter(pk=job.pk).update(finished_at=F("finished_at") - timedelta(days=7, minutes=1))
    asked = ImportUndo.objects.get()
    UNDOS.work(asked.pk)
    asked.refresh_from_db()
    assert (asked.problem, records(job).count()) == ("late", 3)


@pytest.mark.parametrize("seen", [2, 4, "x", "-3", "３", "9" * 30])
def test_a_number_that_was_not_seen_takes_nothing_back(web, seen):
    job = imported(web)
    assert "can’t be taken back any more" in ask(web, job, seen)
    assert not ImportUndo.objects.exists()


def test_another_business_and_whoever_may_not_import_take_nothing_back(web, client_of, stranger, admin):
    job = imported(web)
    other = client_of(stranger)
    assert other.post(f"{URL}{job.number}/undo/", {"seen": job.added}).status_code == 404
    viewer = client_of(make_member(admin.business, Role.APPROVER))
    assert viewer.post(f"{URL}{job.number}/undo/", {"seen": job.added}).status_code == 403
    assert not ImportUndo.objects.exists()
    # Whoever asked may not any more when a worker begins.
    ask(web, job)
    Member.objects.filter(pk=admin.pk).update(role=Role.APPROVER)
    asked = ImportUndo.objects.get()
    UNDOS.work(asked.pk)
    asked.refresh_from_db()
    assert (asked.problem, records(job).count()) == ("not allowed", 3)


def test_nobody_else_s_records_are_seen(web, stranger):
    job = imported(web)
    with rls.inside(stranger.scope("live")):
        assert not ImportedRecord.objects.exists()
        with pytest.raises(IntegrityError, match="nothing to take back"), transaction.atomic():
            undo.take_back(ImportUndo(pk=1))
    with rls.inside_of(job.business_id, "live"):
        assert ImportedRecord.objects.count() == 3


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_which_records_came_in_is_forgotten_after_a_week(web):
    job = imported(web)
    undo.tidy()
    with rls.inside_of(job.business_id, "live"):
        assert ImportedRecord.objects.count() == 3
    ImportJob.objects.filter(pk=job.pk).update(finished_at=F("finished_at") - timedelta(days=9))
    undo.tidy()
    with rls.inside_of(job.business_id, "live"):
        assert not ImportedRecord.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_ask_once_and_a_report_that_runs_has_all_or_none(web, admin):
    job = imported(web)
    second = make_member(admin.business, Role.ADMIN)

    def one(number: int) -> bool:
        scope = (admin, second)[number].scope("live")
        with rls.inside(scope):
            return undo.request(job, by=scope, seen=3)

    assert at_once(2, one) == [True, True]
    asked = ImportUndo.objects.get()
    assert sorted(map(str, at_once(2, lambda number: UNDOS.work(asked.pk)))) == ["False", "True"]
    assert records(job).count() == 0


@pytest.mark.django_db(transaction=True)
def test_only_the_function_deletes_and_only_what_was_imported(web):
    """The app role has no right to delete, whatever it says of itself; the owner: tests/flipdash/test_sql.py."""
    job = imported(web)
    row = records(job).first()
    for table in ("transactions_moneytransfer", "transactions_transferevent"):
        with pytest.raises(ProgrammingError), transaction.atomic(), connections["default"].cursor() as cursor:
            cursor.execute("SET LOCAL app.taking_back = 'on'")
            cursor.execute(f"DELETE FROM {table}")
    # Records that somebody wrote down falsely aren't deleted: they weren't imported.
    own = make_transfer(row.business, events=True)
    with rls.inside_of(job.business_id, "live"):
        ImportedRecord.objects.create(business_id=job.business_id, mode="live", job=job, record=own.pk)
    assert undone(web, job).status == "queued"  # it failed, and is tried again
    assert records(job).count() == 4
