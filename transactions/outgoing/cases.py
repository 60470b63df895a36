"""What a person of the operator's does about a case: closes it, credits what came back, releases what never left."""

from datetime import datetime

from accounts import operators
from accounts.models import User
from flipdash import clock, rls, states
from transactions.models import RailCase
from transactions.outgoing import answers


def close(case: RailCase, *, by: User, note: str = "", at: datetime | None = None) -> bool:
    """Close a case that is settled; False if it was closed before. `at` is for what happened earlier (the seed)."""
    if case.status != RailCase.Status.OPEN:
        return False
    with rls.inside_of(case.business_id, case.mode):
        signed = operators.scope(by, case.business, case.mode).actor.columns("closer")
        states.step(case, RailCase.Status.CLOSED, closed_at=at or clock.now(), note=note[:200], **signed)
    return True


def credit(case: RailCase, *, by: User, at: datetime | None = None) -> bool:
    """Credit what the bank of a case sent back, and close it; False if it was credited before. Raises MoveRefused.

    `at` is for what happened earlier (the seed).
    """
    is_new = answers.credit_return(case, by=operators.scope(by, case.business, case.mode), at=at)
    close(case, by=by, at=at)
    return is_new


def release(case: RailCase, *, by: User) -> bool:
    """Give the money of a case back that was never sent, and close it; False where that isn't certain."""
    if not answers.release_by_hand(case, by=operators.scope(by, case.business, case.mode)):
        return False
    close(case, by=by)
    return True
