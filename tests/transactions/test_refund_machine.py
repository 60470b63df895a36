"""Payments and their refunds in any order, on the real database, beside a model of a few dictionaries (D6, L8).

Paid, failed, asked for, approved, rejected, short of money and topped up, sent, answered, late and contradicted.
REFUND_STEPS=3000 goes on for long, REFUND_SEED takes another way.
"""

import os
import uuid
from collections import Counter

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from accounts.permissions import Role
from deposits import ledger
from deposits.ledger import Balance, checks
from flipdash import clock, rls
from tests import factories
from tests.deposits.conftest import check_deferred
from tests.transactions.refunding import draft
from tests.transactions.sending import fund
from transactions.models import Payment, RailOrder, Refund
from transactions.outgoing import acts, answers, covering
from transactions.outgoing.refusals import OutgoingRefused
from transactions.rails import Answer, Outcome
from transactions.refunds import services
from transactions.refunds.services import REFUNDS

STEPS = int(os.environ.get("REFUND_STEPS", "200"))
SEED = int(os.environ.get("REFUND_SEED", "20261129"))
STEPS_A_RUN = 25
PAID = 100_000
FEE = 2_500
BEGUN = 120_000

counted: Counter[str] = Counter()
which = st.integers(0, 11)
said = st.sampled_from(list(Outcome))


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
        self.topped_up = 0
        for amount in (50_000, 25_000, 100_000):
            self.pay("successful")
            self.asked(list(self.payments)[-1], amount)
            self.approved(list(self.status)[-1])

    def teardown(self) -> None:
        """Check all of the ledger, and undo all."""
        if not hasattr(self, "undo"):
            return
        try:
            with rls.inside(self.service), connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                asked = [check for check in checks.registered() if "documents_" not in check.query]
                wrong = {found.check.name: found.examples for found in checks.run(cursor, asked) if found.count}
                assert wrong == {}
        finally:
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    def left(self, payment: int) -> int:
        """What the model says is left of a payment."""
        taken = [pk for pk in self.of if self.of[pk] == payment and self.status[pk] not in ("failed", "cancelled")]
        return PAID - sum(self.amount[pk] for pk in taken)

    def compare(self, did: str) -> None:
        counted["steps"] += 1
        counted[did] += 1
        check_deferred()
        with rls.inside(self.service):
            assert dict(Refund.objects.values_list("pk", "status")) == self.status
            assert ledger.balance(self.service) == Balance(self.available, self.held)
            for payment in Payment.objects.filter(pk__in=self.payments):
                assert services.left_of(payment) == self.left(payment.pk) >= 0
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
        payment = factories.make_payment(self.business, amount=PAID, status=status)
        self.payments[payment.pk] = status

    @rule(status=st.sampled_from(["successful", "pending", "failed"]))
    def somebody_pays(self, status: str) -> None:
        if len(self.payments) < 6:
            self.pay(status)
            self.compare("paid")

    @rule(number=which)
    def one_is_paid_late(self, number: int) -> None:
        late = sorted(pk for pk, status in self.payments.items() if status == "pending")
        if late:
            pk = late[number % len(late)]
            Payment.objects.filter(pk=pk).update(status="successful", paid_at=clock.now())
            self.payments[pk] = "successful"
            self.compare("paid late")

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
            with rls.inside(self.service):
                covering._go_on_of(REFUNDS, self.business.pk, "live")
            for pk in sorted(self.of):  # in the order of their numbers, for all were asked for at one moment
                if self.status[pk] == "waiting" and self.amount[pk] + FEE <= self.available:
                    self.go(pk)
        self.compare("topped up")

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
        if self.status[pk] == "processing" and outcome not in (Outcome.PENDING, Outcome.UNKNOWN):
            whole = self.amount[pk] + FEE
            self.held -= whole
            self.status[pk] = "failed" if outcome == Outcome.FAILED else "successful"
            self.available += whole if outcome == Outcome.FAILED else 0
        self.compare(f"said {outcome}")


@pytest.mark.django_db
def test_anything_in_any_order(asleep):
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
    for did in ("asked", "approved: processing", "approved: waiting", "topped up"):
        assert counted[did], f"{did} never happened: {counted}"
