"""The demo's documents: invoices of its months, a receipt that was sent, and reports that come by themselves."""

from datetime import timedelta

from django.db import transaction

from accounts.demo import KOPI_KITA
from accounts.models import Member
from accounts.permissions import Role
from documents.invoices import services as invoices
from documents.layouts import services as layouts
from documents.layouts import starts
from documents.models import ReceiptLink, ScheduledReport
from documents.receipts import sharing
from documents.schedules import running
from documents.schedules import services as schedules
from flipdash import clock, rls
from flipdash.mode import Mode
from flipdash.scope import Scope
from transactions.transfers.history import TransferHistory

TO = "sri@pemasok.test"


def ask_for_invoices() -> None:
    """Let the months of the demo be billed, as if each had been when it ended: by the worker, once it runs."""
    invoices.queue_due(as_if_in_time=True)


def send_a_receipt() -> None:
    """Mail the receipt of the newest successful transfer, once, as the Maker."""
    maker = Member.objects.select_related("user", "business").get(user__email=KOPI_KITA.email(Role.MAKER))
    scope = maker.scope(Mode.LIVE)
    with rls.inside(scope):
        transfers = TransferHistory.model.objects.visible_to(scope).filter(status="successful")
        newest = transfers.order_by("-created_at", "-id").first()
        if newest is not None and not ReceiptLink.objects.visible_to(scope).exists():
            sharing.send(scope, TransferHistory, newest.pk, to=TO, with_fee=False)


def schedule_reports() -> None:
    """Let two reports come by themselves, one with a template's columns, and each have run before; once."""
    people = Member.objects.select_related("user", "business")
    admin, reviewer = (people.get(user__email=KOPI_KITA.email(role)) for role in (Role.ADMIN, Role.REVIEWER))
    scope = admin.scope(Mode.LIVE)
    with rls.inside(scope), transaction.atomic():
        if ScheduledReport.objects.visible_to(scope).exists():
            return
        columns = starts.journal(TransferHistory)
        template = layouts.keep(scope, TransferHistory, name="Untuk pembukuan", columns=columns)
        successful = schedules.make(
            scope,
            history=TransferHistory.name,
            query="status=successful",
            name="Transfer berhasil kemarin",
            days="yesterday",
            every="day",
            hour=8,
            format="xlsx",
            to={admin.pk, reviewer.pk},
            template_id=template.pk,
            template_name=template.name,
        )
        deposit = schedules.make(
            reviewer.scope(Mode.LIVE),
            history="deposit",
            query="",
            name="Deposit bulan lalu",
            days="last-month",
            every="month",
            monthday=1,
            hour=7,
            format="xls",
            to={reviewer.pk},
        )
        itself = Scope.by_itself(scope.business, scope.mode)
        for schedule, ago in ((successful, 2), (successful, 1), (deposit, 1)):
            day = clock.now().astimezone(scope.zone).date() - timedelta(days=ago)
            running.begin(schedule, by=itself, day=day)
