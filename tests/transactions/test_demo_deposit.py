"""The demo's year and its day: each transfer has what one that people make has, and the deposit adds up."""

from collections import Counter
from datetime import datetime, time
from threading import Thread
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from django.db import connections
from django.db.models import F, Sum
from django.http import QueryDict

from accounts import demo as people
from accounts.activity import chain, recording
from accounts.demo import KOPI_KITA, TOKO_SEBELAH
from accounts.models import Activity, Business, Member
from accounts.permissions import Permission, Role
from accounts.rights import NotAllowed
from deposits import ledger
from deposits.ledger import checks
from deposits.ledger.history import DepositHistory
from deposits.models import DepositEntry, Posting, PostingKind, StatementLine, TopUp
from deposits.statements import matching
from deposits.topups import crediting
from flipdash import clock, rls
from flipdash.leases import Worker
from flipdash.mode import Mode
from flipdash.models import Message
from transactions import demo
from transactions.approvals import services as approvals
from transactions.approvals.queue import Filters, Selection
from transactions.bulk import retrying
from transactions.models import (
    BeneficiaryAbroad,
    BulkDraft,
    InternationalEvent,
    InternationalTransfer,
    MoneyTransfer,
    Payment,
    PaymentArrival,
    PaymentEvent,
    PaymentStatus,
    RailCase,
    RailCharge,
    RailOrder,
    Refund,
    SettledPayment,
    SettlementRun,
    SimulatedPayout,
    Status,
    TransferBatch,
    TransferEvent,
    TransferSeries,
    Via,
)
from transactions.outgoing import changes
from transactions.outgoing.refusals import SecondPersonNeeded
from transactions.payments import calendar, charges, settling

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "operator"])


@pytest.fixture
def scope(monkeypatch):
    people.make_people()
    # So many that some are successful on whichever day the year ends.
    monkeypatch.setattr(demo.given_back, "SHARE", 1 / 6)
    demo.write_all(slug=TOKO_SEBELAH.slug)
    return Business.objects.get(slug=TOKO_SEBELAH.slug).members.first().scope("live")


COUNTED = (
    *(Posting, MoneyTransfer, TransferEvent, TransferBatch, RailOrder, SimulatedPayout, RailCase, Activity, TopUp),
    *(Payment, PaymentEvent, PaymentArrival, RailCharge, SettlementRun, Refund),
)
ROUTES = {
    ("created",): (Status.PENDING_APPROVAL,),
    ("created", "cancelled"): (Status.CANCELLED,),
    ("created", "rejected"): (Status.CANCELLED,),
    ("created", "approved"): (Status.SCHEDULED, Status.PROCESSING),
    ("created", "approved", "sent"): (Status.PROCESSING,),
    ("created", "approved", "sent", "successful"): (Status.SUCCESSFUL,),
    ("created", "approved", "sent", "failed"): (Status.FAILED,),
    ("created", "approved", "sent", "successful", "returned"): (Status.SUCCESSFUL,),
}
"""What may have happened to a transfer, and where it stands then."""
POSTED = {"approved": "hold", "successful": "capture", "failed": "release", "returned": "return"}
"""What the ledger posts for a line, at its moment."""
LOGGED = {"created", "cancelled", "rejected", "sent", "successful", "failed", "returned"}
"""The lines that are a row of the Activity Log each; of a batch, one says so of all."""


def counts():
    return [model.objects.using("operator").count() for model in COUNTED]


def by_source(rows):
    found = {}
    for key, *what in rows:
        found.setdefault(int(key), []).append(tuple(what))
    return found


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


def settled_from(payment, zone):
    """Return when a payment may reach the deposit: at six of the next day on which banks work, and a little later."""
    day = calendar.banking_day_after(payment.paid_at.astimezone(zone).date())
    return datetime.combine(day, time(6, 0, 9), tzinfo=zone)


def check_settlements(scope):
    """Check that what people paid came by links, and reached the deposit on days on which banks work."""
    payments = Payment.objects.visible_to(scope).select_related("settled_in__run", "charge")
    assert not payments.filter(slug=None).exists()
    # Of a weekday's noon none need wait; of a Sunday, what was paid since Friday does.
    end = scope.business.created_at + people.HISTORY
    assert set(payments.filter(settlement_status="pending")) == {
        one for one in payments if one.is_successful and settled_from(one, scope.zone) >= end
    }
    runs, of = {run.pk: run for run in SettlementRun.objects.visible_to(scope)}, Counter()
    for payment in payments:
        assert payment.charge.key == charges.key_of(payment)
        assert payment.arrivals.filter(status="taken").exists() == (payment.status == PaymentStatus.SUCCESSFUL)
        if payment.settlement_status != "settled":
            assert not SettledPayment.objects.filter(payment=payment).exists()
            continue
        run = payment.settled_in.run
        of[run.pk] += payment.settled_amount
        assert payment.settled_at == run.posted_at
        assert run.day == calendar.banking_day_after(payment.paid_at.astimezone(scope.zone).date())
        assert [one.at for one in payment.events.filter(kind="settled")] == [run.posted_at]
    assert dict(of) == {run.pk: run.net for run in runs.values()}
    assert len(runs) > 100
    for run in runs.values():
        assert (run.status, run.posted_at.astimezone(scope.zone).date()) == ("done", run.day)
        assert calendar.is_banking_day(run.day)
    told = Activity.objects.using("operator").filter(kind="settlement.posted")
    assert sorted(map(int, told.values_list("subject_id", flat=True))) == sorted(runs)


def check_refunds(scope):
    """Check that what was given back was let go by somebody who may, and sent."""
    refunds = Refund.objects.visible_to(scope)
    assert refunds.filter(status="successful").exists()
    orders = RailOrder.objects.using("operator").filter(source="refund", status="done")
    sent = refunds.filter(status__in=["successful", "failed"])
    assert sorted(orders.values_list("source_id", flat=True)) == sorted(sent.values_list("pk", flat=True))
    may = {member.actor: member.permissions for member in scope.business.members.all()}
    for refund in refunds:
        assert Permission.REQUEST_REFUND in may[refund.maker]
        assert refund.approver is None or Permission.APPROVE_TRANSACTIONS in may[refund.approver]
        assert refund.payment.paid_at < refund.created_at


def test_in_test_mode_it_begins_with_its_opening_whoever_opened_it(monkeypatch):
    """The start and the sweep open all businesses, and may come first."""
    people.make_people()
    business = Business.objects.get(slug=KOPI_KITA.slug)
    crediting.open_test_deposit(business)
    payments = demo.payments
    (history,) = (one for one in payments.HISTORIES if (one.slug, one.mode) == (KOPI_KITA.slug, Mode.TEST))
    payments.write(history)
    demo.year.write(next(one for one in demo.HISTORIES if one.mode == Mode.TEST))
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
            assert final.filter(via=Via.API).exists() == (model is MoneyTransfer)
            assert not final.exclude(pk__in=ended).exists(), "every transfer that was sent has moved the deposit"

        brought = TopUp.objects.visible_to(scope).aggregate(sum=Sum("credited_amount"))["sum"]
        settled = Payment.objects.visible_to(scope).aggregate(sum=Sum("settled_amount"))["sum"]
        paid = back = 0
        for model in (MoneyTransfer, InternationalTransfer, Refund):
            rows = model.objects.visible_to(scope).filter(status=Status.SUCCESSFUL)
            paid += rows.aggregate(sum=Sum(F("amount") + F("fee")))["sum"]
            back += rows.filter(returned_at__isnull=False).aggregate(sum=Sum("amount"))["sum"] or 0
        assert balance.total == brought + settled - paid + back, "the histories and the deposit say the same"
        check_settlements(scope)
        check_refunds(scope)

    with connections["operator"].cursor() as cursor:
        assert {result.check.name: result.examples for result in checks.run(cursor) if result.count} == {}

    assert demo.year.is_written(demo.HISTORIES[-1])
    before = counts()
    demo.write_all(slug=TOKO_SEBELAH.slug)
    assert counts() == before


def test_each_transfer_has_what_one_has_that_people_make(scope):
    """Lines, postings, the Activity Log and the order at the rail all say the same of it."""
    allowed = {member.actor: member.permissions for member in scope.business.members.all()}
    rule = scope.business.second_person_rule()
    assert rule.required
    transfers = list(MoneyTransfer.objects.using("operator").order_by("pk"))
    lines = by_source(
        TransferEvent.objects.using("operator").order_by("at", "id").values_list("transfer_id", "kind", "at")
    )
    postings = Posting.objects.using("operator").filter(source_type="money_transfer").order_by("effective_at", "id")
    posted = by_source(postings.values_list("source_id", "kind", "effective_at"))
    log = Activity.objects.using("operator").filter(subject_type="transactions.moneytransfer").order_by("created_at")
    logged = by_source(log.exclude(kind="transfer.contradicted").values_list("subject_id", "kind", "created_at"))
    orders = {order.source_id: order for order in RailOrder.objects.using("operator")}
    sums: Counter = Counter()
    for row in transfers:
        sums[row.batch_id, row.maker] += row.amount
    seen = set()
    for row in transfers:
        route = tuple(kind for kind, _at in lines[row.pk])
        seen.add(route)
        assert row.status in ROUTES[route], (row.pk, route)
        assert lines[row.pk][0][1] == row.created_at
        assert str(row.pk)[:12] == f"{row.created_at:%y%m%d%H%M%S}"
        assert posted.get(row.pk, []) == [(POSTED[kind], at) for kind, at in lines[row.pk] if kind in POSTED]
        alone = LOGGED - {"created"} if row.batch_id else LOGGED | {"approved"}
        expected = [(f"transfer.{kind}", at) for kind, at in lines[row.pk] if kind in alone]
        assert logged.get(row.pk, []) == expected
        assert (row.pk in orders) == ("approved" in route and row.status != Status.SCHEDULED)
        assert (row.completed_at, row.returned_at) == tuple(
            dict(lines[row.pk]).get(kind) for kind in ("successful", "returned")
        )
        if row.via == Via.DASHBOARD:
            assert Permission.CREATE_TRANSACTIONS in allowed[row.maker]
            assert (row.made_key is None) == (row.batch_id is not None)
            if row.approver:
                assert Permission.APPROVE_TRANSACTIONS in allowed[row.approver]
        if row.approver == row.maker:
            assert not rule.holds_for(sums[row.batch_id, row.maker] if row.batch_id else row.amount)
    assert seen == set(ROUTES)
    keys = [row.idempotency_key for row in transfers if row.via == Via.API]
    assert len(set(keys)) == len(keys) > 50
    assert all(keys)

    orders_done = [order for order in orders.values() if order.status == RailOrder.Status.DONE]
    answered = SimulatedPayout.objects.using("operator").exclude(result="")
    assert {order.key for order in orders_done} == set(answered.values_list("key", flat=True))
    assert all(order.told_at == order.sent_at < order.finished_at for order in orders_done)
    batches = TransferBatch.objects.using("operator")
    for kind, subjects in (("batch.created", batches), ("transfer.approved_many", batches)):
        told = Activity.objects.using("operator").filter(kind=kind).values_list("subject_id", flat=True)
        assert sorted(map(int, told)) == sorted(subjects.values_list("pk", flat=True))
    returned = [row.pk for row in transfers if row.returned_at]
    settled = RailCase.objects.using("operator").filter(kind="returned", status="closed", closer_kind="operator")
    settled = settled.filter(order__source="money_transfer")
    assert sorted(settled.values_list("order__source_id", flat=True)) == returned
    check_those_abroad(orders, rule)
    recording.seal()
    assert chain.check("operator") == []


def check_those_abroad(orders, rule):
    """Each was made at a quote, let go while that held by who may, sent, and answered."""
    rows = list(InternationalTransfer.objects.using("operator").select_related("quote").order_by("pk"))
    told = InternationalEvent.objects.using("operator").order_by("at", "id")
    lines = by_source(told.values_list("transfer_id", "kind", "at"))
    posted = Posting.objects.using("operator").filter(source_type="international_transfer")
    posted = by_source(posted.order_by("effective_at", "id").values_list("source_id", "kind", "effective_at"))
    log = Activity.objects.using("operator").filter(subject_type="transactions.internationaltransfer")
    logged = by_source(log.order_by("created_at").values_list("subject_id", "kind", "created_at"))
    for row in rows:
        route, at = tuple(kind for kind, _at in lines[row.pk]), dict(lines[row.pk])
        assert row.status in ROUTES[route], (row.pk, route)
        assert posted.get(row.pk, []) == [(POSTED[kind], moment) for kind, moment in lines[row.pk] if kind in POSTED]
        assert logged[row.pk] == [(f"international.{kind}", moment) for kind, moment in lines[row.pk]]
        assert (row.pk in orders) == ("approved" in route) == (row.let_go_at is not None)
        quote = row.quote
        assert quote.created_at < row.created_at
        assert row.let_go_at == at.get("approved")
        assert row.let_go_at is None or row.let_go_at < quote.expires_at
        assert row.approver != row.maker or not rule.holds_for(row.amount)
    assert {row.status for row in rows} >= {Status.SUCCESSFUL, Status.FAILED, Status.PROCESSING}


def test_a_killed_run_is_taken_up(monkeypatch):
    """Killed in the middle of a step: what that step did is undone, and the next run goes on from there."""
    people.make_people()
    monkeypatch.setattr(demo.year, "STEP", 20)
    history, turns = demo.HISTORIES[-1], []
    real = changes.carry_out_many

    def killed(*args):
        turns.append(args)
        real(*args)
        if len(turns) == 4:
            raise KeyboardInterrupt

    with monkeypatch.context() as dies, pytest.raises(KeyboardInterrupt):
        dies.setattr(changes, "carry_out_many", killed)
        demo.year.write(history, oldest=60)
    assert 0 < MoneyTransfer.objects.count() < 60
    demo.year.write(history, oldest=60)
    scope = Business.objects.get(slug=TOKO_SEBELAH.slug).members.first().scope("live")
    with rls.inside(scope):
        check_closes(scope)
        made = [model.objects.visible_to(scope).count() for model in (MoneyTransfer, InternationalTransfer)]
        assert sum(made) == 60
        assert all(made)
        lines = TransferEvent.objects.visible_to(scope).values_list("transfer_id", "kind")
        assert len(lines) == len(set(lines))
    before = counts()
    demo.year.write(history, oldest=60)
    assert counts() == before


def test_a_plan_in_which_somebody_approves_their_own_is_refused(monkeypatch):
    people.make_people()
    Business.objects.filter(slug=TOKO_SEBELAH.slug).update(second_person_from=0)
    monkeypatch.setattr("transactions.demo.author.Cast.lets_go", lambda cast, maker, amount: True)
    with pytest.raises((SecondPersonNeeded, NotAllowed)):
        demo.year.write(demo.HISTORIES[-1], oldest=40)


def test_a_sweep_that_comes_between_settles_nothing_of_the_year(monkeypatch):
    """Workers beside the seed see each payment with its settlement, and so take none of them into that of today."""
    people.make_people()
    monkeypatch.setattr(Worker, "wake", lambda worker: None)
    business = Business.objects.get(slug=TOKO_SEBELAH.slug)
    day = calendar.banking_day_after(clock.now().astimezone(ZoneInfo(business.time_zone)).date())
    morning = datetime.combine(day, time(10), tzinfo=ZoneInfo(business.time_zone))
    begun = demo.settlements.begin

    def sweep():
        with mock.patch.object(settling.clock, "now", return_value=morning):
            settling.tidy()
        while settling.SETTLEMENTS.work():
            pass
        connections.close_all()

    def sweep_and_begin(*args):
        beside = Thread(target=sweep)
        beside.start()
        beside.join()
        begun(*args)

    history = next(one for one in demo.payments.HISTORIES if one.slug == TOKO_SEBELAH.slug)
    with monkeypatch.context() as beside:
        beside.setattr(demo.settlements, "begin", sweep_and_begin)
        beside.setattr("transactions.demo.writing.STEP", 150)
        demo.payments.write(history)
    runs = SettlementRun.objects.using("operator").filter(business=business)
    taken = SettledPayment.objects.using("operator").values("run")
    assert not runs.exclude(day=day).exclude(pk__in=taken).exists(), "each of the year has a payment"
    assert not runs.exclude(posted_at=None).exists()
    demo.write_all(slug=TOKO_SEBELAH.slug)
    while settling.SETTLEMENTS.work():
        pass
    assert not runs.filter(finished_at=None).exists()


@pytest.fixture
def today(files, monkeypatch):
    monkeypatch.setattr(Worker, "wake", lambda worker: None)
    people.make_people()
    demo.today.write()
    maker = Member.objects.select_related("user", "business").get(user__email="maker@kopikita.test")
    with rls.inside(maker.scope("live")):
        yield maker.scope("live")


def test_the_day_has_files_in_every_state_in_which_people_meet_them(today):
    """Trust: M2. One waits, one is on its way, of one some have failed, and one is to be repaired."""
    drafts = {draft.name: draft for draft in BulkDraft.objects.visible_to(today)}
    stands = {
        name: Counter(MoneyTransfer.objects.filter(batch=draft.batch).values_list("status", flat=True))
        for name, draft in drafts.items()
        if draft.batch
    }
    assert set(stands["Lembur akhir pekan"]) == {"pending_approval"}
    assert stands["Pemasok mingguan"] == {"successful": 11, "processing": 7}
    assert stands["Refund pesanan"] == {"successful": 13, "failed": 3}
    refused = MoneyTransfer.objects.filter(status="failed").exclude(batch=None)
    assert len(set(refused.values_list("reason", flat=True))) == 3
    assert retrying.failed(today, drafts["Refund pesanan"].batch).count() == 3
    repairs = drafts["Komisi reseller"]
    assert (repairs.status, repairs.rows.exclude(wrong=[]).count()) == ("review", 3)
    assert repairs.rows.filter(wrong=[], holder_status="").count() == 0, "the banks were asked"

    repeated = TransferSeries.objects.visible_to(today).values_list("repeats", "status")
    assert sorted(repeated) == [("month", "active"), ("week", "active")]
    rejected = MoneyTransfer.objects.visible_to(today).get(status="cancelled")
    assert rejected.events.get(kind="rejected").note
    returned = MoneyTransfer.objects.visible_to(today).get(returned_at__isnull=False)
    assert RailCase.objects.using("operator").get(order__source_id=returned.pk).status == "closed"
    abroad = InternationalTransfer.objects.visible_to(today).order_by("created_at", "pk")
    assert [(row.country, row.status) for row in abroad] == [
        *(("SG", "successful"), ("MY", "processing"), ("JP", "failed"), ("AU", "cancelled")),
        ("DE", "pending_approval"),
    ]
    assert [bool(row.attachment_id) for row in abroad] == [False, True, False, False, False]
    saved = BeneficiaryAbroad.objects.visible_to(today)
    assert {one.country: bool(one.paid_at) for one in saved} == {"SG": True, "MY": False}
    errands = MoneyTransfer.objects.visible_to(today).filter(batch=None, returned_at=None).exclude(status="cancelled")
    stands = Counter(errands.values_list("status", flat=True))
    assert stands == {"successful": 5, "failed": 1, "pending_approval": 1}
    assert len({row.maker for row in errands}) == 3
    paid = Payment.objects.visible_to(today).get()
    waiting = Refund.objects.visible_to(today).get()
    assert (waiting.payment, waiting.status, waiting.amount) == (paid, "waiting", paid.amount)
    assert ledger.balance(today).available < waiting.amount
    assert paid.link.status == "used"
    made = MoneyTransfer.objects.visible_to(today).exclude(batch=None)
    assert {row.maker_name for row in made} == {people.KOPI_KITA.people[Role.MAKER]}
    assert {row.approver_name for row in made if row.approver} == {people.KOPI_KITA.people[Role.APPROVER]}
    with connections["operator"].cursor() as cursor:
        assert {result.check.name: result.examples for result in checks.run(cursor) if result.count} == {}


def test_everybody_who_may_approve_finds_what_waits_and_can_pay_it(today):
    for member in today.business.members.select_related("user", "business"):
        if Permission.APPROVE_TRANSACTIONS not in member.permissions:
            continue
        scope = member.scope("live")
        with rls.inside(scope):
            chosen = approvals.look(scope, Selection(Filters(), is_all=True))
        assert chosen.count > 20
        assert chosen.missing == 0
        assert chosen.warnings


def test_the_same_day_again_adds_nothing(today):
    assert demo.today.is_written()
    before = counts()
    demo.today.write()
    assert counts() == before


def test_a_check_finds_a_transfer_that_ended_otherwise_than_its_hold(scope):
    holds = Posting.objects.using("operator").filter(kind="hold", source_type="money_transfer")
    held = list(holds.values_list("source_id", flat=True))
    MoneyTransfer.objects.filter(pk__in=held, status=Status.PROCESSING).update(status=Status.FAILED)
    with connections["operator"].cursor() as cursor:
        found = {result.check.name for result in checks.run(cursor) if result.count}
    assert found == {"Held is what open transfers hold"}
