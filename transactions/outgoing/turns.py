"""One turn at a bank: many of its orders are told to their rail, or asked for, and what it says is noted together.

As orders.py does with each: that the rail may have heard of an order is committed before it is told. When the bank says
nothing once, or the turn has taken long enough, the others go back into its queue as if nobody had claimed them.

A turn goes in rounds: a moment for each business, in an order drawn by lot, and again from the first. So whatever a
slow bank leaves time for is shared, whoever has more, or has waited longer.
"""

import random
import time
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from flipdash import rls
from transactions import rails
from transactions.models import RailCase, RailOrder
from transactions.outgoing import answers, closing, orders
from transactions.outgoing.orders import ORDERS
from transactions.outgoing.products import Product
from transactions.rails import Answer, NoAnswer, Outcome, Payout, Rail, RailDown
from transactions.reasons import Reason

LONGEST_TURN = 10.0
"""Seconds after which what is left of a turn goes back, so that a slow rail's answers are noted in time."""
MOMENT = 0.25
"""Seconds of a business's part of a round; also the age at most of what is known of a recall when the rail is told."""
NOTED_TOGETHER = 20
"""Orders that are noted as told in one statement, just before the rail is told of them: a business's part at most."""

Said = list[tuple[RailOrder, Answer]]


@ORDERS.runs_many
def work(claimed: list[RailOrder]) -> None:
    """Tell the rail of claimed orders of one bank, or ask it, and note what it says."""
    shares = [Share(product, some) for product, some in closing.by_owner(list(claimed))]
    random.shuffle(shares)
    turn = Turn(claimed)
    while shares:
        is_alone = len(shares) == 1
        for share in shares:
            with rls.inside_of(share.waiting[0].business_id, share.waiting[0].mode):
                turn.take(share)
                while is_alone and share.waiting:
                    turn.take(share)
                if share.said and not share.waiting:
                    orders.go_on(share.said[0][0])
                    _note(share.product, share.said)
        shares = [share for share in shares if share.waiting]
    if turn.silence is not None:  # last: what was said before doesn't let the bank go on
        _note_silence(*turn.silence)


@dataclass
class Share:
    """What a turn has of one business and mode."""

    product: Product
    waiting: list[RailOrder]
    """Those that are still to be told, or asked for."""
    said: Said = field(default_factory=list)
    noted: dict[int, bool] = field(default_factory=dict)
    """The new ones that were to be noted as told, by their ids, and whether they were still ours."""
    payouts: dict[int, Payout] = field(default_factory=dict)
    """What the rail is told of the new ones, by their ids."""

    def next(self) -> list[RailOrder]:
        """Return those whose turn it is, the new ones among them noted as told."""
        if self.waiting[0].pk not in self.noted:
            part = self._with_payouts(self.waiting[:NOTED_TOGETHER])
            told = [order for order in part if order.pk in self.payouts]
            self.noted |= {order.pk: order.recalled_at is not None for order in part}
            self.noted |= {order.pk: True for order in ORDERS.note_many(told, told_at=Now())}
            return part
        return [order for order in self.waiting if order.pk in self.noted]

    def _with_payouts(self, part: list[RailOrder]) -> list[RailOrder]:
        """Return orders without those of which the rail can't be told what to pay: these fail, and it never hears."""
        new = [order for order in part if order.told_at is None and order.recalled_at is None]
        rows = self.product.model.objects.in_bulk([order.source_id for order in new])
        for order in new:
            try:
                self.payouts[order.pk] = self.product.payout(order.key, rows[order.source_id])
            except Exception as error:
                self.waiting.remove(order)
                ORDERS.failed(order, error)
        return [order for order in part if order in self.waiting]


class Turn:
    """What is left of the claimed orders, and whether the bank still answers."""

    def __init__(self, claimed: list[RailOrder]) -> None:
        self.claimed = claimed
        self.rail: Rail = rails.named(claimed[0].rail)
        self.ends = time.monotonic() + LONGEST_TURN
        self.silence: tuple[RailOrder, Product, RailDown | NoAnswer] | None = None

    @property
    def is_over(self) -> bool:
        """Whether what is left goes back."""
        return self.silence is not None or time.monotonic() > self.ends

    def take(self, share: Share) -> None:
        """Do for a moment what is due with orders of one business; what a turn that is over leaves goes back."""
        if not self.is_over:
            part = share.next()
            recalled = orders.recalled_of(part)
            # Noted as told in the moment in which they were asked back: they never will be.
            since = [order for order in part if order.pk in recalled and order.recalled_at is None]
            ORDERS.note_many([order for order in since if order.told_at is None], told_at=None)
            until = time.monotonic() + MOMENT
            for order in part:
                share.waiting.remove(order)
                order.recalled_at = recalled.get(order.pk, order.recalled_at)
                self._tell(share, order)
                if self.is_over or time.monotonic() >= until:
                    break
        if self.is_over and share.waiting:
            self._give_back(share)

    def _give_back(self, share: Share) -> None:
        """Give back what is left of a share, but for what is another worker's by now."""
        new = [order for order in share.waiting if order.told_at is None]
        ORDERS.give_back(self.claimed, [order for order in new if share.noted.get(order.pk)], told_at=None)
        ORDERS.give_back(self.claimed, [order for order in new if order.pk not in share.noted])
        ORDERS.give_back(self.claimed, [order for order in share.waiting if order.told_at is not None])
        share.waiting = []

    def _tell(self, share: Share, order: RailOrder) -> None:
        """Tell the rail of one order, or ask for it."""
        try:
            if order.told_at is not None or order.recalled_at is not None:
                answer = orders.tell_or_ask(order, share.product, self.rail)
            elif share.noted[order.pk]:
                answer = self.rail.send(share.payouts[order.pk])
            else:
                return  # another worker's by now
        except (RailDown, NoAnswer) as problem:
            self.silence = order, share.product, problem
        except Exception as error:
            ORDERS.failed(order, error)
        else:
            share.said.append((order, answer))


def _note_silence(order: RailOrder, product: Product, problem: RailDown | NoAnswer) -> None:
    """Note of which order the bank said nothing."""
    with rls.inside_of(order.business_id, order.mode):
        try:
            orders.note_silence(order, product, problem)
        except Exception as error:
            ORDERS.failed(order, error)


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
    # Of what isn't ours any more the rail's own word is taken, and not our conclusion that it never was told.
    ours = [(order, answer) for order, answer in said if order.pk in mine or answer.reason != Reason.ASKED_BACK]
    closing.take_many([(order.key, answer) for order, answer in ours if answer.is_final])
