"""A link of one use paid twice at once: one payment; the other is refused, or waits and says so (trust: D3, D4).

RACE_ROUNDS=20 goes on for long.
"""

import os

import pytest
from django.test import Client

from deposits.ledger import checks
from tests.deposits.conftest import connect
from tests.transactions.paying import inside, link, start
from tests.twins import at_once
from transactions.models import Payment, PaymentArrival
from transactions.payments import arrivals, charges, paying
from transactions.rails import Collected, Outcome, Paid
from transactions.rails import simulated_charges as simulator

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]
ROUNDS = int(os.environ.get("RACE_ROUNDS", "2"))


@pytest.fixture(autouse=True)
def room(monkeypatch):
    """As many rounds as are asked for, all from one network."""
    monkeypatch.setattr(paying, "OF_A_NETWORK_IN_ALL", 100_000)


def statuses(of):
    return sorted(Payment.objects.filter(link_id=of.pk).values_list("status", flat=True))


def tell(payment, rail_id=""):
    """Let a rail say that money arrived, which it can't have asked about."""
    paid = Paid(rail_id or f"R-{payment.pk}", payment.amount)
    arrivals.take(charges.key_of(payment), Collected(Outcome.SUCCESSFUL, (paid,)))


def test_two_pay_at_once_and_one_is_refused(kopi_kita):
    for _ in range(ROUNDS):
        of = link(kopi_kita, uses="one")
        both = [start(of), start(of, channel="qris")]
        outcomes = at_once(2, lambda number, both=both: simulator.pay(charges.key_of(both[number])))
        assert sorted(type(one).__name__ for one in outcomes) == ["NoneType", "Refused"]
        assert statuses(of) == ["cancelled", "successful"]
        with inside(of):
            of.refresh_from_db()
            assert (of.status, of.paid_count, of.collected) == ("used", 1, 350_000)
            assert PaymentArrival.objects.filter(payment__link=of).count() == 1
    loser = Payment.objects.get(link_id=of.pk, status="cancelled")
    assert "somebody else was faster" in Client().get(f"/pay/payment/{loser.slug}/").content.decode()


def test_where_the_rail_cant_ask_the_other_money_waits_and_the_page_says_so(kopi_kita):
    for _ in range(max(1, ROUNDS // 5)):
        of = link(kopi_kita, uses="one")
        both = [start(of), start(of, channel="qris")]
        assert at_once(2, lambda number, both=both: tell(both[number])) == [None, None]
        assert statuses(of) == ["cancelled", "successful"]
        with inside(of):
            told = PaymentArrival.objects.filter(payment__link=of).order_by("status").values_list("status", "problem")
            assert list(told) == [("taken", ""), ("waiting", "used")]
    loser = Payment.objects.get(link_id=of.pk, status="cancelled")
    page = Client().get(f"/pay/payment/{loser.slug}/").content.decode()
    assert "is given back to you" in page
    assert "No money was taken" not in page


def test_one_sum_that_is_told_eight_times_at_once_is_recorded_once(kopi_kita):
    payment = start(link(kopi_kita))
    assert at_once(8, lambda _number: tell(payment, "R-1")) == [None] * 8
    with inside(payment):
        assert PaymentArrival.objects.get().status == "taken"


def test_a_customer_who_presses_twice_at_once_starts_one(kopi_kita):
    of = link(kopi_kita, amount=50_000)
    typed = {"name": "Dewi", "channel": "bca", "made_key": "6b0f4d1e-6a55-4f3e-9a5c-0f6f2b9d7c11"}
    answers = at_once(4, lambda _number: Client().post(f"/pay/{of.slug}/", typed)["Location"])
    assert len(set(answers)) == 1
    assert Payment.objects.count() == 1


def wrong(cursor):
    return {result.check.name: result.examples for result in checks.run(cursor) if result.count}


def test_check_ledger_finds_what_doesnt_add_up(kopi_kita):
    of = link(kopi_kita)
    paid, open_ = start(of), start(of)
    simulator.pay(charges.key_of(paid))
    links, money = (
        "Links have collected what their payments say",
        "Payments that were made have their money",
    )
    planted = {
        f"UPDATE transactions_paymentlink SET collected = collected + 1 WHERE id = {of.pk}": links,
        f"UPDATE transactions_paymentlink SET paid_count = 0 WHERE id = {of.pk}": links,
        f"UPDATE transactions_payment SET amount = amount + 1 WHERE id = {paid.pk}": money,
        f"DELETE FROM transactions_paymentarrival WHERE payment_id = {paid.pk}": money,
        f"UPDATE transactions_paymentarrival SET payment_id = {open_.pk}": money,
    }
    with connect("superuser") as superuser, superuser.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        assert wrong(cursor) == {}
        for statement, check in planted.items():
            with superuser.transaction(force_rollback=True):
                cursor.execute(statement)
                assert check in wrong(cursor), statement
