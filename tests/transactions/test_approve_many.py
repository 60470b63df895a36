"""Many approved as one act: exactly the set that was seen, all or none (trust: M1-M4)."""

import os
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Activity, Member
from accounts.permissions import Role
from accounts.rights import NotAllowed
from deposits import ledger
from deposits.ledger import AlreadyPosted, Balance, LedgerOwner, NotEnoughDeposit, Source
from deposits.models import Entry, Posting
from flipdash import clock, rls
from tests import factories
from tests.leased import let_time_pass
from tests.transactions.sending import create, fund, let_it_arrive, lines
from tests.twins import at_once
from transactions.models import BulkApproval, MoneyTransfer, RailOrder, Status
from transactions.outgoing import many
from transactions.outgoing.many import APPROVALS, Selection, approve_many, look_at
from transactions.outgoing.refusals import Changed, MayBeTwice, NothingSelected, SecondPersonNeeded, ShortOfMoney
from transactions.transfers.services import MONEY_TRANSFERS

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]
WHOLE = 87_500
"""What each costs: its amount with its fee."""


@pytest.fixture
def maker(kopi_kita):
    return factories.make_member(kopi_kita, Role.MAKER)


@pytest.fixture
def approver(kopi_kita):
    fund(kopi_kita)
    return factories.make_member(kopi_kita, Role.APPROVER)


@pytest.fixture
def waiting(maker):
    return [create(maker, account_number=f"001234567{n}") for n in range(4)]


def balance(business):
    with rls.inside_of(business.pk, "live"):
        return ledger.balance(LedgerOwner(business, "live"))


def chosen(who, *, until=None):
    scope = who.scope("live")
    rows = MoneyTransfer.objects.visible_to(scope, searched=True)
    return scope, Selection.of(MONEY_TRANSFERS, rows, until=until)


def approve(who, *, selection=None, seen=None, **how):
    scope, waits = chosen(who)
    selection = selection or waits
    with rls.inside(scope):
        return approve_many(scope, selection, seen=seen or look_at(scope, selection).digest, **how)


def statuses():
    return set(MoneyTransfer.objects.values_list("status", flat=True))


def second_person(business, rupiah):
    business.second_person_required, business.second_person_from = True, rupiah
    business.save()


@pytest.mark.parametrize("at_once", [200, 2])
def test_all_are_held_and_sent(monkeypatch, waiting, approver, at_once):
    monkeypatch.setattr(many, "AT_ONCE", at_once)
    approval = approve(approver)
    while APPROVALS.work():
        pass
    approval.refresh_from_db()
    assert (approval.status, approval.count, approval.total) == ("done", 4, 4 * WHOLE)
    assert balance(approver.business) == Balance(10_000_000 - 4 * WHOLE, 4 * WHOLE)
    for transfer in MoneyTransfer.objects.all():
        assert (transfer.status, transfer.approver) == (Status.PROCESSING, approver.actor)
        assert lines(transfer) == ["created", "approved"]
    told = Activity.objects.using("operator").get(kind="transfer.approved_many")
    assert told.facts == {"count": 4, "amount": 4 * 85_000, "fee": 4 * 2_500}
    let_it_arrive()
    assert statuses() == {"successful"}
    assert balance(approver.business) == Balance(10_000_000 - 4 * WHOLE, 0)


def test_the_ledger_holds_many_as_it_holds_one(kopi_kita, toko_sebelah):
    """The same lines, balances and seals; and its chain holds (trust: L3)."""
    from django.core.management import call_command

    for business in (kopi_kita, toko_sebelah):
        fund(business)
    with rls.inside_of(kopi_kita.pk, "live"):
        for n, amount in ((1, 10_000), (2, 25_000), (3, 1)):
            ledger.hold(LedgerOwner(kopi_kita, "live"), Source("thing", n), amount=amount)
    with rls.inside_of(toko_sebelah.pk, "live"):
        ledger.hold_many(LedgerOwner(toko_sebelah, "live"), "thing", [(1, 10_000), (2, 25_000), (3, 1)])
    entries = Entry.objects.using("operator").exclude(posting__kind="return").order_by("account__kind", "seq")
    fields = ("account__kind", "seq", "amount", "balance_after", "posting__source_id", "posting__kind")
    ours, theirs = (list(entries.filter(business=one).values_list(*fields)) for one in (kopi_kita, toko_sebelah))
    assert ours == theirs
    assert balance(toko_sebelah) == Balance(10_000_000 - 35_001, 35_001)
    call_command("check_ledger")
    with rls.inside_of(toko_sebelah.pk, "live"):
        ledger.release(LedgerOwner(toko_sebelah, "live"), Source("thing", 2), amount=25_000)
    call_command("check_ledger")


def test_the_ledger_refuses_many_holds_as_a_whole(kopi_kita, toko_sebelah):
    fund(kopi_kita, 100_000)
    owner = LedgerOwner(kopi_kita, "live")
    with rls.inside_of(kopi_kita.pk, "live"):
        with pytest.raises(NotEnoughDeposit) as short:
            ledger.hold_many(owner, "thing", [(1, 60_000), (2, 60_000)])
        assert short.value.missing == 20_000
        ledger.hold_many(owner, "thing", [(1, 60_000)])
        for twice in ([(1, 60_000)], [(2, 1), (1, 1)], [(3, 1), (3, 1)]):
            with pytest.raises(AlreadyPosted):
                ledger.hold_many(owner, "thing", twice)
        for wrong in ([], [(2, 0)], [(2, -1)], [(2, 10**16)]):
            with pytest.raises(ledger.BadPosting):
                ledger.hold_many(owner, "thing", wrong)
        with pytest.raises(ledger.OutsideScope):
            ledger.hold_many(LedgerOwner(toko_sebelah, "live"), "thing", [(5, 1)])
    assert balance(kopi_kita) == Balance(40_000, 60_000)
    assert Posting.objects.using("operator").filter(kind="hold").count() == 1


def test_what_was_made_since_is_not_in_it(waiting, approver, maker):
    """Trust: M4."""
    scope, selection = chosen(approver)
    seen_at = clock.now()
    with rls.inside(scope):
        seen = look_at(scope, selection).digest
    late = create(maker, account_number="0099999999")
    _scope, grown = chosen(approver)
    with pytest.raises(Changed):
        approve(approver, selection=grown, seen=seen)
    _scope, same = chosen(approver, until=seen_at)
    approve(approver, selection=same, seen=seen)
    late.refresh_from_db()
    assert late.status == Status.PENDING_APPROVAL
    assert RailOrder.objects.count() == 4


@pytest.mark.parametrize("change", [{"amount": 86_000}, {"remark": "other"}, {"status": Status.CANCELLED}])
@pytest.mark.parametrize("at_once", [200, 2])
def test_what_changed_is_asked_again(monkeypatch, waiting, approver, change, at_once):
    """Trust: M3."""
    monkeypatch.setattr(many, "AT_ONCE", at_once)
    scope, selection = chosen(approver)
    with rls.inside(scope):
        seen = look_at(scope, selection).digest
    MoneyTransfer.objects.filter(pk=waiting[1].pk).update(**change)
    with pytest.raises(Changed):
        approve(approver, selection=selection, seen=seen)
    assert statuses() <= {"pending_approval", "cancelled"}
    assert balance(approver.business).held == 0


def test_a_worker_asks_everything_again(monkeypatch, waiting, approver, kopi_kita):
    monkeypatch.setattr(many, "AT_ONCE", 2)
    approval = approve(approver)
    MoneyTransfer.objects.filter(pk=waiting[3].pk).update(amount=90_000)
    APPROVALS.work()
    approval.refresh_from_db()
    assert (approval.status, approval.problem) == ("failed", "changed")
    approval = approve(approver)
    Member.objects.filter(pk=approver.pk).update(role=Role.MAKER)
    APPROVALS.work()
    approval.refresh_from_db()
    assert (approval.status, approval.problem) == ("failed", "not allowed")
    assert statuses() == {"pending_approval"}
    assert balance(kopi_kita).held == 0


def test_short_of_money_approves_none(waiting, approver, kopi_kita):
    with rls.inside_of(kopi_kita.pk, "live"):
        ledger.hold(LedgerOwner(kopi_kita, "live"), Source("case", 1), amount=10_000_000 - 3 * WHOLE)
    with pytest.raises(ShortOfMoney) as short:
        approve(approver)
    assert short.value.missing == WHOLE
    assert statuses() == {"pending_approval"}


def test_the_whole_shortfall_is_told_however_many_steps_it_takes(monkeypatch, waiting, maker):
    monkeypatch.setattr(many, "STEP", 1)
    fund(maker.business, WHOLE + 12_500)
    scope = maker.scope("live")
    with rls.inside(scope), transaction.atomic(), pytest.raises(ShortOfMoney) as short:
        many.let_go_many(scope, MONEY_TRANSFERS, waiting)
    assert short.value.missing == 3 * WHOLE - 12_500


def test_a_second_click_begins_nothing(monkeypatch, waiting, approver):
    """Trust: L6. It is the first one's approval, and nothing says afterwards that nothing was approved."""
    monkeypatch.setattr(many, "AT_ONCE", 2)
    first, second = approve(approver), approve(approver)
    assert first == second
    while APPROVALS.work():
        pass
    assert list(BulkApproval.objects.values_list("status", flat=True)) == ["done"]


def test_nobody_approves_their_own_in_small_parts(kopi_kita):
    """Trust: M2. The rule holds for the sum of what is one's own."""
    fund(kopi_kita)
    admin = factories.make_member(kopi_kita)
    second_person(kopi_kita, 1)
    for n in range(3):
        create(admin, account_number=f"001234567{n}")
    second_person(kopi_kita, 200_000)
    with pytest.raises(SecondPersonNeeded):
        approve(admin)
    assert statuses() == {"pending_approval"}
    approve(factories.make_member(kopi_kita, Role.APPROVER))
    assert statuses() == {"processing"}


def test_duplicates_want_a_yes(waiting, approver, maker):
    twin = create(maker, account_number="0012345670", internal_reference="A")
    with pytest.raises(MayBeTwice):
        approve(approver)
    scope, selection = chosen(approver)
    with rls.inside(scope):
        found = look_at(scope, selection).twins
        one_by_one = {
            row.pk: [(same.pk, str(same.status)) for same in MONEY_TRANSFERS.duplicates(scope, row)]
            for row in MoneyTransfer.objects.filter(pk__in=selection.ids)
        }
    assert found == {pk: same for pk, same in one_by_one.items() if same}
    assert set(found) == {twin.pk, waiting[0].pk}
    approve(approver, sure=True)


def test_dates_wait_and_the_others_go(approver, maker):
    create(maker, account_number="0012345671")
    create(maker, account_number="0012345672", send_on=(clock.now() + timedelta(days=3)).date())
    approve(approver)
    assert statuses() == {"processing", "scheduled"}
    assert RailOrder.objects.count() == 1
    assert balance(approver.business).held == 2 * WHOLE


def test_anothers_and_none_are_refused(waiting, stranger, approver):
    """Trust: W1."""
    _scope, selection = chosen(approver)
    scope = stranger.scope("live")
    with rls.inside(scope):
        with pytest.raises(Changed):
            approve_many(scope, selection, seen=look_at(scope, selection).digest)
        with pytest.raises(NothingSelected):
            approve_many(scope, Selection(MONEY_TRANSFERS, ()), seen="")
    with pytest.raises(NotAllowed):
        Member.objects.filter(pk=approver.pk).update(role=Role.REVIEWER)
        approve(approver)


def test_two_approvers_at_once(waiting, approver, kopi_kita):
    """Trust: M1. One wins."""
    other = factories.make_member(kopi_kita, Role.APPROVER)
    scopes = [who.scope("live") for who in (approver, other)]
    _scope, selection = chosen(approver)
    with rls.inside(scopes[0]):
        seen = look_at(scopes[0], selection).digest

    def act(n):
        with rls.inside(scopes[n % 2]):
            try:
                return str(approve_many(scopes[n % 2], selection, seen=seen).status)
            except Changed:
                return "changed"

    assert sorted(at_once(4, act)) == ["changed"] * 3 + ["done"]
    assert balance(kopi_kita).held == 4 * WHOLE


def test_a_killed_worker_leaves_nothing_and_another_begins_again(monkeypatch, waiting, approver):
    """Trust: M4. Whatever it was at."""
    monkeypatch.setattr(many, "AT_ONCE", 2)
    approval = approve(approver)
    with monkeypatch.context() as dies:
        dies.setattr(many.orders, "queue_many", lambda *args: (_ for _ in ()).throw(RuntimeError("killed")))
        APPROVALS.work()
    assert (statuses(), balance(approver.business).held) == ({"pending_approval"}, 0)
    let_time_pass(APPROVALS)
    while APPROVALS.work():
        pass
    approval.refresh_from_db()
    assert (approval.status, approval.attempt) == ("done", 2)
    assert balance(approver.business).held == 4 * WHOLE


def test_its_queries_do_not_grow(waiting, approver, maker):
    with CaptureQueriesContext(connection) as few:
        approve(approver)
    for n in range(12):
        create(maker, account_number=f"00223456{n:02}")
    with CaptureQueriesContext(connection) as more:
        approve(approver)
    assert len(more) <= len(few)


MANY = int(os.environ.get("APPROVED_TOGETHER", "0"))


@pytest.mark.skipif(not MANY, reason="a heavy proof: APPROVED_TOGETHER=20000")
def test_so_many(approver, kopi_kita, maker):  # pragma: no cover
    import time

    fund(kopi_kita, 10**12)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO transactions_moneytransfer (business_id, mode, status, destination_kind, bank,
            account_number, beneficiary_name, amount, fee, remark, internal_reference, via, maker_kind,
            maker_id, maker_name, approver_kind, approver_name, bank_reference)
            SELECT %s, 'live', 'pending_approval', 'bank', 'bca', lpad(n::text, 10, '0'), 'Siti', 85000, 2500, '', '',
            'dashboard', 'named', NULL, 'Someone', '', '', '' FROM generate_series(1, %s) n""",
            [kopi_kita.pk, MANY],
        )
    began = time.perf_counter()
    approval = approve(approver)
    print("asked", time.perf_counter() - began)
    began = time.perf_counter()
    APPROVALS.work()
    print("approved", time.perf_counter() - began)
    approval.refresh_from_db()
    assert (approval.status, approval.count) == ("done", MANY)
    assert statuses() == {"processing"}
