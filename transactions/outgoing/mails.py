"""The mails of what becomes of a transaction: to whoever may approve it, to its maker, and to who is paid.

Made from its events, in the transaction of the act; what the seed says happened earlier mails nobody.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.db import transaction
from django.db.models import Count, Sum
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import Member
from accounts.models.people import MemberQuerySet
from accounts.permissions import Permission
from accounts.profile import notices
from flipdash import clock, events, mail, rls
from flipdash.actors import ActorKind
from flipdash.mode import Mode, mode_url
from flipdash.scope import Scope
from transactions.models import BulkApproval, MoneyTransfer, Status
from transactions.models.base import OutgoingTransfer
from transactions.outgoing import acts, products
from transactions.reasons import Reason

TOLD_MAKER = {"approved", "rejected", "expired", "failed", "returned"}
"""What a maker wants to know that they didn't do themselves."""
REMINDED_AFTER = timedelta(hours=4)
MOST_AT_ONCE = 50
"""Businesses whose approvers one sweep reminds."""


WAITING, OUTCOME = "waiting", "outcome"
notices.declare(WAITING, gettext_lazy("Something waits for my approval"), Permission.APPROVE_TRANSACTIONS)
notices.declare(OUTCOME, gettext_lazy("What I made is approved, rejected or fails"), Permission.CREATE_TRANSACTIONS)


@events.handle
def tell(told: events.Event) -> None:
    """Mail what an event of a product means for somebody else than who did it."""
    row = told.subject
    if told.at is not None:
        return
    if isinstance(row, BulkApproval) and told.kind.endswith(".approved_many"):
        _tell_makers(row, told)
    if not isinstance(row, OutgoingTransfer):
        return
    product = next((one for one in products.products.values() if isinstance(row, one.model)), None)
    if product is None or events.area_of(told.kind) != product.area:
        return
    act = told.kind.partition(".")[2]
    if act == "created" and not acts.goes_at_once(told.scope, row):
        tell_approvers(row, product, told.scope)
    elif act in TOLD_MAKER:
        _tell_maker(row, product, act, told)
    elif act == "successful":
        _tell_beneficiary(row)


def tell_approvers(row: OutgoingTransfer, product: products.Product, scope: Scope) -> None:
    """Tell who may approve a new row that it waits; its maker is told where nobody is there who could."""
    for member in _others(row).told(WAITING).select_related("user"):
        _send("transfer_waits", member, row, product, maker=row.maker_name)
    if who := nobody_there(row):
        maker = Member.objects.active().behind(row.maker).select_related("user").first()
        if maker is not None:
            back = who.back and timezone.localtime(who.back, scope.zone).date()
            _send("transfer_nobody", maker, row, product, back=back)


def _others(row: OutgoingTransfer) -> MemberQuerySet:
    """The members who may approve and didn't make a row."""
    others = Member.objects.active().filter(business_id=row.business_id).who_may(Permission.APPROVE_TRANSACTIONS)
    made = row.maker
    own = made.id if made is not None and made.kind == ActorKind.MEMBER else None
    return others.exclude(pk=own) if own is not None else others


@dataclass(frozen=True)
class NobodyThere:
    """That nobody could approve a row now; `back` is when the first is back, None where there is nobody at all."""

    back: datetime | None


def nobody_there(row: OutgoingTransfer) -> NobodyThere | None:
    """Return that nobody but its maker could approve a row now; None where somebody could."""
    days = list(_others(row).values_list("away_until", flat=True))
    now = clock.now()
    if any(day is None or day <= now for day in days):
        return None
    return NobodyThere(min((day for day in days if day), default=None))


def _tell_makers(approval: BulkApproval, told: events.Event) -> None:
    """Tell each maker once how many of theirs were approved together."""
    product = products.products[approval.source]
    rows = product.model.objects.filter(pk__in=approval.rows, maker_kind=ActorKind.MEMBER)
    made = rows.values("maker_id").annotate(n=Count("pk"), amounts=Sum("amount")).order_by()
    each = {int(one["maker_id"] or 0): one for one in made}
    for member in Member.objects.told(OUTCOME).filter(pk__in=each).select_related("user", "business"):
        if member.actor == told.actor:
            continue
        one = each[member.pk]
        mail.send(
            "transfers_approved",
            to=member.user.email,
            language=member.user.language,
            count=one["n"],
            amount=one["amounts"],
            who=told.actor.name,
            mode=approval.mode,
            url=mode_url(approval.mode, product.list_url_name, absolute=True),
        )


def _tell_maker(row: OutgoingTransfer, product: products.Product, act: str, told: events.Event) -> None:
    member = Member.objects.told(OUTCOME).behind(row.maker).select_related("user").first()
    if member is None or member.actor == told.actor:
        return
    reason = Reason.of(row.reason)
    why = told.facts.get("note") or (reason.what if reason else "")
    _send("transfer_outcome", member, row, product, act=act, why=why, who=told.actor.name)


# --- Once more ---------------------------------------------------------------------------------------------------


def remind() -> None:
    """Remind approvers, once, of what has waited for hours; one mail for all that waits of a business in a mode."""
    for product in products.products.values():
        late = {"status": Status.PENDING_APPROVAL, "reminded_at": None, "created_at__lte": Now() - REMINDED_AFTER}
        rows = product.model.objects.using("operator").filter(**late).order_by()
        for business_id, mode in rows.values_list("business_id", "mode").distinct()[:MOST_AT_ONCE]:
            with rls.inside_of(business_id, mode), transaction.atomic():
                _remind(product, business_id, mode, late)


def _remind(product: products.Product, business_id: int, mode: str, late: dict[str, Any]) -> None:
    rows = product.model.objects.filter(business_id=business_id, mode=mode, **late)
    locked = list(rows.select_for_update(skip_locked=True, of=("self",)).values_list("pk", "amount", "maker_id"))
    if not locked:
        return
    product.model.objects.filter(pk__in=[pk for pk, _amount, _maker in locked]).update(reminded_at=Now())
    others = Member.objects.told(WAITING).filter(business_id=business_id).who_may(Permission.APPROVE_TRANSACTIONS)
    for member in others.select_related("user", "business"):
        theirs = [amount for _pk, amount, maker in locked if maker != member.pk]
        if theirs:
            mail.send(
                "transfers_wait",
                to=member.user.email,
                language=member.user.language,
                count=len(theirs),
                amount=sum(theirs),
                business=member.business,
                mode=mode,
                url=mode_url(Mode(mode), "transactions:approvals", absolute=True),
            )


def _tell_beneficiary(row: OutgoingTransfer) -> None:
    """Tell who was paid, where the maker asked for it, in the business's language; nobody of what Test Mode pays."""
    if not isinstance(row, MoneyTransfer) or row.mode != Mode.LIVE or row.status != Status.SUCCESSFUL:
        return
    if row.beneficiary_email:
        language = row.business.language
        for to in row.beneficiary_email.split(","):
            mail.send("transfer_arrived", to=to, language=language, transfer=row, business=row.business)


def _send(name: str, member: Any, row: OutgoingTransfer, product: products.Product, **more: Any) -> None:
    user = cast(Member, member).user
    url = mode_url(row.mode, product.row_url_name, row.pk, absolute=True)
    mail.send(name, to=user.email, language=user.language, transfer=row, business=row.business, url=url, **more)
