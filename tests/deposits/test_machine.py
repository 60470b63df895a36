"""Anything in any order, on the real database, beside a model of a few dictionaries (trust.md §4).

`make torture` runs it for as long as you like: LEDGER_STEPS, LEDGER_SEED.
"""

import os
from collections import Counter
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from deposits import ledger
from deposits.ledger import LedgerOwner, Line, NewPosting, Source, checks
from deposits.models import Account, AccountKind, PostingKind
from flipdash import rls
from tests import factories
from tests.deposits.conftest import LEDGERS_OWN, check_deferred

STEPS = int(os.environ.get("LEDGER_STEPS", "5000"))
SEED = int(os.environ.get("LEDGER_SEED", "20261125"))
STEPS_A_RUN = 50

counted: Counter[str] = Counter()

amounts = st.integers(1, 5_000) | st.sampled_from([1, 10**15, 10**15 + 1])
fees = st.integers(0, 50)
numbers = st.integers(1, 10)
"""Few sources, so that the same ones come again."""
rails = st.sampled_from(["bca", "simulator"])
modes = st.sampled_from(["live", "live", "live", "test"])
KEYS = ("kind", "detail", "balance")


class LedgerMachine(RuleBasedStateMachine):
    """Two modes of one business. Every rule says what should come of it, does it, and compares all balances."""

    @initialize()
    def begin(self) -> None:
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.business = factories.make_business(f"Torture {next(factories._counter)}")
        self.accounts: dict[str, Counter[tuple[str, str]]] = {"live": Counter(), "test": Counter()}
        self.posted: dict[tuple[str, str, int, str], dict[tuple[str, str], int]] = {}
        self.ids: dict[tuple[str, str, int, str], int] = {}
        self.holds: dict[tuple[str, int], int] = {}
        self.ended: set[tuple[str, int]] = set()
        self.last: tuple[Any, ...] | None = None

    def teardown(self) -> None:
        """Check all of the ledger, and undo all."""
        if not hasattr(self, "undo"):
            return
        try:
            for mode in ("live", "test"):
                with rls.inside_of(self.business.pk, mode), connection.cursor() as cursor:
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                    wrong = {f.check.name: f.examples for f in checks.run(cursor, LEDGERS_OWN) if f.count}
                    assert wrong == {}
        finally:
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    # --- what should happen ---

    def expect(self, mode: str, kind: str, source: Source, lines: list[Line]) -> str:
        """Return how a posting should end, by the model alone."""
        moved = {(line.account.value, line.detail): line.amount for line in lines}
        bad = (
            len(lines) < 2
            or sum(line.amount for line in lines)
            or any(line.amount == 0 or abs(line.amount) > 10**15 for line in lines)
            or len(moved) < len(lines)
        )
        if bad:
            return "BadPosting"
        held = moved.get(("held", ""))
        owner = (mode, source.id)
        if kind in ("capture", "release"):
            is_done = (mode, kind, source.id, source.type) in self.posted
            if owner not in self.holds or (owner in self.ended and not is_done):
                return "NotHeld"
            if held != -self.holds[owner]:
                return "BadPosting"
        elif kind != "hold" and held is not None:
            return "BadPosting"
        if (before := self.posted.get((mode, kind, source.id, source.type))) is not None:
            return "same" if before == moved else "AlreadyPosted"
        floors = ("available", "held", "refunds_payable")
        if any(self.accounts[mode][key] + amount < 0 for key, amount in moved.items() if key[0] in floors):
            return "NotEnoughDeposit"
        return "new"

    def note(self, mode: str, kind: str, source: Source, lines: list[Line], posting_id: int) -> None:
        moved = {(line.account.value, line.detail): line.amount for line in lines}
        self.accounts[mode].update(moved)
        self.posted[mode, kind, source.id, source.type] = moved
        self.ids[mode, kind, source.id, source.type] = posting_id
        if kind == "hold":
            self.holds[mode, source.id] = moved["held", ""]
        if kind in ("capture", "release"):
            self.ended.add((mode, source.id))

    def post(self, mode: str, kind: PostingKind, source: Source, lines: list[Line]) -> None:
        self.last = (mode, kind, source, lines)
        self.attempt(mode, self.expect(mode, kind.value, source, lines), [NewPosting(kind, source, lines)], ledger.post)

    def attempt(self, mode: str, expected: str, postings: list[NewPosting], do: Any = None, *args: Any) -> None:
        """Do it, and compare what came of it, and all balances, with the model. `do` None posts many."""
        counted["steps"] += 1
        counted[expected] += 1
        owner = LedgerOwner(self.business, mode)
        posted: list[ledger.Posted] = []
        with rls.inside_of(self.business.pk, mode):
            try:
                if do is None:
                    posted = ledger.post_many(owner, postings)
                elif args:
                    posted = [do(owner, *args)]
                else:
                    posted = [do(owner, postings[0].kind, postings[0].source, postings[0].lines)]
                (outcome,) = {"new" if each.is_new else "same" for each in posted}
            except ledger.LedgerError as refused:
                outcome = type(refused).__name__
            check_deferred()
            rows = {(kind, detail): value for kind, detail, value in Account.objects.values_list(*KEYS) if value}
        assert outcome == expected
        for posting, made in zip(postings, posted, strict=False):
            key = (mode, posting.kind.value, posting.source.id, posting.source.type)
            if outcome == "new":
                self.note(mode, posting.kind.value, posting.source, list(posting.lines), made.id)
            assert made.id == self.ids[key]
        assert rows == {key: value for key, value in self.accounts[mode].items() if value}
        assert sum(rows.values()) == 0
        held = [amount for key, amount in self.holds.items() if key[0] == mode and key not in self.ended]
        assert rows.get(("held", ""), 0) == sum(held)

    # --- what is done ---

    @rule(mode=modes, number=numbers, amount=amounts, bank=rails)
    def top_up(self, mode: str, number: int, amount: int, bank: str) -> None:
        self.post(mode, PostingKind.TOP_UP, Source("top_up", number), ledger.top_up_lines(amount, bank))

    @rule(mode=modes, number=numbers, amount=amounts)
    def hold(self, mode: str, number: int, amount: int) -> None:
        self.post(mode, PostingKind.HOLD, Source("transfer", number), ledger.hold_lines(amount))

    @rule(mode=modes, number=numbers, fee=fees, more=st.sampled_from([0, 0, 0, 1, -1]), rail=rails)
    def capture(self, mode: str, number: int, fee: int, more: int, rail: str) -> None:
        amount = max(1, self.holds.get((mode, number), 100) - fee + more)
        self.post(mode, PostingKind.CAPTURE, Source("transfer", number), ledger.capture_lines(amount, fee, rail))

    @rule(mode=modes, number=numbers, more=st.sampled_from([0, 0, 0, 1, -1]))
    def release(self, mode: str, number: int, more: int) -> None:
        amount = self.holds.get((mode, number), 100) + more
        self.post(mode, PostingKind.RELEASE, Source("transfer", number), ledger.release_lines(amount))

    @rule(mode=modes, number=numbers, amount=amounts, fee=fees)
    def settle(self, mode: str, number: int, amount: int, fee: int) -> None:
        self.post(mode, PostingKind.SETTLEMENT, Source("payment", number), ledger.settlement_lines(amount, fee, "qris"))

    @rule(
        mode=modes,
        number=numbers,
        lines=st.lists(
            st.builds(
                Line,
                st.sampled_from(
                    [AccountKind.AVAILABLE, AccountKind.HELD, AccountKind.FEES, AccountKind.REFUNDS_PAYABLE]
                ),
                st.integers(-300, 300),
            ),
            max_size=4,
        ),
        balanced=st.booleans(),
    )
    def adjust(self, mode: str, number: int, lines: list[Line], balanced: bool) -> None:
        if balanced:
            lines = [*lines, Line(AccountKind.CLEARING, -sum(line.amount for line in lines), "bca")]
        self.post(mode, PostingKind.REFUND, Source("case", number), lines)

    @rule(mode=modes, other=st.booleans(), data=st.data())
    def reverse(self, mode: str, other: bool, data: st.DataObject) -> None:
        keys = sorted(self.ids)
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        posting_id, (posted_in, kind, _id, _type) = self.ids[key], key
        mode = mode if other else posted_in
        lines = [Line(AccountKind(a), -amount, detail) for (a, detail), amount in self.posted[key].items()]
        source = Source("posting", posting_id)
        if kind in ("hold", "capture", "release", "reversal") or mode != posted_in:
            expected = "NotReversible"
        else:
            expected = self.expect(mode, "reversal", source, lines)
        mirror = NewPosting(PostingKind.REVERSAL, source, lines)
        self.attempt(mode, expected, [mirror], ledger.reverse, posting_id)

    @rule(mode=modes, first=st.integers(100, 10_000), amounts=st.lists(st.integers(1, 3_000), min_size=1, max_size=5))
    def hold_many(self, mode: str, first: int, amounts: list[int]) -> None:
        """All of them, or none."""
        sources = [Source("bulk", len(self.ids) * 100_000 + first * 10 + n) for n in range(len(amounts))]
        enough = sum(amounts) <= self.accounts[mode]["available", ""]
        postings = [
            NewPosting(PostingKind.HOLD, s, ledger.hold_lines(a)) for s, a in zip(sources, amounts, strict=True)
        ]
        self.attempt(mode, "new" if enough else "NotEnoughDeposit", postings)

    @rule()
    def the_same_again(self) -> None:
        if self.last is not None:
            self.post(*self.last)

    @rule(mode=modes, number=numbers)
    def post_in_the_wrong_mode(self, mode: str, number: int) -> None:
        counted["steps"] += 1
        wrong = LedgerOwner(self.business, "test" if mode == "live" else "live")
        with rls.inside_of(self.business.pk, mode), pytest.raises(ledger.OutsideScope):
            ledger.top_up(wrong, Source("top_up", number), amount=5, bank="bca")


@pytest.mark.django_db
def test_anything_in_any_order(django_db_blocker):
    counted.clear()
    left = 0
    while counted["steps"] < STEPS:
        machine = seed(SEED + left)(LedgerMachine)
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=max(20, (STEPS - counted["steps"]) // STEPS_A_RUN + 1),
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
    for outcome in ("new", "same", "NotEnoughDeposit", "AlreadyPosted", "BadPosting", "NotHeld", "NotReversible"):
        assert counted[outcome] >= STEPS / 200, f"{outcome} hardly happened: {counted}"
