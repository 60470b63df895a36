"""A transfer's life: made, approved, held, sent, answered; and all that stops it (trust: L6, L8, M1-M3, M6, Q2)."""

import io
import uuid
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models.functions import Now

from accounts import operators
from accounts.models import Activity, Member
from accounts.permissions import Permission, Role
from accounts.rights import NotAllowed
from deposits import ledger
from deposits.ledger import Balance
from flipdash import clock, rls, states
from flipdash.actors import SYSTEM
from tests import factories
from tests.leased import let_time_pass
from tests.transactions.sending import (
    answer,
    approve,
    create,
    draft,
    fund,
    let_it_arrive,
    let_its_date_come,
    lines,
    send,
    told,
)
from transactions import rails
from transactions.models import BankPace, MoneyTransfer, RailCase, RailOrder, SimulatedPayout, Status
from transactions.outgoing import acts, answers, cases, orders, sweeps
from transactions.outgoing.orders import ORDERS
from transactions.outgoing.refusals import (
    Changed,
    MayBeTwice,
    NothingSends,
    NotWaiting,
    SecondPersonNeeded,
    ShortOfMoney,
)
from transactions.rails import Answer, KeyReused, NoAnswer, Outcome, RailDown, simulator
from transactions.reasons import Reason
from transactions.transfers import services
from transactions.transfers.services import MONEY_TRANSFERS, NameDiffers

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]


@pytest.fixture
def maker(kopi_kita):
    return factories.make_member(kopi_kita, Role.MAKER)


@pytest.fixture
def approver(kopi_kita):
    return factories.make_member(kopi_kita, Role.APPROVER)


@pytest.fixture
def money(kopi_kita):
    """Ten million rupiah."""
    fund(kopi_kita)
    return kopi_kita


def balance(business):
    with rls.inside_of(business.pk, "live"):
        return ledger.balance(ledger.LedgerOwner(business, "live"))


def again(transfer):
    return MoneyTransfer.objects.get(pk=transfer.pk)


def status(transfer):
    return again(transfer).status


WHOLE = 87_500


def test_from_maker_to_beneficiary(money, maker, approver):
    transfer = create(maker, internal_reference="PO-1")
    assert (transfer.status, transfer.maker, transfer.fee) == (Status.PENDING_APPROVAL, maker.actor, 2_500)
    assert balance(money) == Balance(10_000_000, 0)
    approve(approver, transfer)
    assert balance(money) == Balance(10_000_000 - WHOLE, WHOLE)
    assert (status(transfer), again(transfer).approver) == (Status.PROCESSING, approver.actor)
    send()
    assert lines(transfer) == ["created", "approved", "sent"]
    answer()
    found = again(transfer)
    assert (found.status, bool(found.completed_at), bool(found.bank_reference)) == (Status.SUCCESSFUL, True, True)
    assert balance(money) == Balance(10_000_000 - WHOLE, 0)
    assert lines(transfer) == ["created", "approved", "sent", "successful"]
    assert told(transfer) == 1
    assert RailOrder.objects.get().status == "done"
    kinds = Activity.objects.using("operator").filter(kind__startswith="transfer.").order_by("id")
    assert list(kinds.values_list("kind", "by_name")) == [
        ("transfer.created", maker.name),
        ("transfer.approved", approver.name),
        ("transfer.sent", SYSTEM.name),
        ("transfer.successful", SYSTEM.name),
    ]


@pytest.mark.parametrize(
    ("account", "reason"), [("0012349001", "account_not_found"), ("0012349003", "account_blocked")]
)
def test_what_fails_comes_back_whole_and_at_once(money, maker, approver, account, reason):
    transfer = create(maker, account_number=account)
    approve(approver, transfer)
    let_it_arrive()
    found = again(transfer)
    assert (found.status, found.reason, found.completed_at) == (Status.FAILED, reason, None)
    assert balance(money) == Balance(10_000_000, 0)
    assert lines(transfer) == ["created", "approved", "sent", "failed"]


def test_who_may_approve_what_they_make_sends_it_at_once(money, admin):
    transfer = create(admin)
    assert (transfer.status, transfer.approver) == (Status.PROCESSING, admin.actor)
    assert lines(transfer) == ["created", "approved"]


def test_the_second_person_rule_holds_from_its_amount_on(money, admin, approver):
    """trust: M2."""
    money.second_person_required, money.second_person_from = True, 100_000
    money.save()
    small, large = create(admin, amount=99_999), create(admin, amount=100_000)
    assert (small.status, large.status) == (Status.PROCESSING, Status.PENDING_APPROVAL)
    with pytest.raises(SecondPersonNeeded):
        approve(admin, large)
    admin.role = Role.EXECUTOR
    admin.save()
    with pytest.raises(SecondPersonNeeded):
        approve(admin, large)
    assert (status(large), balance(money).held) == (Status.PENDING_APPROVAL, 102_499)
    approve(approver, large)
    assert status(large) == Status.PROCESSING


def test_one_form_makes_one_transfer(money, maker):
    """trust: L6."""
    key, scope = uuid.uuid4(), maker.scope("live")
    with rls.inside(scope):
        first = services.create(scope, draft(), made_key=key)
        second = services.create(scope, draft(amount=99_000), made_key=key)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.transfer == second.transfer
    assert MoneyTransfer.objects.count() == 1


def test_the_same_made_key_in_another_business_or_mode_is_another(money, maker, stranger):
    key = uuid.uuid4()
    for scope in (maker.scope("live"), maker.scope("test"), stranger.scope("live")):
        if scope.business != money:
            fund(scope.business)
        with rls.inside(scope):
            assert services.create(scope, draft(), made_key=key).is_new


@pytest.mark.parametrize("role", [Role.APPROVER, Role.REVIEWER, Role.CUSTOMER_SERVICE, Role.DEPOSIT_ADMIN])
def test_who_may_not_create_makes_nothing(money, kopi_kita, role):
    with pytest.raises(NotAllowed):
        create(factories.make_member(kopi_kita, role))
    assert not MoneyTransfer.objects.exists()


def test_short_of_money_nothing_is_approved_and_it_says_by_how_much(kopi_kita, maker, approver, admin):
    fund(kopi_kita, 87_499)
    transfer = create(maker)
    with pytest.raises(ShortOfMoney, match="short of Rp1: Rp87,499 is available") as refused:
        approve(approver, transfer)
    assert refused.value.missing == 1
    assert (status(transfer), balance(kopi_kita)) == (Status.PENDING_APPROVAL, Balance(87_499, 0))
    with pytest.raises(ShortOfMoney):
        create(admin)
    assert MoneyTransfer.objects.count() == 1, "who approves by making makes nothing either"


def test_without_a_rail_nothing_is_approved(money, maker, approver, settings):
    settings.RAILS = {**settings.RAILS, "live": "none"}
    transfer = create(maker)
    with pytest.raises(NothingSends):
        approve(approver, transfer)
    assert (status(transfer), balance(money).held) == (Status.PENDING_APPROVAL, 0)


def test_what_changed_since_it_was_seen_is_asked_again(money, maker, approver):
    """trust: M3. Nothing in the dashboard changes a transfer that waits; the digest holds whatever does."""
    transfer = create(maker)
    scope = approver.scope("live")
    seen = MONEY_TRANSFERS.digest_of(scope, transfer)
    MoneyTransfer.objects.filter(pk=transfer.pk).update(account_number="0012345679")
    with pytest.raises(Changed):
        approve(approver, transfer, seen=seen)
    assert status(transfer) == Status.PENDING_APPROVAL


def test_a_possible_duplicate_wants_a_yes_of_both_and_a_new_one_changes_what_was_seen(money, maker, approver):
    first = create(maker)
    with pytest.raises(MayBeTwice):
        create(maker, is_sure=False)
    second = create(maker)
    scope = approver.scope("live")
    with rls.inside(scope):
        seen = MONEY_TRANSFERS.digest_of(scope, second)
        assert [twin.pk for twin in MONEY_TRANSFERS.duplicates(scope, second)] == [first.pk]
    with pytest.raises(MayBeTwice):
        approve(approver, second, sure=False)
    third = create(maker, account_number="0099999999", amount=50_000, internal_reference="A-1")
    assert again(third).status == Status.PENDING_APPROVAL
    create(maker)
    with pytest.raises(Changed):
        approve(approver, second, seen=seen)


def test_what_counts_as_a_duplicate(money, maker, approver, toko_sebelah):
    scope = maker.scope("live")

    def found(**fields):
        with rls.inside(scope):
            return {row.pk for row in services.twins_of_draft(scope, draft(**fields))}

    same = factories.make_transfer(money, via="api")
    by_reference = factories.make_transfer(money, account_number="1", amount=1, internal_reference="INV-7")
    old = timedelta(days=31)
    factories.make_transfer(money, created_at=clock.now() - old)
    factories.make_transfer(money, status=Status.FAILED)
    factories.make_transfer(money, status=Status.CANCELLED)
    factories.make_transfer(money, returned_at=clock.now())
    factories.make_transfer(money, mode="test")
    factories.make_transfer(money, bank="bri")
    factories.make_transfer(money, amount=85_001)
    factories.make_transfer(toko_sebelah)
    assert found() == {same.pk}
    assert found(internal_reference="INV-7") == {same.pk, by_reference.pk}
    assert found(internal_reference="INV-7", amount=1) == {by_reference.pk}


def test_a_name_that_differs_wants_a_reason(money, maker):
    with pytest.raises(NameDiffers):
        create(maker, beneficiary_name="Siti Rahmawati", holder_name="BUDI SANTOSO")
    made = create(maker, beneficiary_name="Siti Rahmawati", holder_name="BUDI SANTOSO", name_reason="Her husband's")
    assert made.name_reason == "Her husband's"
    assert create(maker, beneficiary_name="Siti", holder_name="SITI", name_reason="x").name_reason == ""
    assert create(maker, beneficiary_name="", holder_name="SITI RAHMAWATI").beneficiary_name == "SITI RAHMAWATI"


# --- Stopped ---


def test_rejected_with_a_reason_in_words(money, maker, approver):
    transfer = create(maker)
    scope = approver.scope("live")
    with rls.inside(scope):
        acts.reject(scope, MONEY_TRANSFERS, transfer.pk, reason=Reason.WRONG_AMOUNT, note="It is 58.000")
        with pytest.raises(NotWaiting):
            acts.reject(scope, MONEY_TRANSFERS, transfer.pk)
    with pytest.raises(NotWaiting):
        approve(approver, transfer)
    found = again(transfer)
    assert (found.status, found.reason, found.approver) == (Status.CANCELLED, "wrong_amount", None)
    line = transfer.events.get(kind="rejected")
    assert (line.who, line.note) == (approver.name, "It is 58.000")


def test_whoever_made_it_cancels_it_and_whoever_may_approve_cancels_anybodys(money, kopi_kita, maker, admin, approver):
    other = factories.make_member(kopi_kita, Role.MAKER)
    first, second = create(maker), create(maker)

    def cancel(who, transfer):
        scope = who.scope("live")
        with rls.inside(scope):
            acts.cancel(scope, MONEY_TRANSFERS, transfer.pk)

    for nobody in (other, approver):
        with pytest.raises(NotAllowed):
            cancel(nobody, first)
    cancel(maker, first)
    cancel(admin, second)
    assert (status(first), status(second)) == (Status.CANCELLED, Status.CANCELLED)


def test_what_is_on_its_way_is_not_stopped(money, maker, approver):
    transfer = create(maker)
    approve(approver, transfer)
    scope = maker.scope("live")
    with rls.inside(scope), pytest.raises(NotWaiting, match="on its way"):
        acts.cancel(scope, MONEY_TRANSFERS, transfer.pk)


def test_a_right_lost_between_page_and_act_is_asked_again(money, maker, approver):
    """trust: R4."""
    transfer, scope = create(maker), approver.scope("live")
    approver.role = Role.REVIEWER
    approver.save()
    with pytest.raises(NotAllowed):
        approve(scope, transfer)
    assert status(transfer) == Status.PENDING_APPROVAL


@pytest.mark.parametrize("mode", ["live", "test"])
def test_another_business_or_mode_finds_nothing(money, maker, stranger, approver, mode):
    """trust: W1."""
    transfer = create(maker)
    scope = (stranger if mode == "live" else approver).scope(mode)
    for act in (acts.reject, acts.cancel, lambda *args: acts.approve(*args, seen="")):
        with rls.inside(scope), pytest.raises(MoneyTransfer.DoesNotExist), transaction.atomic():
            act(scope, MONEY_TRANSFERS, transfer.pk)


def test_what_nobody_approves_in_a_week_ends(money, maker):
    transfer, young = create(maker), create(maker)
    MoneyTransfer.objects.filter(pk=young.pk)
    old = factories.make_transfer(
        money, status=Status.PENDING_APPROVAL, created_at=clock.now() - timedelta(days=7, minutes=1)
    )
    ORDERS.sweep()
    assert (status(old), again(old).reason) == (Status.CANCELLED, "not_approved")
    assert lines(old) == ["cancelled"]
    assert (status(transfer), status(young)) == (Status.PENDING_APPROVAL,) * 2


# --- On a date ---


def tomorrow(scope):
    return scope.now().astimezone(scope.zone).date() + timedelta(days=1)


def test_it_waits_for_its_date_with_its_money_held_and_goes_then(money, maker, approver):
    transfer = create(maker, send_on=tomorrow(maker.scope("live")))
    local = transfer.send_at.astimezone(maker.scope("live").zone)
    assert (local.hour, local.date()) == (9, tomorrow(maker.scope("live")))
    approve(approver, transfer)
    assert (status(transfer), balance(money).held) == (Status.SCHEDULED, WHOLE)
    ORDERS.sweep()
    assert not RailOrder.objects.exists()
    let_its_date_come(transfer)
    ORDERS.sweep()
    assert status(transfer) == Status.PROCESSING
    ORDERS.sweep()
    let_it_arrive()
    assert lines(transfer) == ["created", "approved", "due", "sent", "successful"]
    assert (balance(money).held, told(transfer)) == (0, 1)


def test_what_is_cancelled_before_its_date_comes_back(money, maker, approver):
    transfer = create(maker, send_on=tomorrow(maker.scope("live")))
    approve(approver, transfer)
    scope = approver.scope("live")
    with rls.inside(scope):
        acts.reject(scope, MONEY_TRANSFERS, transfer.pk, note="Not this month")
    assert (status(transfer), balance(money)) == (Status.CANCELLED, Balance(10_000_000, 0))


def test_who_may_no_longer_approve_sends_nothing_later(money, maker, approver):
    """trust: Q2."""
    transfer = create(maker, send_on=tomorrow(maker.scope("live")))
    approve(approver, transfer)
    approver.role = Role.REVIEWER
    approver.save()
    let_its_date_come(transfer)
    ORDERS.sweep()
    assert (status(transfer), balance(money)) == (Status.CANCELLED, Balance(10_000_000, 0))
    assert transfer.events.get(kind="cancelled").note


def test_today_is_at_once_and_yesterday_is_no_day(money, maker):
    scope = maker.scope("live")
    today = tomorrow(scope) - timedelta(days=1)
    assert services.moment_of(scope, today) is None
    for wrong in (today - timedelta(days=1), today + timedelta(days=367)):
        with pytest.raises(services.WrongDate):
            services.moment_of(scope, wrong)


# --- Answers ---


@pytest.fixture
def on_its_way(money, maker, approver):
    transfer = create(maker)
    approve(approver, transfer)
    return transfer


def key_of(transfer):
    return MONEY_TRANSFERS.key_of(transfer)


def ask():
    """Let time pass until the rail is asked, and ask."""
    let_time_pass(ORDERS)
    send()


def test_a_lost_answer_is_asked_for_and_nothing_is_sent_twice(money, maker, approver):
    """trust: L8."""
    transfer = create(maker, account_number="0012349007")
    approve(approver, transfer)
    send()
    assert (lines(transfer), status(transfer)) == (["created", "approved"], Status.PROCESSING)
    answer()
    ask()
    assert (status(transfer), told(transfer)) == (Status.SUCCESSFUL, 1)


def test_an_answer_that_comes_only_when_asked(on_its_way, monkeypatch):
    monkeypatch.setattr(rails, "_listeners", [])
    let_it_arrive()
    assert status(on_its_way) == Status.PROCESSING
    ask()
    assert (status(on_its_way), told(on_its_way)) == (Status.SUCCESSFUL, 1)
    assert SimulatedPayout.objects.get().asked == 1


def test_killed_before_it_was_told_it_is_asked_for_and_then_sent(on_its_way):
    order = ORDERS.claim()
    ORDERS.note(order, told_at=Now())
    let_time_pass(ORDERS)
    let_it_arrive()
    assert (status(on_its_way), told(on_its_way), SimulatedPayout.objects.get().asked) == (Status.SUCCESSFUL, 1, 0)


def test_killed_after_it_was_told_it_is_asked_for_and_not_sent_again(on_its_way):
    order = ORDERS.claim()
    ORDERS.note(order, told_at=Now())
    simulator.RAIL.send(MONEY_TRANSFERS.payout(order.key, on_its_way))
    let_time_pass(ORDERS)
    let_it_arrive()
    assert (status(on_its_way), told(on_its_way), SimulatedPayout.objects.get().asked) == (Status.SUCCESSFUL, 1, 1)
    assert lines(on_its_way) == ["created", "approved", "sent", "successful"]


def test_what_a_rail_had_and_forgot_is_never_sent_again_but_opens_one_case(on_its_way, money, monkeypatch):
    """trust: L8. It may have been paid: whoever forgets it doesn't know the key either, and would pay twice."""
    send()
    monkeypatch.setattr(simulator.RAIL, "status", lambda key: Answer(Outcome.UNKNOWN), raising=False)
    for _turn in range(3):
        ask()
    assert told(on_its_way) == 1
    assert list(RailCase.objects.values_list("kind", "was", "said")) == [("contradiction", "processing", "unknown")]
    assert (status(on_its_way), balance(money).held) == (Status.PROCESSING, WHOLE)
    order = RailOrder.objects.get()
    assert (order.status, order.attempt) == ("sent", 4), "asking goes on"


def test_what_a_rail_says_that_it_never_got_counts_as_unsent(on_its_way, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(simulator.RAIL, "send", lambda payout: Answer(Outcome.UNKNOWN), raising=False)
        send()
    assert RailOrder.objects.get().sent_at is None
    ask()
    assert (told(on_its_way), lines(on_its_way)) == (1, ["created", "approved", "sent"])


def test_an_answer_that_is_faster_than_the_note_that_it_was_sent(on_its_way, monkeypatch):
    def answer_at_once(payout):
        answers.take(payout.key, Answer(Outcome.SUCCESSFUL))
        return Answer(Outcome.PENDING)

    monkeypatch.setattr(simulator.RAIL, "send", answer_at_once, raising=False)
    send()
    assert lines(on_its_way) == ["created", "approved", "sent", "successful"]
    assert RailOrder.objects.get().status == "done"


@pytest.mark.parametrize("first", [Outcome.SUCCESSFUL, Outcome.FAILED])
@pytest.mark.parametrize(
    "second", [Outcome.SUCCESSFUL, Outcome.FAILED, Outcome.PENDING, Outcome.UNKNOWN, Outcome.RETURNED]
)
def test_the_first_final_answer_wins_and_what_contradicts_opens_one_case(on_its_way, money, first, second):
    """trust: L8."""
    send()
    for said in (first, second, second):
        answers.take(key_of(on_its_way), Answer(said, "bank_refused" if said == Outcome.FAILED else ""))
    ended = {Outcome.SUCCESSFUL: Status.SUCCESSFUL, Outcome.FAILED: Status.FAILED}[first]
    assert status(on_its_way) == ended
    assert balance(money) == Balance(10_000_000 - (WHOLE if first == Outcome.SUCCESSFUL else 0), 0)
    contradicts = second not in (first, Outcome.PENDING, Outcome.UNKNOWN)
    assert RailCase.objects.count() == contradicts
    is_opposite = {first, second} == {Outcome.SUCCESSFUL, Outcome.FAILED}
    assert lines(on_its_way)[3:] == [ended, *(["disputed"] if is_opposite else [])]


def test_an_answer_for_what_nobody_sent_changes_nothing(db):
    answers.take("money_transfer-1", Answer(Outcome.SUCCESSFUL))
    assert not RailCase.objects.exists()


@pytest.mark.parametrize("is_asked", [True, False])
def test_what_came_back_before_anybody_heard_that_it_arrived(on_its_way, money, admin, monkeypatch, is_asked):
    """trust: L8, Q5. It had arrived, so it is Successful; what came back waits for a person, as ever."""
    send()
    came_back = Answer(Outcome.RETURNED, "", "BCA-1")
    if is_asked:
        monkeypatch.setattr(simulator.RAIL, "status", lambda key: came_back, raising=False)
        ask()
    else:
        answers.take(key_of(on_its_way), came_back)
    answers.take(key_of(on_its_way), came_back)
    answers.take(key_of(on_its_way), Answer(Outcome.SUCCESSFUL))
    found = again(on_its_way)
    assert (found.status, found.bank_reference, bool(found.completed_at)) == (Status.SUCCESSFUL, "BCA-1", True)
    assert RailOrder.objects.get().status == "done"
    case = RailCase.objects.get()
    assert (case.kind, case.was, case.said) == ("returned", "successful", "returned")
    assert balance(money) == Balance(10_000_000 - WHOLE, 0)
    assert cases.credit(case, by=admin.user)
    assert balance(money) == Balance(10_000_000 - 2_500, 0)


def test_the_simulators_own_contradiction_and_return(money, maker, approver):
    for account in ("0012349008", "0012349009"):
        approve(approver, create(maker, account_number=account))
    let_it_arrive()
    assert sorted(RailCase.objects.values_list("kind", "was", "said")) == [
        ("contradiction", "successful", "failed"),
        ("returned", "successful", "returned"),
    ]
    assert set(MoneyTransfer.objects.values_list("status", flat=True)) == {"successful"}


def test_what_came_back_is_credited_by_a_person_and_once(money, maker, approver, admin):
    """trust: Q5."""
    transfer = create(maker, account_number="0012349009")
    approve(approver, transfer)
    let_it_arrive()
    assert balance(money) == Balance(10_000_000 - WHOLE, 0)
    case, by = RailCase.objects.get(), _operator(admin)
    assert answers.credit_return(case, by=by)
    assert not answers.credit_return(case, by=by)
    assert balance(money) == Balance(10_000_000 - 2_500, 0), "the fee stays paid"
    assert again(transfer).returned_at
    assert lines(transfer)[-1] == "returned"


def test_what_banks_kept_of_what_came_back_stays_paid(money, maker, approver, admin):
    """trust: Q5, M4. The deposit gets what came back and no more, and the books stand."""
    transfer = create(maker, account_number="0012349011")
    approve(approver, transfer)
    let_it_arrive()
    case = RailCase.objects.get()
    assert (case.kind, case.amount) == ("returned", transfer.amount - simulator.KEPT)
    answers.take(key_of(transfer), Answer(Outcome.RETURNED, amount=transfer.amount - simulator.KEPT))
    assert RailCase.objects.count() == 1, "the same once more says nothing new"
    assert cases.credit(case, by=admin.user)
    assert balance(money) == Balance(10_000_000 - 2_500 - simulator.KEPT, 0)
    answers.take(key_of(transfer), Answer(Outcome.RETURNED))
    assert sorted(RailCase.objects.values_list("kind", "said", "status")) == [
        ("contradiction", "returned", "open"),
        ("returned", "returned", "closed"),
    ], "another sum than before is for a person"
    assert balance(money) == Balance(10_000_000 - 2_500 - simulator.KEPT, 0)
    call_command("check_ledger", stdout=io.StringIO())


def test_of_two_sums_that_are_said_to_have_come_back_a_person_chooses(on_its_way, money, admin):
    """trust: Q5. Neither is credited while both stand; each further word has a case of its own."""
    send()
    for amount in (None, 80_000, None, 70_000, 80_000):
        answers.take(key_of(on_its_way), Answer(Outcome.RETURNED, amount=amount))
    first, second, third = RailCase.objects.order_by("pk")
    assert [case.amount for case in (first, second, third)] == [None, 80_000, 70_000]
    with pytest.raises(states.MoveRefused, match="isn't so first"):
        cases.credit(first, by=admin.user)
    assert balance(money) == Balance(10_000_000 - WHOLE, 0)
    assert cases.close(first, by=admin.user)
    assert cases.close(third, by=admin.user)
    with pytest.raises(states.MoveRefused, match="closed"):
        cases.credit(first, by=admin.user)
    assert cases.credit(second, by=admin.user)
    assert balance(money) == Balance(10_000_000 - WHOLE + 80_000, 0)
    assert again(on_its_way).came_back == 80_000
    call_command("check_ledger", stdout=io.StringIO())


def test_no_more_comes_back_than_was_sent(on_its_way, money, admin):
    send()
    answers.take(key_of(on_its_way), Answer(Outcome.RETURNED, amount=on_its_way.amount + 1))
    with pytest.raises(states.MoveRefused, match="came back, and"):
        cases.credit(RailCase.objects.get(), by=admin.user)
    assert RailCase.objects.get().status == "open"
    assert balance(money) == Balance(10_000_000 - WHOLE, 0)


@pytest.mark.parametrize(
    ("outcome", "amount"), [(Outcome.SUCCESSFUL, 1), (Outcome.RETURNED, 0), (Outcome.RETURNED, -1)]
)
def test_a_sum_that_cannot_have_come_back_is_no_answer(outcome, amount):
    with pytest.raises(ValueError, match="rupiah of what is"):
        Answer(outcome, amount=amount)


def _operator(admin):
    return operators.scope(admin.user, admin.business, "live")


def test_a_case_is_closed_once_by_name(money, maker, approver, admin):
    approve(approver, create(maker, account_number="0012349009"))
    let_it_arrive()
    case = RailCase.objects.get()
    assert cases.credit(case, by=admin.user)
    assert not cases.close(case, by=admin.user)
    assert not cases.credit(case, by=admin.user)
    case.refresh_from_db()
    assert (case.status, case.closer_kind, case.closer_name) == ("closed", "operator", admin.user.name)
    assert balance(money) == Balance(10_000_000 - 2_500, 0)


def test_what_never_arrived_is_not_credited(on_its_way, admin):
    send()
    answers.take(key_of(on_its_way), Answer(Outcome.FAILED))
    answers.take(key_of(on_its_way), Answer(Outcome.RETURNED))
    with pytest.raises(states.MoveRefused):
        answers.credit_return(RailCase.objects.get(kind="returned"), by=_operator(admin))


def test_a_bank_that_goes_bad_slows_its_own_queue_and_no_other(money, maker, approver, monkeypatch):
    bad = [create(maker, account_number="0012349010") for _n in range(3)]
    good = create(maker, bank="bni")
    for transfer in (*bad, good):
        approve(approver, transfer)
    send()
    assert [order.attempt for order in RailOrder.objects.filter(bank="bca").order_by("id")] == [1, 0, 0], "one tried it"
    assert RailOrder.objects.get(bank="bni").sent_at
    let_time_pass(ORDERS)
    send()
    pace = BankPace.objects.get()
    assert (pace.bank, pace.troubles) == ("bca", 1)
    BankPace.objects.update(until=Now())
    let_time_pass(ORDERS)
    send()
    pace.refresh_from_db()
    assert pace.troubles == 2
    assert pace.until > clock.now() + orders.PAUSE
    monkeypatch.setattr(simulator, "BUSY", "never")
    BankPace.objects.update(until=Now())
    let_time_pass(ORDERS)
    send()
    pace.refresh_from_db()
    assert pace.troubles == 0, "it answers again"
    answer()
    assert set(MoneyTransfer.objects.values_list("status", flat=True)) == {"successful"}


def test_one_bank_never_has_all_workers(money, maker, approver, settings):
    settings.WORKERS = orders.MOST_AT_ONCE + 1
    for number in range(orders.MOST_AT_ONCE + 1):
        approve(approver, create(maker, account_number=f"001234567{number}"))
    approve(approver, create(maker, bank="bni"))
    claimed = [ORDERS.claim().bank for _n in range(orders.MOST_AT_ONCE + 1)]
    assert claimed == ["bca"] * orders.MOST_AT_ONCE + ["bni"]
    assert ORDERS.claim() is None


def test_what_never_answers_is_asked_for_longer_and_longer_and_opens_a_case(money, maker, approver):
    transfer = create(maker, account_number="0012349006")
    approve(approver, transfer)
    let_it_arrive()
    for _time in range(ORDERS.most_attempts):
        let_time_pass(ORDERS)
        send()
    assert list(RailCase.objects.values_list("kind", flat=True)) == ["no_answer"]
    assert (status(transfer), told(transfer), balance(money).held) == (Status.PROCESSING, 1, WHOLE)
    simulator.force(key_of(transfer), Outcome.SUCCESSFUL)
    assert (status(transfer), balance(money).held) == (Status.SUCCESSFUL, 0)


def test_what_wears_out_its_workers_waits_for_a_person_with_its_money_held(on_its_way, money):
    for _attempt in range(ORDERS.most_attempts):
        assert ORDERS.claim()
        let_time_pass(ORDERS)
    ORDERS.sweep()
    ORDERS.sweep()
    assert list(RailCase.objects.values_list("kind", flat=True)) == ["given_up"]
    assert (status(on_its_way), balance(money).held) == (Status.PROCESSING, WHOLE)
    order = RailOrder.objects.get()
    assert orders.ask_again(order)
    assert not orders.ask_again(order)
    let_it_arrive()
    assert (status(on_its_way), told(on_its_way)) == (Status.SUCCESSFUL, 1)


def test_what_is_given_up_again_opens_a_case_again(on_its_way, admin):
    def give_up():
        for _attempt in range(ORDERS.most_attempts):
            assert ORDERS.claim()
            let_time_pass(ORDERS)
        ORDERS.sweep()
        ORDERS.sweep()

    def open_cases():
        return RailCase.objects.filter(kind="given_up", status="open").count()

    give_up()
    assert orders.ask_again(RailOrder.objects.get())
    give_up()
    assert RailCase.objects.count() == 1, "nobody has looked at the first one yet"
    assert cases.close(RailCase.objects.get(), by=admin.user)
    ORDERS.sweep()
    assert open_cases() == 0, "it was settled after it was given up"
    for number in (2, 3):
        assert orders.ask_again(RailOrder.objects.get())
        give_up()
        assert (open_cases(), RailCase.objects.count()) == (1, number)
        assert cases.close(RailCase.objects.get(status="open"), by=admin.user)


def test_a_key_that_the_rail_knows_with_something_else_is_not_tried_again(on_its_way, monkeypatch):
    def refuse(payout):
        raise KeyReused(payout.key)

    monkeypatch.setattr(simulator.RAIL, "send", refuse, raising=False)
    send()
    ORDERS.sweep()
    assert RailOrder.objects.get().problem == "key reused"
    assert RailCase.objects.get().reason == "key reused"


@pytest.mark.parametrize("said", [Outcome.SUCCESSFUL, Outcome.FAILED, Outcome.RETURNED])
def test_what_a_rail_says_of_something_else_by_our_key_moves_no_money(on_its_way, money, monkeypatch, said):
    """trust: L8."""

    def refuse(payout):
        raise KeyReused(payout.key)

    monkeypatch.setattr(simulator.RAIL, "send", refuse, raising=False)
    send()
    order = RailOrder.objects.get()
    assert not orders.ask_again(order), "its answer would be another payout's"
    for _time in range(2):
        answers.take(order.key, Answer(said))
    assert (status(on_its_way), balance(money).held) == (Status.PROCESSING, WHOLE)
    assert list(RailCase.objects.values_list("kind", "was", "said")) == [("contradiction", "processing", said)]
    order.refresh_from_db()
    assert (order.status, order.sent_at, lines(on_its_way)) == ("failed", None, ["created", "approved"])


def test_a_person_gives_the_money_of_a_reused_key_back_once(on_its_way, money, admin, approver, monkeypatch):
    """trust: L8, Q5. Whatever else is on its way stays held."""

    def refuse(payout):
        raise KeyReused(payout.key)

    with monkeypatch.context() as patch:
        patch.setattr(simulator.RAIL, "send", refuse, raising=False)
        send()
    ORDERS.sweep()
    case = RailCase.objects.get()
    assert cases.release(case, by=admin.user)
    assert not cases.release(case, by=admin.user)
    assert (status(on_its_way), balance(money)) == (Status.FAILED, Balance(10_000_000, 0))
    assert again(on_its_way).events.get(kind="failed").by_name == admin.user.name
    case.refresh_from_db()
    assert case.status == "closed"
    answers.take(case.order.key, Answer(Outcome.SUCCESSFUL))
    assert (status(on_its_way), balance(money).held) == (Status.FAILED, 0)


@pytest.mark.parametrize("act", [cases.credit, cases.release])
def test_money_moves_together_with_the_case_that_asks_for_it_or_not_at_all(on_its_way, money, admin, monkeypatch, act):
    """trust: §1.2. Who is interrupted may click again."""

    def refuse(payout):
        raise KeyReused(payout.key)

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    if act is cases.release:
        monkeypatch.setattr(simulator.RAIL, "send", refuse, raising=False)
    send()
    if act is cases.credit:
        answers.take(key_of(on_its_way), Answer(Outcome.RETURNED))
    ORDERS.sweep()
    case, before = RailCase.objects.get(), balance(money)
    with monkeypatch.context() as patch:
        patch.setattr(cases, "close", interrupt)
        with pytest.raises(KeyboardInterrupt):
            act(case, by=admin.user)
    assert balance(money) == before
    assert act(case, by=admin.user)
    assert balance(money) != before


def test_nothing_else_is_given_back_by_hand(on_its_way, money, admin):
    send()
    answers.take(key_of(on_its_way), Answer(Outcome.SUCCESSFUL))
    answers.take(key_of(on_its_way), Answer(Outcome.FAILED))
    assert not cases.release(RailCase.objects.get(), by=admin.user)
    assert status(on_its_way) == Status.SUCCESSFUL


def test_a_rail_that_says_by_itself_that_it_has_it_has_it(on_its_way, monkeypatch):
    """trust: L8. The answer to sending got lost; what the rail pushes tells that it came."""
    let_it_arrive_without_hearing(monkeypatch)
    answers.take(key_of(on_its_way), Answer(Outcome.PENDING))
    answers.take(key_of(on_its_way), Answer(Outcome.UNKNOWN))
    assert RailOrder.objects.get().sent_at
    assert (status(on_its_way), lines(on_its_way)) == (Status.PROCESSING, ["created", "approved", "sent"])


@pytest.mark.parametrize("problem", [NoAnswer, RailDown])
def test_a_rail_that_cannot_be_asked_is_asked_later(on_its_way, monkeypatch, problem):
    def fail(key):
        raise problem(key)

    let_it_arrive_without_hearing(monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(simulator.RAIL, "status", fail, raising=False)
        ask()
        assert RailOrder.objects.get().status == "sent"
    BankPace.objects.update(until=Now())
    ask()
    assert (status(on_its_way), told(on_its_way)) == (Status.SUCCESSFUL, 1)


@pytest.mark.parametrize("problem", [NoAnswer, RailDown])
@pytest.mark.parametrize("asks", [True, False])
def test_a_rail_that_is_silent_all_the_time_opens_one_case_and_is_asked_on(
    on_its_way, money, monkeypatch, problem, asks
):
    """trust: L8. docs/transfers.md: 12 turns."""

    def fail(_asked):
        raise problem

    if asks:
        send()
    with monkeypatch.context() as patch:
        patch.setattr(simulator.RAIL, "send", fail, raising=False)
        patch.setattr(simulator.RAIL, "status", fail, raising=False)
        opened = []
        while RailOrder.objects.get().attempt < ORDERS.most_attempts + 2:
            BankPace.objects.update(until=Now())
            ask()
            opened.append(RailCase.objects.count())
    assert opened[-4:] == [0, 1, 1, 1], "after the twelfth turn, and once"
    assert RailCase.objects.get().kind == "no_answer"
    assert (status(on_its_way), balance(money).held) == (Status.PROCESSING, WHOLE)
    assert RailOrder.objects.get().is_unfinished
    BankPace.objects.update(until=Now())
    ask()
    answer()
    assert (status(on_its_way), told(on_its_way)) == (Status.SUCCESSFUL, 1)


@pytest.mark.parametrize(("attempt", "seconds"), [(0, 5), (3, 40), (11, 3_600), (400, 3_600)])
def test_an_order_waits_an_hour_at_most(on_its_way, attempt, seconds):
    RailOrder.objects.update(attempt=attempt)
    send()
    order = RailOrder.objects.get()
    assert order.due_at - order.started_at == pytest.approx(timedelta(seconds=seconds), abs=timedelta(seconds=2))


def let_it_arrive_without_hearing(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(rails, "_listeners", [])
        let_it_arrive()


# --- Rights and duplicates, asked again when they count ---


def test_whoever_lost_the_right_to_approve_while_their_form_was_open_sends_nothing(money, admin):
    """trust: R4."""
    scope = admin.scope("live")
    Member.objects.filter(pk=admin.pk).update(role=Role.MAKER)
    assert scope.can(Permission.APPROVE_TRANSACTIONS), "as it was when the request began"
    with pytest.raises(NotAllowed):
        create(scope)
    assert not MoneyTransfer.objects.exists()


def test_whoever_lost_the_right_to_approve_cancels_only_their_own(money, maker, admin):
    """trust: R4."""
    transfer, scope = create(maker), admin.scope("live")
    Member.objects.filter(pk=admin.pk).update(role=Role.MAKER)
    with rls.inside(scope), pytest.raises(NotAllowed):
        acts.cancel(scope, MONEY_TRANSFERS, transfer.pk)
    assert status(transfer) == Status.PENDING_APPROVAL


def test_the_second_person_rule_is_asked_again_when_the_date_comes(money, admin):
    """trust: Q2."""
    transfer = create(admin, send_on=admin.scope("live").now().date() + timedelta(days=3))
    assert transfer.status == Status.SCHEDULED
    money.second_person_required = True
    money.save()
    let_its_date_come(transfer)
    acts.send_due()
    assert (status(transfer), balance(money).held) == (Status.CANCELLED, 0)


def test_a_row_of_one_s_own_file_is_judged_with_the_others_when_its_date_comes(money, admin):
    """trust: M2, M5."""
    later = admin.scope("live").now().date() + timedelta(days=3)
    transfer = create(admin, send_on=later)
    create(admin, account_number="0012345679")
    MoneyTransfer.objects.update(batch=factories.make_batch(money))
    money.second_person_required, money.second_person_from = True, 2 * transfer.amount
    money.save()
    let_its_date_come(transfer)
    acts.send_due()
    assert status(transfer) == Status.CANCELLED


def test_a_duplicate_that_moved_on_since_it_was_seen_is_asked_again(money, maker, approver):
    """trust: M3."""
    first, second = create(maker), create(maker)
    scope = approver.scope("live")
    with rls.inside(scope):
        seen = MONEY_TRANSFERS.digest_of(scope, second)
    approve(approver, first)
    with pytest.raises(Changed):
        approve(approver, second, seen=seen)


def test_what_was_made_long_ago_for_a_date_to_come_counts_as_a_duplicate(money, maker):
    now = clock.now()
    same = {"bank": "bca", "account_number": draft().account_number, "amount": draft().amount}
    dated = {"created_at": now - timedelta(days=60), "send_at": now + timedelta(days=1)}
    factories.make_transfer(money, status="scheduled", **same, **dated)
    with pytest.raises(MayBeTwice):
        create(maker, is_sure=False)


def test_one_that_cannot_be_sent_keeps_no_other_from_its_date(money, maker, approver, monkeypatch, caplog):
    both = [create(maker, send_on=maker.scope("live").now().date() + timedelta(days=3)) for _more in range(2)]
    for transfer in both:
        approve(approver, transfer)
    let_its_date_come(*both)
    queue = orders.queue

    def fails_for_the_first(product, locked, rail):
        if locked.pk == both[0].pk:
            raise RuntimeError("no")
        queue(product, locked, rail)

    monkeypatch.setattr(orders, "queue", fails_for_the_first)
    sweeps.tidy()
    assert [status(one) for one in both] == [Status.SCHEDULED, Status.PROCESSING]
    assert "can't be handled now" in caplog.text
