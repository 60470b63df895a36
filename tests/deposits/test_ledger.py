"""Moving money: what the ledger does, and what it refuses (trust: L2, L7, L10)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from deposits import ledger
from deposits.ledger import Balance, LedgerOwner, Line, NewPosting, Source
from deposits.models import LARGEST_AMOUNT, Account, AccountKind, Entry, Posting, PostingKind, Turnover
from flipdash import clock, rls
from flipdash.actors import Actor
from tests.deposits.conftest import check_deferred, source

pytestmark = pytest.mark.django_db
A, H, C, F = AccountKind.AVAILABLE, AccountKind.HELD, AccountKind.CLEARING, AccountKind.FEES


def accounts() -> dict[str, int]:
    return {f"{a.kind} {a.detail}".strip(): a.balance for a in Account.objects.all()}


def test_a_transfer_that_succeeds(scope, top_up):
    top_up(1_000_000)
    transfer = source()
    ledger.hold(scope, transfer, amount=102_500, by=Actor.named("Rina Admin"))
    assert ledger.balance(scope) == Balance(available=897_500, held=102_500)
    assert ledger.balance(scope).total == 1_000_000
    ledger.capture(scope, transfer, amount=100_000, fee=2_500, rail="simulator")
    assert ledger.balance(scope) == Balance(available=897_500, held=0)
    assert accounts() == {
        "available": 897_500,
        "held": 0,
        "fees": 2_500,
        "clearing bca": -1_000_000,
        "clearing simulator": 100_000,
    }
    ledger.give_back(scope, transfer, amount=100_000, rail="simulator")
    assert ledger.balance(scope) == Balance(available=997_500, held=0)
    check_deferred()


def test_a_transfer_that_fails(scope, top_up):
    top_up()
    transfer = source()
    ledger.hold(scope, transfer, amount=50_000)
    ledger.release(scope, transfer, amount=50_000)
    assert ledger.balance(scope) == Balance(available=1_000_000, held=0)


def test_a_payment_is_settled_less_the_fee(scope, inside):
    ledger.settle(scope, source("payment"), amount=150_000, fee=4_000, channel="qris")
    assert accounts() == {"available": 146_000, "clearing qris": -150_000, "fees": 4_000}


def test_every_entry_says_the_balance_after_it(scope, top_up):
    for amount in (1_000, 2_000, 3_000):
        top_up(amount)
    entries = Entry.objects.visible_to(scope).filter(account__kind=A).order_by("seq")
    assert list(entries.values_list("seq", "amount", "balance_after")) == [
        (1, 1_000, 1_000),
        (2, 2_000, 3_000),
        (3, 3_000, 6_000),
    ]
    assert list(entries.order_by("created_at", "id")) == list(entries)


def test_each_hour_has_its_turnover_by_kind(scope, inside):
    """Of what is available and held alone; a capture moves only what is held."""
    at = datetime(2026, 11, 26, 16, 59, 59, tzinfo=UTC)
    for number, minutes in enumerate((0, 0, 1)):
        when = at + timedelta(minutes=minutes)
        ledger.top_up(scope, Source("top_up", number), amount=1_000, bank="bca", effective_at=when)
    ledger.hold(scope, Source("transfer", 1), amount=700, effective_at=at)
    ledger.capture(scope, Source("transfer", 1), amount=600, fee=100, rail="simulator", effective_at=at)
    first, second = at.replace(minute=0, second=0), at.replace(hour=17, minute=0, second=0)
    seen = Turnover.objects.visible_to(scope).values_list(
        "account__kind", "hour", "kind", "entries", "came_in", "went_out"
    )
    assert set(seen) == {
        ("available", first, "top_up", 2, 2_000, 0),
        ("available", second, "top_up", 1, 1_000, 0),
        ("available", second, "hold", 1, 0, 700),
        ("held", second, "hold", 1, 700, 0),
        ("held", second, "capture", 1, 0, 700),
    }
    ledger.top_up(scope, Source("top_up", 0), amount=1_000, bank="bca")
    assert seen.get(hour=first)[3] == 2, "the same once more"


def test_nothing_posted_is_nothing_to_spend(scope, inside):
    assert ledger.balance(scope) == Balance(0, 0)
    with pytest.raises(ledger.NotEnoughDeposit) as refused:
        ledger.hold(scope, source(), amount=1)
    assert (refused.value.account, refused.value.balance, refused.value.needed, refused.value.missing) == (
        "available",
        0,
        1,
        1,
    )
    assert not Posting.objects.exists()


def test_to_the_last_rupiah_and_not_one_more(scope, top_up):
    top_up(100_000)
    with pytest.raises(ledger.NotEnoughDeposit):
        ledger.hold(scope, source(), amount=100_001)
    ledger.hold(scope, source(), amount=100_000)
    assert ledger.balance(scope) == Balance(0, 100_000)


def test_the_same_once_more_changes_nothing(scope, top_up):
    top_up(100_000)
    transfer = source()
    first = ledger.hold(scope, transfer, amount=60_000)
    again = ledger.hold(scope, transfer, amount=60_000)
    assert (first.is_new, again.is_new, again.id) == (True, False, first.id)
    assert ledger.balance(scope) == Balance(40_000, 60_000)
    with pytest.raises(ledger.AlreadyPosted):
        ledger.hold(scope, transfer, amount=10_000)
    assert ledger.balance(scope) == Balance(40_000, 60_000)


def test_a_posting_says_what_it_was(scope, inside):
    long_ago = datetime(2025, 10, 26, 3, 0, tzinfo=UTC)
    posted = ledger.top_up(
        scope, Source("top_up", 7), amount=5_000_123, bank="bca", by=Actor.named("x" * 150), effective_at=long_ago
    )
    row = posted.row()
    assert (row.business_id, row.mode, row.currency, row.kind) == (scope.business.pk, "live", "IDR", "top_up")
    assert (row.source_type, row.source_id, row.by_name, row.effective_at) == ("top_up", 7, "x" * 100, long_ago)
    assert str(row.pk).startswith("251026030000")
    assert set(row.entries.values_list("created_at", flat=True)) == {long_ago}
    now = ledger.top_up(scope, source(), amount=1, bank="bca")
    assert abs(now.row().effective_at - clock.now()) < timedelta(minutes=1)


WRONG = {
    "empty": [],
    "one line": [Line(A, 5)],
    "not zero in sum": [Line(A, 5), Line(C, -4, "bca")],
    "a zero line": [Line(A, 5), Line(C, -5, "bca"), Line(F, 0)],
    "all zero": [Line(A, 0), Line(C, 0, "bca")],
    "too large": [Line(A, LARGEST_AMOUNT + 1), Line(C, -LARGEST_AMOUNT - 1, "bca")],
    "2^63 - 1": [Line(A, 2**63 - 1), Line(C, 1 - 2**63, "bca")],
    "over 2^63": [Line(A, 2**63), Line(C, -(2**63), "bca")],
    "a sum that wraps to zero": [Line(A, 2**62), Line(F, 2**62), Line(C, 2**62, "bca"), Line(C, 2**62, "bni")],
    "an account twice": [Line(A, 5), Line(A, 5), Line(C, -10, "bca")],
    "clearing without a rail": [Line(A, 5), Line(C, -5)],
    "available with a detail": [Line(A, 5, "x"), Line(C, -5, "bca")],
    "the operator's bank as ours": [Line(A, 5), Line(AccountKind.BANK, -5, "bca")],
    "into held": [Line(H, 5), Line(C, -5, "bca")],
    "a float": [Line(A, 5.0), Line(C, -5.0, "bca")],  # type: ignore[arg-type]  # that is refused
    "a bool": [Line(A, True), Line(C, -1, "bca")],
    "text": [Line(A, "5"), Line(C, -5, "bca")],  # type: ignore[arg-type]  # that is refused
}


@pytest.mark.parametrize("lines", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("many", [False, True])
def test_wrong_lines_are_refused(scope, inside, lines, many):
    """trust: L2, L10."""
    with pytest.raises(ledger.BadPosting):
        if many:
            ledger.post_many(scope, [NewPosting(PostingKind.REFUND, source(), lines)])
        else:
            ledger.post(scope, PostingKind.REFUND, source(), lines)
    assert not Posting.objects.exists()


def test_the_largest_amount_is_possible_and_the_largest_balance_is_not_passed(scope, top_up):
    """trust: L10. The sums near 2^63 are the database's to refuse."""
    top_up(LARGEST_AMOUNT)
    assert ledger.balance(scope).available == LARGEST_AMOUNT
    for _more in range(999):
        top_up(LARGEST_AMOUNT)
    assert ledger.balance(scope).available == 10**18
    with pytest.raises(ledger.BadPosting, match="account_balance_range"):
        top_up(1)


def test_a_refusal_undoes_only_the_posting(scope, top_up):
    with transaction.atomic():
        top_up(1_000)
        with pytest.raises(ledger.NotEnoughDeposit):
            ledger.hold(scope, source(), amount=2_000)
        top_up(500)
    assert ledger.balance(scope).available == 1_500


# --- Holds end once (trust: L7) -------------------------------------------------------------------------------


def test_a_hold_is_captured_or_released_never_both(scope, top_up):
    top_up()
    paid, failed = source(), source()
    for transfer in (paid, failed, source()):  # the last stays held: there would be enough to take it twice
        ledger.hold(scope, transfer, amount=100_000)
    first = ledger.capture(scope, paid, amount=97_500, fee=2_500, rail="simulator")
    ledger.release(scope, failed, amount=100_000)
    with pytest.raises(ledger.NotHeld):
        ledger.release(scope, paid, amount=100_000)
    with pytest.raises(ledger.NotHeld):
        ledger.capture(scope, failed, amount=97_500, fee=2_500, rail="simulator")
    assert ledger.capture(scope, paid, amount=97_500, fee=2_500, rail="simulator") == ledger.Posted(first.id, False)
    assert ledger.balance(scope) == Balance(800_000, 100_000)


@pytest.mark.parametrize("amount", [99_999, 100_001, 1])
def test_a_hold_ends_whole(scope, top_up, amount):
    top_up()
    transfer = source()
    ledger.hold(scope, transfer, amount=100_000)
    ledger.hold(scope, source(), amount=100_000)
    with pytest.raises(ledger.BadPosting):
        ledger.release(scope, transfer, amount=amount)
    with pytest.raises(ledger.BadPosting):
        ledger.capture(scope, transfer, amount=amount, fee=0, rail="simulator")


def test_what_was_never_held_is_not_captured(scope, top_up):
    top_up()
    ledger.hold(scope, source(), amount=100_000)
    with pytest.raises(ledger.NotHeld):
        ledger.capture(scope, source(), amount=97_500, fee=2_500, rail="simulator")


def test_held_money_moves_by_no_other_kind(scope, top_up):
    top_up()
    ledger.hold(scope, source(), amount=100_000)
    for kind in (PostingKind.TOP_UP, PostingKind.RETURN, PostingKind.REFUND):
        with pytest.raises(ledger.BadPosting):
            ledger.post(scope, kind, source(), ledger.release_lines(100_000))
    with pytest.raises(ledger.BadPosting):
        ledger.post(scope, PostingKind.HOLD, source(), ledger.release_lines(100_000))


# --- Reversal --------------------------------------------------------------------------------------------------


def test_a_posting_is_reversed_once(scope, top_up):
    """trust: L7."""
    wrong = top_up(70_000)
    top_up(100_000)
    undone = ledger.reverse(scope, wrong.id, by=Actor.named("Operator"))
    again = ledger.reverse(scope, wrong.id)
    assert (undone.is_new, again) == (True, ledger.Posted(undone.id, False))
    assert ledger.balance(scope).available == 100_000
    assert undone.row().reverses_id == wrong.id


def test_spent_money_is_not_reversed(scope, top_up):
    posted = top_up(70_000)
    ledger.hold(scope, source(), amount=1)
    with pytest.raises(ledger.NotEnoughDeposit):
        ledger.reverse(scope, posted.id)


def test_what_is_not_reversed(scope, top_up, toko_sebelah):
    undone = ledger.reverse(scope, top_up().id)
    top_up()
    transfer = source()
    held = ledger.hold(scope, transfer, amount=10_000)
    paid = ledger.capture(scope, transfer, amount=10_000, fee=0, rail="simulator")
    foreign = LedgerOwner(toko_sebelah, "live")
    with rls.inside_of(toko_sebelah.pk, "live"):
        theirs = ledger.top_up(foreign, source(), amount=5_000, bank="bca")
    other_mode = LedgerOwner(scope.business, "test")
    with rls.inside_of(scope.business.pk, "test"):
        tests = ledger.top_up(other_mode, source(), amount=5_000, bank="bca")
    for posting_id in (undone.id, held.id, paid.id, theirs.id, tests.id, 12):
        with pytest.raises(ledger.NotReversible):
            ledger.reverse(scope, posting_id)
    with pytest.raises(ledger.NotReversible):
        ledger.post(scope, PostingKind.REVERSAL, Source("money_transfer", theirs.id), [])


# --- Many at once ------------------------------------------------------------------------------------------------


def test_many_in_one_call(scope, inside):
    sources = [source("top_up") for _n in range(50)]
    postings = [
        NewPosting(
            PostingKind.TOP_UP, s, ledger.top_up_lines(1_000, "bca"), by=Actor.named("Seed"), effective_at=clock.now()
        )
        for s in sources
    ]
    posted = ledger.post_many(scope, postings)
    assert [p.is_new for p in posted] == [True] * 50
    assert [p.row().source_id for p in posted] == [s.id for s in sources]
    assert ledger.balance(scope).available == 50_000
    assert [p.is_new for p in ledger.post_many(scope, postings)] == [False] * 50
    assert ledger.post_many(scope, []) == []
    check_deferred()


def test_many_are_all_or_none(scope, top_up):
    top_up(1_500)
    postings = [NewPosting(PostingKind.HOLD, source(), ledger.hold_lines(1_000)) for _n in range(2)]
    with pytest.raises(ledger.NotEnoughDeposit):
        ledger.post_many(scope, postings)
    assert ledger.balance(scope) == Balance(1_500, 0)


# --- The operator ------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
def test_the_operator_moves_fees_and_bank_in_bulk(scope):
    with rls.inside(scope):
        ledger.settle(scope, source("payment"), amount=150_000, fee=4_000, channel="qris")
    lines = [Line(F, -4_000), Line(F, 4_000, is_operators=True)]
    lines += [Line(C, 150_000, "qris"), Line(AccountKind.BANK, -150_000, "bca", is_operators=True)]
    swept = ledger.post(scope, PostingKind.SWEEP, Source("day", 20261125), lines, using="operator")
    own = LedgerOwner(None, "live")
    ledger.post(
        own,
        PostingKind.ADJUSTMENT,
        Source("bank_line", 1),
        [Line(AccountKind.BANK, 9, "bca"), Line(AccountKind.UNMATCHED, -9, "bca")],
        using="operator",
    )
    again = ledger.post(
        own,
        PostingKind.ADJUSTMENT,
        Source("bank_line", 1),
        [Line(AccountKind.BANK, 9, "bca"), Line(AccountKind.UNMATCHED, -9, "bca")],
        using="operator",
    )
    assert not again.is_new
    mine = Account.objects.using("operator").filter(business=None)
    assert {(a.kind, a.balance) for a in mine} == {("fees", 4_000), ("bank", -149_991), ("unmatched", -9)}
    ledger.reverse(scope, swept.id, using="operator")
    assert {(a.kind, a.balance) for a in mine.all()} == {("fees", 0), ("bank", 9), ("unmatched", -9)}
    with rls.inside(scope):
        assert {a.kind for a in Account.objects.all()} == {"available", "clearing", "fees"}


def test_the_app_role_is_not_the_operator(scope, inside):
    own = LedgerOwner(None, "live")
    with pytest.raises(ledger.OutsideScope):
        ledger.post(own, PostingKind.REFUND, source(), [Line(AccountKind.BANK, 9, "a"), Line(F, -9)])


BY_HAND = (PostingKind.OPENING, PostingKind.ADJUSTMENT, PostingKind.SWEEP, PostingKind.WITHDRAWAL)


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("kind", BY_HAND)
def test_what_no_document_stands_behind_is_the_operators_alone(scope, top_up, kind, many):
    """attack.md A13."""
    top_up(100)
    for lines in ([Line(A, 9), Line(C, -9, "bca")], [Line(A, -9), Line(C, 9, "bca")]):
        with pytest.raises(ledger.OutsideScope, match="only the operator"):
            if many:
                ledger.post_many(scope, [NewPosting(kind, source(), lines)])
            else:
                ledger.post(scope, kind, source(), lines)
    assert ledger.balance(scope).available == 100


OPERATORS = {
    "from the bank": Line(AccountKind.BANK, -9, "bca", is_operators=True),
    "from a deposit of its own": Line(A, -9, is_operators=True),
    "from fees": Line(F, -9, is_operators=True),
    "from what nobody knows": Line(AccountKind.UNMATCHED, -9, "bca", is_operators=True),
}


@pytest.mark.parametrize("line", OPERATORS.values(), ids=OPERATORS)
@pytest.mark.parametrize("kind", [kind for kind in PostingKind if kind != PostingKind.REVERSAL])
def test_the_app_role_moves_no_account_of_the_operator(scope, inside, kind, line):
    """attack.md A13: it once took money from the operator's bank account into a deposit."""
    with pytest.raises(ledger.OutsideScope, match="only the operator"):
        ledger.post(scope, kind, source(), [Line(A, 9), line])
    assert not Posting.objects.exists()


@pytest.mark.django_db(transaction=True, databases=["default", "operator"])
@pytest.mark.parametrize("kind", BY_HAND)
def test_nor_does_it_reverse_what_the_operator_posted(scope, kind):
    posted = ledger.post(scope, kind, source(), [Line(A, 9), Line(C, -9, "bca")], using="operator")
    with rls.inside(scope), pytest.raises(ledger.OutsideScope, match="only the operator reverses"):
        ledger.reverse(scope, posted.id)
    assert ledger.reverse(scope, posted.id, using="operator").is_new


def test_time_never_steps_back_on_an_account(scope, inside):
    """A clock that steps back, or what happened earlier and is posted late: entries stand in their order."""
    later = clock.now() + timedelta(hours=1)
    first = ledger.top_up(scope, source("top_up"), amount=1_000_000, bank="bca", effective_at=later)
    second = ledger.hold(scope, source(), amount=1_000, effective_at=later - timedelta(days=90))
    third = ledger.hold(scope, source(), amount=1_000)
    assert [posted.row().effective_at for posted in (first, second, third)] == [later] * 3
    entries = Entry.objects.visible_to(scope).filter(account__kind=AccountKind.AVAILABLE).order_by("created_at", "id")
    assert [entry.balance_after for entry in entries] == [1_000_000, 999_000, 998_000]
