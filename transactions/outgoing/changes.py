"""What each act does to a row and to the deposit, said once: where the row goes, and what the ledger posts for it.

`carry_out` does one, as people and rails do; `carry_out_many` does many in few statements, in their order. The demo
says by `at` when it happened. Whoever calls has the rows locked, and has asked whether the actor may.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deposits import ledger
from deposits.ledger import LedgerOwner, NewPosting
from deposits.models import PostingKind
from flipdash import clock, states
from flipdash.scope import Scope
from transactions.models import Status
from transactions.models.base import OutgoingTransfer
from transactions.outgoing.products import Product, owner_of
from transactions.rails import Answer, Outcome
from transactions.reasons import Reason

ARRIVED = (Outcome.SUCCESSFUL, Outcome.RETURNED)
"""What a rail says of what was paid: what comes back had arrived."""


@dataclass(frozen=True)
class Change:
    """One act on one locked row."""

    owner: LedgerOwner
    move: states.Move
    posting: NewPosting | None = None


def carry_out(change: Change) -> None:
    """Move the money and the row of one act, and tell it. Raises NotEnoughDeposit, NotHeld, MoveRefused."""
    posting, move = change.posting, change.move
    if posting is not None:
        kind, source, lines, at = posting.kind, posting.source, posting.lines, posting.effective_at
        ledger.post(change.owner, kind, source, lines, by=posting.by, effective_at=at)
    states.move(move.row, move.to, by=move.by, kind=move.kind, facts=move.facts, at=move.at, **move.values)


def carry_out_many(owner: LedgerOwner, changes: Sequence[Change | NewPosting]) -> None:
    """Do many acts of one business and mode in their order, all or none; raises what `carry_out` raises.

    What else the ledger posts meanwhile stands between them, to be posted in its turn. Call it in a transaction.
    """
    postings = [one.posting if isinstance(one, Change) else one for one in changes]
    if posted := [posting for posting in postings if posting is not None]:
        ledger.post_many(owner, posted)
    states.move_many([one.move for one in changes if isinstance(one, Change)])


# --- The acts ----------------------------------------------------------------------------------------------------


def facts_of(row: OutgoingTransfer) -> dict[str, Any]:
    """Return what is told of every act: rupiah, and to whom."""
    return {"amount": row.amount, "fee": row.fee, "beneficiary": row.beneficiary_name}  # type: ignore[attr-defined]  # all products have it


def letting_go(
    by: Scope,
    product: Product,
    row: OutgoingTransfer,
    to: Status,
    at: datetime | None = None,
    *,
    note: str = "",
    is_quiet: bool = False,
) -> Change:
    """Approve what waits: its money is held, and it is sent, or waits for its date.

    `note` says by what. `is_quiet` where one event of many follows, by whoever calls.
    """
    lines = ledger.hold_lines(row.amount + row.fee)
    hold = NewPosting(PostingKind.HOLD, product.source_of(row), lines, by.actor, at)
    values = by.actor.columns("approver")
    told = facts_of(row) | ({"note": note} if note else {})
    move = states.Move(row, to, by, product.kind("approved"), told, at, values, is_quiet=is_quiet)
    return Change(owner_of(row), move, hold)


def waiting_for_money(by: Scope, product: Product, row: OutgoingTransfer, *, missing: int) -> Change:
    """Approve what the deposit doesn't cover: nothing is held, and it goes on by itself once there is enough.

    `missing` are the rupiah that it is short of: a figure, which everybody reads in their own language.
    """
    told = facts_of(row) | {"missing": missing}
    values = by.actor.columns("approver")
    return Change(owner_of(row), states.Move(row, product.waits, by, product.kind("waiting"), told, None, values))


def covered(by: Scope, product: Product, row: OutgoingTransfer) -> Change:
    """Hold the money of what waited for it, and send it."""
    hold = NewPosting(PostingKind.HOLD, product.source_of(row), ledger.hold_lines(row.amount + row.fee), by.actor)
    move = states.Move(row, Status.PROCESSING, by, product.kind("covered"), facts_of(row))
    return Change(owner_of(row), move, hold)


def stopping(
    by: Scope,
    product: Product,
    row: OutgoingTransfer,
    act: str,
    *,
    reason: str = "",
    note: str = "",
    at: datetime | None = None,
) -> Change:
    """Reject, cancel or forget what hasn't left; what was held comes back."""
    told = facts_of(row) | ({"note": note} if note else {})
    release = None
    if row.status == Status.SCHEDULED:
        release = _release(product, row, by, at)
    move = states.Move(row, Status.CANCELLED, by, product.kind(act), told, at, {"reason": reason})
    return Change(owner_of(row), move, release)


def coming_due(by: Scope, product: Product, row: OutgoingTransfer, at: datetime | None = None) -> Change:
    """Send what waited for its date; its money is held already."""
    return Change(owner_of(row), states.Move(row, Status.PROCESSING, by, product.kind("due"), facts_of(row), at))


def ending(
    by: Scope,
    product: Product,
    row: OutgoingTransfer,
    answer: Answer,
    rail: str,
    at: datetime | None = None,
    *,
    now: datetime | None = None,
) -> Change:
    """End what is on its way as the rail says: it has arrived, or its money comes back.

    `now` spares whoever ends many to ask for the time of each.
    """
    if answer.outcome in ARRIVED:
        lines = ledger.capture_lines(row.amount, row.fee, rail)
        posting = NewPosting(PostingKind.CAPTURE, product.source_of(row), lines, by.actor, at)
        values = {
            "completed_at": max(at or now or clock.now(), row.created_at),
            "bank_reference": answer.reference[:64],
        }
        move = states.Move(row, Status.SUCCESSFUL, by, product.kind("successful"), facts_of(row), at, values)
        return Change(owner_of(row), move, posting)
    reason = Reason.of(answer.reason) or Reason.BANK_REFUSED
    move = states.Move(row, Status.FAILED, by, product.kind("failed"), facts_of(row), at, {"reason": reason})
    return Change(owner_of(row), move, _release(product, row, by, at))


def turning(by: Scope, product: Product, row: OutgoingTransfer, answer: Answer, rail: str) -> Change:
    """End what has ended otherwise, as its rail says now: it was paid after all, or never was."""
    is_paid, now = answer.outcome in ARRIVED, clock.now()
    lines = (ledger.paid_lines if is_paid else ledger.unpaid_lines)(row.amount, row.fee, rail)
    posting = NewPosting(PostingKind.CORRECTION, product.source_of(row), lines, by.actor)
    reason = "" if is_paid else Reason.of(answer.reason) or Reason.BANK_REFUSED
    values = {"reason": reason, "completed_at": max(now, row.created_at) if is_paid else None, "disputed_at": None}
    to, act = (Status.SUCCESSFUL, "successful") if is_paid else (Status.FAILED, "failed")
    return Change(owner_of(row), states.Move(row, to, by, product.kind(act), facts_of(row), None, values), posting)


def _release(product: Product, row: OutgoingTransfer, by: Scope, at: datetime | None) -> NewPosting:
    lines = ledger.release_lines(row.amount + row.fee)
    return NewPosting(PostingKind.RELEASE, product.source_of(row), lines, by.actor, at)
