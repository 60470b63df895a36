"""Refunds in tests: asked for, approved, and what is left of their payments."""

import uuid
from typing import Any

from accounts.models import Member
from flipdash import rls
from flipdash.scope import Scope
from transactions.models import Payment, Refund
from transactions.outgoing import acts
from transactions.refunds import services
from transactions.refunds.services import REFUNDS, Draft
from transactions.transfers.services import Draft as To


def draft(payment: Payment, *, cause: str = "Kelas dibatalkan", **fields: Any) -> Draft:
    account = {"kind": "bank", "bank": "bca", "account_number": "0012345678", "beneficiary_name": "Dewi Anggraini"}
    return Draft(payment, To(**{**account, "amount": 15_000, "is_sure": True, **fields}), cause)


def request(who: Member | Scope, payment: Payment, **fields: Any) -> Refund:
    """Ask for a refund, by a form of its own."""
    scope = who if isinstance(who, Scope) else who.scope("live")
    with rls.inside(scope):
        return services.request(scope, draft(payment, **fields), made_key=uuid.uuid4()).refund


def approve(who: Member | Scope, refund: Refund, **how: Any) -> Refund:
    """Approve a refund as it is."""
    scope = who if isinstance(who, Scope) else who.scope("live")
    with rls.inside(scope):
        seen = REFUNDS.digest_of(scope, Refund.objects.get(pk=refund.pk))
        return acts.approve(scope, REFUNDS, refund.pk, **{"seen": seen, "sure": True, **how})


def now(refund: Refund) -> Refund:
    """Return a refund as it is in the database."""
    with rls.inside_of(refund.business_id, refund.mode):
        return Refund.objects.get(pk=refund.pk)


def left(payment: Payment) -> int:
    with rls.inside_of(payment.business_id, payment.mode):
        return services.left_of(payment)


def lines(refund: Refund) -> list[str]:
    with rls.inside_of(refund.business_id, refund.mode):
        return list(refund.events.order_by("at", "id").values_list("kind", flat=True))
