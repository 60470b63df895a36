"""One turn at a bank: many of its orders are told to their rail, or asked for, and what it says is noted together.

As orders.py does with each: that the rail may have heard of an order is committed before it is told. When the bank says
nothing once, or the turn has taken long enough, the others go back into its queue as if nobody had claimed them.
"""

import time
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from flipdash import rls
from transactions import rails
from transactions.models import RailCase, RailOrder
from transactions.outgoing import answers, closing, orders
from transactions.outgoing.orders import ORDERS
from transactions.outgoing.products import Product
from transactions.rails import Answer, NoAnswer, Outcome, Rail, RailDown

LONGEST_TURN = 10.0
"""Seconds after which what is left of a turn goes back, so that a slow rail's answers are noted in time."""
NOTED_TOGETHER = 20
"""Orders that are noted as told in one statement, just before the rail is told of them."""

Said = list[tuple[RailOrder, Answer]]


@ORDERS.runs_many
def work(claimed: list[RailOrder]) -> None:
    """Tell the rail of claimed orders of one bank, or ask it, and note what it says."""
    turn = Turn(claimed)
    # The fewest first: when a slow bank's turn is over, what goes back is of whoever has had most of it.
    for product, some in sorted(closing.by_owner(list(claimed)), key=lambda owned: len(owned[1])):
        with rls.inside_of(some[0].business_id, some[0].mode):
            turn.take(product, some)


class Turn:
    """What is left of the claimed orders, and whether the bank still answers."""

    def __init__(self, claimed: list[RailOrder]) -> None:
        self.claimed = claimed
        self.rail: Rail = rails.named(claimed[0].rail)
        self.ends = time.monotonic() + LONGEST_TURN
        self.is_silent = False

    @property
    def is_over(self) -> bool:
        """Whether what is left goes back."""
        return self.is_silent or time.monotonic() > self.ends

    def take(self, product: Product, some: Sequence[RailOrder]) -> None:
        """Do what is due with orders of one business and mode."""
        said: Said = []
        silence: tuple[RailOrder, RailDown | NoAnswer] | None = None
        for start in range(0, len(some), NOTED_TOGETHER):
            part = some[start : start + NOTED_TOGETHER]
            if self.is_over:
                ORDERS.give_back(self.claimed, part)
            else:
                silence = self._tell(product, part, said)
        if said:
            orders.go_on(said[0][0])
            _note(product, said)
        if silence is not None:
            order, problem = silence
            try:
                orders.note_silence(order, product, problem)
            except Exception as error:
                ORDERS.failed(order, error)

    def _tell(
        self, product: Product, part: Sequence[RailOrder], said: Said
    ) -> tuple[RailOrder, RailDown | NoAnswer] | None:
        """Tell or ask of some orders until the bank says nothing; returns of which it said nothing, and how."""
        new = [order for order in part if order.told_at is None]
        noted = {order.pk for order in ORDERS.note_many(new, told_at=Now())}
        rows = product.model.objects.in_bulk([order.source_id for order in new])
        silence = None
        for number, order in enumerate(part):
            if self.is_over:
                rest = part[number:]
                ORDERS.give_back(self.claimed, [one for one in rest if one.pk in noted], told_at=None)
                ORDERS.give_back(self.claimed, [one for one in rest if one.told_at is not None])
                break
            try:
                if order.told_at is not None or order.recalled_at is not None:
                    answer = orders.tell_or_ask(order, product, self.rail)
                elif order.pk in noted:
                    answer = self.rail.send(product.payout(order.key, rows[order.source_id]))
                else:
                    continue  # another worker's by now
            except (RailDown, NoAnswer) as problem:
                silence, self.is_silent = (order, problem), True
            except Exception as error:
                ORDERS.failed(order, error)
            else:
                said.append((order, answer))
        return silence


def _note(product: Product, said: Said) -> None:
    """Note of which orders the rail has heard, and what it says; as orders.py of each."""
    with transaction.atomic():
        rows: dict[int, Any] = answers.lock_many(product, [order for order, _answer in said])
        known = [(rows[order.source_id], order) for order, answer in said if answer.outcome != Outcome.UNKNOWN]
        answers.note_sent_many(product, known)
        mine = {order.pk for order in ORDERS.later_many([order for order, _answer in said], RailOrder.Status.SENT)}
        for order, answer in said:
            if order.pk not in mine:
                continue
            if answer.outcome == Outcome.UNKNOWN and order.sent_at is not None:
                answers.open_case(order, rows[order.source_id], RailCase.Kind.CONTRADICTION, answer)
            if not answer.is_final:
                orders.ask_people(order, rows[order.source_id], answer)
    closing.take_many([(order.key, answer) for order, answer in said if answer.is_final])
