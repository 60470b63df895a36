"""The gate that every view stands behind: it names a permission, or says that it is for anybody.

Which permissions there are and who has them says accounts/permissions.py.
"""

from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, TypeVar

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from flipdash.http import Request, came_from

V = TypeVar("V", bound=Callable)
View = Callable[..., HttpResponseBase]


def public(view: V) -> V:
    """Mark a view that anybody may see, signed in or not."""
    view.permission = "public"  # type: ignore[attr-defined]  # a mark on the view
    return login_not_required(view)


def polled(view: V) -> V:
    """Mark a view that a page asks for by itself: nobody is working, so it doesn't keep a session alive."""
    view.is_polled = True  # type: ignore[attr-defined]  # a mark on the view
    return view


def requires(permission: str, *, or_one_of: Collection[str] = ()) -> Callable[[View], View]:
    """Mark a view with the permission it needs, and answer 403 to whoever lacks it.

    `or_one_of` are others of which each opens it too; a refusal names the first.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not any(request.scope.can(one) for one in (permission, *or_one_of)):
                return refuse(request, permission)
            return view(request, *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]  # the mark that the access walk reads
        guarded.or_one_of = tuple(or_one_of)  # type: ignore[attr-defined]  # likewise
        return guarded

    return decorate


def refuse(request: Request, permission: str) -> HttpResponse:
    """Answer 403 with a page that names the missing permission and who in the business can grant it."""
    admins = request.scope.business.members.admins().select_related("user")
    shown = {"permission": permission, "admins": admins, "back_url": came_from(request)}
    return render(request, "403.html", shown, status=403)
