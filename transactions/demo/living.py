"""What makes the demo's open transfers alive: dates that come, orders at the rail, and people who were paid before.

They are transfers of the plan, so a run finds what it made before and adds nothing twice.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Max

from accounts.demo import HISTORY
from accounts.models import Business
from accounts.permissions import Permission
from flipdash import rls
from transactions.demo.plans import DemoHistory
from transactions.demo.writing import business_of
from transactions.models import Beneficiary, MoneyTransfer, RailOrder, SimulatedPayout, Status
from transactions.outgoing import orders
from transactions.transfers.services import MONEY_TRANSFERS, SENT_AT

SAVED = 12
"""How many beneficiaries are saved: those that were paid most recently."""
RAIL = "simulator"


def wake(history: DemoHistory) -> None:
    """Give a history's open transfers what those have that people make."""
    business = business_of(history)
    with rls.inside_of(business.pk, history.mode):
        rows = MoneyTransfer.objects.filter(business=business, mode=history.mode, via="dashboard")
        zone = ZoneInfo(business.time_zone)
        day = (business.created_at + HISTORY).astimezone(zone).date() + timedelta(days=1)
        scheduled = rows.filter(status=Status.SCHEDULED, send_at=None)
        scheduled.update(send_at=datetime.combine(day, SENT_AT, tzinfo=zone))
        for row in rows.filter(status=Status.PROCESSING).select_related("business"):
            _send(row)
        _save_beneficiaries(business, history.mode)


def _send(row: MoneyTransfer) -> None:
    """Have the simulated rail hold a transfer, and say nothing: it stays Processing until somebody lets it answer."""
    key = MONEY_TRANSFERS.key_of(row)
    if RailOrder.objects.filter(key=key).exists():
        return
    SimulatedPayout.objects.get_or_create(
        key=key,
        defaults={
            "business_id": row.business_id,
            "mode": row.mode,
            "bank": row.bank,
            "account_number": row.account_number,
            "amount": row.amount,
            "status": SimulatedPayout.Status.SILENT,
        },
    )
    order = orders.queue(MONEY_TRANSFERS, row, RAIL)
    sent_at = row.events.filter(kind="sent").aggregate(at=Max("at"))["at"] or row.created_at
    RailOrder.objects.filter(pk=order.pk).update(told_at=sent_at, sent_at=sent_at)


def _save_beneficiaries(business: Business, mode: str) -> None:
    if Beneficiary.objects.filter(business=business, mode=mode).exists():
        return
    members = business.members.active().select_related("user").order_by("pk")
    maker = next(member for member in members if Permission.CREATE_TRANSACTIONS in member.permissions)
    paid = MoneyTransfer.objects.filter(
        business=business, mode=mode, status=Status.SUCCESSFUL, completed_at__lte=_end(business)
    )
    by_account: dict[tuple[str, str, str], MoneyTransfer] = {}
    for row in paid.order_by("-created_at")[:60]:
        by_account.setdefault((row.destination_kind, row.bank, row.account_number), row)
    Beneficiary.objects.bulk_create(
        Beneficiary(
            business=business,
            mode=mode,
            destination_kind=row.destination_kind,
            bank=row.bank,
            account_number=row.account_number,
            name=row.beneficiary_name,
            paid_at=row.completed_at,
            **maker.actor.columns("saver"),
        )
        for row in list(by_account.values())[:SAVED]
    )


def _end(business: Business) -> datetime:
    return business.created_at + HISTORY
