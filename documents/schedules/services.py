"""What people do with schedules: for whom it runs may, and who manages the people."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import rights
from accounts.models import Member
from accounts.permissions import Permission
from accounts.team.leaving import LeftBehind, register
from documents.layouts.services import before_deletion
from documents.models import ReportTemplate, ScheduledReport, ScheduleReader, ScheduleRun
from documents.models.schedules import PausedWhy
from documents.schedules import readers, running
from documents.schedules.times import Plan
from flipdash import clock, events
from flipdash.scope import Scope

MOST = 50
"""Schedules of one business in one mode."""


BETWEEN = timedelta(minutes=1)
"""From a run to the next that a person may ask for."""


class TooMany(ValueError):
    """The business has as many schedules as it may."""


class TooSoon(Exception):
    """It ran a moment ago."""


@transaction.atomic
def make(scope: Scope, *, history: str, query: str, to: Collection[int], **chosen: Any) -> ScheduledReport:
    """Make a schedule that runs for the member. Raises TooMany, NotAllowed."""
    rights.ask_again(scope, Permission.DOWNLOAD_REPORTS)
    running.lock_count(scope)
    if ScheduledReport.objects.visible_to(scope).count() >= MOST:
        raise TooMany
    schedule = ScheduledReport(
        business_id=scope.business.pk,
        mode=scope.mode,
        history=history,
        query=query,
        member_id=scope.member.pk,
        **chosen,
    )
    _set_times(scope, schedule)
    schedule.save()
    _set_readers(scope, schedule, to)
    events.record(scope, "schedule.made", schedule, history=history, name=schedule.name)
    return schedule


@transaction.atomic
def change(scope: Scope, schedule: ScheduledReport, *, to: Collection[int], **chosen: Any) -> ScheduledReport:
    """Change a schedule; a paused one stays so. Raises NotAllowed, DoesNotExist."""
    locked = _lock(scope, schedule)
    for name, value in chosen.items():
        setattr(locked, name, value)
    _set_times(scope, locked)
    locked.save()
    _set_readers(scope, locked, to)
    events.record(scope, "schedule.changed", locked, name=locked.name)
    return locked


@transaction.atomic
def pause(scope: Scope, schedule: ScheduledReport) -> None:
    """Let nothing be made until somebody resumes it. Raises NotAllowed, DoesNotExist."""
    locked = _lock(scope, schedule)
    if locked.is_active:
        running.pause(scope, locked, PausedWhy.PERSON)


@transaction.atomic
def resume(scope: Scope, schedule: ScheduledReport) -> None:
    """Let it run again, from its next time on, for whoever says so. Raises NotAllowed, DoesNotExist."""
    locked = _lock(scope, schedule)
    if locked.is_active:
        return
    if locked.kind:
        rights.check(scope, Permission(locked.kind.permission))
    locked.is_active, locked.paused_why, locked.member_id = True, "", scope.member.pk
    _set_times(scope, locked)
    locked.save()
    events.record(scope, "schedule.resumed", locked, name=locked.name)


@transaction.atomic
def run_now(scope: Scope, schedule: ScheduledReport) -> ScheduleRun:
    """Make its report now; while one is being made it is that one.

    Raises NotAllowed, DoesNotExist, TooSoon, TooManyWaiting of documents/reports, and TooMuchStored of
    flipdash/room.
    """
    locked = _lock(scope, schedule)
    ran = ScheduleRun.objects.visible_to(scope).filter(schedule=locked)
    if going := ran.filter(status=ScheduleRun.Status.MAKING).first():
        return going
    newest = ran.newest_first().first()
    if newest and newest.created_at > clock.now() - BETWEEN:
        raise TooSoon
    return running.begin(locked, by=scope)


@transaction.atomic
def delete(scope: Scope, schedule: ScheduledReport) -> None:
    """Delete a schedule with the list of its runs; reports that it made stay. Raises NotAllowed, DoesNotExist."""
    locked = _lock(scope, schedule)
    events.record(scope, "schedule.deleted", locked, history=locked.history, name=locked.name)
    locked.delete()


@before_deletion
def pause_for_template(scope: Scope, template: ReportTemplate) -> None:
    """Pause what a template that goes was chosen for: a file with other columns would break whatever reads it.

    For whom it runs, and Admins, are told; whoever deletes the template was told before.
    """
    using = ScheduledReport.objects.visible_to(scope).filter(template=template)
    for schedule in using.select_for_update(of=("self",)).select_related("business"):
        schedule.template = None
        schedule.save(update_fields=["template"])
        if schedule.is_active:
            running.pause(scope, schedule, PausedWhy.TEMPLATE)
            running.tell_paused(schedule, but=scope.member.pk)


@register
def left(scope: Scope, member: Member) -> LeftBehind:
    """Count the schedules that pause when the person is gone."""
    count = ScheduledReport.objects.visible_to(scope).filter(member_id=member.pk, is_active=True).count()
    return LeftBehind(_("Scheduled reports, which pause"), count, reverse("documents:schedules"))


def _lock(scope: Scope, schedule: ScheduledReport) -> ScheduledReport:
    rows = ScheduledReport.objects.visible_to(scope)
    locked: ScheduledReport = rights.lock_row(scope, rows, schedule.pk, Permission.DOWNLOAD_REPORTS)
    if not locked.may_be_changed_by(scope):
        raise rights.NotAllowed(Permission.MANAGE_MEMBERS)
    return locked


def _set_times(scope: Scope, schedule: ScheduledReport) -> None:
    """Let it run at its next time from now, but not again on a day on which it ran."""
    plan, zone = Plan(schedule.every, schedule.weekday, schedule.monthday, schedule.hour), scope.business.time_zone
    day = plan.first_after(clock.now(), zone)
    ran = ScheduleRun.objects.visible_to(scope).filter(schedule_id=schedule.pk).exclude(day=None)
    last = ran.order_by("-day").values_list("day", flat=True).first() if schedule.pk else None
    if last is not None and day <= last:
        day = plan.day_after(last)
    schedule.next_day, schedule.next_at, schedule.zone = day, plan.moment(day, zone), zone


def _set_readers(scope: Scope, schedule: ScheduledReport, to: Collection[int]) -> None:
    may = {member.pk for member in readers.able(scope, schedule.kind)} if schedule.kind else set()
    ScheduleReader.objects.visible_to(scope).filter(schedule=schedule).exclude(member_id__in=to).delete()
    now = set(ScheduleReader.objects.visible_to(scope).filter(schedule=schedule).values_list("member_id", flat=True))
    ScheduleReader.objects.bulk_create(
        ScheduleReader(business_id=scope.business.pk, mode=scope.mode, schedule=schedule, member_id=pk)
        for pk in sorted((set(to) & may) - now)
    )
