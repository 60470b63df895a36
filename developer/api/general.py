"""GET general/balance and general/maintenance (reference/flip-api.md §3)."""

from django.conf import settings
from django.http import HttpRequest
from ninja import Schema

from accounts.permissions import Permission
from accounts.rights import check
from deposits import ledger
from flipdash.scope import Scope


class BalanceOut(Schema):
    """The deposit."""

    balance: int
    """Whole rupiah that can be spent; what is held for transfers is not in it."""


class MaintenanceOut(Schema):
    """Whether the API rests."""

    maintenance: bool


def scope_of(request: HttpRequest) -> Scope:
    """Return the scope that the door set."""
    return request.scope  # type: ignore[attr-defined]  # developer/api/door.py


def balance(request: HttpRequest) -> BalanceOut:
    """Return what the business can spend."""
    scope = scope_of(request)
    check(scope, Permission.VIEW_HISTORY)
    return BalanceOut(balance=ledger.balance(scope).available)


def maintenance(request: HttpRequest) -> MaintenanceOut:
    """Return whether every other endpoint rests. It needs no key."""
    return MaintenanceOut(maintenance=settings.API_MAINTENANCE)
