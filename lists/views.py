"""The pages of columns and of saved views."""

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Permission, refuse, requires
from flipdash import histories
from flipdash.histories import History
from flipdash.http import Request, require_form
from lists import services
from lists.forms import ColumnsForm, NewViewForm, RowsForm, SavedViewForm
from lists.models import DefaultView, SavedView
from lists.settings import ListSettings, open_view


def _kind(request: Request, name: str | None) -> type[History]:
    """Return the history of that name, if the person may see it; else there is none."""
    try:
        kind = histories.get(name or "")
    except KeyError as error:
        raise Http404 from error
    if not request.scope.can(kind.permission):
        raise Http404
    return kind


def _crumbs() -> list[dict[str, str]]:
    return [{"label": _("Views"), "url": reverse("lists:views")}]


def _visible(request: Request, pk: int) -> SavedView:
    return get_object_or_404(SavedView.objects.visible_to(request.scope).with_default(request.scope), pk=pk)


def _laid_out(request: Request, kind: type[History], query: str) -> History:
    """Return the history under a query, with the person's columns."""
    return ListSettings(request.scope, kind).lay_out(QueryDict(query))


@require_safe
@requires(Permission.VIEW_HISTORY)
def count(request: Request) -> HttpResponse:
    """Say how many rows a history shows, for a page that couldn't wait for the figure."""
    history = _asked(request)
    results = histories.Results(count=history.late_count(), counted=history.counted)
    return render(request, "histories/late_count.html", {"results": results})


@require_safe
@requires(Permission.VIEW_HISTORY)
def sums(request: Request) -> HttpResponse:
    """Say what the rows of a history come to, for a page that is there already."""
    return render(request, "histories/sums.html", {"sums": _asked(request).sums()})


def _asked(request: Request) -> History:
    """Return the history that a page asks about; 404 for an address that shows nothing."""
    history = _kind(request, request.GET.get("history"))(request.scope, QueryDict(request.GET.get("query", "")))
    if not history.is_valid:
        raise Http404
    return history


# --- Columns -------------------------------------------------------------------------------------------------


@require_form
@requires(Permission.VIEW_HISTORY)
def columns(request: Request) -> HttpResponse:
    """Choose the columns of a history; POST remembers them."""
    given = request.POST if request.method == "POST" else request.GET
    kind = _kind(request, given.get("history"))
    history = _laid_out(request, kind, given.get("query", ""))
    form = ColumnsForm(kind, request.POST if request.method == "POST" else None, shown=history.chosen_columns)
    if form.is_bound and form.is_valid():
        services.choose_columns(request.scope, kind, form.chosen())
        return redirect(history.address.url_with(drop=("columns",)))
    return render(request, "lists/columns.html", {"history": history, "form": form, "crumbs": history.crumbs})


@require_POST
@requires(Permission.VIEW_HISTORY)
def columns_reset(request: Request) -> HttpResponse:
    """Show the usual columns again."""
    kind = _kind(request, request.POST.get("history"))
    services.reset_columns(request.scope, kind)
    return redirect(_laid_out(request, kind, request.POST.get("query", "")).address.url_with(drop=("columns",)))


@require_POST
@requires(Permission.VIEW_HISTORY)
def rows(request: Request) -> HttpResponse:
    """Have so many rows on a page from now on, and go on where the page began."""
    kind = _kind(request, request.POST.get("history"))
    form = RowsForm(request.POST)
    history = _laid_out(request, kind, request.POST.get("query", ""))
    if form.is_valid():
        services.choose_rows(request.scope, kind, form.cleaned_data["rows"])
    else:
        messages.error(request, str(form.errors["rows"][0]))
    return redirect(history.address.here)


# --- Saved views -----------------------------------------------------------------------------------------------


@require_safe
@requires(Permission.VIEW_HISTORY)
def saved_views(request: Request) -> HttpResponse:
    """List the person's views and those that they may change."""
    scope = request.scope
    views = SavedView.objects.visible_to(scope).with_default(scope).order_by("history", "name", "pk")
    rows = [
        {"view": view, "is_mine": view.is_of(scope), "may_change": view.may_be_changed_by(scope)}
        for view in views
        if view.kind is None or scope.can(view.kind.permission)
    ]
    return render(request, "lists/views.html", {"rows": rows})


@require_form
@requires(Permission.VIEW_HISTORY)
def new_view(request: Request) -> HttpResponse:
    """Give the search and the filters of a history a name."""
    given = request.POST if request.method == "POST" else request.GET
    kind = _kind(request, given.get("history"))
    history = _laid_out(request, kind, given.get("query", ""))
    if not history.is_valid:
        messages.error(request, _("Nothing was saved: the search or a filter isn’t valid. Correct it and try again."))
        return redirect(history.address.url_with())
    keeps = bool(history.address.columns)
    form = NewViewForm(request.POST if request.method == "POST" else None, initial={"keep_columns": keeps})
    if form.is_bound and form.is_valid() and (view := _save(request, history, form)):
        messages.success(request, _("The view is saved."))
        return redirect("lists:view", view.pk)
    return render(request, "lists/view_form.html", {"form": form, "history": history, "crumbs": _crumbs()})


def _save(request: Request, history: History, form: NewViewForm) -> SavedView | None:
    said = form.cleaned_data
    try:
        view = services.save_view(
            request.scope, history, name=said["name"], roles=said["roles"], keep_columns=said["keep_columns"]
        )
    except services.NameTaken:
        _say_taken(form)
        return None
    if said["is_default"]:
        services.make_default(request.scope, view)
    return view


def _say_taken(form: SavedViewForm) -> None:
    form.add_error("name", _("There is already a view of this name here. Choose another name."))


@require_safe
@requires(Permission.VIEW_HISTORY)
def view(request: Request, view: int) -> HttpResponse:
    """Open a view."""
    saved = _visible(request, view)
    return open_view(request, saved, _kind(request, saved.history))


@require_form
@requires(Permission.VIEW_HISTORY)
def view_edit(request: Request, view: int) -> HttpResponse:
    """Rename a view, or share it otherwise."""
    saved = _visible(request, view)
    if not saved.may_be_changed_by(request.scope):
        return refuse(request, Permission.MANAGE_MEMBERS)
    initial = {"name": saved.name, "roles": saved.roles}
    form = SavedViewForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        try:
            services.change_view(
                saved, by=request.scope, name=form.cleaned_data["name"], roles=form.cleaned_data["roles"]
            )
        except services.NameTaken:
            _say_taken(form)
        else:
            messages.success(request, _("The view is saved."))
            return redirect("lists:views")
    return render(request, "lists/view_form.html", {"form": form, "view": saved, "crumbs": _crumbs()})


@require_form
@requires(Permission.VIEW_HISTORY)
def view_deletion(request: Request, view: int) -> HttpResponse:
    """Ask whether a view is to be deleted; POST deletes it."""
    saved = _visible(request, view)
    if not saved.may_be_changed_by(request.scope):
        return refuse(request, Permission.MANAGE_MEMBERS)
    if request.method == "POST":
        services.delete_view(saved, by=request.scope)
        messages.success(request, _("The view is deleted. No transaction was touched."))
        return redirect("lists:views")
    opens_for = DefaultView.objects.visible_to(request.scope).filter(view=saved).count()
    context = {"view": saved, "opens_for": opens_for, "crumbs": _crumbs()}
    return render(request, "lists/view_deletion.html", context)


@require_POST
@requires(Permission.VIEW_HISTORY)
def view_default(request: Request, view: int) -> HttpResponse:
    """Open the history with this view from now on."""
    saved = _visible(request, view)
    try:
        services.make_default(request.scope, saved)
    except SavedView.DoesNotExist as error:
        raise Http404 from error  # somebody deleted it just now
    messages.success(request, _("The history opens with this view from now on."))
    return redirect("lists:views")


@require_POST
@requires(Permission.VIEW_HISTORY)
def default_removal(request: Request) -> HttpResponse:
    """Open the history with everything again."""
    kind = _kind(request, request.POST.get("history"))
    services.clear_default(request.scope, kind.name)
    messages.success(request, _("The history opens with all transactions from now on."))
    return redirect("lists:views")
