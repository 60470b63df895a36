"""The one way into the merchant API: whose call it is, whether it may come now, and in which form faults answer.

Every endpoint stands behind it. It reads no session and no cookie (trust.md S6): a browser that is signed in to the
dashboard is nobody here.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from developer.api import errors, limits
from developer.api.authentication import Unauthorized, admitted
from flipdash.mode import Mode

MARK = "api"
"""What the walk over all addresses reads in place of a permission: a key opens it, and no person."""

View = Callable[..., HttpResponseBase]


def behind_the_door(mode: Mode, view: View, *, is_open: bool = False) -> View:
    """Return the view as the API serves it; `is_open` needs no key and answers in maintenance too."""

    @wraps(view)
    def through(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_open:
            return view(request, *args, **kwargs)
        if settings.API_MAINTENANCE:
            return errors.named(503, "The service is in maintenance. Try again later.", **{"Retry-After": "60"})
        try:
            with admitted(request, mode) as scope:
                if wait := limits.seconds_to_wait(scope.member.pk):
                    return errors.named(429, "Too many requests. Slow down.", **{"Retry-After": str(wait)})
                request.scope = scope  # type: ignore[attr-defined]  # as ScopeMiddleware sets it for people
                return view(request, *args, **kwargs)
        except Unauthorized as problem:
            return errors.named(401, str(problem))

    through.permission = "public" if is_open else MARK  # type: ignore[attr-defined]  # the mark that the access walk reads
    return csrf_exempt(login_not_required(through))
