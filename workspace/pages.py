"""The two pages of every history, made from its declaration: the list as each person keeps it, and one row."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.permissions import Permission, View, requires
from flipdash.histories import EVERYTHING, History, saved
from flipdash.http import Request
from workspace.desk import Desk
from workspace.models import SavedView


def history_view(declared: type[History]) -> View:
    """Return the page of a history, guarded by its permission."""

    @require_safe
    @requires(Permission(declared.permission))
    def page(request: Request) -> HttpResponse:
        return history_page(request, declared)

    return page


def detail_view(declared: type[History]) -> View:
    """Return the page of one row of a history. Opening its own address counts as a search for its id."""

    @require_safe
    @requires(Permission(declared.permission))
    def detail_page(request: Request, pk: int) -> HttpResponse:
        history = declared(request.scope, QueryDict())
        rows = declared.model.objects.visible_to(request.scope, searched=True).filter(pk=pk)
        shown = get_object_or_404(rows)
        row = rows.values(*history.value_fields).get()
        return render(
            request,
            declared.detail_template,
            {
                "history": history,
                "row": shown,
                "heading": history.heading_of(row),
                "state": history.state_of(row),
                "facts": history.facts_of(row),
                "events": _timeline_of(shown, request),
                "crumbs": [{"label": history.section}, {"label": history.title, "url": history.address.url}],
            },
        )

    return detail_page


def _timeline_of(row: Any, request: Request) -> Any:
    """Return what happened to a row that has a timeline; None for one that has none."""
    events = getattr(row, "events", None)
    return None if events is None else events.visible_to(request.scope).order_by("at", "id")


def history_page(request: Request, kind: type[History]) -> HttpResponse:
    """Show a history with the person's columns and views; its bare address opens their default view."""
    desk = Desk(request.scope, kind)
    if not request.GET and desk.default:
        return open_view(request, desk.default, kind)
    history = desk.lay_out(request.GET)
    results = history.results()
    shown = {"history": history, "results": results, "desk": desk}
    if results.count is None:
        asked = urlencode({"history": kind.name, "query": history.address.query})
        shown["late_count_url"] = f"{reverse('workspace:count')}?{asked}"
    return render(request, "histories/history.html", shown)


def open_view(request: Request, view: SavedView, kind: type[History]) -> HttpResponse:
    """Go to what the view shows, and say what of it no longer exists."""
    query, dropped = saved.revive(kind, request.scope, view.query, view.words)
    if dropped:
        text = ngettext(
            "This view named %s, which no longer exists: it was left out.",
            "This view named %s, which no longer exist: they were left out.",
            len(dropped),
        )
        messages.warning(request, text % ", ".join(f"“{words}”" for words in dropped))
    return redirect(f"{reverse(kind.url_name)}?{query or EVERYTHING}")
