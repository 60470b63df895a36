"""The general endpoints: balance, banks, maintenance, operational (reference/flip-api.md §3)."""

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from ninja import Query, Schema

from accounts.permissions import Permission
from accounts.rights import check
from deposits import ledger
from developer.api import errors
from developer.api.errors import Refusal
from developer.api.fields import asked, told
from flipdash.scope import Scope
from transactions import destinations
from transactions.fees import fee_to
from transactions.models import Destination, MoneyTransfer, Status


class BalanceOut(Schema):
    """The deposit."""

    balance: int = told(_("Whole rupiah that can be spent. What is held for transfers isn’t in it."), 49_656_053)


class BankOut(Schema):
    """A bank or an e-wallet that can be paid."""

    bank_code: str = told(_("The code by which transfers name it."), "bca")
    name: str = told(_("Its everyday name."), "BCA")
    fee: int = told(_("Whole rupiah that a transfer to it costs."), 2_500, minimum=0)
    queue: int = told(_("How many of your transfers are on their way to it. More means slower."), 0, minimum=0)
    status: str = told(
        _(
            "OPERATIONAL: works normally. DISTURBED: transfers arrive late. "
            "HEAVILY_DISTURBED: they may not arrive the same day."
        ),
        "OPERATIONAL",
        enum=[status.upper() for status in Destination.Status.values],
    )


class BankRefusal(Refusal):
    """A bank that isn't there."""

    message: str = asked(_("BANK_NOT_FOUND, for a code that no bank has."), "BANK_NOT_FOUND")


class OperationalOut(Schema):
    """Whether transfers are processed now."""

    operational: bool = told(_("Always true: there are no working hours."), True)


class MaintenanceOut(Schema):
    """Whether the API rests."""

    maintenance: bool = told(_("Whether every other endpoint answers 503 now."), False)


def scope_of(request: HttpRequest) -> Scope:
    """Return the scope that the door set."""
    return request.scope  # type: ignore[attr-defined]  # developer/api/door.py


def balance(request: HttpRequest) -> BalanceOut:
    """Return what the business can spend."""
    scope = scope_of(request)
    check(scope, Permission.VIEW_HISTORY)
    return BalanceOut(balance=ledger.balance(scope).available)


class BankQuery(Schema):
    """Which banks."""

    code: str = asked(_("Only the bank or e-wallet of this code. The answer is a list all the same."), "bca")


def banks(request: HttpRequest, asked: Query[BankQuery]) -> HttpResponseBase:
    """Return the banks and e-wallets that can be paid, or the one of a code."""
    code = asked.code
    scope = scope_of(request)
    check(scope, Permission.VIEW_HISTORY)
    if code and code not in destinations.NAMES:
        return errors.invalid([("code", errors.UNKNOWN_BANK, "Bank code is not found.")], message="BANK_NOT_FOUND")
    wanted = [code] if code else list(destinations.NAMES)
    states = dict(Destination.objects.filter(code__in=wanted).values_list("code", "status"))
    waiting = MoneyTransfer.objects.visible_to(scope, searched=True).filter(status=Status.PROCESSING, bank__in=wanted)
    queues = dict(waiting.order_by().values_list("bank").annotate(Count("pk")))
    found = [
        {
            "bank_code": bank,
            "name": destinations.NAMES[bank],
            "fee": fee_to(bank),
            "queue": queues.get(bank, 0),
            "status": states.get(bank, Destination.Status.OPERATIONAL).upper(),
        }
        for bank in wanted
    ]
    return JsonResponse(found, safe=False)


def operational(request: HttpRequest) -> OperationalOut:
    """Return whether transfers are processed now: we have no hours, and in maintenance this rests as all else."""
    check(scope_of(request), Permission.VIEW_HISTORY)
    return OperationalOut(operational=True)


def maintenance(request: HttpRequest) -> MaintenanceOut:
    """Return whether every other endpoint rests. It needs no key."""
    return MaintenanceOut(maintenance=settings.API_MAINTENANCE)
