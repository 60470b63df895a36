"""What a person of the operator's does about a case: closes it, credits what came back, releases what never left."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import operators
from accounts.models import User
from flipdash import clock, events, rls, states
from transactions.models import RailCase, RailOrder
from transactions.outgoing import answers
from transactions.outgoing.products import products


def close(case: RailCase, *, by: User, note: str = "", at: datetime | None = None) -> bool:
    """Close a case that is settled; False if it was closed before. `at` is for what happened earlier (the seed)."""
    if case.status != RailCase.Status.OPEN:
        return False
    scope = operators.scope(by, case.business, case.mode)
    with rls.inside_of(case.business_id, case.mode), transaction.atomic():
        row = answers.lock(products[case.order.source], case.order)
        signed = scope.actor.columns("closer")
        unproposed = {"proposed_at": None, "proposer_kind": "", "proposer_id": None, "proposer_name": ""}
        values = {"closed_at": at or clock.now(), "note": note[:200], **unproposed, **signed}
        states.step(case, RailCase.Status.CLOSED, **values)
        if row.disputed_at is not None and not _is_disputed(case.order):
            row.disputed_at = None
            row.save(update_fields=["disputed_at"])
            events.record(scope, products[case.order.source].kind("upheld"), row, at=at)
    return True


def _is_disputed(order: RailOrder) -> bool:
    """Return whether a case waits in which a rail says the opposite of how an order's row has ended."""
    return any(answers.says_opposite(case) for case in order.cases.filter(status=RailCase.Status.OPEN))


def credit(case: RailCase, *, by: User, at: datetime | None = None) -> bool:
    """Credit what the bank of a case sent back, and close it; False if it was credited before. Raises MoveRefused.

    `at` is for what happened earlier (the seed).
    """
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
        if mine.proposed_at is None:
            proposed = {"proposed_at": clock.now(), **scope.actor.columns("proposer")}
            RailCase.objects.filter(pk=mine.pk).update(**proposed)
            return False
        if mine.proposer_id == scope.actor.id:
            raise states.MoveRefused(_("You have proposed this yourself: somebody else has to approve it."))
        answers.book_opposite(mine, row, by=scope)
        states.step(mine, RailCase.Status.CLOSED, closed_at=clock.now(), **scope.actor.columns("closer"))
    return True


def release(case: RailCase, *, by: User) -> bool:
    """Give the money of a case back that was never sent, and close it; False where that isn't certain."""
    if not answers.release_by_hand(case, by=operators.scope(by, case.business, case.mode)):
        return False
    close(case, by=by)
    return True
