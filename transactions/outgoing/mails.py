"""The mails of what becomes of a transaction: to whoever may approve it, to its maker, and to who is paid.

Made from its events, in the transaction of the act; what the seed says happened earlier mails nobody.
"""

from typing import Any, cast

from accounts.models import Member
from accounts.permissions import ROLE_PERMISSIONS, Permission
from flipdash import events, mail
from flipdash.mode import Mode, mode_url
from transactions.models import MoneyTransfer, Status
from transactions.models.base import OutgoingTransfer
from transactions.outgoing import acts, products
from transactions.reasons import Reason

TOLD_MAKER = {"approved", "rejected", "expired", "failed", "returned"}
"""What a maker wants to know that they didn't do themselves."""


@events.handle
def tell(told: events.Event) -> None:
    """Mail what an event of a product means for somebody else than who did it."""
    row = told.subject
    if told.at is not None or not isinstance(row, OutgoingTransfer):
        return
    product = next((one for one in products.products.values() if isinstance(row, one.model)), None)
    if product is None or events.area_of(told.kind) != product.area:
        return
    act = told.kind.partition(".")[2]
    if act == "created":
        _tell_approvers(row, product, told)
    elif act in TOLD_MAKER:
        _tell_maker(row, product, act, told)
    elif act == "successful":
        _tell_beneficiary(row)


def _tell_approvers(row: OutgoingTransfer, product: products.Product, told: events.Event) -> None:
    """Tell who may approve a new row that it waits; nobody where its maker approves it by making it."""
    scope = told.scope
    if scope.can(Permission.APPROVE_TRANSACTIONS) and acts.may_approve(scope, row):
        return
    roles = [role for role, allowed in ROLE_PERMISSIONS.items() if Permission.APPROVE_TRANSACTIONS in allowed]
    members = Member.objects.active().filter(business_id=row.business_id, role__in=roles).select_related("user")
    for member in members:
        if member.actor != row.maker:
            _send("transfer_waits", member, row, product, maker=row.maker_name)


def _tell_maker(row: OutgoingTransfer, product: products.Product, act: str, told: events.Event) -> None:
    member = Member.objects.active().behind(row.maker).select_related("user").first()
    if member is None or member.actor == told.actor:
        return
    reason = Reason.of(row.reason)
    why = told.facts.get("note") or (reason.what if reason else "")
    _send("transfer_outcome", member, row, product, act=act, why=why, who=told.actor.name)


def _tell_beneficiary(row: OutgoingTransfer) -> None:
    """Tell who was paid, where the maker asked for it, in the business's language; nobody of what Test Mode pays."""
    if not isinstance(row, MoneyTransfer) or row.mode != Mode.LIVE or row.status != Status.SUCCESSFUL:
        return
    if row.beneficiary_email:
        language = row.business.language
        mail.send("transfer_arrived", to=row.beneficiary_email, language=language, transfer=row, business=row.business)


def _send(name: str, member: Any, row: OutgoingTransfer, product: products.Product, **more: Any) -> None:
    user = cast(Member, member).user
    url = mode_url(row.mode, product.row_url_name, row.pk, absolute=True)
    mail.send(name, to=user.email, language=user.language, transfer=row, business=row.business, url=url, **more)
