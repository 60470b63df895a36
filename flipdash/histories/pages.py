"""The two pages of every history, made from its declaration: the list as each person keeps it, and one row."""

from collections.abc import Callable
from typing import Any, Protocol

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from flipdash import frame
from flipdash.frame import Frame
from flipdash.gate import View, requires
from flipdash.histories.history import LIST, PRESET, History
from flipdash.http import Request
from flipdash.scope import Scope


class ListSettings(Protocol):
    """A person's settings of a history: the columns they chose, and views of their own."""

    def opening(self, request: Request) -> HttpResponse | None:
        """Return the way to the view that the bare address opens, if there is one."""

    def lay_out(self, params: QueryDict) -> History:
        """Return the history under an address, as the person has it laid out."""

    @property
    def late_count_url(self) -> str:
        """Where the browser asks for a count that the page couldn't wait for."""

    @property
    def sums_url(self) -> str:
        """Where the browser asks what the rows come to."""


MakeSettings = Callable[[Scope, type[History], Frame], ListSettings]
_makers: list[MakeSettings] = []


def set_by(make: MakeSettings) -> None:
    """Say what makes the settings: the app that holds columns and saved views does, when it is ready."""
    _makers[:] = [make]


def settings_of(request: Request, declared: type[History]) -> ListSettings:
    """Return a person's settings of a history."""
    return _makers[0](request.scope, declared, frame.of(request, declared.name))


def history_view(declared: type[History]) -> View:
    """Return the page of a history, guarded by its permission."""

    @require_safe
    @requires(declared.permission)
    def page(request: Request) -> HttpResponse:
        return history_page(request, declared)

    return page


def detail_view(declared: type[History]) -> View:
    """Return the page of one row of a history. Opening its own address counts as a search for its id."""

    @require_safe
    @requires(declared.permission)
    def detail_page(request: Request, pk: int) -> HttpResponse:
        history = _list_of(declared, request)
        rows = declared.model.objects.visible_to(request.scope, searched=True).filter(pk=pk)
        found = history.read(rows)
        if found is None:
            raise Http404
        shown, row = found
        return render(
            request,
            declared.detail_template,
            {
                "history": history,
                "row": shown,
                "heading": history.heading_of(row),
                "state": history.state_of(row),
                "about": history.about_of(row),
                "facts": history.facts_of(row),
                "events": _timeline_of(shown, request),
                "crumbs": [*history.crumbs, {"label": history.title, "url": history.address.url_with()}],
                "beside": history.beside(row),
            },
        )

    return detail_page


def _list_of(declared: type[History], request: Request) -> History:
    """Return the list that a row was opened from; the whole history where the address names none that makes sense."""
    history = declared(request.scope, QueryDict(request.GET.get(LIST, "")))
    return history if history.is_valid else declared(request.scope, QueryDict())


def _timeline_of(row: Any, request: Request) -> Callable[[], list] | None:
    """Return what gives what happened to a row that has a timeline; None for one that has none."""
    events = getattr(row, "events", None)
    if events is None:
        return None
    return frame.of(request).also("events", events.visible_to(request.scope).order_by("at", "id"))


def history_page(request: Request, declared: type[History]) -> HttpResponse:
    """Show a history by the person's settings."""
    settings = settings_of(request, declared)
    if not request.GET and (opened := settings.opening(request)):
        return opened
    history = settings.lay_out(request.GET)
    if preset := history.preset_url(request.GET.get(PRESET, "")):
        return redirect(preset)
    return render(request, "histories/history.html", shown_of(settings, history))


def shown_of(settings: ListSettings, history: History) -> dict[str, Any]:
    """Return what the templates of a history's page need."""
    results = history.results()
    shown = {
        "history": history,
        "results": results,
        "settings": settings,
        "crumbs": history.crumbs,
        "chips": history.chips(results),
    }
    if history.summary and results.rows:
        shown["sums_url"] = settings.sums_url
    if results.count is None:
        shown["late_count_url"] = settings.late_count_url
    return shown
