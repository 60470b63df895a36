"""Many answers at a time: what `answers.take` does with each, in few statements for all of one business and mode.

Only what is plain is closed together: a row on its way whose rail says for the first time that it arrived, or that it
failed. Everything else is taken one by one.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from flipdash import clock, rls
from flipdash.scope import Scope
from transactions import rails
from transactions.models import RailOrder, Status
from transactions.outgoing import answers, changes
from transactions.outgoing.products import Product, owner_of, products
from transactions.rails import Answer, Outcome

TOGETHER = 200
"""Transactions that are closed in one database transaction, at most."""
PLAIN = (Outcome.SUCCESSFUL, Outcome.FAILED)


@rails.on_answer
def take_many(told: rails.Told) -> None:
    """Take answers, asked for or not, whenever they come and however often."""
    often = Counter(key for key, _answer in told)
    plain = {key: answer for key, answer in told if often[key] == 1 and answer.outcome in PLAIN}
    closed: set[str] = set()
    if len(plain) > 1:
        for product, some in by_owner(RailOrder.objects.filter(key__in=plain).order_by("pk")):
            for start in range(0, len(some), TOGETHER):
                closed |= _close(product, some[start : start + TOGETHER], plain)
    for key, answer in told:
        if key not in closed:
            answers.take(key, answer)


def by_owner(orders: Any) -> Iterator[tuple[Product, list[RailOrder]]]:
    """Return orders by what they are about and whose they are, with the product."""
    groups: dict[tuple[str, int, str], list[RailOrder]] = {}
    for order in orders:
        groups.setdefault((order.source, order.business_id, order.mode), []).append(order)
    for (source, _business, _mode), some in groups.items():
        yield products[source], some


def _close(product: Product, orders: Sequence[RailOrder], said: Mapping[str, Answer]) -> set[str]:
    """Close what is on its way among the rows of orders of one business and mode; returns the keys of it."""
    with rls.inside_of(orders[0].business_id, orders[0].mode), transaction.atomic():
        rows = answers.lock_many(product, orders)
        locked = RailOrder.objects.filter(pk__in=[order.pk for order in orders]).order_by("pk").select_for_update()
        reused = {pk for pk, problem in locked.values_list("pk", "problem") if problem == answers.KEY_REUSED}
        closing = [
            (row, order, said[order.key])
            for order in orders
            if (row := rows.get(order.source_id)) and row.status == Status.PROCESSING and order.pk not in reused
        ]
        if not closing:
            return set()
        answers.note_sent_many(product, [(row, order) for row, order, _answer in closing])
        itself, now = Scope.by_itself(closing[0][0].business, closing[0][0].mode), clock.now()
        ended = [changes.ending(itself, product, row, answer, order.rail, now=now) for row, order, answer in closing]
        changes.carry_out_many(owner_of(closing[0][0]), ended)
        if arrived := [row for row, _order, _answer in closing if row.status == Status.SUCCESSFUL]:
            product.paid(arrived)
        over = RailOrder.objects.filter(pk__in=[order.pk for _row, order, _answer in closing])
        done = {"status": RailOrder.Status.DONE, "lease_until": None, "due_at": None, "problem": ""}
        over.update(finished_at=Now(), **done)
    return {order.key for _row, order, _answer in closing}
