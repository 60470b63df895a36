"""The demo's deposit: what its transactions held, paid and brought in, and the top-ups that paid for it."""

import pytest
from django.db import connections
from django.db.models import F, Sum
from django.http import QueryDict

from accounts import demo as people
from accounts.demo import KOPI_KITA, TOKO_SEBELAH
from accounts.models import Business
from deposits import ledger
from deposits.ledger import checks
from deposits.ledger.history import DepositHistory
from deposits.models import DepositEntry, Posting, PostingKind, StatementLine, TopUp
from deposits.statements import matching
from deposits.topups import crediting
from flipdash import rls
from flipdash.mode import Mode
from flipdash.models import Message
from transactions import demo
from transactions.models import InternationalTransfer, MoneyTransfer, Payment, Status, Via

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])


@pytest.fixture
def scope():
    people.make_people()
    demo.write_all(slug=TOKO_SEBELAH.slug)
    return Business.objects.get(slug=TOKO_SEBELAH.slug).members.first().scope("live")


def check_closes(scope) -> list[DepositEntry]:
    """Check that the statement follows from its first entry on, and that its report says the same; returns it."""
    entries = list(DepositEntry.objects.visible_to(scope).select_related("posting").order_by("created_at", "id"))
    after = 0
    for entry in entries:
        after += entry.amount
        assert entry.balance_after == after, "the statement is in the order in which it was posted"
    opening, credits, debits, closing = dict(DepositHistory(scope, QueryDict()).closing()).values()
    assert (opening, opening + credits - debits) == (0, closing)
    return entries


def test_in_test_mode_it_begins_with_its_opening_whoever_opened_it(monkeypatch):
    """The start and the sweep open all businesses, and may come first."""
    people.make_people()
    business = Business.objects.get(slug=KOPI_KITA.slug)
    crediting.open_test_deposit(business)
    for kind in (demo, demo.international, demo.payments):
        (history,) = (one for one in kind.HISTORIES if (one.slug, one.mode) == (KOPI_KITA.slug, Mode.TEST))
        kind.write(history)
    demo.deposit.write(next(one for one in demo.HISTORIES if one.mode == Mode.TEST))
    scope = business.members.first().scope("test")
    with rls.inside(scope):
        first, *others = check_closes(scope)
        assert (first.posting.kind, first.created_at) == (PostingKind.OPENING, business.created_at)
        assert others


def test_a_sweep_that_comes_between_dates_a_top_up_as_the_seed_does(monkeypatch):
    reported = matching.report_payment

    def report_and_sweep(*args, **how):
        line = reported(*args, **how)
        matching.match_due()
        return line

    monkeypatch.setattr(matching, "report_payment", report_and_sweep)
    people.make_people()
    demo.write_all(slug=TOKO_SEBELAH.slug)
    scope = Business.objects.get(slug=TOKO_SEBELAH.slug).members.first().scope("live")
    with rls.inside(scope):
        top_ups = [entry for entry in check_closes(scope) if entry.posting.kind == PostingKind.TOP_UP]
        paid = {top_up.posting_id: top_up for top_up in TopUp.objects.visible_to(scope)}
    assert top_ups
    for entry in top_ups:
        assert 0 < (entry.created_at - paid[entry.posting_id].created_at).total_seconds() < 3_600
    assert not Message.objects.exists()
    assert not StatementLine.objects.using("operator").exclude(status="credited").exists()


def test_what_fills_a_business_beside_the_demo_moves_no_deposit():
    people.make_people()
    demo.fill(Business.objects.get(slug=TOKO_SEBELAH.slug), rows=30)
    filled = set(MoneyTransfer.objects.values_list("pk", flat=True))
    demo.write_all(slug=TOKO_SEBELAH.slug)
    posted = Posting.objects.using("operator").filter(source_type="money_transfer").values_list("source_id", flat=True)
    assert set(posted)
    assert not set(posted) & filled


def test_it_adds_up_in_order_and_only_once(scope):
    with rls.inside(scope):
        entries = check_closes(scope)
        balance = ledger.balance(scope)
        assert balance.available == entries[-1].balance_after > 0
        open_ones = MoneyTransfer.objects.visible_to(scope).filter(status__in=[Status.PROCESSING, Status.SCHEDULED])
        held = open_ones.aggregate(sum=Sum(F("amount") + F("fee")))["sum"] or 0
        international = balance.held - held
        assert balance.held >= held > 0
        assert international >= 0
        assert TopUp.objects.visible_to(scope).filter(status="successful").exists()
        for model, source in ((MoneyTransfer, "money_transfer"), (InternationalTransfer, "international_transfer")):
            final = model.objects.visible_to(scope).filter(status__in=[Status.SUCCESSFUL, Status.FAILED])
            ended = Posting.objects.filter(source_type=source, kind__in=["capture", "release"]).values("source_id")
            assert final.filter(via=Via.API).exists()
            assert not final.exclude(pk__in=ended).exists(), "every transfer that was sent has moved the deposit"

        brought = TopUp.objects.visible_to(scope).aggregate(sum=Sum("credited_amount"))["sum"]
        settled = Payment.objects.visible_to(scope).aggregate(sum=Sum("settled_amount"))["sum"]
        paid = back = 0
        for model in (MoneyTransfer, InternationalTransfer):
            rows = model.objects.visible_to(scope).filter(status=Status.SUCCESSFUL)
            paid += rows.aggregate(sum=Sum(F("amount") + F("fee")))["sum"]
            back += rows.filter(returned_at__isnull=False).aggregate(sum=Sum("amount"))["sum"] or 0
        assert balance.total == brought + settled - paid + back, "the histories and the deposit say the same"

    with connections["operator"].cursor() as cursor:
        assert {result.check.name: result.examples for result in checks.run(cursor) if result.count} == {}

    assert demo.deposit.is_written(demo.HISTORIES[-1])
    before = Posting.objects.using("operator").count()
    demo.write_all(slug=TOKO_SEBELAH.slug)
    assert Posting.objects.using("operator").count() == before


def test_a_check_finds_a_transfer_that_ended_otherwise_than_its_hold(scope):
    holds = Posting.objects.using("operator").filter(kind="hold", source_type="money_transfer")
    held = list(holds.values_list("source_id", flat=True))
    MoneyTransfer.objects.filter(pk__in=held, status=Status.PROCESSING).update(status=Status.FAILED)
    with connections["operator"].cursor() as cursor:
        found = {result.check.name for result in checks.run(cursor) if result.count}
    assert found == {"Held is what open transfers hold"}
