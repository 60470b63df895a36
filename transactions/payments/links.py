"""Payment links: made once for each form, changed, switched off and on; and what is told of them."""

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.permissions import Permission
from accounts.rights import ask_again, lock_row
from flipdash import clock, db, events, states
from flipdash.mode import Mode, mode_url
from flipdash.scope import Scope
from transactions.models import PaymentLink, Via
from transactions.models.payment_link import new_slug

Status = PaymentLink.Status
A_DAY = 500
"""Links that a business may make within 24 hours in one mode: rows that strangers can open are dear."""


class LinkRefused(Exception):
    """The act can't be done; the message says why, in words for people. Nothing was changed."""


@dataclass(frozen=True)
class Draft:
    """What people say of a link. Amounts are rupiah; the redirect is judged (payments/redirects.py)."""

    title: str
    amount: int | None
    expires_at: datetime | None
    fee_bearer: str
    asks_phone: bool
    asks_address: bool
    redirect_url: str


@transaction.atomic
def create(scope: Scope, draft: Draft, *, uses: str, made_key: uuid.UUID) -> tuple[PaymentLink, bool]:
    """Make a link; returns it, and whether it is new: the same form makes one. Raises NotAllowed, LinkRefused."""
    db.lock(f"payment-links/{scope.business.pk}/{scope.mode}")
    ask_again(scope, Permission.CREATE_TRANSACTIONS)
    links = PaymentLink.objects.visible_to(scope, searched=True)
    if there := links.filter(made_key=made_key).first():
        return there, False
    _check_expiry(draft.expires_at)
    if links.filter(created_at__gt=clock.now() - timedelta(days=1)).count() >= A_DAY:
        words = _("Your business has made %(most)s links within 24 hours, as many as it may.")
        raise LinkRefused(words % {"most": A_DAY})
    link = PaymentLink.objects.create(
        business_id=scope.business.pk,
        mode=scope.mode,
        slug=new_slug(),
        uses=uses,
        made_key=made_key,
        via=Via.API if scope.via == "api" else Via.DASHBOARD,
        **scope.actor.columns("maker"),
        **asdict(draft),
    )
    link.refresh_from_db()
    facts: dict[str, Any] = {"amount": link.amount} if link.amount else {}
    events.record(scope, "payment-link.created", link, **facts)
    return link, True


@transaction.atomic
def change(scope: Scope, pk: int, draft: Draft) -> PaymentLink:
    """Change what a link says, for payments that are started from now on. A later end wakes an expired one.

    Raises NotAllowed, LinkRefused; DoesNotExist.
    """
    link = _lock(scope, pk)
    if link.status == Status.USED:
        raise LinkRefused(_("This link was paid, and can be paid no more: make a new one."))
    if draft.expires_at != link.expires_at:
        _check_expiry(draft.expires_at)
    before, after = ({name: getattr(one, name) for name in asdict(draft)} for one in (link, draft))
    changed = {name: value for name, value in after.items() if value != before[name]}
    for name, value in changed.items():
        setattr(link, name, value)
    if link.status == Status.EXPIRED and not is_over(link):
        states.check_move(link, Status.ACTIVE)
        link.status = Status.ACTIVE
    if changed:
        link.save(update_fields=[*changed, "status"])
        facts = {name: {"old": _said(before[name]), "new": _said(value)} for name, value in changed.items()}
        events.record(scope, "payment-link.changed", link, changes=facts)
    return link


@transaction.atomic
def switch(scope: Scope, pk: int, *, on: bool) -> PaymentLink:
    """Let a link be paid again, or no more; what is so already stays so. Raises NotAllowed, LinkRefused."""
    link = _lock(scope, pk)
    to = Status.ACTIVE if on else Status.INACTIVE
    if link.status == to:
        return link
    if on and is_over(link):
        raise LinkRefused(_("Its time is over: give it a later end first."))
    try:
        kind = "payment-link.activated" if on else "payment-link.deactivated"
        states.move(link, to, by=scope, kind=kind)
    except states.MoveRefused as problem:
        raise LinkRefused(_("This link was paid, and can be paid no more: make a new one.")) from problem
    return link


def _lock(scope: Scope, pk: int) -> PaymentLink:
    links = PaymentLink.objects.visible_to(scope, searched=True)
    return lock_row(scope, links, pk, Permission.CREATE_TRANSACTIONS)


def _check_expiry(at: datetime | None) -> None:
    if at is not None and at <= clock.now():
        raise LinkRefused(_("This time is over. Choose a later one."))


def _said(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def is_over(link: PaymentLink) -> bool:
    """Return whether its time is over, whether or not the sweep has come by."""
    return link.expires_at is not None and link.expires_at <= clock.now()


def shown_status(link: PaymentLink) -> Any:
    """Return the status, and expired at once when its time is over."""
    return Status.EXPIRED if link.status == Status.ACTIVE and is_over(link) else link.status


def address_of(link: PaymentLink) -> str:
    """Return the whole address at which people pay; there is one for both modes."""
    return mode_url(Mode.LIVE, "pay:link", link.slug, absolute=True)
