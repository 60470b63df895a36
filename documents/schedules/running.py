"""Schedules run: each due day once, whoever looks at the same time, and whatever is killed in between.

A run, the report that it asks for and the schedule's next day are one transaction under the schedule's lock, so that
either all of it is there or nothing. The report is made like any other; when it is ready, in the transaction that says
so, the readers are told. What ended otherwise is found by the next look, and told once.
"""

import logging
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.http import QueryDict

from accounts import rights
from accounts.models import Member
from accounts.permissions import Permission
from documents.models import Report, ScheduledReport, ScheduleRun
from documents.models.schedules import PausedWhy
from documents.receipts import bundles
from documents.reports import services as reports
from documents.schedules import readers
from documents.schedules.times import Plan
from flipdash import clock, db, events, mail, rls, room, sweeps
from flipdash.events import Event
from flipdash.histories import History
from flipdash.mode import mode_url
from flipdash.operations import needs
from flipdash.scope import Scope

log = logging.getLogger(__name__)
Status = ScheduleRun.Status
USING = "operator"
AT_A_TIME = 100
PROBLEMS: dict[type[Exception], str] = {bundles.NoneThere: "none", bundles.TooMany: "too many"}
"""Why there is nothing this time; the next time may be well."""
PAUSES: dict[type[Exception], str] = {
    rights.NotAllowed: PausedWhy.OWNER,
    reports.BadQuery: PausedWhy.QUERY,
    reports.BadTemplate: PausedWhy.TEMPLATE,
}
"""Why there would be nothing next time either."""


class NobodyToTell(Exception):
    """None of the readers may download the report."""


def plan_of(schedule: ScheduledReport) -> Plan:
    """Return when a schedule runs."""
    return Plan(schedule.every, schedule.weekday, schedule.monthday, schedule.hour)


def run_due() -> int:
    """Run what is due, and tell what became of what ran; returns how many ran. Called within seconds."""
    sweeps.run(_follow_zones, settle_ended)
    rows = _come().order_by("?").values_list("pk", "business_id", "mode")
    return sum(_ran(*row) for row in list(rows[:AT_A_TIME]))


def _come() -> QuerySet[ScheduledReport]:
    """Return the schedules of which the time has come."""
    return ScheduledReport.objects.using(USING).filter(is_active=True, next_at__lte=Now())


def _moved() -> QuerySet[ScheduledReport]:
    """Return the schedules of businesses that have another zone since."""
    return ScheduledReport.objects.using(USING).exclude(zone=F("business__time_zone"))


def _ended() -> QuerySet[ScheduleRun]:
    """Return the runs whose report has ended, and of which nobody was told."""
    open_runs = ScheduleRun.objects.using(USING).filter(status=Status.MAKING)
    return open_runs.exclude(report__status__in=Report.Status.open())


needs.declare("documents.tasks.run_schedules", lambda: [_come(), _ended()])


def _follow_zones() -> None:
    """Move what is to come to the same hour of the same day of a business's new zone."""
    for schedule in _moved().select_related("business").order_by("?")[:AT_A_TIME]:
        zone = schedule.business.time_zone
        mine = ScheduledReport.objects.using(USING).filter(pk=schedule.pk, next_day=schedule.next_day)
        with sweeps.by_itself("zone of schedule", schedule.pk):
            mine.update(zone=zone, next_at=plan_of(schedule).moment(schedule.next_day, zone))


def _ran(pk: int, business: int, mode: str) -> bool:
    """Run one schedule if it is still due and nobody else has it."""
    has_run = False
    with sweeps.by_itself("schedule", pk), rls.inside_of(business, mode), transaction.atomic():
        schedule = _due(pk)
        if schedule is not None:
            now, plan = clock.now(), plan_of(schedule)
            day, missed, following = plan.caught_up(schedule.next_day, now, schedule.zone)
            _go_on(schedule, next_day=following, next_at=plan.moment(following, schedule.zone))
            begin(schedule, by=_itself(schedule), day=day, missed=missed)
            has_run = True
    return has_run


def _due(pk: int) -> ScheduledReport | None:
    rows = ScheduledReport.objects.filter(pk=pk, is_active=True, next_at__lte=Now())
    locked = rows.select_for_update(skip_locked=True, of=("self",))
    found: ScheduledReport | None = locked.select_related("business", "template").first()
    return found


def begin(schedule: ScheduledReport, *, by: Scope, day: Any = None, missed: int = 0) -> ScheduleRun:
    """Ask for the report of a schedule whose row is locked; what can't be asked for is a run that failed, and told.

    Raises reports.TooManyWaiting and room.TooMuchStored without a `day`: where a person asks, who waits for enough
    already, or whose business keeps enough.
    """
    run = ScheduleRun(
        business_id=schedule.business_id,
        mode=schedule.mode,
        schedule=schedule,
        day=day,
        missed=missed,
        **by.actor.columns("by"),
    )
    try:
        with transaction.atomic():
            run.report = _report(schedule, by, day)
        run.save()
    except NobodyToTell:
        _pause(schedule, run, PausedWhy.READERS)
    except tuple(PAUSES) as problem:
        _pause(schedule, run, next(why for kind, why in PAUSES.items() if isinstance(problem, kind)))
    except tuple(PROBLEMS) as problem:
        _fail(run, next(word for kind, word in PROBLEMS.items() if isinstance(problem, kind)))
    except (DatabaseError, reports.TooManyWaiting, room.TooMuchStored):
        raise
    except Exception:
        log.exception("schedule %s: no report could be asked for", schedule.pk)
        _fail(run, "error")
    events.record(by, "schedule.run", schedule, history=schedule.history, name=schedule.name)
    return run


def _report(schedule: ScheduledReport, by: Scope, day: Any) -> Report:
    kind = schedule.kind
    if kind is None:
        raise reports.BadQuery
    needed = (Permission.DOWNLOAD_REPORTS, Permission(kind.permission))
    scope = rights.scope_now(schedule.member_id, schedule.mode, "schedule", *needed)
    if not readers.able_of(scope, schedule):
        raise NobodyToTell
    if schedule.template_name and schedule.template is None:
        raise reports.BadTemplate
    return reports.request_report(
        scope,
        history=schedule.history,
        query=query_on(scope, kind, schedule.query, schedule.days, day or clock.now().astimezone(scope.zone).date()),
        format=schedule.format,
        separator=schedule.separator,
        with_fee=schedule.with_fee,
        template=schedule.template,
        schedule_name=schedule.name,
        has_its_turn=day is not None,  # Run now waits like whatever else a person asks for
        by=by,
    )


def query_on(scope: Scope, kind: type[History], query: str, days: str, today: Any) -> str:
    """Return what is asked for on a day: relative days are those of that day."""
    dates = kind(scope, QueryDict()).date_filter
    if not days or dates is None:
        return query
    preset = next((preset for preset in dates.presets(today) if preset.name == days), None)
    if preset is None:
        raise reports.BadQuery
    params = QueryDict(query, mutable=True)
    _basis, first, last = dates.params
    params[first], params[last] = preset.first.isoformat(), preset.last.isoformat()
    return params.urlencode()


# --- What became of it -------------------------------------------------------------------------------------------


@events.on("report.made")
def tell_readers(event: Event) -> None:
    """Tell the readers of a schedule that its report is ready, in the transaction that says so."""
    if isinstance(event.subject, Report) and event.subject.schedule_name:
        _settle(Report.objects.get(pk=event.subject.pk))  # as it is now that it is finished


def settle_ended() -> None:
    """End the runs whose report has ended, one way or another."""
    ended = _ended().order_by("?").values_list("report", "business_id", "mode")
    for report, business, mode in list(ended[:AT_A_TIME]):
        with sweeps.by_itself("report of a schedule", report), rls.inside_of(business, mode), transaction.atomic():
            _settle(Report.objects.get(pk=report))


def _settle(report: Report) -> None:
    rows = ScheduleRun.objects.filter(report=report, status=Status.MAKING).select_for_update(of=("self",))
    for run in rows.select_related("schedule__business"):
        if report.file_name:  # it is ready, or was
            _tell_ready(run, report)
        else:
            _fail(run, report.problem or ("cancelled" if report.status == Report.Status.CANCELLED else "error"))


def _tell_ready(run: ScheduleRun, report: Report) -> None:
    schedule = run.schedule
    scope = _itself(schedule)
    told = readers.able_of(scope, schedule)
    if not told:
        _pause(schedule, run, PausedWhy.READERS)
        return
    for member in told:
        _mail("scheduled_report", scope, member, schedule, run, title=_title(report, member))
    run.status, run.told = Status.SENT, [member.name for member in told]
    run.save(update_fields=["status", "told"])


def _title(report: Report, member: Member) -> str:
    return str(report.asked.get(member.user.language) or report.title)


def _pause(schedule: ScheduledReport, run: ScheduleRun, why: str) -> None:
    """Let nothing more be made until somebody resumes it, and say so.

    What a person tried with Run now only fails: its next time pauses it, and tells whom it concerns.
    """
    if run.day is not None:
        pause(_itself(schedule), schedule, why)
    _fail(run, why)


def pause(scope: Scope, schedule: ScheduledReport, why: str) -> None:
    """Pause a schedule whose row is locked."""
    schedule.is_active, schedule.paused_why = False, why
    schedule.save(update_fields=["is_active", "paused_why"])
    events.record(scope, "schedule.paused", schedule, name=schedule.name, paused_why=why)


def _fail(run: ScheduleRun, problem: str) -> None:
    """Note that nothing came of a run, and tell whom it concerns once; who pressed Run now reads it on its page."""
    run.status, run.problem = Status.FAILED, problem
    run.save()
    if problem == "cancelled" or run.day is None:
        return  # somebody did that, and knows
    scope = _itself(run.schedule)
    for member in readers.responsible(scope, run.schedule):
        _mail("scheduled_report_failed", scope, member, run.schedule, run)


def tell_paused(schedule: ScheduledReport, *, but: int) -> None:
    """Tell whom it concerns, but one member, that a schedule pauses since now, and why."""
    scope = _itself(schedule)
    for member in readers.responsible(scope, schedule):
        if member.pk != but:
            mail.send(
                "scheduled_report_paused",
                to=member.user.email,
                language=member.user.language,
                called=schedule.name,
                why=PausedWhy(schedule.paused_why).label,
                is_test=scope.is_test,
                url=mode_url(scope.mode, "documents:schedule", schedule.pk, absolute=True),
            )


def _mail(
    words: str, scope: Scope, member: Member, schedule: ScheduledReport, run: ScheduleRun, **context: Any
) -> None:
    mail.send(
        words,
        to=member.user.email,
        language=member.user.language,
        called=schedule.name,
        run=run,
        is_active=schedule.is_active,
        is_test=scope.is_test,
        url=mode_url(scope.mode, "documents:schedule-run", schedule.pk, run.pk, absolute=True),
        **context,
    )


def _go_on(schedule: ScheduledReport, **values: Any) -> None:
    for name, value in values.items():
        setattr(schedule, name, value)
    schedule.save(update_fields=list(values))


def _itself(schedule: ScheduledReport) -> Scope:
    return Scope.by_itself(schedule.business, schedule.mode)


def lock_count(scope: Scope) -> None:
    """Let one person at a time add a schedule to a business, within a transaction."""
    db.lock(f"schedules/{scope.business.pk}/{scope.mode}")
