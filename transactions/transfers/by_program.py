"""Money transfers that a business's program makes by an API key: once for each idempotency key, and let go at once.

A person comes in between only where the second-person rule asks for one, or where a program that gives no idempotency
key sends the same once more within ten minutes (reference/flip-api.md §1.5, trust.md L4, L5).
"""

from dataclasses import replace
from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now

from accounts.permissions import Permission
from accounts.rights import ask_again
from flipdash import db
from flipdash.scope import Scope
from transactions.models import MoneyTransfer, Via
from transactions.outgoing import acts, mails
from transactions.transfers import services
from transactions.transfers.services import MONEY_TRANSFERS, Draft

HELD_WITHIN = timedelta(minutes=10)


class TwinUnderWay(db.Busy):
    """A call with the same idempotency key is being done."""


class OtherTransfer(Exception):
    """The idempotency key was used for a transfer to somebody else, or of another amount."""


def made_before(scope: Scope, draft: Draft, key: str) -> MoneyTransfer | None:
    """Return the transfer that an idempotency key has made already. Raises OtherTransfer."""
    rows = MoneyTransfer.objects.visible_to(scope, searched=True)
    found: MoneyTransfer | None = rows.filter(idempotency_key=key).first() if key else None
    if found is not None:
        same = ("bank", "account_number", "amount", "remark", "beneficiary_email")
        if found.destination_kind != draft.kind or any(getattr(found, name) != getattr(draft, name) for name in same):
            raise OtherTransfer
    return found


def create(scope: Scope, draft: Draft, *, key: str = "") -> MoneyTransfer:
    """Make a transfer and let it go; of an idempotency key that has made one, return that. Call it in a transaction.

    Raises OtherTransfer, ShortOfMoney, NothingSends, NotAllowed; TwinUnderWay, and Busy while much else of the business
    is being done; WrongAccount and WrongAmount for what the call should have refused.
    """
    if key:  # its twin waits here, and then finds our row
        try:
            db.lock(f"idempotency key/{scope.business.pk}/{scope.mode}/{key}")
        except db.Busy as problem:
            raise TwinUnderWay from problem
    acts.one_at_a_time(scope, MONEY_TRANSFERS)
    ask_again(scope, Permission.CREATE_TRANSACTIONS)
    if before := made_before(scope, draft, key):
        return before
    is_held = not key and _is_twin(scope, draft)
    services.check_draft(scope, replace(draft, is_sure=True))  # what may be twice is held, not refused
    transfer = services.add(scope, draft, via=Via.API, idempotency_key=key)
    if is_held:
        mails.tell_approvers(transfer, MONEY_TRANSFERS, scope)
    elif acts.goes_at_once(scope, transfer):
        acts.let_go(scope, MONEY_TRANSFERS, transfer)
    return transfer


def _is_twin(scope: Scope, draft: Draft) -> bool:
    """Whether the same amount went to the same account a moment ago, or as a refund within 30 days."""
    to = Q(bank=draft.bank, account_number=draft.account_number, amount=draft.amount)
    rows = MoneyTransfer.objects.visible_to(scope, searched=True).filter(to, created_at__gte=Now() - HELD_WITHIN)
    return bool(rows.exists() or services.refunds_to(scope, to).exists())
