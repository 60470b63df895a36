"""Transfers in any order, on the real database, beside a model of a few dictionaries (trust: M6, L8, §4).

Everything that people, time and a rail can do to a few transfers: made, approved, rejected, cancelled, due, sent, lost,
told twice, late, contradicted. `make torture` runs it for as long as you like: TRANSFER_STEPS, TRANSFER_SEED.
"""

import os
import uuid
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from accounts.permissions import Role
from deposits import ledger
from deposits.ledger import Balance, checks
from flipdash import rls
from tests import factories
from tests.deposits.conftest import check_deferred
from tests.transactions.sending import draft, fund
from transactions.models import BankPace, MoneyTransfer, RailCase, RailOrder, SimulatedPayout
from transactions.outgoing import acts, answers
from transactions.outgoing.orders import ORDERS
from transactions.outgoing.refusals import OutgoingRefused
from transactions.rails import Answer, Outcome, simulator
from transactions.transfers import services
from transactions.transfers.services import MONEY_TRANSFERS

STEPS = int(os.environ.get("TRANSFER_STEPS", "400"))
SEED = int(os.environ.get("TRANSFER_SEED", "20261129"))
STEPS_A_RUN = 25
MONEY = 400_000

counted: Counter[str] = Counter()

which = st.integers(0, 7)
accounts = st.sampled_from(["0012345678", "0012345678", "0012349001", "0012349006", "0012349007", "0012349010"])
said = st.sampled_from(list(Outcome))


class TransferMachine(RuleBasedStateMachine):
    """A few transfers of one business. Each rule says what should come of it, does it, and compares everything."""

    @initialize()
    def begin(self) -> None:
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.business = factories.make_business(f"Torture {next(factories._counter)}")
        self.maker = factories.make_member(self.business, Role.MAKER).scope("live")
        self.approver = factories.make_member(self.business, Role.APPROVER).scope("live")
        fund(self.business, MONEY)
        self.status: dict[int, str] = {}
        self.whole: dict[int, int] = {}
        self.scheduled: set[int] = set()
        self.paid = 0
        for account in ("0012345678", "0012349006", "0012349007"):
            self.create(account, 50_000, later=False)
            self.approve(3)

    def teardown(self) -> None:
        """Check all of the ledger, and undo all."""
        if not hasattr(self, "undo"):
            return
        try:
            with rls.inside(self.maker), connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                asked = [check for check in checks.registered() if "documents_" not in check.query]
                wrong = {found.check.name: found.examples for found in checks.run(cursor, asked) if found.count}
                assert wrong == {}
            told = SimulatedPayout.objects.filter(business=self.business)
            assert all(row.told >= 1 for row in told)
            assert told.count() <= len(self.status), "one payout for each transfer at most"
        finally:
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    # --- what should be there ---

    def compare(self, did: str) -> None:
        counted["steps"] += 1
        counted[did] += 1
        check_deferred()
        rows = MoneyTransfer.objects.filter(business=self.business)
        assert dict(rows.values_list("pk", "status")) == self.status
        with rls.inside(self.maker):
            held = sum(self.whole[pk] for pk, status in self.status.items() if status in ("scheduled", "processing"))
            assert ledger.balance(self.maker) == Balance(MONEY - held - self.paid, held)
        for row in rows:
            lines = Counter(row.events.values_list("kind", flat=True))
            ends = sum(lines[end] for end in ("successful", "failed", "cancelled", "rejected"))
            assert ends == (row.status in ("successful", "failed", "cancelled"))
            assert lines["sent"] <= 1
            assert lines["approved"] <= 1

    def pick(self, number: int, likely: str = "") -> int | None:
        """Any transfer, but three times in four one in a state for which the act is meant, if there is one."""
        meant = sorted(pk for pk, status in self.status.items() if status == likely)
        pks = meant if meant and number % 4 else sorted(self.status)
        return pks[number % len(pks)] if pks else None

    # --- what is done ---

    @rule(
        account=accounts, amount=st.sampled_from([10_000, 50_000, 150_901]), later=st.sampled_from([False, False, True])
    )
    def make(self, account: str, amount: int, later: bool) -> None:
        self.create(account, amount, later)

    def create(self, account: str, amount: int, later: bool) -> None:
        if len(self.status) >= 8:
            return
        today = self.maker.now().astimezone(self.maker.zone).date()
        typed = draft(account_number=account, amount=amount, send_on=today + timedelta(days=1) if later else None)
        with rls.inside(self.maker):
            made = services.create(self.maker, typed, made_key=uuid.uuid4()).transfer
        self.status[made.pk], self.whole[made.pk] = "pending_approval", amount + 2_500
        if later:
            self.scheduled.add(made.pk)
        self.compare("created")

    @rule(number=which)
    def let_go(self, number: int) -> None:
        self.approve(number)

    def approve(self, number: int) -> None:
        pk = self.pick(number, "pending_approval")
        if pk is None:
            return
        held = sum(self.whole[one] for one, status in self.status.items() if status in ("scheduled", "processing"))
        fits = self.whole[pk] <= MONEY - held - self.paid
        may = self.status[pk] == "pending_approval" and fits
        with rls.inside(self.approver):
            row = MoneyTransfer.objects.get(pk=pk)
            seen = MONEY_TRANSFERS.digest_of(self.approver, row)
            try:
                acts.approve(self.approver, MONEY_TRANSFERS, pk, seen=seen, sure=True)
            except OutgoingRefused as refused:
                assert not may
                self.compare(type(refused).__name__)
                return
        assert may
        self.status[pk] = "scheduled" if pk in self.scheduled else "processing"
        self.compare("approved")

    @rule(number=which, by_approver=st.booleans())
    def stop(self, number: int, by_approver: bool) -> None:
        pk = self.pick(number)
        if pk is None:
            return
        may = self.status[pk] in ("pending_approval", "scheduled")
        scope, act = (self.approver, acts.reject) if by_approver else (self.maker, acts.cancel)
        with rls.inside(scope):
            try:
                act(scope, MONEY_TRANSFERS, pk, note="No")
            except OutgoingRefused:
                assert not may
                self.compare("NotWaiting")
                return
        assert may
        self.status[pk] = "cancelled"
        self.compare("stopped")

    @rule(number=which)
    def its_date_comes(self, number: int) -> None:
        pk = self.pick(number, "scheduled")
        if pk is None or self.status[pk] != "scheduled":
            return
        with rls.inside(self.maker):
            acts._send_now(MONEY_TRANSFERS, MoneyTransfer.objects.select_for_update().get(pk=pk))
        self.status[pk] = "processing"
        self.compare("due")

    @rule()
    def work(self) -> None:
        self.send(False)

    @rule(is_killed=st.sampled_from(["before", "after"]))
    def be_killed(self, is_killed: Any) -> None:
        self.send(is_killed)

    def send(self, is_killed: Any) -> None:
        """A worker takes whatever is due; perhaps it is killed before or after the rail heard of it."""
        RailOrder.objects.filter(finished_at=None).update(due_at=None, lease_until=None)
        RailOrder.objects.filter(status="sending").update(status="queued")
        RailOrder.objects.filter(status="asking").update(status="sent")
        BankPace.objects.update(until=Now())
        if not is_killed:
            self.note_what_the_rail_says()
            ORDERS.work()
            self.compare("worked")
            return
        order = ORDERS.claim()
        if order is None:
            return
        if order.told_at is None:
            ORDERS.note(order, told_at=Now())
            row = MoneyTransfer.objects.get(pk=order.source_id)
            if is_killed == "after" and not row.account_number.endswith(("9007", "9010")):
                simulator.RAIL.send(MONEY_TRANSFERS.payout(order.key, row))
        self.compare("killed")

    def note_what_the_rail_says(self) -> None:
        """Some orders of the next turn may be asked for: then the rail's results become ours, until it says nothing."""
        for order in ORDERS._fit_together(ORDERS.due()).order_by("pk"):
            known = SimulatedPayout.objects.filter(key=order.key).first()
            account = MoneyTransfer.objects.get(pk=order.source_id).account_number
            if known is None and account.endswith(("9007", "9010")):
                break  # it isn't taken, or its answer is lost: the turn is over
            if known is not None and known.result:
                self.end(order.source_id, Outcome(known.result))

    @rule(number=which)
    def the_simulator_answers(self, number: int) -> None:
        rows = list(SimulatedPayout.objects.filter(business=self.business, status="taken").order_by("pk"))
        if not rows:
            return
        row = rows[number % len(rows)]
        SimulatedPayout.objects.filter(pk=row.pk).update(due_at=None)
        simulator.SIMULATED.work(row.pk)
        row.refresh_from_db()
        if row.result:
            self.end(int(row.key.rpartition("-")[2]), Outcome(row.result))
        self.compare("answered")

    @rule(number=which, outcome=said, twice=st.booleans())
    def an_answer_comes(self, number: int, outcome: Outcome, twice: bool) -> None:
        """Whatever a rail may say, whenever it likes."""
        pk = self.pick(number, "successful")
        if pk is None:
            return
        was, cases = self.status[pk], RailCase.objects.filter(business=self.business).count()
        is_known = RailOrder.objects.filter(source_id=pk).exists()
        for _time in range(1 + twice):
            answers.take(f"money_transfer-{pk}", Answer(outcome))
        opened = RailCase.objects.filter(business=self.business).count() - cases
        assert opened <= 1
        if was == "processing" and is_known:
            self.end(pk, outcome)
        if not is_known or outcome in (Outcome.PENDING, Outcome.UNKNOWN) or outcome == was:
            assert not opened
        self.compare(f"said {outcome}")

    def end(self, pk: int, outcome: Outcome) -> None:
        if self.status[pk] != "processing" or outcome in (Outcome.PENDING, Outcome.UNKNOWN):
            return
        self.status[pk] = "failed" if outcome == Outcome.FAILED else "successful"  # what came back had arrived
        self.paid += 0 if outcome == Outcome.FAILED else self.whole[pk]


@pytest.mark.django_db
def test_anything_in_any_order(asleep):
    counted.clear()
    left = 0
    while counted["steps"] < STEPS:
        machine = seed(SEED + left)(TransferMachine)
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=max(5, (STEPS - counted["steps"]) // STEPS_A_RUN + 1),
                stateful_step_count=STEPS_A_RUN,
                deadline=None,
                database=None,
                phases=[Phase.generate] if STEPS < 10_000 else [Phase.generate, Phase.shrink],
                suppress_health_check=list(HealthCheck),
            ),
        )
        left += 1
    print(dict(counted))
    assert counted["steps"] >= STEPS
    # Hypothesis leaves some rules out of each run, so a short one sees the commonest for certain only.
    rare = ("stopped", "due", "answered", "killed", "said successful", "NotWaiting") if STEPS >= 2_000 else ()
    for did in ("created", "approved", "worked", *rare):
        assert counted[did] >= STEPS / 400, f"{did} hardly happened: {counted}"
