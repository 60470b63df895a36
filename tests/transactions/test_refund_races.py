"""Twenty refunds of a tenth each at once on one payment: exactly ten are made (trust: D6).

RACE_ROUNDS=20 goes on for long.
"""

import os
import uuid

import pytest
from django.db import IntegrityError

from accounts.permissions import Role
from deposits.ledger import checks
from flipdash import rls
from tests import factories
from tests.deposits.conftest import connect
from tests.transactions.refunding import draft, left
from tests.transactions.sending import fund, let_it_arrive
from tests.twins import at_once
from transactions.models import Refund
from transactions.refunds import services
from transactions.refunds.services import NotRefundable

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]
ROUNDS = int(os.environ.get("RACE_ROUNDS", "2"))


def wrong():
    with connect("superuser") as superuser, superuser.cursor() as cursor:
        return {result.check.name: result.examples for result in checks.run(cursor) if result.count}


def test_twenty_ask_for_a_tenth_at_once_and_ten_get_it(kopi_kita):
    fund(kopi_kita, 1_000_000_000)
    scope = factories.make_member(kopi_kita, Role.EXECUTOR).scope("live")
    for _ in range(ROUNDS):
        payment = factories.make_payment(kopi_kita, amount=150_000)

        def ask(_number, payment=payment):
            with rls.inside(scope):
                return services.request(scope, draft(payment), made_key=uuid.uuid4())

        outcomes = at_once(20, ask)
        assert sorted(type(one).__name__ for one in outcomes) == ["NotRefundable"] * 10 + ["Requested"] * 10
        assert left(payment) == 0
        let_it_arrive()
        with rls.inside(scope):
            sent = Refund.objects.filter(payment=payment, status="successful").values_list("amount", flat=True)
            assert list(sent) == [15_000] * 10
    assert wrong() == {}


def test_the_database_alone_lets_ten_of_twenty_in(kopi_kita):
    """Past all code: each is written by a connection of its own."""
    for _ in range(ROUNDS):
        payment = factories.make_payment(kopi_kita, amount=150_000)
        outcomes = at_once(20, lambda _number, payment=payment: factories.make_refund(kopi_kita, payment))
        assert sum(isinstance(one, Refund) for one in outcomes) == 10
        assert sum(isinstance(one, IntegrityError) for one in outcomes) == 10
        assert left(payment) == 0


def test_the_rest_is_told_by_whom_is_late(kopi_kita):
    payment = factories.make_payment(kopi_kita, amount=150_000)
    factories.make_refund(kopi_kita, payment, amount=150_000)
    scope = factories.make_member(kopi_kita, Role.EXECUTOR).scope("live")
    with rls.inside(scope), pytest.raises(NotRefundable, match="All of this payment"):
        services.request(scope, draft(payment), made_key=uuid.uuid4())
