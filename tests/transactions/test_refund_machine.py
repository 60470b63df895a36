"""Payments, settlements and refunds in any order, on the real database, beside a model of a few dictionaries (D6, L8).

Paid, failed, settled days later by a settlement that fails and is tried again; asked for, approved, rejected, short
of money and topped up, sent, answered, late and contradicted.
REFUND_STEPS=3000 goes on for long, REFUND_SEED takes another way.
"""

import os
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from accounts.permissions import Role
from deposits import ledger
from deposits.ledger import Balance, checks
from flipdash import clock, rls
from tests import factories
from tests.deposits.conftest import check_deferred
from tests.transactions import settling as settlements
from tests.transactions.refunding import draft
from tests.transactions.sending import fund
from transactions.models import Payment, RailOrder, Refund, SettlementRun
from transactions.models.payment_link import new_slug
from transactions.outgoing import acts, answers, covering
from transactions.outgoing.refusals import OutgoingRefused
from transactions.payments import calendar, settling
from transactions.rails import Answer, Outcome
from transactions.refunds import services
from transactions.refunds.services import REFUNDS

STEPS = int(os.environ.get("REFUND_STEPS", "200"))
SEED = int(os.environ.get("REFUND_SEED", "20261129"))
STEPS_A_RUN = 25
PAID = 100_000
FEE = 2_500
FEE_OF_PAYMENT = 4_000
BEGUN = 120_000
FIRST_DAY = date(2031, 4, 28)
"""A Monday: days pass from it on. May 1 is a holiday."""

counted: Counter[str] = Counter()
which = st.integers(0, 11)
said = st.sampled_from(list(Outcome))
stages = st.sampled_from(["", "", "gathered", "posted"])
"""Where a settlement fails; "" is not at all."""


class RefundMachine(RuleBasedStateMachine):
    """A few payments of one business. Each rule says what should come of it, does it, and compares everything."""

    @initialize()
    def begin(self) -> None:
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.business = factories.make_business(f"Refunds {next(factories._counter)}")
        self.service = factories.make_member(self.business, Role.CUSTOMER_SERVICE).scope("live")
        self.approver = factories.make_member(self.business, Role.APPROVER).scope("live")
        fund(self.business, BEGUN)
        self.available, self.held = BEGUN, 0
        self.payments: dict[int, str] = {}
        self.of: dict[int, int] = {}
        self.amount: dict[int, int] = {}
        self.status: dict[int, str] = {}
        self.disputed: set[int] = set()
        self.topped_up = 0
        self.day = FIRST_DAY
        self.paid_on: dict[int, date] = {}
        self.taken: dict[int, int] = {}
        self.runs: dict[int, date] = {}
        self.posted: set[int] = set()
        self.stopped: set[int] = set()
        self.settled: set[int] = set()
        for amount in (50_000, 25_000, 100_000):
            self.pay("successful")
            self.asked(list(self.payments)[-1], amount)
            self.approved(list(self.status)[-1])
        self.day += timedelta(days=1)

    def teardown(self) -> None:
        """Check all of the ledger, and undo all."""
        if not hasattr(self, "undo"):
            return
        try:
            with rls.inside(self.service), connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                with mock.patch.object(clock, "now", return_value=self.noon()):
                    asked = [check for check in checks.registered() if "documents_" not in check.query]
                    wrong = {found.check.name: found.count for found in checks.run(cursor, asked) if found.count}
                expected = {
                    "Settlements are finished within a day": len(self.stopped),
                    "Payments are settled within 2 bank days of theirs": len(self.overdue()),
                }
                assert wrong == {name: count for name, count in expected.items() if count}
                counted["overdue"] += len(self.overdue())
        finally:
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    def overdue(self) -> list[int]:
        """What the model says should long have been settled: on the first bank day after it, and this is the third."""
        waits = {pk: on for pk, on in self.paid_on.items() if pk not in self.settled}
        return [pk for pk, on in waits.items() if self.bank_days_since(on) > 2]

    def bank_days_since(self, day: date) -> int:
        days = (day + timedelta(days=number + 1) for number in range((self.day - day).days))
        return sum(calendar.is_banking_day(one) for one in days)

    def left(self, payment: int) -> int:
        """What the model says is left of a payment."""
        taken = [
            pk
            for pk in self.of
            if self.of[pk] == payment and (self.status[pk] not in ("failed", "cancelled") or pk in self.disputed)
        ]
        return max(0, PAID - sum(self.amount[pk] for pk in taken))

    def compare(self, did: str) -> None:
        counted["steps"] += 1
        counted[did] += 1
        check_deferred()
        with rls.inside(self.service):
            assert dict(Refund.objects.values_list("pk", "status")) == self.status
            assert ledger.balance(self.service) == Balance(self.available, self.held)
            for payment in Payment.objects.filter(pk__in=self.payments):
                assert services.left_of(payment) == self.left(payment.pk) >= 0
            stands = Payment.objects.filter(pk__in=self.payments).values_list("pk", "settlement_status")
            successful = [pk for pk, status in self.payments.items() if status == "successful"]
            assert {pk: word for pk, word in stands if word} == {
                pk: "settled" if pk in self.settled else "pending" for pk in successful
            }
            assert set(SettlementRun.objects.exclude(posted_at=None).values_list("pk", flat=True)) == self.posted
            for refund in Refund.objects.all():
                lines = Counter(refund.events.values_list("kind", flat=True))
                ends = sum(lines[end] for end in ("successful", "failed", "cancelled", "rejected"))
                assert ends == (refund.status in ("successful", "failed", "cancelled"))
                assert max(lines.values()) == 1

    def pick(self, number: int, *likely: str) -> int | None:
        """Any refund, but three times in four one in a state for which the act is meant, if there is one."""
        meant = sorted(pk for pk, status in self.status.items() if status in likely)
        pks = meant if meant and number % 4 else sorted(self.status)
        return pks[number % len(pks)] if pks else None

    # --- what is done ---

    def pay(self, status: str) -> None:
        fields = {"amount": PAID, "fee": FEE_OF_PAYMENT, "status": status, "slug": new_slug()}
        if status == "successful":
            payment = settlements.paid(self.business, self.noon(), **fields)
            self.paid_on[payment.pk] = self.day
        else:
            payment = factories.make_payment(self.business, **fields)
        self.payments[payment.pk] = status

    def noon(self) -> datetime:
        return datetime(self.day.year, self.day.month, self.day.day, 5, tzinfo=UTC)

    @rule(status=st.sampled_from(["successful", "pending", "failed"]))
    def somebody_pays(self, status: str) -> None:
        if len(self.payments) < 8:
            self.pay(status)
            self.compare("paid")

    @rule(number=which)
    def one_is_paid_late(self, number: int) -> None:
        late = sorted(pk for pk, status in self.payments.items() if status == "pending")
        if late:
            pk = late[number % len(late)]
            now = {"status": "successful", "paid_at": self.noon(), "settlement_status": "pending"}
            with rls.inside(self.service):
                Payment.objects.filter(pk=pk).update(**now)
                settlements.arrive(Payment.objects.get(pk=pk), self.noon())
            self.payments[pk], self.paid_on[pk] = "successful", self.day
            self.compare("paid late")

    @rule(days=st.integers(1, 3))
    def days_pass(self, days: int) -> None:
        self.day += timedelta(days=days)
        self.compare("a day passed")

    @rule(stops=stages, is_swept=st.booleans())
    def settle(self, stops: str, is_swept: bool) -> None:
        """The settlement of the day, or of the next one on which banks work and there is none yet."""
        if not calendar.is_banking_day(self.day) or self.day in self.runs.values():
            self.day = calendar.banking_day_after(self.day)
        if self.due(self.day):
            run = settlements.begin(self.business, self.day)
            self.runs[run.pk] = self.day
            self.work(run.pk, stops, is_swept)

    @rule(number=which, stops=stages, is_swept=st.booleans())
    def try_again(self, number: int, stops: str, is_swept: bool) -> None:
        """Somebody has a settlement tried again; one that wasn't given up stays as it is."""
        if self.runs:
            pk = (sorted(self.stopped) or sorted(self.runs))[number % len(self.stopped or self.runs)]
            with rls.inside(self.service):
                is_tried = settling.try_again(SettlementRun.objects.get(pk=pk))
            assert is_tried == (pk in self.stopped)
            if is_tried:
                self.stopped.discard(pk)
                self.work(pk, stops, is_swept)

    def due(self, day: date) -> list[int]:
        """What the model says that no settlement has yet, and that was paid before a day."""
        return [pk for pk, on in self.paid_on.items() if on < day and pk not in self.taken]

    def work(self, pk: int, stops: str, is_swept: bool) -> None:
        """Work on a settlement as a worker does, to its end or to where it fails."""
        with rls.inside(self.service):
            run = SettlementRun.objects.select_related("business").get(pk=pk)
            SettlementRun.objects.filter(pk=pk).update(status="running")
            self.steps(settling.gather, run)
            if pk not in self.posted:
                self.taken |= dict.fromkeys(self.due(self.runs[pk]), pk)
            mine = [payment for payment, taken_by in self.taken.items() if taken_by == pk]
            if stops != "gathered":
                settling.post(run)
                if pk not in self.posted:
                    self.posted.add(pk)
                    self.available += len(mine) * (PAID - FEE_OF_PAYMENT)
            if not stops:
                self.steps(settling.mark, run)
                self.settled |= set(mine)
            over = {"status": "failed" if stops else "done", "finished_at": Now()}
            SettlementRun.objects.filter(pk=pk).update(**over)
        if stops:
            self.stopped.add(pk)
        elif is_swept:
            self.sweep()
        self.compare(f"settled, {stops}" if stops else "settled")

    def steps(self, step: Callable[[SettlementRun, Any], Any], run: SettlementRun) -> None:
        place = None
        while (place := step(run, place)) is not None:
            pass

    @rule(number=which, amount=st.sampled_from([10_000, 25_000, 50_000, 100_000, 100_001]))
    def ask(self, number: int, amount: int) -> None:
        if len(self.status) >= 12:
            return
        self.asked(sorted(self.payments)[number % len(self.payments)], amount)

    def asked(self, payment: int, amount: int) -> None:
        may = self.payments[payment] == "successful" and amount <= self.left(payment)
        with rls.inside(self.service):
            try:
                typed = draft(Payment.objects.get(pk=payment), amount=amount)
                made = services.request(self.service, typed, made_key=uuid.uuid4()).refund
            except OutgoingRefused as refused:
                assert not may
                self.compare(type(refused).__name__)
                return
        assert may
        self.of[made.pk], self.amount[made.pk], self.status[made.pk] = payment, amount, "pending_approval"
        self.compare("asked")

    @rule(number=which)
    def approve(self, number: int) -> None:
        pk = self.pick(number, "pending_approval")
        if pk is not None:
            self.approved(pk)

    def approved(self, pk: int) -> None:
        may, whole = self.status[pk] == "pending_approval", self.amount[pk] + FEE
        with rls.inside(self.approver):
            seen = REFUNDS.digest_of(self.approver, Refund.objects.get(pk=pk))
            try:
                acts.approve(self.approver, REFUNDS, pk, seen=seen, sure=True)
            except OutgoingRefused as refused:
                assert not may
                self.compare(type(refused).__name__)
                return
        assert may
        if whole > self.available:
            self.status[pk] = "waiting"
        else:
            self.go(pk)
        self.compare(f"approved: {self.status[pk]}")

    def go(self, pk: int) -> None:
        self.status[pk] = "processing"
        self.available -= self.amount[pk] + FEE
        self.held += self.amount[pk] + FEE

    @rule(number=which, by_approver=st.booleans())
    def stop(self, number: int, by_approver: bool) -> None:
        pk = self.pick(number, "pending_approval", "waiting")
        if pk is None or number % 3:
            return
        may = self.status[pk] in ("pending_approval", "waiting")
        scope, act = (self.approver, acts.reject) if by_approver else (self.service, acts.cancel)
        with rls.inside(scope):
            try:
                act(scope, REFUNDS, pk, note="No")
            except OutgoingRefused:
                assert not may
                self.compare("NotWaiting")
                return
        assert may
        self.status[pk] = "cancelled"
        self.compare("stopped")

    @rule(amount=st.sampled_from([15_000, 60_000, 200_000]), is_swept=st.booleans())
    def top_up(self, amount: int, is_swept: bool) -> None:
        """Money comes in; the sweep lets go what fits, the oldest first."""
        if self.topped_up == 3:
            return
        self.topped_up += 1
        fund(self.business, amount)
        self.available += amount
        if is_swept:
            self.sweep()
        self.compare("topped up")

    def sweep(self) -> None:
        """What waits for the deposit and fits goes on."""
        with rls.inside(self.service):
            covering._go_on_of(REFUNDS, self.business.pk, "live")
        for pk in sorted(self.of):  # in the order of their numbers, for all were asked for at one moment
            if self.status[pk] == "waiting" and self.amount[pk] + FEE <= self.available:
                self.go(pk)

    @rule(number=which, outcome=said, twice=st.booleans())
    def an_answer_comes(self, number: int, outcome: Outcome, twice: bool) -> None:
        """Whatever a rail may say, whenever it likes."""
        pk = self.pick(number, "processing")
        if pk is None:
            return
        is_known = RailOrder.objects.filter(key=f"refund-{pk}").exists()
        assert is_known == (self.status[pk] in ("processing", "successful", "failed"))
        for _time in range(1 + twice):
            answers.take(f"refund-{pk}", Answer(outcome))
        if self.status[pk] == "failed" and outcome == Outcome.SUCCESSFUL:
            self.disputed.add(pk)  # it may be paid after all
        if self.status[pk] == "processing" and outcome not in (Outcome.PENDING, Outcome.UNKNOWN):
            whole = self.amount[pk] + FEE
            self.held -= whole
            self.status[pk] = "failed" if outcome == Outcome.FAILED else "successful"
            self.available += whole if outcome == Outcome.FAILED else 0
        self.compare(f"said {outcome}")


@pytest.mark.django_db
def test_anything_in_any_order(asleep, monkeypatch):
    monkeypatch.setattr(settling, "STEP", 2)
    counted.clear()
    left = 0
    while counted["steps"] < STEPS:
        run_state_machine_as_test(
            seed(SEED + left)(RefundMachine),
            settings=settings(
                max_examples=max(4, (STEPS - counted["steps"]) // STEPS_A_RUN + 1),
                stateful_step_count=STEPS_A_RUN,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
        left += 1
    print(dict(counted))
    for did in ("asked", "approved: processing", "approved: waiting", "topped up", "settled", "overdue"):
        assert counted[did], f"{did} never happened: {counted}"
    assert counted["settled, gathered"] + counted["settled, posted"], f"no settlement ever failed: {counted}"
