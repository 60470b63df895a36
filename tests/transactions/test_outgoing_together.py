"""Many orders in one turn at a bank, and many answers at a time: what comes of it is what comes of each (trust: L8)."""

import itertools
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from accounts.models import Activity
from accounts.permissions import Role
from deposits import ledger
from deposits.models import Entry
from developer.models import Callback
from flipdash import leases_of_many, mail, rls
from tests import factories
from tests.leased import let_time_pass
from tests.transactions.sending import answer, approve, create, draft, fund, held, let_it_arrive, lines, send, told
from transactions.models import BankPace, Beneficiary, MoneyTransfer, RailCase, RailOrder, SimulatedPayout, Status
from transactions.outgoing import answers, closing, orders, shares, turns
from transactions.outgoing.orders import ORDERS
from transactions.rails import Answer, KeyReused, NoAnswer, Outcome, RailDown, simulator
from transactions.transfers import services
from transactions.transfers.services import MONEY_TRANSFERS

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]
LIFE = ("12345678", "12345679", "12349001", "12349003", "12349006", "12349007", "12349008", "12349009")
"""Accounts with which everything happens: arrives, fails, says nothing, gets lost, contradicts, comes back."""
AMOUNTS = (85_000, 85_902)


def approved(business, accounts=LIFE, amounts=(85_000,), **fields):
    """Make transfers that wait to be sent, as a maker and an approver do."""
    fund(business, 100_000_000)
    maker, approver = (factories.make_member(business, role, name=role) for role in (Role.MAKER, Role.APPROVER))
    made = [create(maker, account_number=f"00{n}", amount=amount, **fields) for amount in amounts for n in accounts]
    for transfer in made:
        approve(approver, transfer)
    return made


def live():
    """Let all be sent, answered, and asked for several times."""
    for _time in range(5):
        let_it_arrive()
        BankPace.objects.update(until=Now())
        let_time_pass(ORDERS)


def what_came(business, transfers):
    """Everything that anybody can see of it afterwards, without numbers and moments."""
    known = {transfer.pk: number for number, transfer in enumerate(transfers)}
    mine = {"business": business}
    rows = [MoneyTransfer.objects.get(pk=transfer.pk) for transfer in transfers]
    entries = Entry.objects.using("operator").filter(**mine, posting__source_type="money_transfer")
    log = Activity.objects.using("operator").filter(**mine, kind__startswith="transfer.")
    callbacks = Callback.objects.using("operator").filter(**mine)
    with rls.inside_of(business.pk, "live"):
        balance = ledger.balance(ledger.LedgerOwner(business, "live"))
    return {
        "rows": [(r.status, r.reason, bool(r.completed_at), bool(r.bank_reference), r.returned_at) for r in rows],
        "lines": [[(e.kind, e.by_kind, e.note) for e in r.events.order_by("at", "id")] for r in rows],
        "orders": sorted((known[o.source_id], o.status, o.problem) for o in RailOrder.objects.filter(**mine)),
        "told": [told(transfer) for transfer in transfers],
        "cases": sorted(RailCase.objects.filter(**mine).values_list("kind", "was", "said", "reason")),
        "balance": balance,
        "entries": sorted(
            (known[e.posting.source_id], e.posting.kind, e.account.kind, e.amount)
            for e in entries.select_related("posting", "account")
        ),
        "log": sorted((known[int(a.subject_id)], a.kind, a.by_kind, a.via, str(a.facts)) for a in log),
        "callbacks": sorted((known[c.source_id], c.kind) for c in callbacks),
        "paid": sorted(
            Beneficiary.objects.filter(**mine).exclude(paid_at=None).values_list("account_number", flat=True)
        ),
    }


def test_together_comes_to_what_one_by_one_comes_to(kopi_kita, toko_sebelah, monkeypatch, mailoutbox):
    came = {}
    for business, together in ((kopi_kita, 1), (toko_sebelah, 100)):
        monkeypatch.setattr(ORDERS, "together", together)
        monkeypatch.setattr(simulator.SIMULATED, "together", together)
        admin = factories.make_member(business)
        factories.make_callback_url(admin, "transfer")
        scope = admin.scope("live")
        with rls.inside(scope):
            for account in ("0012345678", "0012349001"):
                services.save_beneficiary(scope, draft(account_number=account))
        transfers = approved(business, amounts=AMOUNTS, beneficiary_email="siti@example.test")
        live()
        came[business] = what_came(business, transfers)
    assert came[kopi_kita] == came[toko_sebelah]
    assert {row[0] for row in came[toko_sebelah]["rows"]} == {"processing", "successful", "failed"}
    assert came[toko_sebelah]["callbacks"]
    call_command("check_ledger")


def test_a_turn_has_one_bank(kopi_kita):
    approved(kopi_kita, LIFE[:2])
    approved(kopi_kita, LIFE[:3], bank="bni")
    turns_of = [[order.bank for order in ORDERS.claim_many()] for _turn in range(2)]
    assert sorted(turns_of) == [["bca"] * 2, ["bni"] * 3]
    assert ORDERS.claim_many() == []


def test_whoever_has_many_at_a_bank_keeps_no_others_one_waiting(kopi_kita, toko_sebelah, monkeypatch, settings):
    """trust: Q1."""
    settings.WORKERS = 8
    monkeypatch.setattr(ORDERS, "together", 3)
    many = approved(kopi_kita, [f"1234567{n}" for n in range(6)])
    (one,) = approved(toko_sebelah, LIFE[:1])
    claimed = ORDERS.claim_many()
    assert [order.source_id for order in claimed] == [many[0].pk, many[1].pk, one.pk]
    assert [order.source_id for order in ORDERS.claim_many()] == [row.pk for row in many[2:5]], "nobody else waits"


class Clock:
    """What a turn looks at: a second goes by at each telling of a slow rail."""

    def __init__(self, monkeypatch, before=lambda payout: None):
        self.now, self.told = 0.0, []
        monkeypatch.setattr(turns, "time", self)
        monkeypatch.setattr(simulator.RAIL, "send", self.send, raising=False)
        self.before = before

    def monotonic(self):
        return self.now

    def send(self, payout):
        self.now += 1
        self.told.append(payout.business_id)
        self.before(payout)
        return Answer(Outcome.PENDING)


def test_a_turn_at_a_slow_bank_is_shared_by_all_who_wait_there(kopi_kita, toko_sebelah, monkeypatch):
    """trust: Q1. Whoever waits longer and has twice as much: of each turn both have their part."""
    monkeypatch.setattr(turns, "LONGEST_TURN", 4.5)
    approved(kopi_kita, [f"123456{n}" for n in range(20, 36)])
    approved(toko_sebelah, [f"123456{n}" for n in range(20, 28)])
    clock = Clock(monkeypatch)
    for _turn in range(3):
        clock.told = []
        assert ORDERS.work()
        assert len(clock.told) == 5
        assert {clock.told.count(business.pk) for business in (kopi_kita, toko_sebelah)} == {2, 3}
    waiting = RailOrder.objects.filter(status="queued")
    assert waiting.count() == 24 - 15
    assert not waiting.exclude(attempt=0, told_at=None, lease_until=None).exists(), "untouched"


def test_who_begins_a_round_is_drawn(kopi_kita, toko_sebelah, monkeypatch):
    """trust: Q1. At a bank that has time for one of them in a turn, it isn't always the same."""
    monkeypatch.setattr(turns, "LONGEST_TURN", 0.5)
    businesses = (kopi_kita, toko_sebelah)
    for business in businesses:
        approved(business, LIFE[:2])
    clock = Clock(monkeypatch)
    drawn = []
    monkeypatch.setattr(turns.random, "shuffle", lambda shares: (drawn.append(len(shares)), shares.reverse()))
    assert ORDERS.work()
    assert drawn == [2]
    assert clock.told == [toko_sebelah.pk]


def test_a_bank_that_falls_silent_is_left_alone_though_another_business_had_an_answer(
    kopi_kita, toko_sebelah, monkeypatch
):
    """trust: L8. What it said before in the same turn doesn't let it go on."""
    for business in (kopi_kita, toko_sebelah):
        approved(business, LIFE[:3])
    told = []

    def silent(payout):
        told.append(payout)
        if len(told) == 2:
            raise RailDown(payout.key)

    Clock(monkeypatch, silent)
    assert ORDERS.work()
    assert len(told) == 2
    assert BankPace.objects.filter(until__gt=Now(), troubles=1).exists()
    assert sorted(RailOrder.objects.values_list("status", "attempt")) == [("queued", 0)] * 4 + [
        ("queued", 1),
        ("sent", 1),
    ]


def test_whoever_has_many_at_one_bank_keeps_no_other_bank_waiting(kopi_kita, toko_sebelah):
    """Its turn is drawn: a worker alone comes to it, however long the other queue is."""
    many = approved(kopi_kita, LIFE[:3])
    (one,) = approved(toko_sebelah, LIFE[:1], bank="bni")
    first = {shares.first_of_a_bank(ORDERS.due()) for _draw in range(40)}
    assert first == set(RailOrder.objects.filter(source_id__in=(many[0].pk, one.pk)).values_list("pk", flat=True))


@pytest.mark.parametrize(("workers", "most"), [(1, 1), (2, 1), (3, 2), (8, orders.MOST_AT_ONCE)])
def test_one_bank_never_has_all_workers(kopi_kita, monkeypatch, settings, workers, most):
    settings.WORKERS = workers
    monkeypatch.setattr(ORDERS, "together", 2)
    approved(kopi_kita, [f"1234567{n}" for n in range(2 * most + 1)])
    approved(kopi_kita, LIFE[:1], bank="bni")
    claimed = [[order.bank for order in ORDERS.claim_many()] for _turn in range(most + 2)]
    assert claimed[-1] == []
    assert sorted(claimed[:-1]) == [["bca", "bca"]] * most + [["bni"]]


def test_a_bank_that_is_busy_by_one_rail_is_free_by_another(kopi_kita, monkeypatch):
    monkeypatch.setattr(ORDERS, "together", 1)
    approved(kopi_kita, LIFE[:1])
    mine = RailOrder.objects.get()
    now = {"status": "sending", "started_at": Now(), "lease_until": Now() + timedelta(minutes=1)}
    of = {"business": kopi_kita, "mode": "live", "source": "money_transfer", "bank": "bca", **now}
    for n in range(orders.MOST_AT_ONCE):
        RailOrder.objects.create(**of, source_id=held(kopi_kita).pk, key=f"other-{n}", rail="other")
    assert ORDERS.claim_many() == [mine]


def test_no_statement_more_for_more_orders_but_what_tells_the_rail(kopi_kita, toko_sebelah, monkeypatch):
    monkeypatch.setattr(simulator.RAIL, "send", lambda payout: Answer(Outcome.PENDING), raising=False)
    accounts = {kopi_kita: ["12345671", "12345672"], toko_sebelah: [f"12345{n}" for n in range(100, 118)]}
    made = {business: approved(business, some) for business, some in accounts.items()}
    took = []
    for business in made:
        RailOrder.objects.exclude(business=business).update(due_at=Now() + timedelta(hours=1))
        RailOrder.objects.filter(business=business).update(due_at=None)
        with CaptureQueriesContext(connection) as sending:
            send()
        keys = [MONEY_TRANSFERS.key_of(transfer) for transfer in made[business]]
        with CaptureQueriesContext(connection) as answering:
            closing.take_many([(key, Answer(Outcome.SUCCESSFUL)) for key in keys])
        took.append((len(sending), len(answering)))
    assert took[1] <= took[0]
    assert set(MoneyTransfer.objects.values_list("status", flat=True)) == {"successful"}


@pytest.mark.parametrize("silence", [NoAnswer, RailDown])
def test_a_bank_that_says_nothing_once_is_left_alone_and_the_others_wait_untouched(kopi_kita, monkeypatch, silence):
    """trust: L8."""
    first, second, *others = approved(kopi_kita, [f"1234567{n}" for n in range(5)])
    send_one = simulator.RAIL.send

    def send_some(payout):
        if payout.key == MONEY_TRANSFERS.key_of(second):
            raise silence(payout.key)
        return send_one(payout)

    with monkeypatch.context() as patch:
        patch.setattr(simulator.RAIL, "send", send_some, raising=False)
        send()
    found = {order.source_id: order for order in RailOrder.objects.all()}
    assert found[first.pk].status == "sent"
    assert found[second.pk].status == ("sent" if silence is NoAnswer else "queued")
    assert found[second.pk].told_at, "it is asked for before it is told again"
    for transfer in others:
        order = found[transfer.pk]
        assert (order.status, order.attempt, order.told_at, order.due_at) == ("queued", 0, None, None)
    assert BankPace.objects.get().troubles == 1
    BankPace.objects.update(until=Now())
    live()
    answer()
    assert set(MoneyTransfer.objects.values_list("status", flat=True)) == {"successful"}
    assert [told(transfer) for transfer in (first, second, *others)] == [1] * 5


def test_what_is_left_of_a_long_turn_goes_back(kopi_kita, monkeypatch):
    monkeypatch.setattr(turns, "LONGEST_TURN", 0.3)
    made = approved(kopi_kita, [f"1234567{n}" for n in range(4)])
    send_one, asked = simulator.RAIL.send, []

    def slowly(payout):
        asked.append(payout.key)
        turns.time.sleep(0.4 if len(asked) == 1 else 0)
        return send_one(payout)

    monkeypatch.setattr(simulator.RAIL, "send", slowly, raising=False)
    ORDERS.work()
    found = [(order.status, order.attempt, bool(order.told_at)) for order in RailOrder.objects.order_by("pk")]
    assert found == [("sent", 1, True)] + [("queued", 0, False)] * 3
    let_it_arrive()
    assert [told(transfer) for transfer in made] == [1] * 4


def test_one_that_goes_wrong_takes_no_other_with_it(kopi_kita, monkeypatch):
    bad, good = approved(kopi_kita, LIFE[:2])
    reused, *more = approved(kopi_kita, LIFE[:3])
    send_one = simulator.RAIL.send

    def send_some(payout):
        if payout.key == MONEY_TRANSFERS.key_of(bad):
            raise RuntimeError("no")
        if payout.key == MONEY_TRANSFERS.key_of(reused):
            raise KeyReused(payout.key)
        return send_one(payout)

    monkeypatch.setattr(simulator.RAIL, "send", send_some, raising=False)
    send()
    found = {order.source_id: (order.status, order.problem) for order in RailOrder.objects.all()}
    assert found == {
        bad.pk: ("queued", ""),
        good.pk: ("sent", ""),
        reused.pk: ("failed", "key reused"),
        **{transfer.pk: ("sent", "") for transfer in more},
    }


def test_what_cannot_be_noted_together_is_done_one_by_one(kopi_kita, monkeypatch, caplog):
    made = approved(kopi_kita, LIFE[:2])
    note_sent_many = answers.note_sent_many

    def fail(*args):
        raise RuntimeError("no")

    monkeypatch.setattr(answers, "note_sent_many", fail)
    send()
    answer()
    assert "can't be done together" in caplog.text
    assert set(MoneyTransfer.objects.values_list("status", flat=True)) == {"successful"}
    assert [(told(transfer), lines(transfer)) for transfer in made] == [
        (1, ["created", "approved", "sent", "successful"])
    ] * 2
    monkeypatch.setattr(answers, "note_sent_many", note_sent_many)


def test_whose_workers_died_several_times_is_worked_on_alone(kopi_kita, settings):
    settings.WORKERS = 8
    made = approved(kopi_kita, LIFE[:3])
    for _death in range(3):
        assert len(ORDERS.claim_many()) == 3
        let_time_pass(ORDERS)
    assert [len(ORDERS.claim_many()) for _turn in range(4)] == [1, 1, 1, 0]
    let_time_pass(ORDERS)
    let_it_arrive()
    assert [told(transfer) for transfer in made] == [1] * 3


def test_killed_in_a_turn_all_are_asked_for_and_none_is_sent_twice(kopi_kita):
    """trust: L8. Noted as told: one of them was, the other wasn't."""
    first, second = approved(kopi_kita, LIFE[:2])
    claimed = ORDERS.claim_many()
    assert len(ORDERS.note_many(claimed, told_at=Now())) == 2
    simulator.RAIL.send(MONEY_TRANSFERS.payout(claimed[0].key, first))
    let_time_pass(ORDERS)
    let_it_arrive()
    assert [told(transfer) for transfer in (first, second)] == [1, 1]
    assert SimulatedPayout.objects.filter(asked=1).count() == 1
    assert set(MoneyTransfer.objects.values_list("status", flat=True)) == {"successful"}


def test_who_lost_the_lease_tells_no_rail_and_writes_nothing(kopi_kita):
    approved(kopi_kita, LIFE[:3])
    late = ORDERS.claim_many()
    let_time_pass(ORDERS)
    assert len(ORDERS.claim_many()) == 3
    before = list(RailOrder.objects.order_by("pk").values())
    turns.work(list(late))
    assert not SimulatedPayout.objects.exists()
    assert ORDERS.finish_many(late, RailOrder.Status.DONE) == []
    ORDERS.give_back(late, list(late))
    assert list(RailOrder.objects.order_by("pk").values()) == before


def test_the_leases_of_a_turn_are_renewed_while_it_runs(kopi_kita, settings, monkeypatch):
    settings.LEASE_SECONDS = 1
    approved(kopi_kita, LIFE[:2])
    taken = []

    def slowly(claimed):
        turns.time.sleep(1.6)
        taken.extend(ORDERS.claim_many())

    monkeypatch.setattr(ORDERS, "_run_many", slowly)
    ORDERS.work()
    assert taken == []


def test_answers_that_are_told_together_close_each_once_whatever_their_order(kopi_kita):
    """trust: L8. Twice, contradicting, unknown, for what nobody sent, and before it was sent."""
    made = approved(kopi_kita, LIFE[:2])
    unsent = approved(kopi_kita, ["12345670"])[0]
    keys = [MONEY_TRANSFERS.key_of(transfer) for transfer in (*made, unsent)]
    said = [
        (keys[0], Answer(Outcome.SUCCESSFUL)),
        (keys[1], Answer(Outcome.FAILED, "bank_refused")),
        ("money_transfer-1", Answer(Outcome.SUCCESSFUL)),
        (keys[1], Answer(Outcome.SUCCESSFUL)),
        (keys[2], Answer(Outcome.SUCCESSFUL, reference="R" * 70)),
    ]
    for _time in range(2):
        closing.take_many(said)
    found = [MoneyTransfer.objects.get(pk=transfer.pk) for transfer in (*made, unsent)]
    assert [row.status for row in found] == [Status.SUCCESSFUL, Status.FAILED, Status.SUCCESSFUL]
    assert found[2].bank_reference == "R" * 64
    assert list(RailCase.objects.values_list("kind", "was", "said")) == [("contradiction", "failed", "successful")]
    assert all(lines(row)[2:] in (["sent", "successful"], ["sent", "failed", "disputed"]) for row in found)
    call_command("check_ledger")


def test_what_a_rail_says_of_something_else_by_our_key_moves_no_money_together_either(kopi_kita):
    made = approved(kopi_kita, LIFE[:2])
    given_up = {"status": "failed", "problem": answers.KEY_REUSED, "finished_at": Now()}
    for values in ({"status": "sending"}, given_up):
        RailOrder.objects.filter(source_id=made[0].pk).update(**values)
    closing.take_many([(MONEY_TRANSFERS.key_of(transfer), Answer(Outcome.SUCCESSFUL)) for transfer in made])
    found = dict(MoneyTransfer.objects.values_list("pk", "status"))
    assert found == {made[0].pk: "processing", made[1].pk: "successful"}
    assert RailCase.objects.get().kind == "contradiction"


def test_who_is_paid_is_told_of_each(kopi_kita, mailoutbox):
    approved(kopi_kita, LIFE[:2], beneficiary_email="siti@example.test")
    live()
    while mail.MAILS.work():
        pass
    assert [message.to for message in mailoutbox if "siti@example.test" in message.to] == [["siti@example.test"]] * 2


def other_order(of, bank):
    """Return an order like another one, at another bank."""
    same = RailOrder.objects.get(source_id=of.pk)
    same.pk, same.bank, same.key, same.source_id = None, bank, f"another at {bank}", held(of.business).pk
    same.save(force_insert=True)
    return same


def test_whoever_ends_last_wakes_for_what_is_left_of_a_bank(kopi_kita, monkeypatch, settings):
    """The one that was woken at the beginning is through with the other bank by then, and ours had its share."""
    settings.WORKER_REST = 0
    *_, last = approved(kopi_kita, LIFE[:1], (85_000, 86_000))
    other_order(last, "bni")
    woken, turns = [], []
    monkeypatch.setattr(ORDERS, "wake", lambda: woken.append(list(turns)))
    monkeypatch.setattr(ORDERS, "together", 1)
    monkeypatch.setattr(shares, "first_of_a_bank", lambda due: due.order_by("pk").values_list("pk", flat=True).first())
    run = ORDERS._run

    def one(order):
        turns.append(order.bank)
        if order.bank == "bca":
            assert ORDERS.work(), "the other bank's turn, which ends before ours"
            run(order)

    monkeypatch.setattr(ORDERS, "_run", one)
    assert ORDERS.work()
    assert turns == ["bca", "bni"]
    assert woken == [[], turns], "as the first turn began, for the other bank, and as it ended, for what is left"


def test_no_more_are_woken_than_there_are_workers(kopi_kita, monkeypatch, settings):
    """However many turns wake however often: what else workers may do doesn't wait behind them."""
    settings.WORKER_REST, settings.WORKERS = 0, 3
    approved(kopi_kita, LIFE[:1], [85_000 + n for n in range(10)])
    waiting = []
    monkeypatch.setattr(ORDERS, "wake", lambda: waiting.append(1))
    monkeypatch.setattr(ORDERS, "together", 1)
    ORDERS.wake()
    most = 0
    while waiting:
        waiting.pop()
        ORDERS.work()
        most = max(most, len(waiting))
    assert not ORDERS.due().exists()
    assert most == 3


@pytest.mark.parametrize(("took", "rests"), [(0.4, 0.2), (60.0, leases_of_many.LONGEST_REST)])
def test_a_worker_rests_after_a_turn_while_more_waits_and_pages_come_in_between(
    kopi_kita, monkeypatch, settings, took, rests
):
    settings.WORKER_REST = 50
    rested, worked = [], itertools.count(start=1, step=took)
    clock = SimpleNamespace(process_time=lambda: next(worked), sleep=rested.append)
    monkeypatch.setattr(leases_of_many, "time", clock)
    monkeypatch.setattr(ORDERS, "together", 2)
    approved(kopi_kita, LIFE[:1], (85_000, 86_000, 87_000))
    woken = []
    monkeypatch.setattr(ORDERS, "wake", lambda: woken.append(len(rested)))
    assert ORDERS.work()
    assert rested == [pytest.approx(rests)]
    assert woken == [0], "of two workers one is at a bank at a time: the next is woken as the turn ends"
    assert ORDERS.work()
    assert (len(rested), len(woken)) == (1, 1), "nothing waits"
    settings.WORKER_REST = 0
    let_time_pass(ORDERS)
    while ORDERS.work():
        pass
    assert len(rested) == 1
