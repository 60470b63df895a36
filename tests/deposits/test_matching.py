"""From a statement's line to the deposit: once, and only where there is no doubt (trust: D1-D3, L7)."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, connections, transaction

from accounts.models import Activity
from deposits import ledger, tasks
from deposits.ledger import LedgerOwner, NotEnoughDeposit
from deposits.models import AccountKind, Correction, Entry, StatementImport, StatementLine, TopUp, TopUpEvent
from deposits.statements import matching
from deposits.statements import services as statements
from deposits.statements.matching import CorrectionRefused, SecondPersonNeeded
from deposits.topups import crediting
from deposits.topups import services as topups
from documents.reports import services as reports
from flipdash import clock, events, mail, rls, states
from flipdash.models import Message
from tests.deposits.banking import (
    again,
    ask,
    bca,
    bni,
    fate,
    import_statement,
    individual,
    kopra,
    line,
    long_ago,
    mark,
    mcm,
    operator_person,
    today,
)
from tests.deposits.conftest import connect
from tests.deposits.test_top_ups import in_threads

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("files"),
]


def available(scope, mode=None) -> int:
    owner = LedgerOwner(scope.business, mode or scope.mode)
    return ledger.balance(owner, using="operator").available


def test_a_payment_is_credited_with_its_code_and_told(scope):
    top_up = mark(scope, ask(scope))
    paid = line(top_up.exact_amount)
    assert matching.match_due() == 1
    assert fate(paid) == ("credited", "")
    done = again(top_up)
    assert (done.status, done.credited_amount) == ("successful", top_up.exact_amount)
    assert available(scope) == top_up.exact_amount
    with rls.inside(scope):
        kinds = [event.kind for event in top_up.events.visible_to(scope).order_by("id")]
        entry = Entry.objects.visible_to(scope).get(account__kind=AccountKind.AVAILABLE)
    assert kinds == ["created", "marked", "successful"]
    assert entry.posting_id == done.posting_id
    told = Message.objects.get()
    assert told.to == scope.member.user.email
    assert f"{top_up.exact_amount:,}" in told.subject


def test_a_payment_is_credited_without_anybody_saying_so(scope):
    top_up = ask(scope)
    line(top_up.exact_amount)
    assert matching.match_due() == 1
    assert again(top_up).status == "successful"


def test_what_cannot_be_handled_stops_nobody_elses(scope, monkeypatch, caplog):
    """One whose matching breaks, one whose credit does, the simulated bank, and one that is good: all of one sweep."""
    top_ups = [ask(scope) for _number in range(3)]
    unmatched, uncredited, good = (line(top_up.exact_amount) for top_up in top_ups)
    examine, credit = matching.examine, crediting.credit

    def broken() -> None:
        raise ValueError("the simulated bank")

    def examine_all_but_one(found):
        return broken() if found.pk == unmatched.pk else examine(found)

    def credit_all_but_one(top_up, found, **how):
        return broken() if found.pk == uncredited.pk else credit(top_up, found, **how)

    monkeypatch.setattr(matching, "simulated", broken)
    monkeypatch.setattr(matching, "examine", examine_all_but_one)
    monkeypatch.setattr(crediting, "credit", credit_all_but_one)
    tasks.sweep_top_ups()
    assert [fate(one)[0] for one in (unmatched, uncredited, good)] == ["new", "matched", "credited"]
    for words in (f"statement line {unmatched.pk} can't", f"statement line {uncredited.pk} can't", "report_simulated"):
        assert words in caplog.text
    monkeypatch.undo()
    tasks.sweep_top_ups()
    assert [fate(one)[0] for one in (unmatched, uncredited)] == ["credited", "credited"]


def test_the_same_line_by_two_workers_is_credited_once(scope):
    """Twin matching and twin crediting of one line."""
    for _round in range(5):
        before = available(scope)
        top_up = ask(scope)
        paid = line(top_up.exact_amount)

        def work(_number, paid=paid):
            matching.match(paid.pk)
            return matching.credit_matched(paid.pk)

        results = in_threads(6, work)
        assert not [result for result in results if isinstance(result, Exception)]
        matching.match_due()
        assert fate(paid)[0] == "credited"
        assert available(scope) == before + top_up.exact_amount


def test_paid_twice_waits(scope):
    """trust: D3"""
    top_up = ask(scope)
    first, second = line(top_up.exact_amount), line(top_up.exact_amount)
    assert matching.match_due() == 1
    assert sorted([fate(first), fate(second)]) == [("credited", ""), ("waiting", "paid_twice")]
    assert available(scope) == top_up.exact_amount


@pytest.mark.parametrize(
    ("difference", "reason"),
    [(-1, "too_little"), (1, "too_much"), (-6_500, "too_little"), (9_999, "too_much"), (20_000, "unknown")],
)
def test_another_amount_waits(scope, difference, reason):
    """trust: D3"""
    top_up = ask(scope)
    paid = line(top_up.exact_amount + difference)
    assert matching.match_due() == 0
    assert fate(paid) == ("waiting", reason)
    found = matching.examine(paid)
    assert [s.top_up for s in found.suggestions] == ([] if reason == "unknown" else [top_up])
    assert available(scope) == 0


def test_a_bare_amount_is_nobodys(scope):
    """trust: D3: somebody forgot the code; whose payment it is nobody knows."""
    top_up = ask(scope)
    paid = line(top_up.amount)
    assert matching.match_due() == 0
    assert fate(paid) == ("waiting", "too_little")
    assert [suggestion.top_up for suggestion in matching.examine(paid).suggestions] == [top_up]


def test_another_bank_waits(scope):
    """trust: D3"""
    top_up = ask(scope, bank="mandiri")
    paid = line(top_up.exact_amount, bank="bca")
    matching.match_due()
    assert fate(paid) == ("waiting", "other_bank")


def test_late_waits(scope):
    """trust: D3: closed, within the quiet period."""
    expired = ask(scope, at=clock.now() - timedelta(hours=25))
    topups.expire_due()
    with rls.inside(scope):
        cancelled = topups.cancel(scope, ask(scope))
    lines = [line(expired.exact_amount), line(cancelled.exact_amount)]
    assert matching.match_due() == 0
    assert [fate(one) for one in lines] == [("waiting", "late")] * 2
    assert matching.examine(lines[0]).suggestions[0].top_up == expired


def test_a_line_older_than_the_top_up_is_not_its_payment(scope):
    top_up = ask(scope)
    old = line(top_up.exact_amount, booked_on=today() - timedelta(days=1))
    matching.match_due()
    assert fate(old) == ("waiting", "unknown")
    (suggestion,) = matching.examine(old).suggestions
    assert "booked on the day before it was asked for" in suggestion.why


def test_an_atm_transfer_waits_unless_its_sender_is_named(scope):
    """trust: D3"""
    first = mark(scope, ask(scope), sender_bank="Bank Jago", sender_name="Siti Aminah")
    second = mark(scope, ask(scope), sender_bank="Bank Jago", sender_name="Budi")
    silent = line(first.exact_amount, description="SETORAN ATM")
    named = line(second.exact_amount, description="TRSF ATM BANK JAGO", sender="BUDI")
    part = line(ask(scope).exact_amount)
    assert matching.match_due() == 2
    assert fate(silent) == ("waiting", "atm")
    assert fate(named) == fate(part) == ("credited", "")


def test_modes_never_mix(scope):
    live = ask(scope)
    paid = line(live.exact_amount, mode="test")
    matching.match_due()
    assert fate(paid) == ("waiting", "unknown")
    assert again(live).status == "waiting"


def test_money_that_went_out_is_passed_over(scope):
    out = line(-5_000_000)
    matching.match_due()
    assert fate(out) == ("ignored", "debit")


def test_money_that_went_out_of_another_amount_bank_or_week_is_passed_over(scope):
    top_up = ask(scope)
    paid = line(top_up.exact_amount, booked_on=today())
    others = [
        line(-top_up.exact_amount - 1),
        line(-top_up.exact_amount, bank="bri"),
        line(-top_up.exact_amount, mode="test"),
        line(-top_up.exact_amount, booked_on=today() + timedelta(days=8)),
        line(-top_up.exact_amount, booked_on=today() - timedelta(days=1)),
    ]
    matching.match_due()
    assert fate(paid) == ("credited", "")
    assert {fate(other) for other in others} == {("ignored", "debit")}


# --- Taken back by the bank --------------------------------------------------------------------------------------

TAKEN_BACK = ("waiting", "reversed")


@pytest.mark.parametrize("order", [("in", "out"), ("out", "in")])
@pytest.mark.parametrize("later", [0, 7])
def test_paid_and_taken_back_in_one_file_neither_is_credited(scope, order, later):
    """trust: D3: whichever stands first in the file."""
    top_up = ask(scope)
    amount = top_up.exact_amount
    lines = {}
    for way in order:
        days = {"in": 0, "out": later}[way]
        lines[way] = line(amount if way == "in" else -amount, booked_on=today() + timedelta(days=days))
    assert matching.match_due() == 0
    assert fate(lines["in"]) == fate(lines["out"]) == TAKEN_BACK
    assert (again(top_up).status, available(scope)) == ("waiting", 0)
    for one in lines.values():
        assert [suggestion.top_up for suggestion in matching.examine(one).suggestions] == [top_up]


def test_the_import_of_one_file_keeps_both(scope):
    amount = ask(scope).exact_amount
    for rows in ((f"{amount}|R1", f"-{amount}|R1"), (f"-{amount}|R2", f"{amount}|R1")):
        assert import_statement(bca(*rows)).status == "done"
    assert available(scope) == 0
    queue = StatementLine.objects.using("operator").waiting()
    assert {(one.amount, one.reason) for one in queue} == {(amount, "reversed"), (-amount, "reversed")}


def test_taken_back_after_it_was_credited_the_debit_waits(scope):
    """Two files, two days."""
    top_up = ask(scope)
    amount = top_up.exact_amount
    paid = line(amount)
    assert matching.match_due() == 1
    out = line(-amount, booked_on=today() + timedelta(days=1))
    matching.match_due()
    assert (fate(paid)[0], fate(out)) == ("credited", TAKEN_BACK)
    assert [suggestion.top_up for suggestion in matching.examine(out).suggestions] == [top_up]


def test_taken_back_between_matching_and_crediting_both_wait(scope):
    top_up = ask(scope)
    paid = line(top_up.exact_amount)
    matching.match(paid.pk)
    out = line(-top_up.exact_amount)
    assert matching.match_due() == 0
    assert fate(paid) == fate(out) == TAKEN_BACK
    assert available(scope) == 0


def test_a_debit_that_was_passed_over_waits_once_its_payment_is_known(scope):
    """The later day's file came first."""
    top_up = ask(scope)
    out = line(-top_up.exact_amount, booked_on=today() + timedelta(days=1))
    matching.match_due()
    assert fate(out) == ("ignored", "debit")
    paid = line(top_up.exact_amount)
    matching.match_due()
    assert fate(paid) == fate(out) == TAKEN_BACK


def test_a_credit_of_another_amount_by_hand_is_known_when_it_is_taken_back(scope, ayu, bayu):
    top_up = ask(scope)
    paid = line(top_up.exact_amount - 500)
    matching.match_due()
    matching.approve(matching.propose_credit(paid, top_up, by=ayu, why="Less a fee"), by=bayu)
    out = line(-paid.amount)
    matching.match_due()
    assert (fate(paid)[0], fate(out)) == ("credited", TAKEN_BACK)


def test_two_people_credit_what_was_not_taken_back_after_all_and_put_the_debit_away(scope, ayu, bayu):
    top_up = ask(scope)
    paid, out = line(top_up.exact_amount), line(-top_up.exact_amount)
    matching.match_due()
    with pytest.raises(CorrectionRefused, match="went out"):
        matching.propose_credit(out, top_up, by=ayu, why="x")
    matching.approve(matching.propose_credit(paid, top_up, by=ayu, why="Another payment"), by=bayu)
    assert fate(paid)[0] == "credited"
    proposal = matching.propose_ignore(out, by=ayu, why="Our own payment")
    with pytest.raises(SecondPersonNeeded):
        matching.approve(proposal, by=ayu)
    matching.approve(proposal, by=bayu)
    assert fate(out) == ("ignored", "reversed")
    assert available(scope) == top_up.exact_amount
    matching.match_due()
    assert fate(out) == ("ignored", "reversed")


def test_what_was_not_taken_back_is_not_put_away(scope, ayu):
    paid = line(ask(scope).exact_amount + 1)
    matching.match_due()
    with pytest.raises(CorrectionRefused, match="taken back"):
        matching.propose_ignore(paid, by=ayu, why="x")
    lines = StatementLine.objects.using("operator").filter(pk=paid.pk)
    with pytest.raises(DatabaseError, match="two people only"), transaction.atomic(using="operator"):
        lines.update(status="ignored")


def test_closed_between_matching_and_crediting_the_line_waits(scope):
    top_up = ask(scope)
    paid = line(top_up.exact_amount)
    matching.match(paid.pk)
    with rls.inside(scope):
        topups.cancel(scope, top_up)
    assert not matching.credit_matched(paid.pk)
    assert fate(paid) == ("waiting", "late")
    assert available(scope) == 0


# --- The same statement again ------------------------------------------------------------------------------------


def test_twice_overlapping_and_changed_every_real_line_is_credited_once(scope):
    """trust: D2, the issue's case."""
    tops = [ask(scope) for _n in range(4)]
    a, b, c, d = (top_up.exact_amount for top_up in tops)
    job = import_statement(bca(f"{a}|R1", f"{b}|R2", f"{c}|R3"))
    assert (job.status, job.lines, job.added) == ("done", 3, 3)
    assert available(scope) == a + b + c
    assert import_statement(bca(f"{a}|R1", f"{b}|R2", f"{c}|R3")).added == 0
    overlapping = import_statement(bca(f"{b}|R2", f"{c}|R3", f"{d}|R4"))
    assert (overlapping.lines, overlapping.added) == (3, 1)
    assert available(scope) == a + b + c + d


def test_a_line_that_the_bank_has_changed_waits(scope):
    """The same reference on the same day, where no balance names the line."""
    first, other = ask(scope, bank="bni"), ask(scope, bank="bni")
    import_statement(bni(f"{first.exact_amount}|297650"), bank="bni")
    assert available(scope) == first.exact_amount
    assert import_statement(bni(f"{other.exact_amount}|297650"), bank="bni").added == 1
    queue = StatementLine.objects.using("operator").waiting()
    assert [(one.reference, one.reason) for one in queue] == [("297650", "changed")]
    assert (available(scope), again(other).status) == (first.exact_amount, "waiting")


@pytest.mark.parametrize(
    "rows",
    [
        ("{a}|297650 {b}|950529", "{b}|950529 {c}|980056"),  # an overlap
        ("{a}|0000 {b}|0000 {c}|-",),  # fillers
        ("{a}|980056 -2500|980056 {b}|980057 {c}|980058",),  # a payment in and a fee
    ],
)
def test_a_reference_is_a_hint_and_no_name(scope, rows):
    """F2: all of them are credited by themselves."""
    tops = [ask(scope, bank="bni") for _name in "abc"]
    amounts = dict(zip("abc", (top_up.exact_amount for top_up in tops), strict=True))
    for text in rows:
        import_statement(bni(*text.format(**amounts).split(" ")), bank="bni")
    assert [again(top_up).status for top_up in tops] == ["successful"] * 3


def test_a_reference_comes_back_on_another_day(scope):
    """F2: BNI's journal numbers do."""
    line(7_000, bank="bni", reference="297650", booked_on=today() - timedelta(days=1))
    top_up = ask(scope, bank="bni")
    import_statement(bni(f"{top_up.exact_amount}|297650"), bank="bni")
    assert again(top_up).status == "successful"


def test_a_line_without_a_balance_is_known_from_a_channel_with_one(scope):
    """Two channels of one account: as many lines of a day and an amount as the fuller one has."""
    tops = [ask(scope, bank="mandiri") for _n in range(2)]
    a, b = (top_up.exact_amount for top_up in tops)
    assert import_statement(kopra(a, b)).added == 2
    again_without = import_statement(mcm(a, b, a))
    assert (again_without.status, again_without.lines, again_without.added) == ("done", 3, 1)
    assert import_statement(mcm(a, b, a)).added == 0
    assert available(scope) == a + b
    assert [one.reason for one in StatementLine.objects.using("operator").waiting()] == ["paid_twice"]


def test_a_text_that_the_bank_rewrites_overnight_is_no_new_line(scope):
    """BRI and others: the balance names the line."""
    amount = ask(scope, bank="mandiri").exact_amount
    assert import_statement(kopra(amount, text="REMARK")).added == 1
    assert import_statement(kopra(amount, text="REMARK WS_OB;1;TELLER")).added == 0
    assert not StatementLine.objects.using("operator").waiting().exists()


# --- Whether a statement adds up ---------------------------------------------------------------------------------


def test_a_gap_holds_the_file_until_somebody_says_so(scope):
    """F12: nothing is credited before that."""
    top_up, other = ask(scope, bank="mandiri"), ask(scope, bank="mandiri")
    assert import_statement(kopra(1_000, opening=50)).status == "done"
    held = import_statement(kopra(top_up.exact_amount, opening=99_000))
    assert (held.status, held.lines, held.added) == ("held", 1, 0)
    assert "begins with Rp99,000" in held.doubts[0]
    assert again(top_up).status == "waiting"
    by = operator_person("Ayu")
    statements.decide(held, by=by, is_accepted=True)
    assert statements.STATEMENTS.work(held.pk)
    matching.match_due()
    held.refresh_from_db(using="operator")
    assert (held.status, held.added, held.accepted_by_id) == ("done", 1, by.pk)
    assert again(top_up).status == "successful"
    follows = import_statement(kopra(other.exact_amount, opening=99_000 + top_up.exact_amount))
    assert (follows.status, again(other).status) == ("done", "successful")


def test_columns_of_money_in_and_out_that_were_swapped_hold_the_file(scope):
    """Somebody exchanged what stands in them: the balances go the other way, and nothing is credited."""
    top_up = ask(scope, bank="mandiri")
    rows = [row.split(";") for row in kopra(-top_up.exact_amount, 5_000, -1_000, opening=10**8).decode().splitlines()]
    swapped = [";".join([*row[:5], row[6], row[5], *row[7:]]) for row in rows[1:]]
    held = import_statement("\n".join([";".join(rows[0]), *swapped, ""]).encode())
    assert (held.status, held.added, again(top_up).status) == ("held", 0, "waiting")
    assert held.doubts[0].startswith("Line 3: the balance is")


def test_last_years_statement_credits_nothing(scope):
    """With its year the payments are too old; where days have none, the balance follows nothing that was imported."""
    top_up = ask(scope)
    old = import_statement(bca(f"{top_up.exact_amount}|x", on=today() - timedelta(days=365)))
    assert (old.status, old.added, again(top_up).status) == ("done", 1, "waiting")
    import_statement(individual(1_000, opening=50))
    undated = import_statement(individual(top_up.exact_amount, opening=77_000))
    assert (undated.status, undated.added, again(top_up).status) == ("held", 0, "waiting")


def test_what_is_left_is_not_imported(scope):
    import_statement(kopra(1_000))
    held = import_statement(kopra(2_000, opening=99_000))
    by = operator_person("Ayu")
    statements.decide(held, by=by, is_accepted=False)
    with pytest.raises(statements.NotHeld):
        statements.decide(held, by=by, is_accepted=True)
    assert not statements.STATEMENTS.work(held.pk)
    held.refresh_from_db(using="operator")
    assert (held.status, held.problem) == ("failed", "declined")
    assert StatementLine.objects.using("operator").count() == 1


def test_a_file_that_names_no_account_needs_its_bank(scope):
    """F4"""
    top_up = ask(scope, bank="bni")
    unnamed = import_statement(bni(f"{top_up.exact_amount}|297650"), bank="")
    assert (unnamed.status, again(top_up).status) == ("failed", "waiting")
    assert "names no account" in unnamed.problems[0]
    assert import_statement(bca("5000|x"), bank="").bank == "bca"


# --- Sen, days, names --------------------------------------------------------------------------------------------


def test_lines_with_sen_are_kept_and_nobodys_and_the_others_are_credited(scope):
    """F3"""
    top_up, near = ask(scope, bank="mandiri"), ask(scope, bank="mandiri")
    near_sen = Decimal(near.exact_amount) + Decimal("0.56")
    job = import_statement(kopra(top_up.exact_amount, Decimal("1234.56"), near_sen, opening=Decimal("100.44")))
    assert (job.status, job.added) == ("done", 3)
    assert (again(top_up).status, again(near).status) == ("successful", "waiting")
    queue = {one.amount: one for one in StatementLine.objects.using("operator").waiting()}
    assert {amount: one.reason for amount, one in queue.items()} == {
        Decimal("1234.56"): "unknown",
        near_sen: "too_much",
    }
    with pytest.raises(CorrectionRefused, match="has sen"):
        matching.propose_credit(queue[near_sen], near, by=operator_person("Ayu"), why="x")


def test_what_was_paid_on_saturday_and_booked_on_monday_was_in_time(scope):
    """F10: the day of payment is what a top-up is matched by."""
    late = ask(scope, at=clock.now() - timedelta(hours=30))
    topups.expire_due()
    paid = line(late.exact_amount, paid_on=today() - timedelta(days=1))
    matching.match_due()
    assert fate(paid) == ("waiting", "late")
    assert "paid in time" in matching.examine(paid).suggestions[0].why
    early = ask(scope)
    before = line(early.exact_amount, paid_on=today() - timedelta(days=1))
    matching.match_due()
    assert fate(before) == ("waiting", "unknown")
    assert [one.top_up for one in matching.examine(before).suggestions] == [early]


def test_what_is_booked_ahead_waits_for_its_day(scope):
    """F9"""
    ahead = line(ask(scope).exact_amount, booked_on=today() + timedelta(days=3))
    matching.match_due()
    assert fate(ahead) == ("new", "")


def test_a_payment_that_names_another_business_waits(scope, stranger):
    first, second = ask(scope), ask(scope)
    named = line(first.exact_amount, description=f"TRSF {stranger.business.name.upper()} TOPUP")
    both = line(second.exact_amount, description=f"{scope.business.name} DARI {stranger.business.name}")
    matching.match_due()
    assert fate(named) == ("waiting", "other_name")
    assert fate(both) == ("credited", "")


@pytest.mark.parametrize(
    ("text", "is_confirmed"),
    [
        ("SWITCHING CR TRANSFER DR 542 MUHAMMAD ABDURRA", True),  # cut after 15 letters
        ("TRF JAGBIDJA/MUHAMMAD ABDURRAHMAN", True),
        ("TRF BANK JAGO Muhammad Abdurrahman", True),
        ("SWITCHING CR TRANSFER DR 014 MUHAMMAD ABDURRAHMAN", False),
        ("SWITCHING CR TRANSFER DR 542 MUHAMMAD", False),
    ],
)
def test_it_is_asked_whether_a_text_holds_the_name_and_bank_that_were_told(scope, text, is_confirmed):
    top_up = mark(scope, ask(scope), sender_bank="Bank Jago", sender_name="Muhammad Abdurrahman")
    paid = line(top_up.exact_amount, description=text)
    matching.match_due()
    assert fate(paid) == (("credited", "") if is_confirmed else ("waiting", "atm"))


def test_identical_lines_of_one_day_are_each_a_line(scope):
    paid = ask(scope).exact_amount
    assert import_statement(bca(f"{paid}|", f"{paid}|")).added == 2
    assert import_statement(bca(f"{paid}|", f"{paid}|")).added == 0
    assert available(scope) == paid
    assert [one.reason for one in StatementLine.objects.using("operator").waiting()] == ["paid_twice"]


def test_twin_imports_of_one_statement_add_each_line_once(scope):
    content = bca(*(f"{ask(scope).exact_amount}|R{n}" for n in range(5)))
    by = operator_person("Ayu")
    for _n in range(2):
        statements.request_import(bank="bca", upload=ContentFile(content, name="a.csv"), by=by)
    in_threads(2, lambda _n: statements.STATEMENTS.work())
    assert sorted(StatementImport.objects.using("operator").values_list("added", flat=True)) == [0, 5]
    matching.match_due()
    assert TopUp.objects.using("operator").filter(status="successful").count() == 5


# --- By hand -----------------------------------------------------------------------------------------------------


@pytest.fixture
def ayu(db):
    return operator_person("Ayu")


@pytest.fixture
def bayu(db):
    return operator_person("Bayu")


def test_two_people_credit_what_did_not_match(scope, ayu, bayu):
    top_up = ask(scope, at=clock.now() - timedelta(hours=25))
    topups.expire_due()
    paid = line(top_up.exact_amount - 500)
    matching.match_due()
    proposal = matching.propose_credit(paid, top_up, by=ayu, why="The sender called")
    with pytest.raises(SecondPersonNeeded):
        matching.approve(proposal, by=ayu)
    assert available(scope) == 0
    matching.approve(proposal, by=bayu)
    assert fate(paid) == ("credited", "")
    assert (again(top_up).status, again(top_up).credited_amount) == ("successful", top_up.exact_amount - 500)
    assert available(scope) == top_up.exact_amount - 500
    with pytest.raises(CorrectionRefused, match="decided"):
        matching.approve(proposal, by=bayu)
    assert available(scope) == top_up.exact_amount - 500


def test_the_database_wants_two_people(scope, ayu):
    """Without the check in Python."""
    top_up = ask(scope)
    paid = line(top_up.exact_amount + 1)
    matching.match_due()
    proposal = matching.propose_credit(paid, top_up, by=ayu, why="x")
    rows = Correction.objects.using("operator").filter(pk=proposal.pk)
    with pytest.raises(DatabaseError, match="correction_by_two_people"), transaction.atomic(using="operator"):
        rows.update(status="approved", decided_by=ayu, decided_at=clock.now())
    lines = StatementLine.objects.using("operator").filter(pk=paid.pk)
    with pytest.raises(DatabaseError, match="two people only"), transaction.atomic(using="operator"):
        lines.update(status="matched", top_up=top_up, business_id=scope.business.pk)


def test_an_approval_at_once_by_two_credits_once(scope, ayu, bayu):
    top_up = ask(scope)
    paid = line(top_up.exact_amount + 1)
    matching.match_due()
    proposal = matching.propose_credit(paid, top_up, by=ayu, why="x")
    others = [bayu, operator_person("Citra"), operator_person("Dewi"), operator_person("Eka")]
    results = in_threads(4, lambda number: matching.approve(proposal, by=others[number]))
    assert sum(isinstance(result, Correction) for result in results) == 1
    assert available(scope) == top_up.exact_amount + 1


def test_rejected_nothing_moves_and_it_can_be_proposed_again(scope, ayu, bayu):
    top_up = ask(scope)
    paid = line(top_up.exact_amount + 1)
    matching.match_due()
    proposal = matching.propose_credit(paid, top_up, by=ayu, why="x")
    with pytest.raises(CorrectionRefused, match="already"):
        matching.propose_credit(paid, top_up, by=bayu, why="y")
    matching.reject(proposal, by=bayu)
    assert fate(paid)[0] == "waiting"
    assert matching.propose_credit(paid, top_up, by=bayu, why="y")


def test_a_credit_is_taken_back_once_by_two_people(scope, ayu, bayu):
    """trust: L7"""
    top_up = ask(scope)
    paid = line(top_up.exact_amount)
    matching.match_due()
    proposal = matching.propose_undo(again(top_up), by=ayu, why="The bank called it back")
    with pytest.raises(SecondPersonNeeded):
        matching.approve(proposal, by=ayu)
    matching.approve(proposal, by=bayu)
    assert available(scope) == 0
    undone = again(top_up)
    assert undone.status == "cancelled"
    assert undone.reversed_at is not None
    assert fate(paid) == ("waiting", "undone")
    with pytest.raises(CorrectionRefused):
        matching.propose_undo(undone, by=ayu, why="again")
    with pytest.raises(CorrectionRefused, match="credited before"):
        matching.propose_credit(paid, undone, by=ayu, why="again")
    fresh = ask(scope)
    matching.approve(matching.propose_credit(paid, fresh, by=ayu, why="After all"), by=bayu)
    assert available(scope) == paid.amount


def test_what_is_spent_is_not_taken_back(scope, ayu, bayu):
    top_up = ask(scope)
    line(top_up.exact_amount)
    matching.match_due()
    with rls.inside(scope):
        ledger.hold(scope, ledger.Source("money_transfer", 1), amount=4_000_000)
    proposal = matching.propose_undo(again(top_up), by=ayu, why="x")
    with pytest.raises(NotEnoughDeposit):
        matching.approve(proposal, by=bayu)
    proposal.refresh_from_db(using="operator")
    assert (proposal.status, again(top_up).status) == ("waiting", "successful")
    assert available(scope) == top_up.exact_amount - 4_000_000


def test_successful_is_not_undone_without_two_people(scope):
    top_up = ask(scope)
    line(top_up.exact_amount)
    matching.match_due()
    with pytest.raises(DatabaseError, match="two people"):
        crediting.take_back(again(top_up), by=scope)
    assert available(scope) == top_up.exact_amount


# --- The simulated bank, and Test Mode ---------------------------------------------------------------------------


def test_the_simulated_bank_pays_some_seconds_after_it_was_marked(scope, settings):
    settings.SIMULATED_BANK_SECONDS = 3_600
    top_up = mark(scope, ask(scope))
    assert matching.report_simulated() == 0
    settings.SIMULATED_BANK_SECONDS = 0
    second = mark(scope, ask(scope))
    atm = mark(scope, ask(scope), sender_bank="Bank Jago", sender_name="Siti")
    assert matching.report_simulated() == 2
    assert matching.report_simulated() == 0
    assert matching.match_due() == 2
    assert [again(t).status for t in (top_up, second, atm)] == ["checking", "successful", "successful"]


def test_in_production_the_simulated_bank_pays_in_test_mode_only(scope, settings):
    settings.SIMULATED_BANK_SECONDS = 0
    marked_before = mark(scope, ask(scope))
    settings.SIMULATED_BANK = False
    live = mark(scope, ask(scope))
    test_scope = scope.member.scope("test")
    test = mark(test_scope, ask(test_scope))
    assert again(live).simulated_at is None
    assert matching.report_simulated() == 1
    matching.match_due()
    assert [again(t).status for t in (marked_before, live, test)] == ["checking", "checking", "successful"]


def test_test_mode_begins_with_money_once_and_live_mode_without(scope):
    for _n in range(3):
        crediting.open_test_deposit(scope.business)
    assert available(scope, "test") == 100_000_000
    assert available(scope, "live") == 0


def test_the_sweep_opens_test_mode_for_businesses_that_lack_it(scope, stranger):
    crediting.open_test_deposit(scope.business)
    assert list(tasks.businesses_without_test_deposit()) == [stranger.business]
    tasks.tidy_top_ups()
    assert not tasks.businesses_without_test_deposit().exists()
    assert available(stranger.scope("test")) == 100_000_000


def test_the_seed_can_walk_the_flow_in_the_past(scope):
    then = long_ago(40)
    top_up = ask(scope, at=then)
    mark(scope, top_up, at=then + timedelta(minutes=5))
    paid = matching.report_payment(again(top_up))
    matching.match(paid.pk)
    matching.credit_matched(paid.pk, at=then + timedelta(minutes=6))
    done = again(top_up)
    assert (done.status, done.settled_at) == ("successful", then + timedelta(minutes=6))
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True, databases=["default", "operator", "snapshot"])
@pytest.mark.parametrize("format", ["xls", "xlsx", "csv"])
def test_a_report_holds_the_top_ups_of_its_own_wall_and_the_sum_agrees(scope, stranger, asleep, format):
    """trust: W5: the worker stands outside of all until it goes inside the report's."""
    paid = ask(scope, note="Modal")
    line(paid.exact_amount)
    matching.match_due()
    waiting, foreign = ask(scope), ask(stranger.scope("live"))
    report = reports.request_report(scope, history="top-ups", query="", format=format)
    reports.REPORTS.work(report.pk)
    report.refresh_from_db()
    assert (report.status, report.rows_done) == ("ready", 2)
    content = default_storage.open(report.stored_as).read()
    if format == "csv":
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
        assert {row["Top-Up ID"] for row in rows} == {str(paid.pk), str(waiting.pk)}
        assert sum(int(row["Credited"] or 0) for row in rows) == available(scope) == paid.exact_amount
        assert str(foreign.pk) not in content.decode("utf-8-sig")


def test_a_big_statement_is_passed_over_in_one_go(scope):
    """Before anybody has told the planner how many lines there are, as right after an import."""
    top_up = ask(scope)
    with connections["operator"].cursor() as cursor:
        cursor.execute(MANY_LINES)
        cursor.execute("EXPLAIN " + matching.HOPELESS, [today(), matching.NEAR, matching.NEAR])
        plan = "\n".join(text for (text,) in cursor.fetchall())
    assert "statementline_reference" in plan
    assert "pkey on deposits_statementline o" not in plan
    paid = line(top_up.exact_amount)
    assert matching.match_due() == 1
    assert fate(paid) == ("credited", "")
    reasons = StatementLine.objects.using("operator").exclude(pk=paid.pk).values_list("status", "reason").distinct()
    assert set(reasons) == {("waiting", "unknown")}


MANY_LINES = """
INSERT INTO deposits_statementline (bank, mode, account, status, reason, booked_on, amount, description, sender,
    sender_bank, reference, fingerprint)
SELECT 'bca', 'live', '', 'new', '', current_date, 50000000 + g, 'TRSF', '', '', 'R' || g, md5(g::text) || md5('x' || g)
FROM generate_series(1, 20000) AS g
"""

STEPS = {
    "posted": (ledger, "top_up"),
    "closed": (topups, "close"),
    "moved": (states, "move"),
    "recorded": (events, "record"),
    "lined": (TopUpEvent, "save"),
    "logged": (Activity, "save"),
    "mailed": (mail, "send"),
}
"""What crediting does, one after the other."""


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_that_dies_between_two_steps_leaves_all_or_nothing(scope, monkeypatch, step):
    """Killed after the step, its connection is gone for the database; the next sweep credits once (trust: L6)."""
    module, name = STEPS[step]
    done = getattr(module, name)

    def and_die(*args, **how):
        done(*args, **how)
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        with connect("superuser") as superuser:
            superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1")

    top_up = mark(scope, ask(scope))
    paid = line(top_up.exact_amount)
    monkeypatch.setattr(module, name, and_die)
    assert matching.match_due() == 0
    connections["default"].close()
    assert fate(paid) == ("matched", "")
    assert (again(top_up).status, available(scope)) == ("checking", 0)
    assert not Message.objects.exists()
    monkeypatch.setattr(module, name, done)
    assert [matching.match_due() for _sweep in range(3)] == [1, 0, 0]
    assert fate(paid) == ("credited", "")
    assert available(scope) == top_up.exact_amount
    assert Message.objects.count() == 1
