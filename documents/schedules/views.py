"""Document → Schedules: made from Create Report, watched, paused, run now, deleted."""

from typing import Any

from django.contrib import messages
from django.db.models.functions import Now
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import rights
from accounts.permissions import Permission, refuse, requires
from documents.models import Report, ScheduledReport, ScheduleRun
from documents.models.schedules import Every
from documents.reports import services as reports
from documents.reports.wording import too_many_waiting
from documents.schedules import services, wording
from documents.schedules.forms import USUAL_HOUR, ScheduleForm
from flipdash import numbered, room
from flipdash.histories import History
from flipdash.http import Request, require_form

RUNS_SHOWN = 25


@require_safe
@requires(Permission.DOWNLOAD_REPORTS)
def schedules(request: Request) -> HttpResponse:
    """List the schedules of the business, newest first."""
    rows = ScheduledReport.objects.visible_to(request.scope).select_related("member__user")
    page = numbered.page_of(request, rows, by="pk")
    newest = ScheduleRun.objects.visible_to(request.scope).filter(schedule__in=[row.pk for row in page["rows"]])
    last = {run.schedule_id: run for run in newest.order_by("schedule", "-pk").distinct("schedule")}
    shown = [
        {"row": row, "when": wording.when(row), "last": last.get(row.pk)}
        for row in page["rows"]
        if row.kind is None or request.scope.can(row.kind.permission)
    ]
    context = page | {"rows": shown, "crumbs": [{"label": _("Document")}]}
    return render(request, "documents/schedules.html", context)


@require_form
@requires(Permission.DOWNLOAD_REPORTS)
def schedule_new(request: Request) -> HttpResponse:
    """Let a report be made again and again."""
    params = request.POST if request.method == "POST" else request.GET
    name, query = str(params.get("history", "")), str(params.get("query", ""))
    try:
        history = reports.shown_history(request.scope, history=name, query=query)
    except reports.BadQuery:
        messages.error(
            request, _("Nothing was scheduled: the search or a filter isn’t valid. Correct it and try again.")
        )
        return redirect("documents:schedules")
    if request.method != "POST":
        initial = {
            "name": history.known_as(),
            "days": next((preset.name for preset, is_chosen in history.presets if is_chosen), _usual_days(history)),
            "every": Every.DAY,
            "hour": USUAL_HOUR,
            "monthday": 1,
            "with_fee": True,
            "separator": Report.Separator.usual_in(request.LANGUAGE_CODE),
            "to": [request.scope.member.pk],
        }
        return _page(request, history, ScheduleForm(scope=request.scope, history=history, initial=initial))
    form = ScheduleForm(request.POST, scope=request.scope, history=history)
    if form.is_valid():
        chosen = form.chosen()
        try:
            made = services.make(
                request.scope,
                history=name,
                query=_query_of(history, chosen["days"]),
                to=form.cleaned_data["to"],
                **chosen,
            )
        except services.TooMany:
            words = _("The business has %d scheduled reports already. Delete one first.")
            form.add_error(None, words % services.MOST)
        else:
            messages.success(request, _("The report is scheduled."))
            return redirect("documents:schedule", made.pk)
    return _page(request, history, form)


def _usual_days(history: History) -> str:
    """Return what is meant where the page names no days: yesterday, for it runs every day at first."""
    return "" if any(history.date_range()) else "yesterday"


def _days_of(history: History) -> dict[str, str]:
    """Return the days that a schedule's form begins with, where other ones are asked for than it has."""
    if preset := next((preset.name for preset, is_chosen in history.presets if is_chosen), ""):
        return {"days": preset}
    return {"days": ""} if any(history.date_range()) else {}


def _query_of(history: History, days: str) -> str:
    """Return what a schedule asks for: without its days where they are relative ones."""
    query = QueryDict(history.address.query, mutable=True)
    if days and history.date_filter:
        for name in history.date_filter.params[1:]:
            query.pop(name, None)
    return query.urlencode()


@require_safe
@requires(Permission.DOWNLOAD_REPORTS)
def schedule(request: Request, schedule_id: int) -> HttpResponse:
    """Show a schedule: what, when, to whom, and what became of it."""
    shown = _found(request, schedule_id)
    runs = ScheduleRun.objects.visible_to(request.scope).filter(schedule=shown).select_related("report")
    before = request.GET.get("before", "")
    if before:
        if not (before.isascii() and before.isdigit() and len(before) <= 18):
            raise Http404
        runs = runs.filter(pk__lt=int(before))
    found = list(runs.newest_first()[: RUNS_SHOWN + 1])
    people = shown.readers.select_related("member__user").order_by("pk")
    history = _history_of(request, shown, shown.query)
    context = {
        "schedule": shown,
        "history_url": history.address.url_with() if history else "",
        "when": wording.when(shown),
        "known_as": shown.kind.known_as() if shown.kind else shown.history,
        "applied": history.in_words(with_days=not shown.days) if history else [],
        "days": dict(wording.day_choices(history)).get(shown.days, "") if history else "",
        "people": [reader.member.name for reader in people],
        "runs": found[:RUNS_SHOWN],
        "newest_url": request.path if before else "",
        "older_url": f"?before={found[RUNS_SHOWN - 1].pk}" if len(found) > RUNS_SHOWN else "",
        "may_change": shown.may_be_changed_by(request.scope),
        "crumbs": _crumbs(),
    }
    return render(request, "documents/schedule.html", context)


@require_form
@requires(Permission.DOWNLOAD_REPORTS)
def schedule_edit(request: Request, schedule_id: int) -> HttpResponse:
    """Change when a schedule runs, what the file is like, who is told; and what it shows, by ?query= of a history."""
    shown = _found(request, schedule_id)
    if not shown.may_be_changed_by(request.scope):
        return refuse(request, Permission.MANAGE_MEMBERS)
    params = request.POST if request.method == "POST" else request.GET
    is_other = "query" in params
    history = _history_of(request, shown, str(params["query"]) if is_other else shown.query)
    if history is None:
        messages.error(request, _("The search or a filter isn’t valid. Nothing was changed; choose others."))
        return redirect("documents:schedule", shown.pk)
    if request.method != "POST":
        initial = ScheduleForm.initial_of(shown) | (_days_of(history) if is_other else {})
        return _page(request, history, ScheduleForm(scope=request.scope, history=history, initial=initial), shown)
    form = ScheduleForm(request.POST, scope=request.scope, history=history)
    if form.is_valid():
        chosen = form.chosen() | ({"query": _query_of(history, form.chosen()["days"])} if is_other else {})
        try:
            services.change(request.scope, shown, to=form.cleaned_data["to"], **chosen)
        except ScheduledReport.DoesNotExist as error:
            raise Http404 from error
        messages.success(request, _("The scheduled report is changed."))
        return redirect("documents:schedule", shown.pk)
    return _page(request, history, form, shown)


@require_POST
@requires(Permission.DOWNLOAD_REPORTS)
def schedule_pausing(request: Request, schedule_id: int) -> HttpResponse:
    """Pause a schedule, or let it run again."""
    shown = _found(request, schedule_id)
    if "resume" in request.POST:
        services.resume(request.scope, shown)
        messages.success(request, _("The scheduled report runs again, for you."))
    else:
        services.pause(request.scope, shown)
        messages.success(request, _("The scheduled report is paused."))
    return redirect("documents:schedule", shown.pk)


@require_POST
@requires(Permission.DOWNLOAD_REPORTS)
def schedule_running(request: Request, schedule_id: int) -> HttpResponse:
    """Make the report of a schedule now."""
    shown = _found(request, schedule_id)
    try:
        run = services.run_now(request.scope, shown)
    except reports.TooManyWaiting:
        messages.error(request, too_many_waiting())
    except room.TooMuchStored as problem:
        messages.error(request, problem.in_words)
    except services.TooSoon:
        messages.error(request, _("It ran less than a minute ago. Wait a minute, then press Run now again."))
    else:
        if run.status == ScheduleRun.Status.FAILED:
            messages.error(request, run.problem_in_words)
        else:
            messages.success(request, _("The report is being made. Its recipients are told when it is ready."))
    return redirect("documents:schedule", shown.pk)


@require_form
@requires(Permission.DOWNLOAD_REPORTS)
def schedule_deletion(request: Request, schedule_id: int) -> HttpResponse:
    """Ask whether a schedule is to be deleted; POST deletes it."""
    shown = _found(request, schedule_id)
    if not shown.may_be_changed_by(request.scope):
        return refuse(request, Permission.MANAGE_MEMBERS)
    if request.method == "POST":
        services.delete(request.scope, shown)
        messages.success(request, _("The scheduled report is deleted. Reports that it made stay."))
        return redirect("documents:schedules")
    back = {"label": shown.name, "url": reverse("documents:schedule", args=[shown.pk])}
    context = {"schedule": shown, "crumbs": [*_crumbs(), back]}
    return render(request, "documents/schedule_deletion.html", context)


@require_safe
@requires(Permission.DOWNLOAD_REPORTS)
def schedule_run(request: Request, schedule_id: int, run: int) -> HttpResponse:
    """Show one run: where the link of the email leads."""
    shown = _found(request, schedule_id)
    rows = ScheduleRun.objects.visible_to(request.scope).filter(schedule=shown).select_related("report")
    found = get_object_or_404(rows, pk=run)
    back = {"label": shown.name, "url": reverse("documents:schedule", args=[shown.pk])}
    files = reports.of_person(request.scope).filter(status=Report.Status.READY, expires_at__gte=Now())
    is_there = files.filter(pk=found.report_id).exists()  # as the address of the file asks
    context = {"schedule": shown, "run": found, "is_there": is_there, "crumbs": [*_crumbs(), back]}
    return render(request, "documents/schedule_run.html", context)


def _found(request: Request, pk: int) -> ScheduledReport:
    """Return a schedule of a history that the person may see; raises Http404, NotAllowed."""
    rows = ScheduledReport.objects.visible_to(request.scope).select_related("member__user", "business")
    found: ScheduledReport = get_object_or_404(rows, pk=pk)
    if found.kind:
        rights.check(request.scope, Permission(found.kind.permission))
    return found


def _history_of(request: Request, schedule: ScheduledReport, query: str) -> History | None:
    """Return what a schedule would show under a query if it ran now; None where that makes no sense any more."""
    try:
        return reports.shown_history(request.scope, history=schedule.history, query=query)
    except reports.BadQuery:
        return None


def _page(
    request: Request, history: History, form: ScheduleForm, schedule: ScheduledReport | None = None
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "schedule": schedule,
        "history": history,
        "applied": history.in_words(with_days=False),
        "query": history.address.query,
        "is_other": schedule is not None and "query" in (request.POST if request.method == "POST" else request.GET),
        "others": [] if schedule else _changeable(request, history),
        "back_url": reverse("documents:schedule", args=[schedule.pk]) if schedule else history.address.url_with(),
        "crumbs": _crumbs(),
    }
    return render(request, "documents/schedule_form.html", context)


def _changeable(request: Request, history: History) -> list[dict[str, str]]:
    """Return the schedules of a history that the person may let show what this page is of."""
    rows = ScheduledReport.objects.visible_to(request.scope).filter(history=history.name).order_by("name", "pk")
    query = urlencode({"query": history.address.query})
    return [
        {"name": row.name, "url": f"{reverse('documents:schedule-edit', args=[row.pk])}?{query}"}
        for row in rows
        if row.may_be_changed_by(request.scope)
    ]


def _crumbs() -> list[dict[str, Any]]:
    return [{"label": _("Document")}, {"label": _("Schedules"), "url": reverse("documents:schedules")}]
