"""The demo's deposit: what its transactions held, paid and brought in, and the top-ups that paid for it."""

import pytest
from django.db import connections
from django.db.models import F, Sum

from accounts import demo as people
from accounts.demo import TOKO_SEBELAH
from accounts.models import Business
from deposits import ledger
from deposits.ledger import checks
from deposits.models import DepositEntry, Posting, TopUp
from flipdash import walls
from transactions import demo
from transactions.models import MoneyTransfer, Status

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])


@pytest.fixture
def scope():
    people.make_people()
    demo.write_all(slug=TOKO_SEBELAH.slug)
    return Business.objects.get(slug=TOKO_SEBELAH.slug).members.first().scope("live")


def test_it_adds_up_in_order_and_only_once(scope):
    with walls.inside(scope):
        entries = list(DepositEntry.objects.visible_to(scope).order_by("created_at", "id"))
        after = 0
        for entry in entries:
            after += entry.amount
            assert entry.balance_after == after, "the statement is in the order in which it was posted"
        balance = ledger.balance(scope)
        assert balance.available == after > 0
        open_ones = MoneyTransfer.objects.visible_to(scope).filter(status__in=[Status.PROCESSING, Status.SCHEDULED])
        held = open_ones.aggregate(sum=Sum(F("amount") + F("fee")))["sum"] or 0
        international = balance.held - held
        assert balance.held >= held > 0
        assert international >= 0
        assert TopUp.objects.visible_to(scope).filter(status="successful").exists()

    with connections["operator"].cursor() as cursor:
        assert {finding.check.name: finding.examples for finding in checks.run(cursor) if finding.count} == {}

    before = Posting.objects.using("operator").count()
    demo.write_all(slug=TOKO_SEBELAH.slug)
    assert Posting.objects.using("operator").count() == before


def test_a_check_finds_a_transfer_that_ended_otherwise_than_its_hold(scope):
    holds = Posting.objects.using("operator").filter(kind="hold", source_type="money_transfer")
    held = list(holds.values_list("source_id", flat=True))
    MoneyTransfer.objects.filter(pk__in=held, status=Status.PROCESSING).update(status=Status.FAILED)
    with connections["operator"].cursor() as cursor:
        found = {finding.check.name for finding in checks.run(cursor) if finding.count}
    assert found == {"Held is what open transfers hold"}
