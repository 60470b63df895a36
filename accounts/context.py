"""What the frame of every page needs."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from accounts.permissions import Permission
from flipdash.menu import landmark
from flipdash.mode import PREFIXES, Mode, mode_url


def shell(request: HttpRequest) -> dict[str, Any]:
    """Give the templates the scope, the menu, what the person may do, and this page in the other mode."""
    scope = getattr(request, "scope", None)
    if scope is None:
        return {"scope": None, "layout": "layouts/operator.html"}
    # An address below a history names a row of one mode only: the other mode starts at the top.
    page = request.path_info if request.resolver_match and not request.resolver_match.kwargs else "/"
    return {
        "scope": scope,
        "layout": "layouts/app.html",
        "may": {permission.name: scope.can(permission) for permission in Permission},
        "sign_out_url": mode_url(Mode.LIVE, "account_logout"),
        "profile_url": reverse("profile"),
        "menu_place": landmark(scope, request.path),
        "live_url": PREFIXES[Mode.LIVE].rstrip("/") + page,
        "test_url": PREFIXES[Mode.TEST].rstrip("/") + page,
    }
