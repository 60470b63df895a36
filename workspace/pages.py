"""The page of a history, as each person keeps it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext

from flipdash.histories import EVERYTHING, History, saved
from flipdash.http import Request
from workspace.desk import Desk
from workspace.models import SavedView


def history_page(request: Request, kind: type[History]) -> HttpResponse:
    """Show a history with the person's columns and views; its bare address opens their default view."""
    desk = Desk(request.scope, kind)
    if not request.GET and desk.default:
        return open_view(request, desk.default, kind)
    history = desk.lay_out(kind(request.scope, request.GET))
    return render(request, "histories/history.html", {"history": history, "results": history.results(), "desk": desk})


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
