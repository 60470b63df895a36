"""What people do with columns and views. One act is one transaction; each may run twice without harm."""

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.http import QueryDict

from accounts.permissions import Permission
from accounts.rights import ask_again
from flipdash.histories import History, saved
from flipdash.scope import Scope
from lists.models import DefaultView, KeptLayout, SavedView


class NameTaken(ValueError):
    """The owner has another view of this name in this history."""


def choose_columns(scope: Scope, kind: type[History], columns: Sequence[str]) -> None:
    """Remember which columns the member shows, in which order."""
    _keep(scope, kind, columns=list(columns))


def reset_columns(scope: Scope, kind: type[History]) -> None:
    """Show the usual columns again."""
    _keep(scope, kind, columns=[])


def choose_rows(scope: Scope, kind: type[History], rows: int) -> None:
    """Remember how many rows the member has on a page: one of ROWS_A_PAGE."""
    _keep(scope, kind, rows=rows)


def _keep(scope: Scope, kind: type[History], **chosen: Any) -> None:
    KeptLayout.objects.visible_to(scope).update_or_create(**_key(scope, kind.name), defaults=chosen)


def save_view(scope: Scope, history: History, *, name: str, roles: Sequence[str], keep_columns: bool) -> SavedView:
    """Give the history's search and filters a name. Raises NameTaken."""
    params = QueryDict(history.address.query, mutable=True)
    if keep_columns:
        params.setlist("columns", [column.name for column in history.chosen_columns])
    query = saved.canonical(params.urlencode())
    complete = type(history)(scope, QueryDict(query))
    view = SavedView(
        **_key(scope, history.name), name=name, roles=list(roles), query=query, words=saved.labels(complete, query)
    )
    _store(view)
    return view


@transaction.atomic
def change_view(view: SavedView, *, by: Scope, name: str, roles: Sequence[str]) -> None:
    """Rename a view, or share it otherwise. Raises NameTaken, NotAllowed."""
    _lock(view, by)
    view.name, view.roles = name, list(roles)
    _store(view)


def _store(view: SavedView) -> None:
    try:
        with transaction.atomic():
            view.save(update_fields=None if view.pk is None else ["name", "roles"])
    except IntegrityError as error:
        if "savedview_name_once_an_owner" in str(error):
            raise NameTaken from error
        raise


@transaction.atomic
def delete_view(view: SavedView, *, by: Scope) -> None:
    """Delete a view, and with it that it was anybody's default. Raises NotAllowed."""
    _lock(view, by)  # nobody makes it their default meanwhile
    view.delete()


def _lock(view: SavedView, by: Scope) -> None:
    """Lock a view; who changes another's is asked again whether they may (trust.md R4). One's own needs no more."""
    SavedView.objects.select_for_update().filter(pk=view.pk).first()
    if not view.is_of(by):
        ask_again(by, Permission.MANAGE_MEMBERS)


@transaction.atomic
def make_default(scope: Scope, view: SavedView) -> None:
    """Let the history open with this view for the member; raises SavedView.DoesNotExist if it was just deleted."""
    SavedView.objects.select_for_update().get(pk=view.pk)
    defaults = DefaultView.objects.visible_to(scope)
    defaults.update_or_create(**_key(scope, view.history), defaults={"view": view})


def clear_default(scope: Scope, history: str) -> None:
    """Let the history open with everything again."""
    DefaultView.objects.visible_to(scope).filter(**_key(scope, history)).delete()


def _key(scope: Scope, history: str) -> dict:
    return {
        "business_id": scope.business.pk,
        "mode": scope.mode,
        "member_id": scope.member.pk,
        "history": history,
    }
