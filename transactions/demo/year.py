"""The demo's year, act by act: what people made and decided, here and abroad, and what banks answered, in the order in
which it happened, by the functions by which it happens; and the top-ups without which the deposit would not have been
enough.

An account statement only makes sense in order, so a business's year is written from its oldest act on, when its
payments are there. What was written already is found again (a transfer by the microsecond
at which it was made, an act by its line), so a killed run is taken up.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db import connection, transaction

from accounts import demo as people
from accounts.models import Business
from accounts.permissions import Permission
from accounts.rights import NotAllowed
from deposits.ledger import LedgerOwner, NewPosting
from deposits.models import Posting, PostingKind
from deposits.topups import crediting
from flipdash import db, events, rls
from flipdash.actors import Actor
from flipdash.mode import Mode
from flipdash.scope import Scope
from transactions.demo import deposit, international, money_transfers, settlements
from transactions.demo.deposit import RAIL, RESERVE, Movement
from transactions.demo.international import Abroad
from transactions.demo.plans import SEED, STEP, DemoHistory
from transactions.demo.pouring import Row
from transactions.demo.writing import business_of
from transactions.destinations import Kind
from transactions.international.earlier import add_many as add_many_abroad
from transactions.international.services import INTERNATIONAL
from transactions.models import (
    Corridor,
    InternationalEvent,
    InternationalTransfer,
    MoneyTransfer,
    RailCase,
    RailOrder,
    Status,
    TransferBatch,
    TransferEvent,
    Via,
)
from transactions.models.base import OutgoingTransfer
from transactions.outgoing import answers, cases, changes, orders, own
from transactions.outgoing.changes import Change
from transactions.outgoing.products import Product
from transactions.outgoing.refusals import SecondPersonNeeded
from transactions.rails import Answer, Outcome, simulator
from transactions.transfers import services
from transactions.transfers.earlier import Made, add_many
from transactions.transfers.services import MONEY_TRANSFERS, Draft

OUTCOMES = {"successful": Outcome.SUCCESSFUL, "failed": Outcome.FAILED}
TABLES: tuple[tuple[Product, Any, Any], ...] = (
    (MONEY_TRANSFERS, MoneyTransfer, TransferEvent),
    (INTERNATIONAL, InternationalTransfer, InternationalEvent),
)
"""Where each product's transfers and the lines of their timelines are kept."""
Key = tuple[str, datetime]
"""What a planned transfer is found again by: its product, and when it was made."""


@dataclass(frozen=True)
class Act:
    """One thing that happens to a planned transfer: the line that it leaves in its timeline, and when."""

    at: datetime
    row: Row
    line: str

    @property
    def change(self) -> int:
        """By how much it changes what is available; rupiah."""
        whole = self.row.amount + self.row.fee
        return {"approved": -whole, "failed": whole, "returned": self.row.amount}.get(self.line, 0)

    @property
    def product(self) -> Product:
        """Of which kind its transfer is."""
        return product_of(self.row)


Step = Act | Movement


def product_of(row: Row) -> Product:
    """Return of which kind a planned transfer is."""
    return INTERNATIONAL if isinstance(row, Abroad) else MONEY_TRANSFERS


def key_of(row: Row) -> Key:
    """Return what a planned transfer is found again by."""
    return product_of(row).source, row.created_at


@dataclass
class Program:
    """A program of a business, where a scope asks who acts."""

    actor: Actor
    pk: int | None = None
    role: str = ""
    permissions: frozenset[str] = frozenset({Permission.CREATE_TRANSACTIONS})
    sees_recent_only: bool = False

    @property
    def name(self) -> str:
        return self.actor.name


def is_written(history: DemoHistory) -> bool:
    """Return whether a business's year is there, to its last act."""
    business = business_of(history)
    with rls.inside_of(business.pk, history.mode):
        year = Year(history, business)
        return all(map(year.is_done, year.steps()))


def write(history: DemoHistory, *, oldest: int | None = None) -> None:
    """Write what is missing of a business's year, or of its oldest transfers."""
    business = business_of(history)
    with rls.inside_of(business.pk, history.mode):
        if history.mode == Mode.TEST:
            crediting.open_test_deposit(business)
        Year(history, business).write(oldest)


class Year:
    """What happens to the transfers of a business in a mode, and what of it has happened already."""

    def __init__(self, history: DemoHistory, business: Business) -> None:
        self.business, self.mode = business, Mode(history.mode)
        planned: list[Row] = [*money_transfers.plan(history, business)]
        if abroad := international.history_of(history.slug, history.mode):
            planned += international.plan(abroad, business)
        self.plan = sorted(planned, key=lambda row: row.created_at)
        self.owner, self.itself = LedgerOwner(business, self.mode), Scope.by_itself(business, self.mode)
        members = business.members.active().select_related("user", "business")
        self.scopes = {member.actor: member.scope(self.mode) for member in members}
        self.batches: dict[datetime, TransferBatch] = {}
        self.corridors = {corridor.country: corridor for corridor in Corridor.objects.all()}
        mine = {"business": business, "mode": self.mode}
        self.transfers: dict[Key, OutgoingTransfer] = {}
        self.lines: set[tuple[str, int, str]] = set()
        for product, model, event in TABLES:
            made = model.objects.filter(**mine, created_at__in=[row.created_at for row in self.plan])
            self.transfers |= {(product.source, row.created_at): row for row in made.select_related("business")}
            lines = event.objects.filter(**mine).values_list("transfer_id", "kind")
            self.lines |= {(product.source, *line) for line in lines}
        self.posted = set(Posting.objects.filter(**mine).values_list("source_type", "source_id", "kind"))
        open_ones = RailOrder.objects.filter(**mine, status__in=RailOrder.Status.open())
        self.orders = {order.key: order for order in open_ones}

    def steps(self, oldest: int | None = None) -> list[Step]:
        """Return all that happens, in order; of no more than the oldest transfers."""
        acts = [act for row in self.plan[:oldest] for act in _acts_of(row)]
        return sorted([*acts, *deposit.movements(self.business, self.mode)], key=lambda step: step.at)

    def is_done(self, step: Step) -> bool:
        """Return whether something has happened already."""
        if isinstance(step, Movement):
            return (step.source, step.id, step.kind) in self.posted
        transfer = self.transfers.get(key_of(step.row))
        return transfer is not None and (step.product.source, transfer.pk, step.line) in self.lines

    def write(self, oldest: int | None) -> None:
        """Let all happen, and top up before whatever there would not be enough for."""
        steps = self.steps(oldest)
        if not steps:
            return
        treasurer = deposit.treasurer(self.business, self.mode)
        available = crediting.TEST_DEPOSIT if self.mode == Mode.TEST else 0
        before, number, waiting = steps[0].at - timedelta(days=1), 0, list[Step]()
        for at, together in groupby(steps, key=lambda step: step.at):
            some = list(together)
            change = sum(step.change for step in some)
            short = RESERVE - (available + change)
            if change < 0 and short > 0:
                self._happen(waiting)
                waiting = []
                # Between what came before and what needs it, so that the statement stays in order.
                asked_at = min(at, max(before, at - timedelta(minutes=40)) + (at - before) / 1000)
                for amount in deposit.top_ups(short):
                    credited = 0
                    while not credited:  # the sweeps that run meanwhile may find one expired: people ask again then
                        number += 1
                        credited = deposit.top_up(treasurer, number, amount, asked_at)
                    available += credited
            waiting += some
            available, before = available + change, at
            if len(waiting) >= STEP:
                self._happen(waiting)
                waiting = []
        self._happen(waiting)

    # --- A part of it --------------------------------------------------------------------------------------------

    def _happen(self, steps: Sequence[Step]) -> None:
        """Let some of it happen, in one transaction; what has happened already is passed over."""
        missing = [step for step in steps if not self.is_done(step)]
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [SEED, self.business.pk])
                cursor.execute("SET LOCAL app.tells_earlier = 'on'")  # when transfers abroad were let go
            self._make([step.row for step in missing if isinstance(step, Act) and step.line == "created"])
            for is_return, some in groupby(missing, key=lambda step: isinstance(step, Act) and step.line == "returned"):
                if is_return:
                    for step in some:
                        self._return(step)
                else:
                    self._go_on(list(some))

    def _make(self, rows: Sequence[Row]) -> None:
        """Make transfers, those of a file in its batch."""
        abroad = [row for row in rows if isinstance(row, Abroad)]
        here = [row for row in rows if not isinstance(row, Abroad)]
        made: list[OutgoingTransfer] = [*add_many([self._made(row) for row in here])] if here else []
        made += add_many_abroad([self._made_abroad(row) for row in abroad]) if abroad else []
        self.transfers |= {key_of(row): transfer for row, transfer in zip([*here, *abroad], made, strict=True)}

    def _made_abroad(self, row: Abroad) -> international.Made:
        return international.made(row, self._scope_of(row.maker), self.corridors, self._made_key(row), RAIL)

    def _made_key(self, row: Row) -> uuid.UUID:
        name = f"flipdash demo {SEED} {self.business.pk} {self.mode} {row.created_at}"
        return uuid.uuid5(uuid.NAMESPACE_OID, name)

    def _made(self, row: Row) -> Made:
        holder = "" if row.destination_kind == Kind.VA else row.beneficiary_name.upper()
        draft = Draft(
            kind=row.destination_kind,
            bank=row.bank,
            account_number=row.account_number,
            amount=row.amount,
            beneficiary_name=row.beneficiary_name,
            holder_name=holder,
            remark=row.remark,
            internal_reference=row.internal_reference,
            send_on=row.send_on,
            is_sure=True,
        )
        by = self._scope_of(row.maker)
        services.check_draft(by, draft)
        key = self._made_key(row)
        fields: dict[str, object] = {"via": row.via}
        if row.via == Via.API:
            fields["idempotency_key"] = str(key)
        elif row.batch_at is not None:
            fields["batch"] = self._batch_of(row, row.batch_at)
        else:
            fields["made_key"] = key
        return Made(by, draft, row.created_at, fields)

    def _batch_of(self, row: Row, at: datetime) -> TransferBatch:
        if at not in self.batches:
            signed = row.maker.columns("maker")
            batch, is_new = TransferBatch.objects.get_or_create(
                business=self.business, mode=self.mode, created_at=at, defaults={"name": row.batch_name or "", **signed}
            )
            self.batches[at] = batch
            if is_new:
                self._tell_of_batch("batch.created", batch, self._scope_of(row.maker), at)
        return self.batches[at]

    def _tell_of_batch(self, kind: str, batch: TransferBatch, by: Scope, at: datetime) -> None:
        rows = [row for row in self.plan if row.batch_at == batch.created_at]
        sums = {"amount": sum(row.amount for row in rows), "fee": sum(row.fee for row in rows)}
        events.record(by, kind, batch, at=at, count=len(rows), **sums)

    def _go_on(self, steps: Sequence[Step]) -> None:
        """Let people decide and banks answer, and the ledger post what else there is, all in order."""
        some = [self._change_of(step) for step in steps]
        changes.carry_out_many(self.owner, [change for change in some if change is not None])
        runs = [step.id for step in steps if isinstance(step, Movement) and step.kind == PostingKind.SETTLEMENT]
        settlements.finish(self.business, self.mode, runs)
        acts = [(step, self.transfers[key_of(step.row)]) for step in steps if isinstance(step, Act)]
        gone = [(act, transfer) for act, transfer in acts if act.line == "approved" and act.row.send_on is None]
        for product, _model, _event in TABLES:
            some_gone = [transfer for act, transfer in gone if act.product is product]
            # What ends within these steps, too, is ended by now, and its hold closed: nobody is told of it any more.
            ended = [transfer for transfer in some_gone if transfer.status != Status.PROCESSING]
            self.orders |= {order.key: order for order in orders.note_ended(product, ended, RAIL)}
            going = [transfer for transfer in some_gone if transfer.status == Status.PROCESSING]
            self.orders |= {order.key: order for order in orders.queue_many(product, going, RAIL)}
        self._tell_rail([(act, transfer) for act, transfer in acts if act.line == "sent"])
        self._note_answers([(act, transfer) for act, transfer in acts if act.line in OUTCOMES])
        batches = {act.row.batch_at: act for act, _transfer in acts if act.line == "approved" and act.row.batch_at}
        for at, act in batches.items():
            if at is not None and act.row.approver is not None:
                by = self._scope_of(act.row.approver)
                self._tell_of_batch("transfer.approved_many", self.batches[at], by, act.at)

    def _change_of(self, step: Step) -> Change | NewPosting | None:
        if isinstance(step, Movement):
            return step.posting
        row, transfer = step.row, self.transfers[key_of(step.row)]
        if step.line == "approved":
            return self._approval(step, transfer)
        if step.line in OUTCOMES:
            return changes.ending(self.itself, step.product, transfer, _answer_of(row), RAIL, step.at)
        if step.line in {"cancelled", "rejected"}:
            by = self._scope_of(row.ended_by)
            return changes.stopping(by, step.product, transfer, step.line, reason=row.reason, at=step.at)
        return None

    def _approval(self, act: Act, transfer: OutgoingTransfer) -> Change:
        """Return what an approval does, if whoever the plan says may; raises NotAllowed, SecondPersonNeeded."""
        by = self._scope_of(act.row.approver or act.row.maker)
        if not (by.can(Permission.APPROVE_TRANSACTIONS) or by.via == Via.API):
            raise NotAllowed(Permission.APPROVE_TRANSACTIONS)
        rule = self.business.second_person_rule(act.at)
        if rule.required and own.is_own(by.actor, transfer) and rule.holds_for(own.judged(transfer)):
            raise SecondPersonNeeded
        to = Status.SCHEDULED if act.row.send_on else Status.PROCESSING
        is_quiet = act.row.batch_at is not None
        change = changes.letting_go(by, act.product, transfer, to, act.at, is_quiet=is_quiet)
        if act.product is INTERNATIONAL:  # by then its quote held
            move = replace(change.move, values={**change.move.values, "let_go_at": act.at})
            change = replace(change, move=move)
        return change

    def _tell_rail(self, sent: Sequence[tuple[Act, OutgoingTransfer]]) -> None:
        """Have the simulated rail take what was sent, and know what it will say of it."""
        told = []
        for act, transfer in sent:
            order = self.orders[act.product.key_of(transfer)]
            order.told_at = order.sent_at = act.at
            payout = act.product.payout(order.key, transfer)
            told.append((payout, _answer_of(act.row), act.row.ended_at or act.at))
        simulator.remember(told)
        told_orders = [self.orders[act.product.key_of(transfer)] for act, transfer in sent]
        db.save_many(told_orders, ["told_at", "sent_at"])
        events.record_many(
            [events.Event(self.itself, act.product.kind("sent"), transfer, {}, act.at) for act, transfer in sent]
        )

    def _note_answers(self, answered: Sequence[tuple[Act, OutgoingTransfer]]) -> None:
        done = []
        for act, transfer in answered:
            order = self.orders.pop(act.product.key_of(transfer))
            order.status, order.finished_at = RailOrder.Status.DONE, act.at
            done.append(order)
        db.save_many(done, ["status", "finished_at"])

    def _return(self, step: Step) -> None:
        """Let a bank send money back, and one of the operator's people credit it."""
        assert isinstance(step, Act)  # noqa: S101  (of what else happens nothing is called so)
        transfer = self.transfers[key_of(step.row)]
        order = RailOrder.objects.get(key=step.product.key_of(transfer))
        said = Answer(Outcome.RETURNED, "", transfer.bank_reference)
        case = answers.open_case(order, transfer, RailCase.Kind.RETURNED, said, at=step.at - timedelta(minutes=20))
        cases.credit(case, by=people.operator(), at=step.at)

    def _scope_of(self, actor: Actor) -> Scope:
        return self.scopes.get(actor) or Scope(self.business, self.mode, Program(actor), via=str(Via.API))


def _acts_of(row: Row) -> Iterator[Act]:
    """Yield what happens to a planned transfer."""
    for at, line in (
        (row.created_at, "created"),
        (row.approved_at, "approved"),
        (row.sent_at, "sent"),
        (row.ended_at, row.ended_as or ""),
        (row.returned_at, "returned"),
    ):
        if at is not None:
            yield Act(at, row, line)


def _answer_of(row: Row) -> Answer:
    """Return what the rail says of a planned transfer in the end."""
    return Answer(OUTCOMES.get(row.ended_as or "", Outcome.PENDING), row.reason, row.bank_reference)
