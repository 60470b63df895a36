"""Approvals: what waits, one row beside the list, and what is decided on several at once."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import Permission, refuse, requires
from accounts.rights import NotAllowed
from accounts.sign_in.reauthentication import reauthenticated
from deposits import ledger
from flipdash import money
from flipdash.histories.paging import BadCursor, Cursor
from flipdash.http import Request, require_form
from transactions.approvals import queue, services
from transactions.approvals.forms import FilterForm
from transactions.approvals.queue import Filters, Selection
from transactions.models import BulkApproval, TransferBatch
from transactions.outgoing import acts
from transactions.outgoing.forms import StopForm
from transactions.outgoing.refusals import OutgoingRefused

View = Callable[..., HttpResponseBase]
NAME = "approvals"
"""Whose cursors they are."""


@never_cache
@require_safe
@requires(Permission.APPROVE_TRANSACTIONS)
def approvals(request: Request) -> HttpResponse:
    """Show what waits, the oldest first."""
    form, query = _form(request, request.GET), _query(request.GET)
    shown: dict[str, Any] = {"form": form, "query": query, "available": ledger.balance(request.scope).available}
    shown["under_way"] = services.under_way(request.scope)
    shown["series_waiting"] = services.series_waiting(request.scope)
    shown["uncovered"], shown["uncovered_more"] = queue.uncovered(request.scope)
    shown["uncovered_count"] = len(shown["uncovered"]) + shown["uncovered_more"]
    shown["rejected"] = services.rejections_under_way(request.scope)
    if form.is_valid():
        shown |= _page(request, form.filters, query)
    return render(request, "transactions/approvals.html", shown)


def _form(request: Request, asked: QueryDict) -> FilterForm:
    return FilterForm(asked, scope=request.scope)


def _query(asked: QueryDict) -> str:
    """Write the filters of an address, and nothing else of it."""
    return urlencode([(name, asked[name]) for name in FilterForm.base_fields if asked.get(name)])


def _page(request: Request, filters: Filters, query: str) -> dict[str, Any]:
    after = request.GET.get("after", "")
    try:
        cursor = Cursor.read(after, NAME, request.scope) if after else None
    except BadCursor:
        cursor, after = None, ""
    found = queue.lines(request.scope, filters, cursor)
    page, more = found[: queue.PAGE], len(found) > queue.PAGE
    last = Cursor(page[-1].created_at, page[-1].pk).sign(NAME, request.scope) if more else ""
    return {
        "lines": page,
        **dict(zip(("count", "total"), services.count(request.scope, Selection(filters, is_all=True)), strict=True)),
        "chips": _chips(request, filters),
        "is_narrowed": not filters.is_empty,
        "batch": _batch(request, filters),
        "oldest_url": f"?{query}" if after else "",
        "newer_url": f"?{query}&{urlencode({'after': last})}" if last else "",
    }


def _batch(request: Request, filters: Filters) -> TransferBatch | None:
    """Return the batch that is asked for alone; its page has what is past approving, too."""
    if not filters.batch:
        return None
    found: TransferBatch | None = TransferBatch.objects.visible_to(request.scope).filter(pk=filters.batch).first()
    return found


def _chips(request: Request, filters: Filters) -> list[dict[str, str]]:
    """Say which filters are applied, each with the way to drop it."""
    form, found = _form(request, request.GET), []
    for name, field in form.fields.items():
        value = request.GET.get(name, "")
        if not value:
            continue
        words = dict(getattr(field, "choices", ())).get(value, value)
        asked = request.GET.copy()
        asked.pop(name)
        found.append({"label": str(field.label), "words": str(words), "remove_url": f"?{_query(asked)}"})
    return found


# --- Several at once ---------------------------------------------------------------------------------------------


def _selection(request: Request) -> Selection | None:
    """Return what the address names: what was ticked, or all that its filters show; None where it makes no sense."""
    asked = request.GET
    form = _form(request, asked)
    if not form.is_valid():
        return None
    return Selection(form.filters, frozenset(asked.getlist("row")), is_all=asked.get("which") == "shown")


@never_cache
@require_form
@requires(Permission.APPROVE_TRANSACTIONS)
def selection(request: Request) -> HttpResponseBase:
    """Say what the chosen ones come to, and approve them."""
    view: View = _approve if request.method == "POST" else _look
    asks = request.method == "POST" and acts.need_reauthentication(request.scope)
    return (reauthenticated(view) if asks else view)(request)


def _look(request: Request) -> HttpResponse:
    chosen, until = _selection(request), request.scope.now()
    back = _back(request)
    shown: dict[str, Any] = {"back": back, "crumbs": [{"label": _("Approvals"), "url": back}]}
    if chosen is not None:
        try:
            shown["chosen"] = services.look(request.scope, chosen.until(until))
        except OutgoingRefused as problem:
            shown["problem"] = str(problem)
        shown |= {
            "until": until.isoformat(),
            "address": request.get_full_path(),
            "rejection": f"{reverse('transactions:approvals-rejection')}?{request.GET.urlencode()}",
        }
    return render(request, "transactions/selection.html", shown)


def _approve(request: Request) -> HttpResponseBase:
    chosen, until = _selection(request), _moment(request.POST.get("until", ""))
    if chosen is None or until is None:
        return redirect("transactions:approvals")
    try:
        done = services.approve(
            request.scope, chosen.until(until), seen=request.POST.get("seen", ""), sure=bool(request.POST.get("sure"))
        )
    except OutgoingRefused as problem:
        messages.error(request, str(problem))
        return redirect(request.get_full_path())
    except NotAllowed as problem:
        return refuse(request, problem.permission)
    _say(request, done)
    return redirect(_back(request))


def _say(request: Request, done: list[BulkApproval]) -> None:
    count, total = sum(one.count for one in done), sum(one.total for one in done)
    words = {"count": money.number(count), "total": money.rupiah(total)}
    if any(one.is_unfinished for one in done):
        messages.info(request, _("%(count)s are being approved: %(total)s. You may leave this page.") % words)
        return
    said = ngettext("%(count)s is approved: %(total)s.", "%(count)s are approved: %(total)s.", count)
    messages.success(request, said % words)
    if waiting := services.waiting_of(request.scope, done):
        said = ngettext(
            "%(count)s of them waits until the deposit has enough, and goes on by itself then.",
            "%(count)s of them wait until the deposit has enough, and go on by themselves then.",
            waiting,
        )
        messages.info(request, said % {"count": money.number(waiting)})


@never_cache
@require_form
@requires(Permission.APPROVE_TRANSACTIONS)
def rejection(request: Request) -> HttpResponse:
    """Ask why the chosen ones are rejected, and do it."""
    chosen, sent = _selection(request), request.method == "POST"
    until = _moment(request.POST.get("until", "")) if sent else request.scope.now()
    if chosen is None or until is None:
        return redirect("transactions:approvals")
    chosen = chosen.until(until)
    form = StopForm(request.POST if sent else None, must_say=True)
    if sent and form.is_valid():
        try:
            rejected = services.reject(request.scope, chosen, seen=request.POST.get("seen", ""), **form.cleaned_data)
        except OutgoingRefused as problem:
            messages.error(request, str(problem))
            return redirect(request.get_full_path())
        except NotAllowed as problem:
            return refuse(request, problem.permission)
        _say_rejected(request, rejected)
        return redirect(_back(request))
    count, total = services.count(request.scope, chosen)
    shown = {"form": form, "count": count, "total": total, "until": until.isoformat(), "back": _back(request)}
    shown["seen"] = request.POST.get("seen", "") if sent else services.seen_of(request.scope, chosen)
    return render(
        request,
        "transactions/rejection.html",
        {**shown, "crumbs": [{"label": _("Approvals"), "url": _back(request)}]},
    )


def _say_rejected(request: Request, rejected: services.Rejected) -> None:
    if rejected.later:
        words = _("%(count)s are being rejected. You may leave this page.")
        messages.info(request, words % {"count": money.number(rejected.later)})
    if rejected.done or not rejected.later:
        said = ngettext("%(count)s was rejected.", "%(count)s were rejected.", rejected.done)
        messages.success(request, said % {"count": money.number(rejected.done)})


def _back(request: Request) -> str:
    query = _query(request.GET)
    return reverse("transactions:approvals") + (f"?{query}" if query else "")


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is not None and found.tzinfo else None
