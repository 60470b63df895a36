"""Leased work in tests: a row of each kind that waits, time that passes, and nobody who is woken."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from unittest import mock
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.models import Member
from deposits.models import StatementImport
from deposits.statements import services as statements
from developer.callbacks import resending
from developer.callbacks.resending import Chosen
from developer.models import CallbackResend, CallbackUrl
from documents.invoices import services as invoices
from documents.models import Invoice, ReceiptFile, Statement
from documents.receipts import making
from documents.receipts.printing import Paper
from documents.reports import services as reports
from documents.statements import services as deposit_statements
from flipdash import mail, rls
from flipdash.leases import Worker
from imports import services as imports
from imports import undo
from imports.models import ImportedRecord, ImportJob, ImportUndo
from tests import factories
from tests.deposits.banking import bca
from tests.transactions.bulk_files import csv, upload
from tests.transactions.sending import create, fund
from tests.transactions.settling import begin, paid
from transactions.bulk import asking
from transactions.models import (
    BulkApproval,
    BulkDraft,
    BulkNames,
    BulkRejection,
    RailCharge,
    RailOrder,
    SeriesRun,
    SettlementRun,
    SimulatedPayout,
    TransferEvent,
)
from transactions.outgoing import many, rejecting
from transactions.outgoing.many import Selection
from transactions.payments import paying, settling
from transactions.rails import Payout, simulator
from transactions.transfers.history import TransferHistory
from transactions.transfers.series import running
from transactions.transfers.services import MONEY_TRANSFERS

_numbers = count(1)


def make_due_import(member: Member) -> ImportJob:
    """Make an import whose file waits to be checked."""
    return imports.request_import(
        member.scope("live"),
        kind="money-transfer",
        upload=SimpleUploadedFile("past.csv", f"Amount\n{next(_numbers)}\n".encode()),
    )


def make_due_undo(member: Member) -> ImportUndo:
    """Make the undo of an import that brought one transfer in."""
    scope = member.scope("live")
    done = {"status": "done", "added": 1, "finished_at": datetime.now(UTC), "confirmed_by": member, "stored_as": "x"}
    job = factories.make_import(member, **done)
    with rls.inside(scope):
        transfer = factories.make_transfer(member.business, status="successful")
        TransferEvent.objects.create(
            business=member.business, mode="live", transfer=transfer, kind="imported", **member.actor.columns("by")
        )
        ImportedRecord.objects.create(business=member.business, mode="live", job=job, record=transfer.pk)
        assert undo.request(job, by=scope, seen=1)
    return ImportUndo.objects.get(job=job)


def make_due_statement(member: Member) -> StatementImport:
    """Make a bank's statement that waits to be imported."""
    return statements.request_import(bank="bca", upload=ContentFile(bca("5000|R1"), name="mutasi.csv"), by=member.user)


def make_due_answer(member: Member) -> SimulatedPayout:
    """Make a payout that the simulated rail was told of, and answers now."""
    key = f"money_transfer-{next(_numbers)}"
    sent = Payout(key, member.business_id, "live", "bca", "0012345678", "Siti Rahmawati", 85_000)
    simulator.RAIL.send(sent)
    SimulatedPayout.objects.filter(key=key).update(due_at=None)
    simulator.SIMULATED.wake_on_commit()
    return SimulatedPayout.objects.get(key=key)


def make_due_resend(member: Member) -> CallbackResend:
    """Make a resend of one callback."""
    scope = member.scope("live")
    with rls.inside(scope):
        to = CallbackUrl.objects.visible_to(scope).first() or factories.make_callback_url(member)
        callback = factories.make_callback(to, status="waiting")
        return resending.request_resend(scope, Chosen([callback.pk], 1), "one")


def make_due_invoice(member: Member) -> Invoice:
    """Make a month of a business that waits to be billed."""
    month = date(2026, 1 + next(_numbers) % 9, 1)
    invoices.INVOICES.wake()
    return Invoice.objects.using("operator").create(
        business_id=member.business_id,
        mode="live",
        period=month,
        revision=next(_numbers),
        starts_at=datetime(2026, month.month, 1, tzinfo=UTC),
        ends_at=datetime(2026, month.month + 1, 1, tzinfo=UTC),
        zone="Asia/Jakarta",
    )


def make_due_deposit_statement(member: Member) -> Statement:
    """Make a statement of the deposit that a member asked for."""
    scope, day = member.scope("live"), date(2026, 3, 1 + next(_numbers) % 28)
    with rls.inside(scope):
        return deposit_statements.request_statement(scope, first=day, last=day, format="csv", separator=",")


def make_due_receipt(member: Member) -> ReceiptFile:
    """Make a receipt that somebody asked for."""
    scope = member.scope("live")
    with rls.inside(scope):
        transfer = factories.make_transfer(member.business, status="successful")
        paper = Paper.of(TransferHistory, scope, transfer.pk)
        assert paper
        return making.ask(paper, language="en")


def make_due_order(member: Member) -> RailOrder:
    """Make an approved transfer that waits to be sent."""
    fund(member.business)
    transfer = create(member, account_number=f"00{next(_numbers):08}")
    return RailOrder.objects.get(source_id=transfer.pk)


def make_due_approval(member: Member) -> BulkApproval:
    """Make the approval of a transfer that waits, which a worker has to do."""
    fund(member.business)
    scope = member.scope("live")
    transfer = factories.make_transfer(member.business, status="pending_approval", approver_name="", completed_at=None)
    selection = Selection(MONEY_TRANSFERS, (transfer.pk,))
    with rls.inside(scope), mock.patch.object(many, "AT_ONCE", 0):
        return many.approve_many(scope, selection, seen=many.look_at(scope, selection).digest, sure=True)


def make_due_day(member: Member) -> SeriesRun:
    """Make a series whose first day has come."""
    today = member.scope("live").now().date()
    series = factories.make_series(member, first=today, account_number=f"00{next(_numbers):08}")
    running.queue_due()
    return SeriesRun.objects.using("operator").get(series=series)


def make_due_rejection(member: Member) -> BulkRejection:
    """Make the rejection of a transfer that waits, which a worker has to do."""
    scope = member.scope("live")
    transfer = factories.make_transfer(member.business, status="pending_approval", approver_name="", completed_at=None)
    with rls.inside(scope):
        return rejecting.reject_later(scope, MONEY_TRANSFERS, [transfer.pk], note="Not this month")


def make_due_bulk(member: Member) -> BulkDraft:
    """Upload a file of transfers, each time another one."""
    return upload(member, csv(f"BCA,{next(_numbers):010},Siti,85000,,,"))


def make_due_charge(member: Member) -> RailCharge:
    """Make a payment that its rail wasn't told of."""
    of = factories.make_link(member.business, amount=350_000)
    said = paying.Draft("bca", None, "Dewi Lestari")
    with rls.inside_of(of.business_id, of.mode):
        return paying.start(of, said, made_key=uuid4(), address="", language="en").charge


def make_due_names(member: Member) -> BulkNames:
    """Make a draft whose banks haven't been asked."""
    draft = factories.make_draft(member)
    with rls.inside_of(draft.business_id, draft.mode), transaction.atomic():
        asking.ask(draft)
    return BulkNames.objects.get(draft=draft)


def make_due_settlement(member: Member) -> SettlementRun:
    """Make the settlement of a day, of one payment."""
    day = date(2025, 3, 3) + timedelta(days=next(_numbers))
    paid(member.business, datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1))
    settling.SETTLEMENTS.wake()
    return begin(member.business, day)


MAKERS: dict[str, Callable[[Member], Any]] = {
    "statements": make_due_statement,
    "imports": make_due_import,
    "undos": make_due_undo,
    "callback resends": make_due_resend,
    "invoices": make_due_invoice,
    "deposit statements": make_due_deposit_statement,
    "receipts": make_due_receipt,
    "reports": lambda member: reports.request_report(member.scope("live"), history="money-transfers", query=""),
    "simulator": make_due_answer,
    "orders": make_due_order,
    "charges": make_due_charge,
    "settlements": make_due_settlement,
    "approvals": make_due_approval,
    "rejections": make_due_rejection,
    "bulk": make_due_bulk,
    "series": make_due_day,
    "bulk names": make_due_names,
    "mails": lambda member: mail.queue(to=member.user.email, subject="Hello", text="Text", language="en"),
}
"""What makes a row that waits, for the worker of each name."""


def let_time_pass(worker: Worker[Any]) -> None:
    """Let every lease run out, and every wait for another attempt."""
    worker.rows.exclude(lease_until=None).update(lease_until=Now() - timedelta(seconds=1))
    worker.rows.update(due_at=None)


def step_the_clock_back(worker: Worker[Any], by: timedelta) -> None:
    """Let all that the rows say be as much later: what they look like once the database's clock has stepped back."""
    for name in ("due_at", "started_at", "lease_until"):
        worker.rows.exclude(**{name: None}).update(**{name: F(name) + by})
