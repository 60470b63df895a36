"""Sending: each order is told to its rail once, by our key, under a lease; then its answer is waited and asked for.

That the rail may have heard of an order is noted before it is told. So after a kill, a time-out or a lost answer it is
asked by our key first, and told again only what it says that it never heard of (trust.md L8). A bank that doesn't
answer makes its own queue wait, and no other.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import (
    Case,
    Count,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Value,
    When,
)
from django.db.models.functions import Greatest, Least, Now, Power
from django.utils.translation import gettext_lazy

from flipdash import rls, sealing
from flipdash.leases import Stopped
from flipdash.leases_of_many import ManyWorker
from transactions import rails
from transactions.models import BankPace, RailCase, RailOrder
from transactions.models.base import OutgoingTransfer
from transactions.outgoing import answers, shares
from transactions.outgoing.products import Product, products
from transactions.rails import Answer, KeyReused, NoAnswer, Outcome, Rail, RailDown
from transactions.reasons import Reason

log = logging.getLogger(__name__)

Status = RailOrder.Status

PAUSE = timedelta(seconds=5)
"""How long a bank is left alone after it didn't answer once; twice as long each time more."""
LONGEST_PAUSE = timedelta(minutes=10)
LONGEST_WAIT = timedelta(hours=1)
"""How long an order waits at most until it is asked for once more."""
ASKED_AGAIN_AFTER = timedelta(days=1)
"""How long after a person closed a case of what was asked back it is asked about once more."""
MOST_AT_ONCE = 4
"""Workers that are at one bank of a rail at a time, where there are more of them."""


def most_at_once() -> int:
    """Return how many workers may be at one bank at a time: never all of them, where there are several."""
    return max(1, min(MOST_AT_ONCE, settings.WORKERS - 1))


class Orders(ManyWorker[RailOrder]):
    """Claims orders of one bank together, none of a bank that is paused or has its share of workers.

    Each bank has its turn, and each business its share of that: one with thousands keeps none of another's waiting.
    """

    def due(self) -> Any:
        """Return what a worker may begin with."""
        paused = BankPace.objects.filter(rail=OuterRef("rail"), bank=OuterRef("bank"), until__gt=Now())
        due = super().due().exclude(Exists(paused))
        running = self.rows.filter(self._running(lease_until__gte=Now())).values("rail", "bank").order_by()
        # What was claimed together began together: each beginning is a worker.
        for row in running.annotate(n=Count("started_at", distinct=True)).filter(n__gte=most_at_once()):
            due = due.exclude(rail=row["rail"], bank=row["bank"])
        return due

    def _first(self, due: Any) -> Any:
        return due.filter(pk=shares.first_of_a_bank(due)).first()

    def _beside_first(self, due: Any, first: RailOrder) -> Any:
        return due.filter(pk__in=shares.shares_of(due, first, self.together))

    def note_telling(self, order: RailOrder) -> bool:
        """Note that the rail may hear of an order from now on; False for one that was asked back. Raises Stopped."""
        if self.mine(order).filter(recalled_at=None).update(told_at=Now(), lease_until=self._lease()):
            return True
        order.recalled_at = self.mine(order).values_list("recalled_at", flat=True).first()
        if order.recalled_at is None:
            raise Stopped
        return False

    def _later(self, rows: Sequence[RailOrder]) -> Any:
        # What was asked back since it was claimed is due at once: its rail wasn't asked to stop it.
        stopped = [order.pk for order in rows if order.recalled_at is not None]
        since = When(~Q(pk__in=stopped), recalled_at__isnull=False, then=Value(None))
        return Case(since, default=super()._later(rows), output_field=DateTimeField())

    def _next_attempt(self) -> Any:
        # The exponent has its own end: asking goes on for weeks, and 2 to the hundreds is no interval any more.
        doubled = Value(self.wait) * Power(2.0, Least(F("attempt") - 1, 12))
        wait = Least(ExpressionWrapper(doubled, output_field=DurationField()), Value(LONGEST_WAIT))
        return ExpressionWrapper(Now() + wait, output_field=DateTimeField())


ORDERS = Orders(
    "orders",
    RailOrder,
    together=100,
    most_attempts=12,
    problems={KeyReused: answers.KEY_REUSED, sealing.Unsealable: answers.NOT_OPENED},
    words=gettext_lazy("Outgoing orders"),
)


def queue(product: Product, row: OutgoingTransfer, rail: str) -> RailOrder:
    """Let a row be sent as soon as the transaction has committed; its state is Processing by now."""
    order = _order_of(product, row, rail)
    order.save(force_insert=True)
    ORDERS.wake_on_commit()
    return order


def queue_many(product: Product, rows: Iterable[OutgoingTransfer], rail: str) -> list[RailOrder]:
    """Let many rows be sent, as `queue` of each; whoever calls wakes the worker."""
    return RailOrder.objects.bulk_create(_order_of(product, row, rail) for row in rows)


def note_ended(product: Product, rows: Iterable[OutgoingTransfer], rail: str) -> list[RailOrder]:
    """Write the orders of rows that have ended before; no worker gets any of them (the seed)."""
    made = [_order_of(product, row, rail) for row in rows]
    for order in made:
        order.status = Status.DONE
    return RailOrder.objects.bulk_create(made)


def _order_of(product: Product, row: OutgoingTransfer, rail: str) -> RailOrder:
    return RailOrder(
        business_id=row.business_id,
        mode=row.mode,
        source=product.source,
        source_id=row.pk,
        key=product.key_of(row),
        rail=rail,
        bank=product.bank(row),
    )


@ORDERS.runs
def _work(order: RailOrder) -> None:
    product, rail = products[order.source], rails.named(order.rail)
    with rls.inside_of(order.business_id, order.mode):
        try:
            answer = tell_or_ask(order, product, rail)
        except (RailDown, NoAnswer) as silence:
            note_silence(order, product, silence)
        else:
            go_on(order)
            _note(order, product, answer)


def tell_or_ask(order: RailOrder, product: Product, rail: Rail) -> Answer:
    """Tell the rail of a new order; ask of one that it may have heard of, and tell it only what it never did.

    What it once said that it has is never told again: a rail that forgets may have paid all the same. What somebody
    asked back it is asked to stop.
    """
    if order.recalled_at is not None:
        return _stop(order, product, rail)
    if order.told_at is not None:
        answer = rail.status(order.key)
        order.refresh_from_db(fields=["sent_at"])  # it may have said so by itself since
        if answer.outcome != Outcome.UNKNOWN or order.sent_at is not None:
            return answer
    payout = product.payout(order.key, product.model.objects.get(pk=order.source_id))
    return rail.send(payout) if ORDERS.note_telling(order) else _stop(order, product, rail)


def _stop(order: RailOrder, product: Product, rail: Rail) -> Answer:
    """Ask the rail to stop what somebody asked back; what it neither was told nor knows is stopped.

    It is asked even of what it never was told: after a backup was restored it may know more than we do (trust.md Z8).
    Whether it was told is asked last: another worker may have had the order meanwhile. Raises Stopped then.
    """
    asked_back = product.asked_back or product.payout
    answer = rail.recall(asked_back(order.key, product.model.objects.get(pk=order.source_id)))
    if answer.outcome != Outcome.UNKNOWN:
        return answer
    told = list(ORDERS.mine(order).values_list("told_at", flat=True))
    if not told:
        raise Stopped
    return Answer(Outcome.FAILED, Reason.ASKED_BACK) if told == [None] else answers.NOT_STOPPED


def recalled_of(some: Iterable[RailOrder]) -> dict[int, datetime | None]:
    """Return when somebody asked back those of some orders that somebody did, as it is now, by their ids."""
    recalled = RailOrder.objects.filter(pk__in=[order.pk for order in some], recalled_at__isnull=False)
    return dict(recalled.values_list("pk", "recalled_at"))


def _note(order: RailOrder, product: Product, answer: Answer) -> None:
    """Note that the rail has it, and what it says; whoever it takes too long to answer opens a case."""
    with transaction.atomic():
        row = answers.lock(product, order)  # before the order's own row, as everywhere
        if answer.outcome != Outcome.UNKNOWN:
            answers.note_sent(product, row, order)
        elif order.sent_at is not None:
            answers.open_case(order, row, RailCase.Kind.CONTRADICTION, answer)
        ORDERS.later(order, Status.SENT)
        if not answer.is_final:
            ask_people(order, row, answer)
    if answer.is_final:
        answers.take(order.key, answer)


def note_silence(order: RailOrder, product: Product, silence: RailDown | NoAnswer) -> None:
    """Note that the rail said nothing: its bank is left alone for a while, and the order waits."""
    is_untold = isinstance(silence, RailDown) and order.status == Status.SENDING
    _slow_down(order)
    with transaction.atomic():
        row = answers.lock(product, order)
        ORDERS.later(order, Status.QUEUED if is_untold else Status.SENT)
        ask_people(order, row, Answer(Outcome.UNKNOWN))


def ask_people(order: RailOrder, row: OutgoingTransfer, answer: Answer) -> None:
    """Open a case for an order whose rail doesn't say after so many turns what became of a locked row: once.

    What was asked back since is asked about again, and again a day after each time that a person has closed it: nobody
    else ends it. Its case says whether the rail was asked to stop it.
    """
    if order.attempt < ORDERS.most_attempts:
        return
    cases = order.cases.filter(kind=RailCase.Kind.NO_ANSWER)
    if answer == answers.NOT_STOPPED:
        cases.filter(status=RailCase.Status.OPEN).update(reason=answer.reason)
    if order.recalled_at is not None:
        lately = Q(closed_at__gte=Greatest(Value(order.recalled_at), Now() - ASKED_AGAIN_AFTER))
        cases = cases.filter(Q(status=RailCase.Status.OPEN) | lately)
    if not cases.exists():
        answers.open_case(order, row, RailCase.Kind.NO_ANSWER, answer)


def _slow_down(order: RailOrder) -> None:
    """Leave a bank alone for a while, longer each time."""
    pace, is_new = BankPace.objects.get_or_create(
        rail=order.rail, bank=order.bank, defaults={"troubles": 1, "until": Now() + PAUSE}
    )
    if not is_new:
        pause = min(PAUSE * 2 ** min(pace.troubles, 10), LONGEST_PAUSE)
        BankPace.objects.filter(pk=pace.pk).update(troubles=Least(F("troubles") + 1, 30), until=Now() + pause)
    log.warning("%s: %s doesn't answer", order.rail, order.bank)


def go_on(order: RailOrder) -> None:
    """Note that a bank answers again."""
    BankPace.objects.filter(Q(troubles__gt=0), rail=order.rail, bank=order.bank).update(troubles=0, until=Now())


def ask_again(order: RailOrder) -> bool:
    """Let an order that was given up be worked on once more, for a person; False if it wasn't.

    Not one whose key the rail knows with something else: what it says by that key isn't about this order.
    """
    given_up = RailOrder.objects.filter(pk=order.pk, status=Status.FAILED).exclude(problem=answers.KEY_REUSED)
    return bool(given_up.update(status=Status.QUEUED, attempt=0, due_at=Now(), finished_at=None, problem=""))


def given_up() -> Any:
    """Return the orders that no worker could finish and nobody was asked about, for all businesses.

    What was tried again and given up again is asked about again, unless a case still waits.
    """
    about_this = Q(status=RailCase.Status.OPEN) | Q(closed_at__gte=OuterRef("finished_at"))
    asked = RailCase.objects.filter(about_this, order=OuterRef("pk"), kind=RailCase.Kind.GIVEN_UP)
    return RailOrder.objects.using("operator").filter(~Exists(asked), status=Status.FAILED)


def open_cases_of_given_up(most: int = 50) -> None:
    """Open a case for each order that no worker could finish: its money is held until a person has looked."""
    for order in given_up().order_by("pk")[:most]:
        with rls.inside_of(order.business_id, order.mode), transaction.atomic():
            row = answers.lock(products[order.source], order)
            answers.open_case(order, row, RailCase.Kind.GIVEN_UP, Answer(Outcome.UNKNOWN, order.problem))
