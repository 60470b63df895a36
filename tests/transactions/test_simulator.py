"""The simulated rail: what it is told, and what it answers (trust: L8)."""

import pytest

from tests.leased import let_time_pass
from transactions import rails
from transactions.models import SimulatedPayout
from transactions.rails import Answer, HolderStatus, KeyReused, NoAnswer, Outcome, Payout, Question, RailDown, simulator
from transactions.reasons import Reason

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("asleep")]
RAIL = simulator.RAIL


@pytest.fixture
def heard(monkeypatch):
    """What the rail says without being asked."""
    told: list[tuple[str, Answer]] = []
    monkeypatch.setattr(rails, "_listeners", [told.extend])
    return told


def payout(business, key="money_transfer-1", account_number="0012345678", amount=85_000):
    return Payout(key, business.pk, "test", "bca", account_number, "Siti Rahmawati", amount)


def let_it_answer():
    let_time_pass(simulator.SIMULATED)
    while simulator.SIMULATED.work():
        pass


def test_a_payout_is_taken_once_however_often_it_is_told_and_answered_by_itself(kopi_kita, heard):
    sent = payout(kopi_kita)
    assert [RAIL.send(sent).outcome for _time in range(3)] == [Outcome.PENDING] * 3
    assert not simulator.SIMULATED.work(), "it thinks for a while"
    let_it_answer()
    ((key, answer),) = heard
    assert (key, answer.outcome, answer.reason) == (sent.key, Outcome.SUCCESSFUL, "")
    assert answer.reference
    assert RAIL.status(sent.key) == answer == RAIL.send(sent)
    row = SimulatedPayout.objects.get()
    assert (row.told, row.asked) == (4, 1)


def test_the_same_key_for_something_else_is_refused(kopi_kita):
    RAIL.send(payout(kopi_kita))
    with pytest.raises(KeyReused):
        RAIL.send(payout(kopi_kita, amount=85_001))


def test_what_it_was_never_told_it_does_not_know(db):
    assert RAIL.status("money_transfer-7") == Answer(Outcome.UNKNOWN)


@pytest.mark.parametrize(
    ("ending", "reason"),
    [("9001", Reason.ACCOUNT_NOT_FOUND), ("9002", Reason.ACCOUNT_CLOSED), ("9003", Reason.ACCOUNT_BLOCKED)],
)
def test_some_accounts_receive_nothing(kopi_kita, heard, ending, reason):
    RAIL.send(payout(kopi_kita, account_number=f"001234{ending}"))
    let_it_answer()
    assert [(answer.outcome, answer.reason) for _key, answer in heard] == [(Outcome.FAILED, reason)]


@pytest.mark.parametrize(("ending", "reason"), sorted(simulator.AMOUNTS.items()))
def test_some_amounts_fail(kopi_kita, heard, ending, reason):
    RAIL.send(payout(kopi_kita, amount=50_000 + ending))
    let_it_answer()
    assert [(answer.outcome, answer.reason) for _key, answer in heard] == [(Outcome.FAILED, reason)]


def test_an_answer_can_be_lost_though_the_payout_was_taken(kopi_kita, heard):
    sent = payout(kopi_kita, account_number="0012349007")
    with pytest.raises(NoAnswer):
        RAIL.send(sent)
    assert RAIL.status(sent.key).outcome == Outcome.PENDING
    let_it_answer()
    assert RAIL.status(sent.key).outcome == Outcome.SUCCESSFUL


def test_a_busy_bank_takes_nothing(kopi_kita):
    with pytest.raises(RailDown):
        RAIL.send(payout(kopi_kita, account_number="0012349010"))
    assert not SimulatedPayout.objects.exists()


def test_it_can_contradict_itself_and_give_money_back(kopi_kita, heard):
    RAIL.send(payout(kopi_kita, "a", "0012349008"))
    RAIL.send(payout(kopi_kita, "b", "0012349009"))
    let_it_answer()
    said = [(key, answer.outcome) for key, answer in heard]
    assert said == [
        ("a", Outcome.SUCCESSFUL),
        ("a", Outcome.FAILED),
        ("b", Outcome.SUCCESSFUL),
        ("b", Outcome.RETURNED),
    ]


def test_what_says_nothing_answers_by_hand_and_only_once(kopi_kita, heard):
    sent = payout(kopi_kita, account_number="0012349006")
    with pytest.raises(simulator.NotTold):
        simulator.force(sent.key, Outcome.SUCCESSFUL)
    RAIL.send(sent)
    let_it_answer()
    assert heard == []
    simulator.force(sent.key, Outcome.FAILED)
    assert [(key, answer.outcome, answer.reason) for key, answer in heard] == [
        (sent.key, Outcome.FAILED, Reason.BANK_REFUSED)
    ]
    with pytest.raises(simulator.AlreadyAnswered):
        simulator.force(sent.key, Outcome.SUCCESSFUL)


def test_a_forced_answer_ends_the_wait(kopi_kita, heard):
    RAIL.send(payout(kopi_kita))
    simulator.force("money_transfer-1", Outcome.SUCCESSFUL)
    let_it_answer()
    assert len(heard) == 1


def test_names_repeat_and_whoever_was_paid_before_is_known(kopi_kita, monkeypatch):
    asked = Question(kopi_kita.pk, "test", "bca", "0012345678")
    first = RAIL.inquire(asked)
    assert first.status == HolderStatus.FOUND
    assert first == RAIL.inquire(asked)
    assert RAIL.inquire(Question(kopi_kita.pk, "test", "bca", "0012345679")) != first
    monkeypatch.setattr(simulator, "_knows", [lambda question: "", lambda question: "Sri Nur’aini"])
    assert RAIL.inquire(asked).name == "SRI NUR’AINI"


@pytest.mark.parametrize(
    ("ending", "status"),
    [("9001", HolderStatus.NOT_FOUND), ("9002", HolderStatus.CLOSED), ("9004", HolderStatus.FAILED)],
)
def test_some_accounts_have_no_name(kopi_kita, ending, status):
    holder = RAIL.inquire(Question(kopi_kita.pk, "test", "bca", f"001234{ending}"))
    assert (holder.status, holder.name) == (status, "")


def test_which_rail_serves_a_mode_is_a_setting(settings):
    assert rails.serving("test") is RAIL
    settings.RAILS = {"test": "simulator", "live": "none"}
    with pytest.raises(rails.NoRail):
        rails.serving("live")
    with pytest.raises(rails.NoRail):
        rails.named("../simulator")
