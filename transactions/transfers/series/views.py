"""Money Transfer → Create Transfer → Repeating transfers: the list, one of them, and what is done with it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Permission, refuse, requires
from accounts.rights import NotAllowed
from accounts.sign_in.reauthentication import reauthenticated
from deposits import ledger
from flipdash import numbered
from flipdash.http import Request, require_form
from flipdash.scope import Scope
from transactions.fees import FEES
from transactions.models import Destination, MoneyTransfer, SeriesRun, TransferSeries
from transactions.outgoing import acts
from transactions.outgoing.refusals import OutgoingRefused
from transactions.transfers import services as transfers
from transactions.transfers.series import look, services, wording

CRUMBS = ({"label": gettext_lazy("Money Transfer")},)
looking = requires(Permission.CREATE_TRANSACTIONS, or_one_of=[Permission.APPROVE_TRANSACTIONS])
"""Whoever makes them, and whoever approves them."""


@never_cache
@require_safe
@looking
def series_list(request: Request) -> HttpResponse:
    """List the series of the business, newest first; with ?show=waiting those that wait to be approved as a whole."""
    rows = TransferSeries.objects.visible_to(request.scope)
    is_waiting = request.GET.get("show") == "waiting"
    if is_waiting:
        rows = rows.unapproved() if services.is_approved_once(request.scope.business.pk) else rows.none()
    page = numbered.page_of(request, rows, by="pk")
    if is_waiting and page["older_url"]:
        page["older_url"] += "&show=waiting"
    shown = [{"row": row, "when": wording.when(row)} for row in page["rows"]]
    return render(request, "transactions/series/list.html", {**page, "rows": shown, "crumbs": _crumbs(request)[:-1]})


@never_cache
@require_safe
@looking
def one_series(request: Request, series_id: int) -> HttpResponse:
    """Show a series: what it pays, when, who approved it, and what its days brought."""
    series, scope = _found(request, series_id), request.scope
    page = numbered.page_of(request, SeriesRun.objects.visible_to(scope).filter(series=series), by="pk")
    made = MoneyTransfer.objects.visible_to(scope, searched=True).filter(series=series)
    by_day = {row.series_day: row for row in made.filter(series_day__in=[run.day for run in page["rows"]])}
    return render(
        request,
        "transactions/series/one.html",
        {
            **page,
            "series": series,
            "when": wording.when(series),
            "approval": _approval_in_words(scope, series),
            "runs": [{"run": run, "transfer": by_day.get(run.day)} for run in page["rows"]],
            "fee": FEES[series.destination_kind],
            "is_open": series.status in TransferSeries.Status.open(),
            "may_approve": scope.can(Permission.APPROVE_TRANSACTIONS) and services.may_be_approved(series),
            "may_change": services.may_change(scope, series),
            "may_resume": services.may_resume(scope, series),
            "crumbs": _crumbs(request),
        },
    )


def _approval_in_words(scope: Scope, series: TransferSeries) -> str:
    is_once = services.is_approved_once(scope.business.pk)
    if series.approved_from is None:
        return wording.approval(series, is_once=is_once)
    waits: dict[str, Any] = {"waiting": look.waiting(scope, series)}
    waits["has_unknown_alike"] = look.has_unknown_alike(scope, series)
    return wording.approval(series, is_once=is_once, **waits)


@never_cache
@require_form
@requires(Permission.APPROVE_TRANSACTIONS)
def series_approval(request: Request, series_id: int) -> HttpResponseBase:
    """Show what an approver has to know of a series, and approve all of it."""
    series = _found(request, series_id)
    view = reauthenticated(_approval) if acts.need_reauthentication(request.scope) else _approval
    return view(request, series)


def _approval(request: Request, series: TransferSeries) -> HttpResponseBase:
    beside, alike = look.beside(request.scope, series), look.alike(request.scope, series)
    if request.method == "POST":
        return _do(request, series, lambda: _approved(request, series, beside))
    if not services.may_be_approved(series):
        messages.info(request, str(services.SeriesOver()))
        return redirect("transactions:one-series", series.pk)
    left, fee = look.to_come(series), FEES[series.destination_kind]
    shown = {
        "series": series,
        "when": wording.when(series),
        "seen": look.digest_of(request.scope, series),
        "fee": fee,
        "left": left,
        "all_of_it": len(left) * (series.amount + fee),
        "beside": beside,
        "twins": look.twins_of(request.scope, series),
        "alike": alike,
        "is_new_account": transfers.is_new_account(request.scope, series),
        "bank": Destination.objects.filter(code=series.bank).first(),
        "available": ledger.balance(request.scope).available,
        "may_approve": acts.may_approve(request.scope, series),
        "is_open": True,
        "crumbs": _crumbs(request, series),
    }
    return render(request, "transactions/series/approval.html", shown)


def _approved(request: Request, series: TransferSeries, beside: Any) -> str:
    """Approve all of it; return what that has done."""
    how: dict[str, Any] = {"seen": request.POST.get("seen", ""), "sure": bool(request.POST.get("sure"))}
    done = services.approve(request.scope, series, **how)
    return wording.approved(done, beside, has_unknown_alike=look.has_unknown_alike(request.scope, done))


@require_POST
@looking
def series_pausing(request: Request, series_id: int) -> HttpResponse:
    """Pause a series, or let it go on."""
    series, scope = _found(request, series_id), request.scope
    if "resume" in request.POST:
        return _do(request, series, lambda: wording.resumed(services.resume(scope, series)))
    return _do(request, series, lambda: services.pause(scope, series), _("It is paused: nothing more is made."))


@never_cache
@require_form
@looking
def series_stopping(request: Request, series_id: int) -> HttpResponse:
    """Ask whether a series is ended for good, and do it."""
    series, scope = _found(request, series_id), request.scope
    if request.method == "POST":
        said = _("It is stopped. Transfers that it made stay as they are.")
        return _do(request, series, lambda: services.stop(scope, series), said)
    if not services.may_change(scope, series):
        messages.error(request, _("Only the person who made it, or an approver, can stop it. Nothing was changed."))
        return redirect("transactions:one-series", series.pk)
    return render(request, "transactions/series/stopping.html", {"series": series, "crumbs": _crumbs(request, series)})


def _do(request: Request, series: TransferSeries, act: Callable[[], Any], said: str = "") -> HttpResponse:
    """Do something with a series, say so or say why not, and show it; an act may return what to say."""
    try:
        done = act()
    except OutgoingRefused as problem:
        messages.error(request, str(problem))
    except NotAllowed as problem:
        return refuse(request, problem.permission)
    else:
        messages.success(request, said or done)
    return redirect("transactions:one-series", series.pk)


def _found(request: Request, pk: int) -> TransferSeries:
    found: TransferSeries = get_object_or_404(TransferSeries.objects.visible_to(request.scope), pk=pk)
    return found


def _crumbs(request: Request, series: TransferSeries | None = None) -> list[dict[str, Any]]:
    above: list[dict[str, Any]] = [*CRUMBS]
    if request.scope.can(Permission.CREATE_TRANSACTIONS):
        above.append({"label": _("Create Transfer"), "url": reverse("transactions:transfer-create")})
    above.append({"label": _("Repeating transfers"), "url": reverse("transactions:series")})
    if series is not None:
        above.append({"label": str(series), "url": reverse("transactions:one-series", args=[series.pk])})
    return above
