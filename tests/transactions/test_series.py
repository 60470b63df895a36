"""Transfers that repeat: each day one transfer, once; approved as the business says; paused when a right is gone
(trust: M2, M3, Q2, Z1, issue 15)."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from accounts.models import Member
from accounts.permissions import Role
from deposits import ledger
from flipdash import events, rls
from flipdash.leases import Stopped
from flipdash.models import Message
from tests import factories
from tests.leased import let_time_pass
from tests.superuser import superuser
from tests.transactions.sending import create, fund, lines
from tests.turns import swept
from tests.twins import at_once
from transactions.models import MoneyTransfer, SeriesRun, Status, TransferSeries
from transactions.outgoing import acts
from transactions.outgoing.refusals import Changed, MayBeTwice, SecondPersonNeeded
from transactions.rails import Holder, HolderStatus
from transactions.rails.simulator import Simulator
from transactions.transfers import services as transfer_services
from transactions.transfers.series import dates, look, running, services
from transactions.transfers.series.running import RUNS
from transactions.transfers.services import MONEY_TRANSFERS, SentBefore

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "operator"]),
    pytest.mark.usefixtures("asleep"),
]
WEEK = timedelta(days=7)


@pytest.fixture
def money(kopi_kita):
    fund(kopi_kita)
    return kopi_kita


@pytest.fixture
def once(money):
    """The business lets one approval do for all of a series."""
    money.series_approved_once = True
    money.save()
    return money


@pytest.fixture
def maker(money):
    return factories.make_member(money, Role.MAKER, name="Mira Maker")


@pytest.fixture
def approver(money):
    return factories.make_member(money, Role.APPROVER, name="Bayu Approver")


def today(member: Member) -> date:
    scope = member.scope("live")
    return scope.now().astimezone(scope.zone).date()


def weekly(member: Member, **fields) -> TransferSeries:
    """Make a series of five weeks that begins today."""
    first = today(member)
    return factories.make_series(
        member, **{"repeats": "week", "first": first, "last": first + 4 * WEEK, "amount": 85_000, **fields}
    )


def approve(member: Member, series: TransferSeries, **how) -> TransferSeries:
    scope = member.scope("live")
    with rls.inside(scope):
        seen = look.digest_of(scope, TransferSeries.objects.get(pk=series.pk))
        return services.approve(scope, series, **{"seen": seen, **how})


def let_its_days_come(series: TransferSeries, days: int = 0) -> None:
    """Let a series be due, as if it had begun some days earlier; what it began with only a superuser moves."""
    moved = timedelta(days=days)
    with superuser() as connected:
        connected.execute(
            "UPDATE transactions_transferseries SET first_day = first_day - %s, last_day = last_day - %s, "
            "next_day = next_day - %s, approved_from = approved_from - %s, next_at = now() WHERE id = %s",
            [moved, moved, moved, moved, series.pk],
        )


def run() -> None:
    """Let what has come be queued and made, and makers be told."""
    while running.queue_due():
        pass
    while RUNS.work():
        pass
    running.tidy()


def now(series: TransferSeries) -> TransferSeries:
    return TransferSeries.objects.using("operator").get(pk=series.pk)


def made(series: TransferSeries) -> list[MoneyTransfer]:
    return list(MoneyTransfer.objects.filter(series_id=series.pk).order_by("series_day"))


def runs() -> list[SeriesRun]:
    return list(SeriesRun.objects.using("operator").order_by("day"))


@rls.outside()
def mails() -> dict[str, str]:
    found = {message.to: f"{message.subject}\n{message.text}" for message in Message.objects.filter(channel="mail")}
    Message.objects.all().delete()
    return found


# --- Days ---


@pytest.mark.parametrize(
    ("first", "repeats", "last", "days"),
    [
        ("2026-01-31", "month", "2026-05-31", ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]),
        ("2028-01-30", "month", "2028-03-29", ["2028-01-30", "2028-02-29"]),
        ("2026-11-15", "month", "2027-01-15", ["2026-11-15", "2026-12-15", "2027-01-15"]),
        ("2026-12-26", "week", "2027-01-08", ["2026-12-26", "2027-01-02"]),  # Saturdays stay Saturdays
    ],
)
def test_its_days_are_those_of_the_first_and_in_short_months_the_last(first, repeats, last, days):
    found = dates.days_of(date.fromisoformat(first), repeats, date.fromisoformat(last))
    assert [day.isoformat() for day in found] == days


def test_the_hour_is_nine_in_the_zone_of_the_business():
    assert dates.moment(date(2026, 12, 1), "Asia/Jayapura").isoformat() == "2026-12-01T09:00:00+09:00"


def test_a_new_zone_moves_what_is_to_come(once, maker, admin):
    series = factories.make_series(admin)
    assert now(series).approver_kind == "member"
    before = now(series).next_at
    scope = admin.scope("live")
    money = once
    with rls.inside(scope), transaction.atomic():
        money.time_zone = "Asia/Jayapura"
        money.save()
        events.record(scope, "account.changed", money, changes={"time_zone": {"old": "x", "new": "y"}})
    assert before - now(series).next_at == timedelta(hours=2)


# --- Approved each time ---


def test_each_day_is_made_some_days_before_and_waits_for_an_approver(maker, approver):
    later = factories.make_series(maker, first=today(maker) + timedelta(days=5), account_number="0650000779")
    assert not running.queue_due(), later
    series = factories.make_series(maker, first=today(maker) + timedelta(days=3), repeats="week")
    let_its_days_come(series)
    mails()
    run()
    (transfer,) = made(series)
    assert (transfer.status, transfer.maker_name, transfer.series_day) == (
        Status.PENDING_APPROVAL,
        "Mira Maker",
        today(maker) + timedelta(days=3),
    )
    assert transfer.send_at
    assert transfer.send_at.astimezone(maker.scope("live").zone).hour == 9
    assert approver.user.email in mails()
    assert now(series).next_day == transfer.series_day + WEEK
    scope = approver.scope("live")
    with rls.inside(scope):
        seen = MONEY_TRANSFERS.digest_of(scope, transfer)
        acts.approve(scope, MONEY_TRANSFERS, transfer.pk, seen=seen)
    assert made(series)[0].status == Status.SCHEDULED


def test_its_own_days_are_no_duplicates_and_everything_else_is(maker, approver):
    series = weekly(maker)
    let_its_days_come(series, days=7)
    run()
    first, second = made(series)
    scope = approver.scope("live")
    with rls.inside(scope):
        assert MONEY_TRANSFERS.duplicates(scope, second) == []
        assert not MONEY_TRANSFERS.look.at(scope, MoneyTransfer.objects.filter(pk=second.pk)).get().is_twin
        assert MONEY_TRANSFERS.twins(scope, [second.pk]) == {}
    other = create(maker, account_number=first.account_number)
    with rls.inside(scope):
        assert MONEY_TRANSFERS.duplicates(scope, second) == [other]
        assert MONEY_TRANSFERS.look.at(scope, MoneyTransfer.objects.filter(pk=second.pk)).get().is_twin
        assert MONEY_TRANSFERS.twins(scope, [second.pk]) == {second.pk: [(other.pk, "pending_approval")]}
        assert [one.pk for one in MONEY_TRANSFERS.duplicates(scope, other)] == [second.pk, first.pk]


def test_who_made_a_series_and_may_approve_is_asked_each_time_too(admin, money):
    series = weekly(admin)
    let_its_days_come(series)
    mails()
    run()
    assert made(series)[0].status == Status.PENDING_APPROVAL
    assert "asks you to approve" in mails()[admin.user.email]


# --- Approved once ---


def test_what_was_approved_once_is_sent_on_its_day(once, maker, approver):
    series = weekly(maker)
    assert "again and again" in mails()[approver.user.email]
    approve(approver, series)
    let_its_days_come(series)
    mails()
    run()
    (transfer,) = made(series)
    assert (transfer.status, transfer.approver_name) == (Status.PROCESSING, "Bayu Approver")
    assert lines(transfer) == ["created", "approved"]
    assert transfer.events.get(kind="approved").note
    assert mails() == {}, "nobody is asked"
    with rls.inside_of(once.pk, "live"):
        assert ledger.balance(maker.scope("live")).held == 87_500


def test_until_somebody_approves_all_of_it_each_waits(once, maker):
    series = weekly(maker)
    let_its_days_come(series)
    run()
    assert made(series)[0].status == Status.PENDING_APPROVAL


def test_who_may_approves_all_by_making_it(once, admin):
    series = weekly(admin)
    assert (series.approver, series.next_day) == (admin.actor, today(admin))


def test_the_second_person_rule_judges_all_of_a_series(once, admin, approver):
    """trust: M2. Five of 85,000 are 425,000: in parts none of them would be asked for."""
    once.second_person_required, once.second_person_from = True, 425_000
    once.save()
    series = weekly(admin)
    assert series.approver is None
    with pytest.raises(SecondPersonNeeded):
        approve(admin, series)
    let_its_days_come(series)
    run()
    (transfer,) = made(series)
    scope = admin.scope("live")
    with rls.inside(scope), pytest.raises(SecondPersonNeeded):
        acts.approve(scope, MONEY_TRANSFERS, transfer.pk, seen=MONEY_TRANSFERS.digest_of(scope, transfer))
    approve(approver, series)


def test_an_approval_is_of_what_was_seen(once, maker, approver):
    """trust: M3."""
    series = weekly(maker)
    with pytest.raises(Changed):
        approve(approver, series, seen="something else")
    approve(approver, series)
    with pytest.raises(services.SeriesOver):
        approve(approver, series)


@pytest.mark.parametrize(
    ("field", "value"),
    [("amount", 1), ("account_number", "1"), ("remark", "x"), ("last_day", date(2030, 1, 1)), ("times", 9)],
)
def test_the_database_keeps_what_was_approved(maker, field, value):
    series = weekly(maker)
    with rls.inside_of(series.business_id, "live"), pytest.raises(IntegrityError, match="keeps"), transaction.atomic():
        TransferSeries.objects.filter(pk=series.pk).update(**{field: value})


def test_what_its_approver_paused_no_maker_lets_go_by_the_old_approval(once, maker, approver):
    """trust: R1. Its approver paused it for a reason, and has no say when it is resumed."""
    series = weekly(maker)
    approve(approver, series)
    with rls.inside(approver.scope("live")):
        services.pause(approver.scope("live"), series)
    mails()
    with rls.inside(maker.scope("live")):
        assert services.resume(maker.scope("live"), series).approver is None
    assert "again and again" in mails()[approver.user.email]
    let_its_days_come(series)
    run()
    assert made(series)[0].status == Status.PENDING_APPROVAL


@pytest.mark.parametrize("asks_for_the_password", [False, True])
def test_who_might_approve_it_resumes_it_with_its_approval(once, maker, approver, admin, asks_for_the_password):
    once.approvals_need_reauthentication = asks_for_the_password
    once.save()
    series = weekly(maker)
    approve(approver, series)
    with rls.inside(admin.scope("live")):
        services.pause(admin.scope("live"), series)
        resumed = services.resume(admin.scope("live"), series)
    assert resumed.approver == (None if asks_for_the_password else approver.actor)


def test_without_the_setting_no_approval_of_a_series_lets_anything_go(once, maker, approver):
    series = weekly(maker)
    approve(approver, series)
    once.series_approved_once = False
    once.save()
    let_its_days_come(series)
    run()
    assert made(series)[0].status == Status.PENDING_APPROVAL


# --- What goes wrong on the day ---


def test_short_of_money_it_waits_and_its_maker_is_told(once, maker, approver):
    series = weekly(maker, amount=20_000_000)
    approve(approver, series)
    let_its_days_come(series)
    mails()
    run()
    assert made(series)[0].status == Status.PENDING_APPROVAL
    assert (runs()[0].status, runs()[0].problem) == ("done", "short")
    found = mails()
    assert "didn’t cover it" in found[maker.user.email]
    assert "asks you to approve" in found[approver.user.email]


def test_what_may_be_paid_already_waits(once, maker, approver, admin):
    series = weekly(maker)
    approve(approver, series)
    create(admin, account_number=series.account_number)
    let_its_days_come(series)
    run()
    assert (made(series)[0].status, runs()[0].problem) == (Status.PENDING_APPROVAL, "twice")


# --- The bank is asked again ---


def let_the_bank_say(monkeypatch, status: HolderStatus, name: str = "") -> None:
    monkeypatch.setattr(Simulator, "inquire", lambda _rail, _question: Holder(status, name))


@pytest.mark.parametrize("status", [HolderStatus.CLOSED, HolderStatus.BLACKLISTED])
def test_an_account_that_the_bank_refuses_by_now_is_paid_nothing(once, maker, approver, monkeypatch, status):
    series = weekly(maker)
    approve(approver, series)
    let_its_days_come(series)
    let_the_bank_say(monkeypatch, status)
    mails()
    run()
    assert (made(series), runs()[0].status, runs()[0].problem) == ([], "failed", "account")
    assert "nothing can be paid to this account any more" in mails()[maker.user.email]


def test_an_account_that_is_somebody_elses_by_now_waits(once, maker, approver, monkeypatch):
    series = weekly(maker)
    approve(approver, series)
    let_its_days_come(series)
    let_the_bank_say(monkeypatch, HolderStatus.FOUND, "SOMEBODY ELSE")
    run()
    (transfer,) = made(series)
    assert (transfer.status, transfer.holder_name, runs()[0].problem) == (
        Status.PENDING_APPROVAL,
        "SOMEBODY ELSE",
        "name",
    )
    assert transfer.name_reason, "approvers see that it differs"


@pytest.mark.parametrize("status", [HolderStatus.FAILED, HolderStatus.PENDING])
def test_a_bank_that_says_nothing_on_the_day_keeps_nobody_waiting(once, maker, approver, monkeypatch, status):
    series = weekly(maker)
    approve(approver, series)
    let_its_days_come(series)
    let_the_bank_say(monkeypatch, status)
    run()
    assert made(series)[0].status == Status.PROCESSING


def test_who_approves_knows_of_what_may_be_the_same(once, maker, approver, admin):
    """Rent that was paid by hand, and is paid by Duplicate from now on."""
    before = create(admin, account_number="0650000779")
    series = weekly(maker, account_number="0650000779")
    with pytest.raises(MayBeTwice):
        approve(approver, series)
    assert approve(approver, series, sure=True).approved_twins == [before.pk]
    let_its_days_come(series)
    run()
    assert made(series)[0].status == Status.PROCESSING
    create(admin, account_number="0650000779")
    let_its_days_come(series, days=6)
    run()
    assert (made(series)[1].status, runs()[1].problem) == (Status.PENDING_APPROVAL, "twice"), "nobody has seen that one"


def test_two_that_pay_the_same_are_no_accident(once, maker, approver):
    first = weekly(maker)
    with pytest.raises(MayBeTwice):
        weekly(maker, is_sure=False)
    second = weekly(maker)
    with pytest.raises(MayBeTwice):
        approve(approver, second)
    with rls.inside(maker.scope("live")):
        assert look.alike(maker.scope("live"), second) == [first]
        services.stop(maker.scope("live"), first)
    approve(approver, second)


def test_what_its_approver_has_seen_beside_it_keeps_no_day_waiting(once, maker, approver):
    """Two that are both meant pay on the same days, each by itself; a third that came unseen makes them wait."""
    both = [weekly(maker), weekly(maker)]
    for series in both:
        assert approve(approver, series, sure=True).approved_alike
    for series in both:
        let_its_days_come(series)
    run()
    assert [made(series)[0].status for series in both] == [Status.PROCESSING] * 2
    third = weekly(maker)
    for series, days in ((third, 0), (both[0], 6)):
        let_its_days_come(series, days=days)
        run()
    assert [made(series)[-1].status for series in (third, both[0])] == [Status.PENDING_APPROVAL] * 2
    assert [one.problem for one in runs() if one.series_id == both[0].pk] == ["", "twice"]
    approve(approver, third, sure=True)
    let_its_days_come(both[1], days=6)
    run()
    assert made(both[1])[-1].status == Status.SCHEDULED, "whoever approved the third saw this one beside it"


def test_an_older_payment_that_nobody_knew_of_is_not_hidden_behind_newer(once, maker, approver, admin, monkeypatch):
    monkeypatch.setattr(transfer_services, "MOST_TWINS", 1)
    series = weekly(maker)
    approve(approver, series)
    create(admin, account_number="0650000778", amount=85_000)
    other = weekly(maker)
    approve(approver, other, sure=True)
    for one in (other, series):
        let_its_days_come(one)
    run()
    assert made(other)[0].status == Status.PROCESSING
    assert made(series)[0].status == Status.PENDING_APPROVAL
    assert [one.problem for one in runs() if one.series_id == series.pk] == ["twice"]


LOST = [{"role": Role.REVIEWER}, {"is_active": False}]


@pytest.mark.parametrize("lost", LOST)
def test_nothing_is_made_in_the_name_of_who_may_no_longer(once, maker, approver, admin, lost):
    """trust: Q2."""
    series = weekly(maker)
    approve(approver, series)
    Member.objects.filter(pk=maker.pk).update(**lost)
    let_its_days_come(series, days=1)
    mails()
    run()
    run()
    assert made(series) == []
    assert (now(series).status, now(series).paused_why) == ("paused", "maker")
    assert (runs()[0].status, runs()[0].problem) == ("failed", "maker")
    assert "can resume it as their own" in mails()[admin.user.email]
    scope = admin.scope("live")
    with rls.inside(scope):
        resumed = services.resume(scope, series)
    assert (resumed.maker, resumed.approver) == (admin.actor, None)
    assert resumed.next_day == today(maker) + timedelta(days=6), "what was missed is made by hand"


@pytest.mark.parametrize("lost", LOST)
def test_nothing_is_let_go_by_who_may_no_longer_approve(once, maker, approver, admin, lost):
    """trust: Q2."""
    series = weekly(maker)
    approve(approver, series)
    Member.objects.filter(pk=approver.pk).update(**lost)
    let_its_days_come(series)
    mails()
    run()
    assert (made(series), now(series).paused_why) == ([], "approver")
    assert set(mails()) == {maker.user.email, admin.user.email}


def test_a_rule_that_came_since_pauses_what_its_maker_approved(once, admin):
    series = weekly(admin)
    once.second_person_required = True
    once.save()
    let_its_days_come(series)
    run()
    assert (made(series), now(series).paused_why) == ([], "rule")


def test_a_fee_that_changed_is_approved_anew(once, maker, approver, monkeypatch):
    series = weekly(maker)
    approve(approver, series)
    let_its_days_come(series)
    monkeypatch.setitem(services.FEES, "bank", 9_000)
    mails()
    run()
    assert (made(series)[0].fee, made(series)[0].status) == (9_000, Status.PENDING_APPROVAL)
    assert runs()[0].problem == "fee"
    assert now(series).approver is None
    assert "has changed since" in mails()[maker.user.email]
    assert approve(approver, series).approved_fee == 9_000


def test_an_approval_is_of_the_fee_that_was_seen(once, maker, approver, monkeypatch):
    """It had changed after the series was made, and before anybody approved it."""
    series = weekly(maker)
    monkeypatch.setitem(services.FEES, "bank", 9_000)
    approve(approver, series)
    let_its_days_come(series)
    run()
    assert (made(series)[0].fee, made(series)[0].status) == (9_000, Status.PROCESSING)


def test_an_approval_is_of_the_days_that_were_seen(once, maker, approver):
    """trust: M3. The first day had come, and its transfer wasn't made yet."""
    series = weekly(maker)
    let_its_days_come(series)
    assert running.queue_due() == 1
    assert len(look.to_come(now(series))) == 4
    approve(approver, series)
    run()
    assert [(row.status, row.series_day) for row in made(series)] == [(Status.PENDING_APPROVAL, today(maker))]
    let_its_days_come(series, days=6)
    run()
    assert made(series)[1].status == Status.SCHEDULED


# --- Paused with a day that is still to come ---


def soon(maker: Member, **fields) -> TransferSeries:
    """Make a series whose first day is made now, and sent in two days."""
    first = today(maker) + timedelta(days=2)
    return weekly(maker, **{"first": first, "last": first + 4 * WEEK, **fields})


def test_a_day_that_a_pause_kept_is_made_when_it_is_resumed_in_time(maker, admin):
    series = soon(maker)
    Member.objects.filter(pk=maker.pk).update(role=Role.REVIEWER)
    run()
    assert (runs()[0].problem, now(series).next_day) == ("maker", series.first_day + WEEK)
    scope = admin.scope("live")
    with rls.inside(scope):
        assert services.resume(scope, series).next_day == series.first_day
    run()
    assert [row.series_day for row in made(series)] == [series.first_day]
    assert [(one.status, one.problem) for one in runs()] == [("done", "")]
    assert now(series).next_day == series.first_day + WEEK
    with rls.inside(scope):
        services.pause(scope, series)
        services.resume(scope, series)
    run()
    assert len(made(series)) == 1, "what was made isn't made again"


def test_a_pause_of_its_last_day_is_resumed_too(maker, admin):
    series = soon(maker, last=today(maker) + timedelta(days=2))
    running.queue_due()
    scope = admin.scope("live")
    with rls.inside(scope):
        services.pause(scope, series)
    run()
    assert (runs()[0].problem, now(series).status) == ("stopped", "paused")
    with rls.inside(scope):
        services.resume(scope, series)
    run()
    assert (len(made(series)), now(series).status) == (1, "ended")


def test_while_its_last_day_waits_for_a_worker_it_can_be_stopped(maker):
    series = soon(maker, last=today(maker) + timedelta(days=2))
    running.queue_due()
    with rls.inside(maker.scope("live")):
        services.stop(maker.scope("live"), series)
    run()
    assert (made(series), now(series).status) == ([], "stopped")


def test_what_is_lost_with_nothing_to_come_has_ended(once, maker, admin):
    series = weekly(admin, first=today(admin) - WEEK, last=today(admin) - WEEK)
    Member.objects.filter(pk=admin.pk).update(role=Role.REVIEWER)
    run()
    assert (runs()[0].problem, now(series).status) == ("maker", "ended")


# --- Once ---


def test_two_that_look_at_once_make_one(once, maker, approver):
    series = weekly(maker)
    approve(approver, series)
    let_its_days_come(series)
    assert sorted(at_once(2, lambda _number: running.queue_due())) == [0, 1]
    RUNS.work()
    let_time_pass(RUNS)
    RUNS.work()
    assert len(made(series)) == len(runs()) == 1


def test_a_worker_that_is_killed_before_it_says_so_has_made_nothing(once, maker, approver, monkeypatch):
    """trust: Z1."""
    series = weekly(maker)
    approve(approver, series)
    let_its_days_come(series)
    running.queue_due()

    class Killed(BaseException):
        """What nobody catches."""

    def die(*_args, **_values):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(running, "_end", die)
        with pytest.raises(Killed):
            RUNS.work()
    assert made(series) == []
    let_time_pass(RUNS)
    run()
    assert len(made(series)) == 1
    assert runs()[0].status == "done"


def test_a_worker_that_comes_back_too_late_makes_nothing(maker):
    """trust: Z1. Its maker may have heard by then that nothing was created."""
    series = weekly(maker)
    running.queue_due()
    late = RUNS.claim()
    let_time_pass(RUNS)
    assert RUNS.claim()
    with pytest.raises(Stopped):
        running._run(late)
    assert made(series) == []


def test_what_was_missed_is_made_day_by_day_each_once(once, maker, approver):
    series = weekly(maker)
    approve(approver, series)
    let_its_days_come(series, days=15)
    run()
    run()
    assert [row.series_day for row in made(series)] == [today(maker) - timedelta(days=back) for back in (15, 8, 1)]
    assert {row.status for row in made(series)} == {Status.PROCESSING}
    assert now(series).next_day == today(maker) + timedelta(days=6)


def test_the_database_takes_each_day_once(maker):
    series = weekly(maker)
    let_its_days_come(series)
    run()
    (row,) = made(series)
    with pytest.raises(IntegrityError, match="once_a_day_of_series"), transaction.atomic():
        factories.make_transfer(maker.business, series_id=series.pk, series_day=row.series_day)
    with rls.inside_of(series.business_id, "live"), pytest.raises(IntegrityError, match="once_a_day"):
        SeriesRun.objects.create(business=maker.business, mode="live", series=series, day=row.series_day)


def test_after_its_last_day_it_has_ended(maker):
    series = weekly(maker, last=today(maker) + WEEK)
    let_its_days_come(series, days=8)
    run()
    assert len(made(series)) == 2
    assert now(series).status == "ended"
    assert not running.queue_due()


def test_what_is_stopped_or_paused_makes_nothing_more(maker):
    first, second = weekly(maker), weekly(maker, account_number="0650000779")
    scope = maker.scope("live")
    with rls.inside(scope):
        services.stop(scope, first)
        services.pause(scope, second)
    for series in (first, second):
        let_its_days_come(series)
    run()
    assert (made(first), made(second), runs()) == ([], [], [])
    with rls.inside(scope):
        assert services.resume(scope, second).status == "active"
        with pytest.raises(services.SeriesOver):
            services.stop(scope, first)


def test_a_day_that_was_queued_before_it_was_stopped_brings_nothing(maker):
    series = weekly(maker)
    let_its_days_come(series)
    running.queue_due()
    scope = maker.scope("live")
    with rls.inside(scope):
        services.stop(scope, series)
    RUNS.work()
    assert made(series) == []
    assert runs()[0].problem == "stopped"


def test_the_same_form_makes_one(maker):
    series = weekly(maker)
    scope = maker.scope("live")
    with rls.inside(scope):
        draft = services.Draft("bank", "bca", "0650000778", 85_000, is_sure=True)
        plan = dates.Plan("week", series.first_day, series.last_day)
        again = services.make(scope, draft, plan, made_key=series.made_key)
    assert (again.series, again.is_new) == (series, False)


def test_a_business_has_so_many(maker, monkeypatch):
    monkeypatch.setattr(services, "MOST", 1)
    weekly(maker)
    with pytest.raises(services.TooMany):
        weekly(maker)


def test_its_maker_hears_what_others_do_with_it(once, maker, approver):
    series = weekly(maker)
    scope = approver.scope("live")
    mails()
    approve(approver, series)
    assert "has approved what is to come" in mails()[maker.user.email]
    with rls.inside(scope):
        services.pause(scope, series)
        assert "Bayu Approver has paused it" in mails()[maker.user.email]
        services.stop(scope, series)
    assert "has stopped it" in mails()[maker.user.email]


def test_its_maker_hears_that_nobody_can_approve_it(once, maker):
    weekly(maker)
    assert "nobody else may approve" in mails()[maker.user.email]


def test_a_pause_is_no_reason_to_tell_who_does_not_want_it(once, maker, approver, admin):
    series = weekly(maker)
    approve(approver, series)
    Member.objects.filter(pk=admin.pk).update(muted=["outcome"])
    Member.objects.filter(pk=maker.pk).update(role=Role.REVIEWER)
    let_its_days_come(series)
    mails()
    run()
    assert now(series).paused_why == "maker"
    assert admin.user.email not in mails()


def test_a_maker_whose_right_is_gone_hears_that_it_pauses_and_reads_nothing_of_it(once, maker, approver, client_of):
    """trust: R4. By mail and in the page, with no name and no amount; who still may is told as ever."""
    series = weekly(maker)
    approve(approver, series)
    Member.objects.filter(pk=maker.pk).update(role=Role.DEVELOPER)
    let_its_days_come(series)
    mails()
    run()
    told = mails()[maker.user.email]
    assert "A repeating transfer that you made has paused" in told
    assert series.beneficiary_name not in told
    assert "85,000" not in told
    page = client_of(Member.objects.get(pk=maker.pk)).get("/notices/").content.decode()
    assert '<a href="/permissions/"><bdi>A repeating transfer that you made has paused' in page
    assert series.beneficiary_name not in page


def test_one_form_makes_a_transfer_or_a_series_and_never_both(maker):
    series, scope = weekly(maker), maker.scope("live")
    draft = services.Draft("bank", "bca", "0650000778", 85_000, is_sure=True, beneficiary_name="Made")
    key = uuid4()
    with rls.inside(scope):
        with pytest.raises(SentBefore):
            transfer_services.create(scope, draft, made_key=series.made_key)
        transfer_services.create(scope, draft, made_key=key)
        with pytest.raises(SentBefore):
            services.make(scope, draft, dates.Plan("week", series.first_day, series.last_day), made_key=key)


@pytest.mark.parametrize(("is_once", "count"), [(True, 1), (False, 0)])
def test_what_an_approver_leaves_behind_is_what_pauses(once, maker, approver, is_once, count):
    series, scope = weekly(maker), maker.scope("live")
    approve(approver, series)
    once.series_approved_once = is_once
    once.save()
    with rls.inside(scope):
        assert services.left(scope, approver).count == count
        services.pause(scope, series)
        assert services.left(scope, maker).count == 1, "who resumes it takes it over"


def test_a_failure_that_cant_be_told_of_keeps_no_other(maker, monkeypatch):
    some = [weekly(maker), weekly(maker, account_number="0012345679")]
    for series in some:
        let_its_days_come(series)
    running.queue_due()
    SeriesRun.objects.using("operator").update(status="running")
    SeriesRun.objects.using("operator").update(status="failed", problem="error", finished_at=Now())
    tell = running.mails.tell_of_failure

    def breaks(run):
        return 1 // (run.series_id != some[0].pk) and tell(run)

    monkeypatch.setattr(running.mails, "tell_of_failure", breaks)
    monkeypatch.setattr(running, "AT_A_TIME", 1)
    told = SeriesRun.objects.using("operator").exclude(told_at=None)
    assert swept(running.tidy, told.exists), "nor by staying first"
    assert set(told.values_list("series_id", flat=True)) == {some[1].pk}


def test_a_day_that_cant_be_noted_doesnt_stay_first(maker, monkeypatch):
    some = [weekly(maker), weekly(maker, account_number="0012345679")]
    for series in some:
        let_its_days_come(series)
    note = running._note
    monkeypatch.setattr(running, "AT_A_TIME", 1)
    monkeypatch.setattr(running, "_note", lambda series: 1 // (series.pk != some[0].pk) and note(series))
    assert swept(running.queue_due, SeriesRun.objects.using("operator").exists)
    assert SeriesRun.objects.using("operator").get().series_id == some[1].pk


def test_the_tidying_tells_of_a_failure_once(maker, monkeypatch):
    series = weekly(maker)
    let_its_days_come(series)
    running.queue_due()
    monkeypatch.setattr(running, "_make", lambda *_args: 1 / 0)
    for _time in range(RUNS.most_attempts):
        let_time_pass(RUNS)
        RUNS.work()
    mails()
    running.tidy()
    assert "Something went wrong on our side" in mails()[maker.user.email]
    running.tidy()
    assert mails() == {}
    assert SeriesRun.objects.using("operator").filter(told_at__lte=Now()).count() == 1
