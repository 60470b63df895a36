"""A member's settings of one history: its columns and rows, and the saved views that belong beside it."""

from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import ngettext

from flipdash.frame import Frame, instances
from flipdash.histories import EVERYTHING, History, Layout, saved
from flipdash.histories.paging import ROWS_A_PAGE, USUAL_ROWS
from flipdash.http import Request
from flipdash.scope import Scope
from lists.frame import MOST_IN_MENU
from lists.models import SavedView


class ListSettings:
    """The columns, the rows a page, and the views that a member has of a history."""

    def __init__(self, scope: Scope, kind: type[History], frame: Frame | None = None) -> None:
        self.scope, self.kind, self.frame = scope, kind, frame or Frame(scope, kind.name)

    def lay_out(self, params: QueryDict) -> History:
        """Return the history with the member's columns, and with addresses that mind their default view."""
        layout = Layout(self.columns, self.rows, opens_at_a_view=self.default is not None)
        self.history = self.kind(self.scope, params, layout=layout, frame=self.frame)
        return self.history

    def opening(self, request: Request) -> HttpResponse | None:
        """Return the way to the member's default view."""
        return open_view(request, self.default, self.kind) if self.default else None

    @property
    def late_count_url(self) -> str:
        """Where the browser asks for a count that the page couldn't wait for."""
        return self._url_about("lists:count")

    @property
    def sums_url(self) -> str:
        """Where the browser asks what the rows come to."""
        return self._url_about("lists:sums")

    def _url_about(self, name: str) -> str:
        asked = urlencode({"history": self.kind.name, "query": self.history.address.query})
        return f"{reverse(name)}?{asked}"

    @property
    def columns(self) -> list[str]:
        """The names of the columns that the member chose; none for the usual ones."""
        return self._kept["columns"] if self._kept else []

    @property
    def rows(self) -> int:
        """How many rows the member has on a page."""
        return self._kept["rows"] if self._kept else USUAL_ROWS

    @property
    def _kept(self) -> dict[str, Any] | None:
        kept: dict[str, Any] | None = self.frame["layout"]
        return kept

    @cached_property
    def _found(self) -> list[SavedView]:
        rows = self.frame["views"] or []
        views = instances(SavedView, rows)
        for view, row in zip(views, rows, strict=True):
            view.is_default, view.by_name = row["is_default"], row["by_name"]
        return views

    @property
    def views(self) -> list[SavedView]:
        """The views of the menu."""
        return sorted(self._found[:MOST_IN_MENU], key=lambda view: (view.name.casefold(), view.pk))

    @property
    def mine(self) -> list[SavedView]:
        """The member's own views."""
        return [view for view in self.views if view.is_of(self.scope)]

    @property
    def shared(self) -> list[SavedView]:
        """What others share with the member."""
        return [view for view in self.views if not view.is_of(self.scope)]

    @property
    def has_more(self) -> bool:
        """Whether there are more views than the menu holds."""
        return len(self._found) > MOST_IN_MENU

    @property
    def default(self) -> SavedView | None:
        """The view with which the history opens."""
        return next((view for view in self._found if view.is_default), None)

    @cached_property
    def current(self) -> SavedView | None:
        """The view that the page shows, if what it shows has a name."""
        if not self.history.is_valid:
            return None
        query = saved.canonical(self.history.address.whole_query)
        return next((view for view in self._found if view.query == query and query), None)

    @property
    def row_choices(self) -> tuple[int, ...]:
        """How many rows a page can have."""
        return ROWS_A_PAGE


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
