"""Whom the demo's businesses have saved: people who were paid before."""

from datetime import datetime

from accounts.demo import HISTORY
from accounts.models import Business
from accounts.permissions import Permission
from flipdash import rls
from transactions.demo.plans import DemoHistory
from transactions.demo.writing import business_of
from transactions.models import Beneficiary, MoneyTransfer, Status

SAVED = 12
"""How many beneficiaries are saved: those that were paid most recently."""


def save(history: DemoHistory) -> None:
    """Save whom a business paid most recently, once."""
    business = business_of(history)
    with rls.inside_of(business.pk, history.mode):
        _save_beneficiaries(business, history.mode)


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
