"""What a rail answers: the first final answer closes a transaction, and its money with it. What comes late, twice or
out of order changes nothing; what contradicts opens a case for a person, and moves no money (trust.md L8, Q5)."""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now

from deposits import ledger
from flipdash import clock, events, rls, states
from flipdash.scope import Scope
from transactions.models import RailCase, RailOrder, Status
from transactions.models.base import OutgoingTransfer
from transactions.outgoing import changes
from transactions.outgoing.products import Product, owner_of, products
from transactions.rails import Answer, Outcome
from transactions.reasons import Reason

log = logging.getLogger(__name__)

AGREES: dict[str, Outcome] = {Status.SUCCESSFUL: Outcome.SUCCESSFUL, Status.FAILED: Outcome.FAILED}
"""What a rail says of a row that ended so, as often as it likes."""

NOT_STOPPED = Answer(Outcome.UNKNOWN, Reason.ASKED_BACK)
"""What is noted of a rail that was asked to stop what it may have been told, and neither knows it nor can stop it."""
KEY_REUSED = "key reused"
"""The `problem` of an order whose key the rail knows with another account or amount."""
NOT_OPENED = "not opened"
"""The `problem` of an order of which something is sealed that no key of ours opens."""


def take(key: str, answer: Answer) -> None:
    """Take an answer, asked for or not, whenever it comes and however often. Many together: closing.take_many."""
    order = RailOrder.objects.filter(key=key).first()
    if order is None:
        log.warning("an answer for %s, which nobody sent", key)
        return
    product = products[order.source]
    with rls.inside_of(order.business_id, order.mode), transaction.atomic():
        row = lock(product, order)
        if answer.outcome == Outcome.UNKNOWN:
            return
        order.refresh_from_db(fields=["problem"])  # as it is now that the row is locked
        if row.status == Status.PROCESSING and order.problem == KEY_REUSED:
            if answer.is_final:
                open_case(order, row, RailCase.Kind.CONTRADICTION, answer)  # it speaks of something else
            return
        note_sent(product, row, order)
        if not answer.is_final:
            return
        if row.status == Status.PROCESSING:
            _close(product, row, order, answer)
        if answer.outcome == Outcome.RETURNED:
            _note_returned(order, row, answer)
        elif AGREES.get(row.status) != answer.outcome:
            open_case(order, row, RailCase.Kind.CONTRADICTION, answer)


def _note_returned(order: RailOrder, row: OutgoingTransfer, answer: Answer) -> None:
    """Ask a person about what came back of a locked row: once, and once more where another sum is said than before."""
    before = order.cases.filter(kind=RailCase.Kind.RETURNED).first()
    if before is not None and before.amount != answer.amount:
        open_case(order, row, RailCase.Kind.CONTRADICTION, answer)
    elif row.returned_at is None:
        open_case(order, row, RailCase.Kind.RETURNED, answer)


def lock(product: Product, order: RailOrder) -> OutgoingTransfer:
    """Lock the row of an order until the transaction ends. Always before the order's own."""
    rows = product.model.objects.select_for_update(of=("self",)).select_related("business")
    return rows.get(pk=order.source_id, business_id=order.business_id, mode=order.mode)


def lock_many(product: Product, orders: Sequence[RailOrder]) -> dict[int, OutgoingTransfer]:
    """Lock the rows of orders of one business and mode, by their ids and in the order of them."""
    ours = {"business_id": orders[0].business_id, "mode": orders[0].mode} if orders else {}
    rows = product.model.objects.select_for_update(of=("self",)).select_related("business")
    found = rows.filter(pk__in=[order.source_id for order in orders], **ours).order_by("pk")
    return {row.pk: row for row in found}


def note_sent(product: Product, row: OutgoingTransfer, order: RailOrder) -> None:
    """Tell, once, that a rail has a locked row."""
    if _was_told(order) and RailOrder.objects.filter(pk=order.pk, sent_at=None).update(sent_at=Now()):
        events.record(Scope.by_itself(row.business, row.mode), product.kind("sent"), row)


def _was_told(order: RailOrder) -> bool:
    """Return whether the rail may have been told to pay: not what was asked back before."""
    return order.told_at is not None or order.recalled_at is None


def note_sent_many(product: Product, those: Sequence[tuple[OutgoingTransfer, RailOrder]]) -> None:
    """Tell, once for each, that a rail has some locked rows of one business and mode."""
    row_of = {order.pk: row for row, order in those if _was_told(order)}
    unsent = RailOrder.objects.filter(pk__in=row_of, sent_at=None).order_by("pk").select_for_update()
    if new := list(unsent.values_list("pk", flat=True)):
        RailOrder.objects.filter(pk__in=new).update(sent_at=Now())
        told = [row_of[pk] for pk in new]
        itself = Scope.by_itself(told[0].business, told[0].mode)
        events.record_many([events.Event(itself, product.kind("sent"), row, {}) for row in told])


def open_case(
    order: RailOrder, row: OutgoingTransfer, kind: str, answer: Answer, *, at: datetime | None = None
) -> RailCase:
    """Ask a person to settle what a rail said of a locked row; once for each thing it says.

    What was given up may be tried again, and given up again, and what has no answer be asked back: once at a time. `at`
    is for what was said earlier (the seed).
    """
    said = {"said": str(answer.outcome), "reason": answer.reason}
    owner = {"business_id": row.business_id, "mode": row.mode}
    waiting = {"status": RailCase.Status.OPEN} if kind in RailCase.AT_A_TIME else {}
    case, is_new = RailCase.objects.get_or_create(
        order=order,
        kind=kind,
        said=said["said"],
        amount=answer.amount,
        **waiting,
        defaults={
            **owner,
            "was": str(row.status),
            "reason": said["reason"],
            **({"opened_at": at} if at else {}),
        },
    )
    if is_new:
        if at is None:
            log.error("%s: %s, was %s, said %s", order.key, kind, row.status, answer.outcome)
        itself, is_disputed = Scope.by_itself(row.business, row.mode), says_opposite(case)
        if is_disputed:
            row.disputed_at = at or clock.now()
            row.save(update_fields=["disputed_at"])
        act = "disputed" if is_disputed else "contradicted"
        events.record(itself, products[order.source].kind(act), row, at=at, problem=str(kind))
    return case


def says_opposite(case: RailCase) -> bool:
    """Return whether in a case a rail says of what has failed that it was paid, or of what was paid that it failed."""
    return {case.was, case.said} == {Status.SUCCESSFUL, Status.FAILED} and case.kind == RailCase.Kind.CONTRADICTION


def _close(product: Product, row: OutgoingTransfer, order: RailOrder, answer: Answer) -> None:
    """End a locked row that is on its way, and move its money. What came back had arrived before."""
    itself = Scope.by_itself(row.business, row.mode)
    changes.carry_out(changes.ending(itself, product, row, answer, order.rail))
    if row.status == Status.SUCCESSFUL:
        product.paid([row])
    RailOrder.objects.filter(pk=order.pk).update(
        status=RailOrder.Status.DONE, lease_until=None, due_at=None, finished_at=Now(), problem=""
    )


def release_by_hand(case: RailCase, *, by: Scope) -> bool:
    """Fail what was never paid, as a person has made sure with the rail, and give its money back.

    Its key was the rail's with something else; or what is sealed of it can't be opened, and the rail never was told; or
    it was asked back, and the rail never said that it has it, and can't stop it. False for any other order: what a rail
    may have heard of stays held until it says what became of it, and what a worker has is perhaps being sent in this
    moment.
    """
    product = products[case.order.source]
    with rls.inside_of(case.business_id, case.mode), transaction.atomic():
        row = lock(product, case.order)
        order = RailOrder.objects.select_for_update().get(pk=case.order_id)  # no worker takes it meanwhile
        is_reused = (order.status, order.problem) == (RailOrder.Status.FAILED, KEY_REUSED)
        is_stuck = order.status in RailOrder.STEPS and order.sent_at is None and _is_not_stopped(case)
        is_untold = order.status == RailOrder.Status.FAILED and (order.problem, order.told_at) == (NOT_OPENED, None)
        if row.status != Status.PROCESSING or not (is_reused or is_stuck or is_untold):
            return False
        refused = Answer(Outcome.FAILED, Reason.ASKED_BACK if is_stuck else Reason.BANK_REFUSED)
        changes.carry_out(changes.ending(by, product, row, refused, order.rail))
        states.step(order, RailOrder.Status.DONE, lease_until=None, due_at=None, finished_at=clock.now())
    return True


def _is_not_stopped(case: RailCase) -> bool:
    """Return whether a case waits in which the rail was asked to stop an order, and said that it doesn't know it."""
    waiting = RailCase.objects.filter(pk=case.pk, status=RailCase.Status.OPEN, kind=RailCase.Kind.NO_ANSWER)
    return waiting.filter(reason=NOT_STOPPED.reason, order__recalled_at__isnull=False).exists()


def book_opposite(case: RailCase, row: OutgoingTransfer, *, by: Scope) -> None:
    """Book of a locked row what its rail says now, the opposite of how it ended. Raises MoveRefused, NotEnoughDeposit.

    NotEnoughDeposit where it was paid after all, and its money, which had come back, is spent.
    """
    order = case.order
    product = products[order.source]
    if row.disputed_at is None or row.status != case.was or row.returned_at is not None:
        raise states.MoveRefused(f"{row.pk} is {row.status}, and nothing else is said of it")
    try:
        changes.carry_out(changes.turning(by, product, row, Answer(Outcome(case.said), case.reason), order.rail))
    except ledger.AlreadyPosted as problem:
        raise states.MoveRefused(f"{row.pk} was corrected before: once is all that is done here") from problem
    if row.status == Status.SUCCESSFUL:
        product.paid([row])


def credit_return(case: RailCase, *, by: Scope, at: datetime | None = None) -> bool:
    """Credit what a bank sent back, once a person says that it is there; False if it was credited before.

    What banks on the way have kept of it stays paid, as the fee does. `at` is for what happened earlier (the seed).
    Raises states.MoveRefused when the row never arrived, more came back than was sent, the case is closed, or another
    sum is said, too: a person closes the case that isn't so, and credits the other.
    """
    product = products[case.order.source]
    with rls.inside_of(case.business_id, case.mode), transaction.atomic():
        row = lock(product, case.order)
        if row.status != Status.SUCCESSFUL:
            raise states.MoveRefused(f"{row.pk} never arrived")
        if row.returned_at is not None:
            return False
        words = case.order.cases.filter(said=Outcome.RETURNED, status=RailCase.Status.OPEN)
        if [word.pk for word in words] != [case.pk]:
            problem = "close the case that isn't so first" if words.filter(pk=case.pk) else "this case is closed"
            raise states.MoveRefused(f"{row.pk}: {problem}")
        came_back = row.amount if case.amount is None else case.amount
        if came_back > row.amount:
            raise states.MoveRefused(f"{row.pk}: {came_back} came back, and {row.amount} was sent")
        source, signed = product.source_of(row), {"by": by.actor, "effective_at": at}
        ledger.give_back(owner_of(row), source, amount=came_back, rail=case.order.rail, **signed)
        row.returned_at, row.came_back = at or clock.now(), came_back
        row.save(update_fields=["returned_at", "came_back"])
        events.record(by, product.kind("returned"), row, at=at, amount=came_back)
    return True
