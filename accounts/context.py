"""What the frame of every page needs."""

from typing import Any

from django.http import HttpRequest
from django.urls import get_script_prefix, reverse

from accounts.permissions import Permission
from flipdash import frame, histories
from flipdash.menu import BELOW, landmark
from flipdash.mode import PREFIXES, Mode, mode_url


def shell(request: HttpRequest) -> dict[str, Any]:
    """Give the templates the scope, the menu, what the person may do, and this page in the other mode."""
    scope = getattr(request, "scope", None)
    if scope is None:
        return {"scope": None, "layout": "layouts/operator.html"}
    place = landmark(scope, request.path)
    page = _in_either_mode(request, place)
    return {
        "scope": scope,
        "layout": "layouts/app.html",
        "may": {permission.name: scope.can(permission) for permission in Permission},
        "sign_out_url": mode_url(Mode.LIVE, "account_logout"),
        "profile_url": reverse("profile"),
        "menu_place": place,
        "unseen_notices": lambda: int(frame.of(request)["unseen"]),  # asked only where a template shows it
        "live_url": PREFIXES[Mode.LIVE].rstrip("/") + page,
        "test_url": PREFIXES[Mode.TEST].rstrip("/") + page,
    }


def _in_either_mode(request: HttpRequest, place: str) -> str:
    """Return this page's address without its mode, or the nearest one that the other mode has too.

    A row is of one mode only: that leads to its list. A form about what a history shows leads to that history.
    """
    about = request.GET.get("history") or request.POST.get("history")
    if about in histories.names():
        return mode_url(Mode.LIVE, histories.get(about).url_name)
    if request.resolver_match and not request.resolver_match.kwargs:
        return request.path_info
    return f"/{place.removesuffix(BELOW).removeprefix(get_script_prefix())}"
