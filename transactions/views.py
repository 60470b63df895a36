"""Pages of what was sent and received: the same two for every history, made from its declaration."""

from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.permissions import Permission, View, requires
from flipdash.histories import History
from flipdash.http import Request
from workspace.pages import history_page


def history_view(declared: type[History]) -> View:
    """Return the page of a history, guarded by its permission."""

    @require_safe
    @requires(Permission(declared.permission))
    def page(request: Request) -> HttpResponse:
        return history_page(request, declared)

    return page


def detail_view(declared: type[History]) -> View:
    """Return the page of one transaction of a history. Opening its own address counts as a search for its id."""

    @require_safe
    @requires(Permission(declared.permission))
    def detail_page(request: Request, pk: int) -> HttpResponse:
        history = declared(request.scope, QueryDict())
        rows = declared.model.objects.visible_to(request.scope, searched=True).filter(pk=pk)
        transaction = get_object_or_404(rows)
        row = rows.values(*history.value_fields).get()
        return render(
            request,
            "transactions/detail.html",
            {
                "history": history,
                "transaction": transaction,
                "figure": history.figure_of(row),
                "state": history.state_column.inside(row),
                "facts": history.facts_of(row),
                "events": transaction.events.visible_to(request.scope).order_by("at", "id"),
                "crumbs": [{"label": history.section}, {"label": history.title, "url": history.url}],
            },
        )

    return detail_page
