"""What a person of the operator's does about a case: closes it, credits what came back, releases what never left."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import operators
from accounts.models import User
from flipdash import clock, events, rls, states
from flipdash.scope import Scope
from transactions.models import RailCase, RailOrder
from transactions.outgoing import answers
from transactions.outgoing.products import products


def close(case: RailCase, *, by: User, note: str = "", at: datetime | None = None) -> bool:
    """Close a case that is settled, and leave all as it was; returns whether it was done now.

    Where a rail says the opposite, one person proposes it and another does it, as with what is booked: the money is
    somebody's. `at` is for what happened earlier (the seed). Raises MoveRefused.
    """
    scope = operators.scope(by, case.business, case.mode)
    with rls.inside_of(case.business_id, case.mode), transaction.atomic():
        row = answers.lock(products[case.order.source], case.order)
        mine = RailCase.objects.select_for_update().get(pk=case.pk)
        if mine.status != RailCase.Status.OPEN:
            return False
        if answers.says_opposite(mine) and not _is_proposed(mine, RailCase.Proposal.LEAVE, scope):
            return False
        signed = scope.actor.columns("closer")
        states.step(mine, RailCase.Status.CLOSED, closed_at=at or clock.now(), note=note[:200], **signed)
        if row.disputed_at is not None and not _is_disputed(case.order):
            row.disputed_at = None
            row.save(update_fields=["disputed_at"])
            events.record(scope, products[case.order.source].kind("upheld"), row, at=at)
    return True


def _is_proposed(case: RailCase, proposal: str, scope: Scope) -> bool:
    """Return whether somebody else has proposed this for a locked case; else it is proposed now, in place of another.

    Raises MoveRefused for who has proposed it themselves.
    """
    if case.proposal != proposal:
        proposed = {"proposal": proposal, "proposed_at": clock.now(), **scope.actor.columns("proposer")}
        RailCase.objects.filter(pk=case.pk).update(**proposed)
        return False
    if case.proposer_id == scope.actor.id:
        raise states.MoveRefused(_("You have proposed this yourself: somebody else has to approve it."))
    return True


def _is_disputed(order: RailOrder) -> bool:
    """Return whether a case waits in which a rail says the opposite of how an order's row has ended."""
    # Not by `order.cases`: the back office has read the order by another connection, which doesn't see this one's work.
    waiting = RailCase.objects.filter(order_id=order.pk, status=RailCase.Status.OPEN)
    return any(map(answers.says_opposite, waiting))


def credit(case: RailCase, *, by: User, at: datetime | None = None) -> bool:
    """Credit what the bank of a case sent back, and close it; False if it was credited before. Raises MoveRefused.

    `at` is for what happened earlier (the seed).
    """
    with rls.inside_of(case.business_id, case.mode), transaction.atomic():
        is_new = answers.credit_return(case, by=operators.scope(by, case.business, case.mode), at=at)
        close(case, by=by, at=at)
    return is_new


def book(case: RailCase, *, by: User) -> bool:
    """Book what a rail says the opposite of now, which one person proposes and another does; whether it was done now.

    Raises MoveRefused, and NotEnoughDeposit where it was paid after all, and its money is spent.
    """
    scope = operators.scope(by, case.business, case.mode)
    with rls.inside_of(case.business_id, case.mode), transaction.atomic():
        row = answers.lock(products[case.order.source], case.order)
        mine = RailCase.objects.select_for_update().get(pk=case.pk)
        if mine.status != RailCase.Status.OPEN or not answers.says_opposite(mine):
            raise states.MoveRefused(_("Case %d has nothing to book.") % mine.pk)
        if not _is_proposed(mine, RailCase.Proposal.BOOK, scope):
            return False
        answers.book_opposite(mine, row, by=scope)
        states.step(mine, RailCase.Status.CLOSED, closed_at=clock.now(), **scope.actor.columns("closer"))
    return True


def release(case: RailCase, *, by: User) -> bool:
    """Give the money of a case back that was never sent, and close it; False where that isn't certain."""
    with rls.inside_of(case.business_id, case.mode), transaction.atomic():
        if not answers.release_by_hand(case, by=operators.scope(by, case.business, case.mode)):
            return False
        close(case, by=by)
    return True
