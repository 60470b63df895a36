"""Schedules run: once, also when two look at once or one is killed; who lost the right gets nothing; failures are told
once."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.db.models.functions import Now

from accounts.models import Member
from accounts.permissions import Role
from documents import demo
from documents.layouts import services as layouts
from documents.models import Report, ScheduledReport, ScheduleRun
from documents.reports import services as reports
from documents.schedules import running, services
from flipdash import rls
from flipdash.models import Message
from tests import factories
from tests.turns import swept
from tests.twins import at_once

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "snapshot", "operator"])


@pytest.fixture(autouse=True)
def no_worker(files, asleep) -> None:
    """The test is the worker and the clock's task."""


@pytest.fixture
def reviewer(kopi_kita) -> Member:
    return factories.make_member(kopi_kita, Role.REVIEWER, name="Sinta Reviewer")


@pytest.fixture
def owner(kopi_kita) -> Member:
    return factories.make_member(kopi_kita, Role.MAKER, name="Budi Maker")


def row() -> ScheduledReport:
    return ScheduledReport.objects.using("operator").get()


def runs() -> list[ScheduleRun]:
    return list(ScheduleRun.objects.using("operator").order_by("pk"))


@rls.outside()
def mails() -> list[tuple[str, str]]:
    return [(mail.to, mail.subject) for mail in Message.objects.order_by("pk")]


def make_due(days_ago: int = 0, schedule: ScheduledReport | None = None) -> None:
    """Let the schedule have been due so many days ago, at an hour that has passed."""
    schedule = schedule or row()
    day, rows = schedule.next_day - timedelta(days=1 + days_ago), ScheduledReport.objects.using("operator")
    next_at = running.plan_of(schedule).moment(day, schedule.zone)
    rows.filter(pk=schedule.pk).update(next_day=day, next_at=next_at)


def build() -> Report:
    report = Report.objects.get()
    reports.REPORTS.work(report.pk)
    report.refresh_from_db()
    return report


def change(member: Member, **fields) -> None:
    Member.objects.filter(pk=member.pk).update(**fields)


def test_what_is_due_is_made_and_told_with_a_link_and_without_the_file(owner, reviewer, kopi_kita):
    factories.make_transfer(kopi_kita)
    schedule = factories.make_schedule(owner, "Kemarin <b>🎉", to=[reviewer, owner])
    assert running.run_due() == 0, "its hour is still to come"
    make_due()
    day = row().next_day
    assert running.run_due() == 1
    (run,) = runs()
    assert (run.day, run.missed, run.status, run.by_kind) == (day, 0, "making", "system")
    assert row().next_day == day + timedelta(days=1)
    yesterday = (day - timedelta(days=1)).isoformat()
    assert Report.objects.get().query == f"date_from={yesterday}&date_to={yesterday}"
    assert mails() == []
    report = build()
    assert report.status == "ready"
    (run,) = runs()
    assert (run.status, run.told) == ("sent", [reviewer.name, owner.name][:: 1 if reviewer.pk < owner.pk else -1])
    assert {to for to, _subject in mails()} == {reviewer.user.email, owner.user.email}
    text = Message.objects.first().text
    assert f"/documents/schedules/{schedule.pk}/runs/{run.pk}/" in text
    assert "Kemarin <b>🎉 is ready" in mails()[0][1], "plain text, as it was typed"


def test_two_that_look_at_once_make_one(owner):
    factories.make_schedule(owner)
    make_due()
    assert sorted(at_once(2, lambda _number: running.run_due())) == [0, 1]
    assert (len(runs()), Report.objects.count()) == (1, 1)


def test_what_is_killed_in_the_middle_leaves_nothing_and_is_made_once_later(owner, monkeypatch):
    factories.make_schedule(owner)
    make_due()
    before = row().next_day

    class Killed(BaseException):
        """What nobody catches, as when the process is gone."""

    def die(*_args, **_facts):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(running.events, "record", die)
        with pytest.raises(Killed):
            running.run_due()
    assert (runs(), Report.objects.count(), row().next_day) == ([], 0, before)
    assert (running.run_due(), running.run_due()) == (1, 0)
    assert len(runs()) == 1


def test_what_was_missed_is_caught_up_once(owner):
    factories.make_schedule(owner)
    make_due(days_ago=3)
    assert (running.run_due(), running.run_due()) == (1, 0)
    (run,) = runs()
    assert run.missed == 3
    assert run.day == row().next_day - timedelta(days=1)


def test_the_same_day_is_refused_twice_by_the_database(owner):
    schedule = factories.make_schedule(owner)
    make_due()
    running.run_due()
    (run,) = runs()
    with pytest.raises(Exception, match="schedulerun_once_a_day"), transaction.atomic():
        factories.make_run(schedule, day=run.day)


def test_who_lost_the_right_between_schedule_and_run_gets_nothing(owner, reviewer):
    factories.make_schedule(owner, to=[reviewer, owner])
    make_due()
    running.run_due()
    change(reviewer, role=Role.CUSTOMER_SERVICE)
    build()
    assert [to for to, _subject in mails()] == [owner.user.email]
    assert runs()[0].told == [owner.name]


@pytest.mark.parametrize("lost", [{"role": Role.CUSTOMER_SERVICE}, {"is_active": False}])
def test_when_the_owner_lost_the_right_or_left_it_pauses_and_admins_are_told_once(owner, reviewer, admin, lost, told):
    factories.make_schedule(owner, to=[reviewer])
    make_due()
    change(owner, **lost)
    assert (running.run_due(), running.run_due()) == (1, 0)
    assert (row().is_active, row().paused_why) == (False, "owner")
    assert (runs()[0].status, runs()[0].problem) == ("failed", "owner")
    assert not Report.objects.exists()
    assert mails() == [(admin.user.email, "Every morning could not be made")]
    assert "schedule.paused" in [event.kind for event in told]


def test_an_owner_who_loses_the_right_while_it_is_made_gives_nobody_anything(owner, reviewer, admin):
    factories.make_schedule(owner, to=[reviewer])
    make_due()
    running.run_due()
    change(owner, role=Role.CUSTOMER_SERVICE)
    assert build().status == "failed"
    running.run_due()
    running.run_due()
    assert (runs()[0].status, runs()[0].problem) == ("failed", "not allowed")
    assert [to for to, _subject in mails()] == [admin.user.email], "once"


def test_without_anybody_left_to_tell_it_pauses(owner, reviewer, admin):
    factories.make_schedule(owner, to=[reviewer])
    make_due()
    change(reviewer, role=Role.CUSTOMER_SERVICE)
    running.run_due()
    assert row().paused_why == "readers"
    assert {to for to, _subject in mails()} == {owner.user.email, admin.user.email}


def test_a_report_that_fails_is_told_once(owner, monkeypatch):
    factories.make_schedule(owner)
    make_due()
    running.run_due()
    Report.objects.update(status="running")
    Report.objects.update(status="failed", problem="disk full", finished_at=Now())
    running.run_due()
    running.run_due()
    assert mails() == [(owner.user.email, "Every morning could not be made")]
    assert runs()[0].problem == "disk full"
    assert row().is_active, "the next time may be well"


def test_what_cant_be_settled_or_run_stops_no_other(owner, monkeypatch):
    """One row that breaks would be every business's morning without reports, until somebody mends it."""
    schedules = [factories.make_schedule(owner, name) for name in ("One", "Two", "Three")]
    make_due(schedule=schedules[0])
    assert running.run_due() == 1
    Report.objects.update(status="running")
    Report.objects.update(status="failed", problem="disk full", finished_at=Now())
    begin = running.begin

    def breaks(schedule, **how):
        return 1 // (schedule.pk != schedules[1].pk) and begin(schedule, **how)

    with monkeypatch.context() as broken:
        for name, breaking in (("_settle", lambda _report: 1 / 0), ("_moved", lambda: 1 / 0), ("begin", breaks)):
            broken.setattr(running, name, breaking)
        make_due(schedule=schedules[1])
        make_due(schedule=schedules[2])
        assert running.run_due() == 1
    assert [(run.schedule_id, run.status) for run in runs()] == [
        (schedules[0].pk, "making"),
        (schedules[2].pk, "making"),
    ]
    assert running.run_due() == 1
    assert runs()[0].status == "failed"


@pytest.mark.parametrize("name", ["begin", "_settle", "plan_of"])
def test_those_that_break_dont_stay_first(owner, kopi_kita, monkeypatch, name):
    monkeypatch.setattr(running, "AT_A_TIME", 1)
    bad, good = factories.make_schedule(owner, "One"), factories.make_schedule(owner, "Two")
    make_due(2, schedule=bad)
    make_due(schedule=good)
    if name == "_settle":
        assert swept(running.run_due, lambda: len(runs()) == 2)
        Report.objects.update(status="running")
        Report.objects.update(status="failed", problem="disk full", finished_at=Now())
    elif name == "plan_of":
        kopi_kita.time_zone = "Asia/Jayapura"
        kopi_kita.save()
    schedules = ScheduledReport.objects.using("operator")
    act, broken = getattr(running, name), [bad.pk]
    if name == "_settle":
        broken = [run.report_id for run in runs() if run.schedule_id == bad.pk]

    def breaks(row, **how):
        return 1 // (row.pk not in broken) and act(row, **how)

    def is_done():
        if name == "plan_of":
            return schedules.get(pk=good.pk).zone == "Asia/Jayapura"
        return any(run.schedule_id == good.pk and (name == "begin" or run.status == "failed") for run in runs())

    monkeypatch.setattr(running, name, breaks)
    assert swept(running.run_due, is_done)


def test_receipts_of_nothing_are_a_failure_of_that_time_alone(owner):
    factories.make_schedule(owner, format="pdf")
    make_due()
    running.run_due()
    assert (runs()[0].status, runs()[0].problem, row().is_active) == ("failed", "none", True)


def test_a_template_that_is_deleted_pauses_what_uses_it_and_says_so(owner, admin, client_of):
    template = factories.make_template(admin, "For Jurnal")
    schedule = factories.make_schedule(owner, template_id=template.pk, template_name=template.name)
    web = client_of(owner)
    assert "Every morning" in web.get(f"/documents/templates/{template.pk}/deletion/").content.decode()
    with rls.inside(admin.scope("live")):
        layouts.delete(admin.scope("live"), template)
    assert mails() == [(owner.user.email, "Every morning is paused")], "the Admin did it, and knows"
    text = Message.objects.get().text
    assert "Its template was deleted" in text
    assert f"/documents/schedules/{schedule.pk}/" in text
    assert (row().is_active, row().paused_why, row().template_name) == (False, "template", "For Jurnal")
    assert "Its template was deleted" in web.get(f"/documents/schedules/{schedule.pk}/").content.decode()
    web.post(f"/documents/schedules/{schedule.pk}/running/")
    assert runs()[0].problem == "template", "nor does Run now make a file with other columns"
    assert not Report.objects.exists()


def test_a_template_gives_the_run_its_columns(owner):
    template = factories.make_template(owner, columns=[["amount", "Nilai"]])
    factories.make_schedule(owner, template_id=template.pk, template_name=template.name)
    make_due()
    running.run_due()
    assert Report.objects.get().columns == [["amount", "Nilai"]]


def test_a_zone_that_changes_moves_the_same_hour_of_the_same_day(owner, kopi_kita):
    far = (datetime.now(ZoneInfo(kopi_kita.time_zone)).hour + 12) % 24  # hours from now in either zone
    factories.make_schedule(owner, hour=far)
    day, before = row().next_day, row().next_at
    kopi_kita.time_zone = "Asia/Jayapura"
    kopi_kita.save()
    running.run_due()
    assert (row().next_day, row().zone) == (day, "Asia/Jayapura")
    assert before - row().next_at == timedelta(hours=2)


def test_no_day_is_run_twice_by_changing_the_schedule(owner):
    schedule = factories.make_schedule(owner, hour=0)
    make_due()
    running.run_due()
    day = runs()[0].day
    with rls.inside(owner.scope("live")):
        services.change(owner.scope("live"), schedule, to=[owner.pk], hour=23)
    assert row().next_day > day


def test_run_now_is_one_run_however_often_it_is_pressed(owner, client_of):
    schedule = factories.make_schedule(owner)
    web = client_of(owner)
    for _time in range(2):
        web.post(f"/documents/schedules/{schedule.pk}/running/")
    (run,) = runs()
    assert (run.day, run.by_id) == (None, owner.pk)
    build()
    assert len(mails()) == 1


def test_a_business_without_the_database_of_another_runs_only_its_own(owner, stranger):
    factories.make_schedule(owner)
    factories.make_schedule(stranger)
    ScheduledReport.objects.using("operator").filter(business=owner.business).update(next_at=Now())
    assert running.run_due() == 1
    assert [run.business_id for run in runs()] == [owner.business_id]


def test_the_demo_has_a_template_and_two_schedules_that_ran_and_only_once(kopi_kita, monkeypatch):
    people = {role: factories.make_member(kopi_kita, role) for role in (Role.ADMIN, Role.REVIEWER)}
    for role, member in people.items():
        member.user.email = demo.KOPI_KITA.email(role)
        member.user.save()
    for _time in range(2):
        demo.schedule_reports()
    assert ScheduledReport.objects.using("operator").count() == 2
    assert [run.status for run in runs()] == ["making"] * 3
    assert Report.objects.filter(template_name="Untuk pembukuan").count() == 2


def test_run_now_waits_like_whatever_else_a_person_asks_for(owner, client_of, monkeypatch):
    monkeypatch.setattr(reports, "MOST_WAITING", 1)
    web = client_of(owner)
    first, second = (factories.make_schedule(owner, name) for name in ("First", "Second"))
    for schedule in (first, second):
        answer = web.post(f"/documents/schedules/{schedule.pk}/running/", follow=True)
    assert "too many are being made already" in answer.content.decode()
    assert ([run.schedule_id for run in runs()], Report.objects.count()) == ([first.pk], 1)


def test_what_comes_by_itself_has_its_turn_and_keeps_nobody_from_asking(owner, monkeypatch):
    monkeypatch.setattr(reports, "MOST_WAITING", 1)
    monkeypatch.setattr(reports, "MOST_WAITING_OF_BUSINESS", 1)
    factories.make_schedule(owner)
    make_due()
    scope = owner.scope("live")
    with rls.inside(scope):
        asked = reports.request_report(scope, history="money-transfers", query="", format="csv")
    assert running.run_due() == 1
    assert runs()[0].status == "making"
    with rls.inside(scope):
        with pytest.raises(reports.TooManyWaiting):
            reports.request_report(scope, history="money-transfers", query="", format="xls")
        reports.cancel(asked, by=scope)
        assert reports.request_report(scope, history="money-transfers", query="", format="xls").number == 3


def test_run_now_that_fails_is_mailed_to_nobody_pauses_nothing_and_waits_a_minute(owner, admin, client_of, monkeypatch):
    schedule = factories.make_schedule(owner, format="pdf")
    web, address = client_of(owner), f"/documents/schedules/{schedule.pk}/running/"
    assert "there is no receipt" in web.post(address, follow=True).content.decode()
    assert "less than a minute ago" in web.post(address, follow=True).content.decode()
    assert ([run.problem for run in runs()], mails()) == (["none"], [])
    ScheduledReport.objects.using("operator").update(query="status=gone")
    monkeypatch.setattr(services, "BETWEEN", timedelta(0))
    web.post(address)
    assert (runs()[1].problem, row().is_active, mails()) == ("query", True, []), "its next time says so, once"
    make_due()
    running.run_due()
    assert (row().paused_why, len(mails())) == ("query", 2)
