"""Scheduled reports: what is asked for by itself, when, who is told, and what became of it."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission
from documents.models.reports import Report
from documents.models.templates import ReportTemplate
from flipdash import histories
from flipdash.actors import actor_fields, actor_known
from flipdash.histories import History
from flipdash.scope import Scope, TenantForeignKey, TenantModel, TenantQuerySet, mode_known
from flipdash.states import State, StatusField, state

NAME_LENGTH = 60


class Every(models.TextChoices):
    """How often a report is made."""

    DAY = "day", _("Every day")
    WEEK = "week", _("Every week")
    MONTH = "month", _("Every month")


class Weekday(models.IntegerChoices):
    """The days of a week, as Python numbers them."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class PausedWhy(models.TextChoices):
    """Why nothing is made until somebody resumes it."""

    PERSON = "person", _("Somebody paused it.")
    OWNER = "owner", _("Whoever it runs for may no longer download these reports. An Admin can resume it as their own.")
    READERS = "readers", _("None of its recipients may download these reports any more. Choose others.")
    TEMPLATE = "template", _("Its template was deleted or names a column that no longer exists. Choose other columns.")
    QUERY = "query", _("Its search or a filter isn’t valid any more. Make a new one from the history.")


class ScheduledReport(TenantModel):
    """A report that is made again and again, with the rights of its owner at that time."""

    name = models.CharField(_("Name"), max_length=NAME_LENGTH)
    history = models.CharField(max_length=40)
    query = models.TextField(blank=True)
    """The search and the filters; without its days where `days` says which are meant."""
    days = models.CharField(max_length=10, blank=True)
    """The name of a preset of the date filter, of the day on which it runs; "" leaves the query as it is."""
    format = models.CharField(max_length=4, choices=Report.Format.choices)
    separator = models.CharField(max_length=1, choices=Report.Separator.choices, default=Report.Separator.COMMA)
    with_fee = models.BooleanField(default=True)
    template = models.ForeignKey(
        ReportTemplate, on_delete=models.SET_NULL, null=True, related_name="+", db_constraint=False
    )
    template_name = models.CharField(max_length=60, blank=True)
    """What its template was called, also when it is gone."""
    every = models.CharField(max_length=5, choices=Every.choices)
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices, default=Weekday.MONDAY)
    monthday = models.PositiveSmallIntegerField(default=1)
    """Of a month that is shorter, its last day."""
    hour = models.PositiveSmallIntegerField()
    """In the business's zone."""
    member = models.ForeignKey("accounts.Member", on_delete=models.PROTECT, related_name="+")
    """For whom it runs: with whose rights."""
    is_active = models.BooleanField(default=True)
    paused_why = models.CharField(max_length=8, choices=PausedWhy.choices, blank=True)
    next_day = models.DateField()
    """The day of the business on which it is to run next."""
    next_at = models.DateTimeField()
    """That day at the hour, in `zone`."""
    zone = models.CharField(max_length=20)
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            mode_known("scheduledreport"),
            models.UniqueConstraint(fields=["business", "mode", "id"], name="scheduledreport_tenant"),
            TenantForeignKey(field="template", to="documents.ReportTemplate", name="scheduledreport_template"),
            models.CheckConstraint(
                condition=Q(hour__lte=23, weekday__lte=6, monthday__gte=1, monthday__lte=31, every__in=Every.values),
                name="scheduledreport_time_exists",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="scheduledreport_has_name"),
            models.CheckConstraint(
                condition=Q(is_active=True, paused_why="") | Q(is_active=False, paused_why__gt=""),
                name="scheduledreport_paused_for_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["next_at"], name="scheduledreport_due", condition=Q(is_active=True))]

    def __str__(self) -> str:
        return self.name

    @property
    def kind(self) -> type[History] | None:
        """The history that it is of, or None when that no longer exists."""
        return histories.get(self.history) if self.history in histories.names() else None

    def may_be_changed_by(self, scope: Scope) -> bool:
        """Whether the member may change it: for whom it runs, or who manages the people."""
        return self.member_id == scope.member.pk or scope.can(Permission.MANAGE_MEMBERS)


class ScheduleReader(TenantModel):
    """A member who is told when a scheduled report is ready."""

    schedule = models.ForeignKey(
        ScheduledReport, on_delete=models.CASCADE, related_name="readers", db_constraint=False, db_index=False
    )
    member = models.ForeignKey("accounts.Member", on_delete=models.PROTECT, related_name="+")

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            mode_known("schedulereader"),
            TenantForeignKey(field="schedule", to="documents.ScheduledReport", name="schedulereader_schedule"),
            models.UniqueConstraint(fields=["schedule", "member"], name="schedulereader_once"),
        ]

    def __str__(self) -> str:
        return str(self.member_id)


class ScheduleRunQuerySet(TenantQuerySet):
    """What became of schedules."""

    def newest_first(self) -> Self:
        """Order as pages show them."""
        return self.order_by("-pk")


class ScheduleRun(TenantModel):
    """One time that a schedule ran: the report that it asked for, and who was told."""

    class Status(State):
        """What became of it."""

        MAKING = state("making", _("Being made"), "blue", "loader", to="sent failed")
        SENT = state("sent", _("Sent"), "green", "check")
        FAILED = state("failed", _("Failed"), "red", "x")

    schedule = models.ForeignKey(
        ScheduledReport, on_delete=models.CASCADE, related_name="runs", db_constraint=False, db_index=False
    )
    day = models.DateField(null=True)
    """The day for which it ran; None where somebody pressed Run now."""
    missed = models.PositiveIntegerField(default=0)
    """How many times before it were missed, for which it stands."""
    by_kind, by_id, by_name = actor_fields()
    report = models.ForeignKey(Report, on_delete=models.PROTECT, null=True, related_name="runs")
    status = StatusField(max_length=6, choices=Status, default=Status.MAKING)
    problem = models.CharField(max_length=200, blank=True)
    """A name of Report.PROBLEMS or PausedWhy."""
    told = models.JSONField(default=list)
    """Who was told, by their names as they were."""
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[Any] = ScheduleRunQuerySet.as_manager()

    class Meta:
        constraints = [
            mode_known("schedulerun"),
            actor_known("schedulerun", "by"),
            TenantForeignKey(field="schedule", to="documents.ScheduledReport", name="schedulerun_schedule"),
            models.UniqueConstraint(fields=["schedule", "day"], name="schedulerun_once_a_day"),
        ]
        indexes = [
            models.Index(fields=["schedule", "-id"], name="schedulerun_newest"),
            models.Index(fields=["id"], name="schedulerun_open", condition=Q(status="making")),
        ]

    def __str__(self) -> str:
        return f"{self.schedule_id} {self.day or ''}"

    @property
    def problem_in_words(self) -> str:
        """Why it failed."""
        if self.problem in PausedWhy.values:
            return str(PausedWhy(self.problem).label)
        return str(Report.PROBLEMS.get(self.problem, Report.PROBLEMS["error"])) if self.problem else ""
