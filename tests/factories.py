"""Plain makers of what tests need."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from accounts.models import Business, Member, User
from accounts.permissions import Role
from documents.models import Report
from flipdash.mode import Mode
from flipdash.scope import Scope
from transactions.histories import TransferHistory
from transactions.models import MoneyTransfer, Status, TransferBatch, TransferEvent

_counter = itertools.count(1)


def make_business(name: str = "Kopi Kita", **fields: Any) -> Business:
    fields = {"slug": name.lower().replace(" ", "-"), "legal_name": f"PT {name}", **fields}
    return Business.objects.create(name=name, **fields)


def make_member(business: Business, role: Role | str = Role.ADMIN, *, name: str = "", **fields: Any) -> Member:
    number = next(_counter)
    user = User(
        email=f"{role}-{number}@{business.slug}.test".replace("_", "-"), name=name or f"{Role(role).label} {number}"
    )
    user.set_unusable_password()
    user.save()
    return Member.objects.create(business=business, user=user, role=role, **fields)


def make_batch(business: Business, name: str = "Payroll Nov 2026", mode: str = Mode.LIVE) -> TransferBatch:
    return TransferBatch.objects.create(business=business, mode=mode, name=name, maker_name="Ratna Maker")


def make_transfer(business: Business, *, mode: str = Mode.LIVE, events: bool = False, **fields: Any) -> MoneyTransfer:
    """Make a transfer; it is successful, and completed three minutes after it was created, unless said otherwise."""
    created_at: datetime = fields.pop("created_at", None) or timezone.now() - timedelta(minutes=next(_counter))
    status = fields.pop("status", Status.SUCCESSFUL)
    completed = created_at + timedelta(minutes=3) if status == Status.SUCCESSFUL else None
    values: dict[str, Any] = {
        "status": status,
        "destination_kind": "bank",
        "bank": "bca",
        "account_number": "0012345678",
        "beneficiary_name": "Siti Rahmawati",
        "amount": 85_000,
        "fee": 2_500,
        "remark": "Biji kopi Gayo",
        "via": "dashboard",
        "maker_name": "Ratna Maker",
        "created_at": created_at,
        "completed_at": completed,
        **fields,
    }
    transfer = MoneyTransfer.objects.create(business=business, mode=mode, **values)
    if events:
        TransferEvent.objects.create(
            business=business, mode=mode, transfer=transfer, kind="created", at=created_at, by=values["maker_name"]
        )
    return transfer


def make_report(member: Member, *, mode: str = Mode.LIVE, **fields: Any) -> Report:
    values = {"number": next(_counter), "history": "money-transfers", **fields}
    return Report.objects.create(business=member.business, mode=mode, member=member, **values)


def history(scope: Scope, query: str = "") -> TransferHistory:
    return TransferHistory(scope, QueryDict(query))


def found(scope: Scope, query: str = "") -> list[int]:
    """Return the ids that a history's first page shows."""
    return [row["id"] for row in history(scope, query).results().rows]
