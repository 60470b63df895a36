"""A transfer that hangs at a heavily disturbed bank is asked back (trust: L8, R1)."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from accounts.permissions import Role
from accounts.rights import NotAllowed
from deposits import ledger
from deposits.ledger import Balance, checks
from flipdash import rls
from flipdash.actors import SYSTEM
from flipdash.models import Message
from tests import factories
from tests.deposits.conftest import connect
from tests.leased import let_time_pass
from tests.transactions.sending import answer, approve, create, fund, lines, send
from transactions import disturbances
from transactions.models import BankPace, MoneyTransfer, RailCase, RailOrder, SimulatedPayout
from transactions.outgoing import cases, orders, recalling, turns
from transactions.outgoing.orders import ORDERS
from transactions.outgoing.recalling import NotHanging
from transactions.outgoing.refusals import NotWaiting
from transactions.rails import Answer, NoAnswer, Outcome, simulator
from transactions.reasons import Reason
from transactions.transfers.services import MONEY_TRANSFERS

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]
SILENT = f"001234{simulator.SILENT}"


@pytest.fixture
def service(kopi_kita):
    return factories.make_member(kopi_kita, Role.CUSTOMER_SERVICE)


@pytest.fixture
def hanging(kopi_kita):
    """Return what makes a transfer that hangs at a bank that is heavily disturbed."""
    fund(kopi_kita, 1_000_000)
    maker, approver = (factories.make_member(kopi_kita, role) for role in (Role.MAKER, Role.APPROVER))

    def make(account=SILENT, is_sent=True):
        transfer = create(maker, account_number=account)
        approve(approver, transfer)
        if is_sent:
            send()
        return transfer

    disturbances.set_status(["bca"], "heavily_disturbed", by=SYSTEM)
    return make


def recall(who, transfer):
    scope = who.scope("live")
    with rls.inside(scope):
        recalling.recall(scope, MONEY_TRANSFERS, transfer.pk)


def status(transfer):
    return MoneyTransfer.objects.get(pk=transfer.pk).status


def balance(who):
    scope = who.scope("live")
    with rls.inside(scope):
        return ledger.balance(scope)


@pytest.mark.parametrize("is_sent", [True, False])
def test_what_the_bank_stops_comes_back(service, hanging, is_sent):
    """Whether the rail has it, or was never told: it is never told to pay it then."""
    transfer = hanging(is_sent=is_sent)
    recall(service, transfer)
    assert status(transfer) == "processing", "nothing comes back before the bank says so"
    let_time_pass(ORDERS)
    send()
    assert status(transfer) == "failed"
    assert balance(service) == Balance(1_000_000, 0)
    assert lines(transfer) == ["created", "approved", *(["sent"] if is_sent else []), "recalled", "failed"]
    payout = SimulatedPayout.objects.get()
    assert (payout.result, payout.told) == ("failed", 1)
    with connect("superuser") as superuser, superuser.cursor() as cursor:
        assert [result.examples for result in checks.run(cursor) if result.count] == []


def test_who_made_it_hears_who_asked_it_back_and_why_it_failed(client_of, service, hanging, admin):
    """trust: U6. No bank refused it, and nobody says so."""
    transfer = hanging()
    Message.objects.all().delete()
    recall(service, transfer)
    let_time_pass(ORDERS)
    send()
    asked, stopped = Message.objects.exclude(to=service.user.email).order_by("pk")
    assert asked.subject == "Asked back: Rp85,000"
    assert f"{service.user.name} has asked it back" in asked.text
    assert "It was stopped before it was paid. Its money is back in your deposit." in stopped.text
    assert "refused" not in stopped.text
    assert MoneyTransfer.objects.get(pk=transfer.pk).reason == "asked_back"
    page = client_of(admin).get(f"/money-transfers/{transfer.pk}/").content.decode()
    assert "Failed: it was asked back, and not paid." in page
    assert "Stopped before it was paid" in page
    assert "Refused by the bank" not in page


@pytest.fixture
def deaf(monkeypatch):
    """A rail that can't stop anything, and knows nothing of it."""
    monkeypatch.setattr(simulator.RAIL, "recall", lambda payout: Answer(Outcome.UNKNOWN), raising=False)


@pytest.mark.parametrize("beside", [0, 1])
def test_what_a_rail_was_never_told_comes_back_even_if_it_cant_stop(service, hanging, deaf, beside):
    """Alone or together with others."""
    transfer, *others = [hanging(is_sent=False) for _one in range(1 + beside)]
    recall(service, transfer)
    send()
    assert (status(transfer), lines(transfer)) == ("failed", ["created", "approved", "recalled", "failed"])
    assert RailOrder.objects.get(key=MONEY_TRANSFERS.key_of(transfer)).told_at is None
    assert [status(other) for other in others] == ["processing"] * beside


def test_what_is_asked_back_as_it_is_noted_as_told_wasnt_told(service, hanging, deaf, monkeypatch):
    """Between the note and the look whether anybody wants it back."""
    transfer, _other = hanging(is_sent=False), hanging(is_sent=False)
    recalled_of = orders.recalled_of

    def ask_first(part):
        if not RailOrder.objects.filter(recalled_at__isnull=False).exists():
            assert RailOrder.objects.get(key=MONEY_TRANSFERS.key_of(transfer)).told_at
            recall(service, transfer)
        return recalled_of(part)

    monkeypatch.setattr(orders, "recalled_of", ask_first)
    ORDERS.work()
    assert (status(transfer), lines(transfer)) == ("failed", ["created", "approved", "recalled", "failed"])
    assert RailOrder.objects.get(key=MONEY_TRANSFERS.key_of(transfer)).told_at is None


def test_what_a_rail_may_have_and_cant_stop_waits_for_a_person(service, hanging, deaf, admin):
    """trust: L8, Q5. Nobody knows whether it is paid, until somebody of the operator's has asked."""
    transfer = hanging(is_sent=False)
    RailOrder.objects.update(told_at=Now(), attempt=ORDERS.most_attempts - 1)
    recall(service, transfer)
    ORDERS.work()
    case = RailCase.objects.get()
    assert (case.kind, status(transfer)) == ("no_answer", "processing")
    assert balance(service).held == 87_500
    assert cases.release(case, by=admin.user)
    assert not cases.release(case, by=admin.user)
    assert (status(transfer), balance(service)) == ("failed", Balance(1_000_000, 0))
    assert RailOrder.objects.get().status == "done"
    with connect("superuser") as superuser, superuser.cursor() as cursor:
        assert [result.examples for result in checks.run(cursor) if result.count] == []


def give_up_asking():
    """Let the next turn of every order be the one after which people are asked, and take it."""
    RailOrder.objects.update(attempt=ORDERS.most_attempts - 1, due_at=None)
    ORDERS.work()


def test_what_is_released_by_hand_was_stopped_by_nobody(client_of, service, hanging, deaf, admin):
    """trust: U6. Its maker, and its page, say that it wasn't paid."""
    transfer = hanging(is_sent=False)
    RailOrder.objects.update(told_at=Now())
    recall(service, transfer)
    give_up_asking()
    Message.objects.all().delete()
    assert cases.release(RailCase.objects.get(), by=admin.user)
    (mail,) = Message.objects.exclude(to=service.user.email)
    assert "It was not paid. Its money is back in your deposit." in mail.text
    assert "stopped" not in mail.text
    page = client_of(admin).get(f"/money-transfers/{transfer.pk}/").content.decode()
    assert "Not paid" in page
    assert "topped before it was paid" not in page


def test_what_the_rail_wasnt_asked_to_stop_is_released_by_nobody(service, hanging, deaf, admin, monkeypatch):
    """trust: L8. The case is older than the asking back; nor is it while a worker has it, or by a closed case."""
    transfer = hanging(is_sent=False)
    with monkeypatch.context() as patch:
        patch.setattr(simulator.RAIL, "send", lambda payout: Answer(Outcome.UNKNOWN), raising=False)
        give_up_asking()
    case = RailCase.objects.get()
    recall(service, transfer)
    assert not cases.release(case, by=admin.user), "its rail hasn't heard of it"
    with monkeypatch.context() as patch:
        patch.setattr(simulator.RAIL, "recall", _say_nothing, raising=False)
        give_up_asking()
    assert not cases.release(case, by=admin.user), "its rail said nothing"
    BankPace.objects.update(until=Now())
    give_up_asking()
    RailOrder.objects.update(due_at=None)
    assert ORDERS.claim()
    assert not cases.release(case, by=admin.user), "a worker has it"
    let_time_pass(ORDERS)
    give_up_asking()
    cases.close(case, by=admin.user)
    assert not cases.release(case, by=admin.user), "that case is closed"
    assert (status(transfer), balance(service).held) == ("processing", 87_500)


def _say_nothing(payout):
    raise NoAnswer(payout.key)


def test_what_is_asked_back_after_its_case_was_closed_is_asked_about_again(service, hanging, deaf, admin, monkeypatch):
    """trust: Q5. None hangs for ever: again a day after a person has closed that, too."""
    transfer = hanging(is_sent=False)
    with monkeypatch.context() as patch:
        patch.setattr(simulator.RAIL, "send", lambda payout: Answer(Outcome.UNKNOWN), raising=False)
        give_up_asking()
    cases.close(RailCase.objects.get(), by=admin.user)
    recall(service, transfer)
    for _turn in range(2):
        give_up_asking()
    again = RailCase.objects.get(status="open")
    cases.close(again, by=admin.user)
    give_up_asking()
    assert not RailCase.objects.filter(status="open").exists(), "a person has just looked"
    monkeypatch.setattr(orders, "ASKED_AGAIN_AFTER", timedelta(0))
    give_up_asking()
    assert cases.release(RailCase.objects.get(status="open"), by=admin.user)
    assert (status(transfer), balance(service).held) == ("failed", 0)


@pytest.mark.parametrize("is_stopping", [True, False])
def test_a_late_worker_gives_nothing_back_that_another_has_told(service, hanging, deaf, is_stopping):
    """trust: L8. Its lease is over, and the other is telling: before it asks the rail, and before it notes.

    What it concludes from its own copy, that nobody told the rail, holds no more.
    """
    transfers = [hanging(is_sent=False) for _one in range(2)]
    late = ORDERS.claim_many()
    let_time_pass(ORDERS)
    assert len(ORDERS.note_many(ORDERS.claim_many(), told_at=Now())) == 2
    for transfer in transfers:
        recall(service, transfer)
    if is_stopping:
        turns.work(late)
    else:
        turns._note(MONEY_TRANSFERS, [(order, Answer(Outcome.FAILED, Reason.ASKED_BACK)) for order in late])
    assert [status(transfer) for transfer in transfers] == ["processing"] * 2
    assert balance(service).held == 2 * 87_500


def test_what_nobody_asked_back_is_released_by_nobody(hanging, monkeypatch, admin):
    transfer = hanging(is_sent=False)
    RailOrder.objects.update(attempt=ORDERS.most_attempts - 1)
    monkeypatch.setattr(simulator.RAIL, "send", lambda payout: Answer(Outcome.UNKNOWN), raising=False)
    ORDERS.work()
    assert not cases.release(RailCase.objects.get(), by=admin.user)
    assert status(transfer) == "processing"


def test_what_arrived_meanwhile_stays_arrived(service, hanging):
    transfer = hanging("0012345678")
    recall(service, transfer)
    answer()
    let_time_pass(ORDERS)
    send()
    assert status(transfer) == "successful"
    assert balance(service) == Balance(912_500, 0)
    assert not RailCase.objects.exists()


def test_what_the_rail_knows_by_this_key_with_something_else_is_left_alone(service, hanging):
    """As after an old copy of the database was restored: the payout is somebody else's."""
    transfer = hanging()
    with connect("superuser") as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("UPDATE transactions_simulatedpayout SET amount = 1")
        superuser.commit()
    recall(service, transfer)
    let_time_pass(ORDERS)
    send()
    order = RailOrder.objects.get()
    assert (status(transfer), order.status, order.problem) == ("processing", "failed", "key reused")
    assert SimulatedPayout.objects.get().result == ""
    orders.open_cases_of_given_up()
    assert RailCase.objects.get().kind == RailCase.Kind.GIVEN_UP


def test_only_what_hangs_is_asked_back_and_once(service, hanging, kopi_kita):
    transfer = hanging()
    with pytest.raises(NotAllowed):
        recall(factories.make_member(kopi_kita, Role.MAKER), transfer)
    disturbances.set_status(["bca"], "disturbed", by=SYSTEM)
    with pytest.raises(NotHanging):
        recall(service, transfer)
    disturbances.set_status(["bca"], "heavily_disturbed", by=SYSTEM)
    recall(service, transfer)
    with pytest.raises(NotHanging):
        recall(service, transfer)
    let_time_pass(ORDERS)
    send()
    with pytest.raises(NotWaiting):
        recall(service, transfer)


def recall_while(monkeypatch, when, who, transfer):
    """Let somebody ask a transfer back from inside the telling for which `when` holds; returns the keys told."""
    told, send_one = [], simulator.RAIL.send

    def tell(payout):
        told.append(payout.key)
        if when(payout):
            recall(who, transfer)
        return send_one(payout)

    monkeypatch.setattr(simulator.RAIL, "send", tell, raising=False)
    return told


def test_what_is_asked_back_during_a_turn_is_stopped_and_never_told(service, hanging, monkeypatch):
    """The rail takes its time with the one before it."""
    monkeypatch.setattr(turns, "MOMENT", 0)
    first, second = hanging(is_sent=False), hanging("0012345678", is_sent=False)
    key = MONEY_TRANSFERS.key_of(first)
    told = recall_while(monkeypatch, lambda payout: payout.key == key, service, second)
    ORDERS.work()
    assert told == [key]
    assert status(second) == "failed"
    assert balance(service).available == 1_000_000 - 85_000 - 2_500


@pytest.mark.parametrize("beside", [0, 1])
def test_what_is_asked_back_while_it_is_told_is_due_to_be_stopped_at_once(service, hanging, monkeypatch, beside):
    """Alone or together with others."""
    transfer, *_others = [hanging(is_sent=False) for _one in range(1 + beside)]
    key = MONEY_TRANSFERS.key_of(transfer)
    recall_while(monkeypatch, lambda payout: payout.key == key, service, transfer)
    ORDERS.work()
    order = RailOrder.objects.get(key=key)
    assert (order.status, order.due_at) == ("sent", None)
    ORDERS.work()
    assert status(transfer) == "failed"


def test_what_is_asked_back_while_it_is_asked_for_is_stopped_and_never_told(service, hanging, monkeypatch):
    """The rail says that it never heard of it: it would be told once more."""
    transfer = hanging(is_sent=False)
    RailOrder.objects.update(told_at=Now())

    def ask(key):
        recall(service, transfer)
        return Answer(Outcome.UNKNOWN)

    monkeypatch.setattr(simulator.RAIL, "status", ask, raising=False)
    told = recall_while(monkeypatch, lambda payout: False, service, transfer)
    ORDERS.work()
    assert told == []
    assert status(transfer) == "failed"


def test_from_its_page(client_of, service, hanging, kopi_kita):
    transfer = hanging()
    web, address = client_of(service), f"/money-transfers/{transfer.pk}/"
    assert "Ask back" in web.get(address).content.decode()
    assert "Ask this transfer back?" in web.get(f"{address}recall/").content.decode()
    answer = web.post(f"{address}recall/", follow=True).content.decode()
    assert "Its money returns once the bank has stopped it." in answer
    assert "Ask back<" not in answer
    assert web.get(f"{address}recall/").status_code == 302
    assert client_of(factories.make_member(kopi_kita, Role.MAKER)).get(f"{address}recall/").status_code == 403
