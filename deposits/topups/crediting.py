"""What a top-up does to the deposit: credited once, taken back by two people's word; and Test Mode's first money.

All of it happens inside the business (flipdash/rls.py), under a lock on the top-up's row, and by the
database's time.
"""

from datetime import datetime, timedelta
from typing import cast

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Member
from deposits import banks, ledger
from deposits.ledger import LedgerOwner, Line, Posted, Source
from deposits.models import AccountKind, PostingKind, StatementLine, TopUp, TopUpStatus
from deposits.topups import services as topups
from flipdash import clock, events, mail, rls, states
from flipdash.mode import Mode, mode_url
from flipdash.scope import Business, Scope

TEST_DEPOSIT = 100_000_000
"""Rupiah with which each business begins in Test Mode."""
SOURCE = "top_up"


class NotCreditable(topups.TopUpRefused):
    """The top-up was credited already, or was closed without two people's word."""


def credit(top_up: TopUp, line: StatementLine, *, by: Scope | None = None, at: datetime | None = None) -> Posted:
    """Credit what a matched line of the bank's statement brought in, its code included: once, whoever asks again.

    It happens by itself, unless `by` names who let it be done by hand; whoever asked for the top-up is a fact of it.

    Raises NotCreditable when the top-up was credited by another line, or was closed and no two people said otherwise
    (the database asks that again).
    """
    with rls.inside_of(top_up.business_id, top_up.mode), transaction.atomic():
        own_line = StatementLine.objects.select_for_update().get(pk=line.pk, top_up_id=top_up.pk)
        locked = TopUp.objects.select_for_update().select_related("business").get(pk=top_up.pk)
        if own_line.status == StatementLine.Status.CREDITED and locked.posting_id:
            return Posted(locked.posting_id, is_new=False)
        if own_line.status != StatementLine.Status.MATCHED or not _may_be_credited(locked):
            raise NotCreditable(
                topups.why_not(locked) if not locked.is_open else _("This line isn’t matched any more.")
            )
        amount = own_line.whole
        if amount is None:
            raise NotCreditable(_("This line has sen, and a deposit has none."))
        at = at or _seeded_at(own_line, locked)
        moment = at or clock.now()
        by = by or Scope.by_itself(locked.business, locked.mode)
        posted = ledger.top_up(
            _owner_of(locked),
            Source(SOURCE, locked.pk),
            amount=amount,
            bank=locked.bank,
            by=by.actor,
            effective_at=at,
        )
        topups.close(
            locked,
            TopUpStatus.SUCCESSFUL,
            by=by,
            kind="top-up.credited",
            facts={"amount": amount, "requested_by": locked.maker_name},
            at=at,
            posting_id=posted.id,
            credited_amount=amount,
            settled_at=moment,
        )
        states.step(own_line, StatementLine.Status.CREDITED, credited_at=moment)
    return posted


def _seeded_at(line: StatementLine, top_up: TopUp) -> datetime | None:
    """Return when the seed says that a payment came in, so that a sweep which is faster dates it so; else None.

    Of what people ask for, the simulated bank has noted when it pays (`simulated_at`).
    """
    is_seeded = line.statement_id is None and top_up.simulated_at is None
    return line.imported_at if is_seeded and line.imported_at < clock.now() - timedelta(minutes=1) else None


def _may_be_credited(locked: TopUp) -> bool:
    if locked.is_open:
        return True
    is_closed = locked.status in (TopUpStatus.EXPIRED, TopUpStatus.CANCELLED)
    return (
        is_closed and locked.posting_id is None and locked.corrections.filter(kind="credit", status="approved").exists()
    )


def take_back(top_up: TopUp, *, by: Scope) -> Posted:
    """Undo a credit by a posting that reverses it. Call it where two people have said so (matching.approve).

    Raises NotCreditable when it isn't credited, and ledger.NotEnoughDeposit when the money is spent.
    """
    with rls.inside_of(top_up.business_id, top_up.mode), transaction.atomic():
        locked = TopUp.objects.select_for_update().select_related("business").get(pk=top_up.pk)
        if not locked.is_successful or locked.posting_id is None:
            raise NotCreditable(_("This top-up isn’t credited, so there is nothing to take back."))
        posted = ledger.reverse(_owner_of(locked), locked.posting_id, by=by.actor)
        topups.close(
            locked,
            TopUpStatus.CANCELLED,
            by=by,
            kind="top-up.reversed",
            facts={"amount": locked.credited_amount, "requested_by": locked.maker_name},
            reversed_at=clock.now(),
        )
    return posted


def open_test_deposit(business: Business) -> Posted:
    """Give a business its money in Test Mode: once, however often it is asked. Live Mode is never touched.

    It stands at the moment when the business began, in front of everything else.
    """
    lines = [
        Line(AccountKind.CLEARING, -TEST_DEPOSIT, "simulator"),
        Line(AccountKind.AVAILABLE, TEST_DEPOSIT),
    ]
    return ledger.post(
        LedgerOwner(business, Mode.TEST),
        PostingKind.OPENING,
        Source("business", business.pk),
        lines,
        effective_at=business.created_at,
        using="operator",  # money that nobody paid in: the app role may not
    )


def _owner_of(top_up: TopUp) -> LedgerOwner:
    return LedgerOwner(top_up.business, top_up.mode)


@events.on("top-up.credited")
def mail_requester(told: events.Event) -> None:
    """Mail whoever asked for a top-up that it is credited, if they are still there; not of what was long ago."""
    top_up = cast(TopUp, told.subject)
    member = Member.objects.active().behind(top_up.maker).select_related("user").first()
    if member is not None and told.at is None:
        mail.send(
            "top_up_credited",
            to=member.user.email,
            language=member.user.language,
            top_up=top_up,
            bank=banks.NAMES[top_up.bank],
            business=top_up.business,
            url=mode_url(top_up.mode, "deposits:top-up-detail", top_up.pk, absolute=True),
        )
