"""A number and a line for each request: who asked for which page, how it was answered, how long that took.

The line names the route and never the address, for a link in it may open something (trust.md O5).
"""

import logging
from collections.abc import Callable
from ipaddress import ip_address
from time import monotonic
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse

from flipdash.serving import counting
from flipdash.serving.lines import EXTRA

log = logging.getLogger(__name__)
NUMBER = "Request-Id"


class Counted:
    """Counts the statements of one connection; a wrapper as Django's `execute_wrapper` takes it."""

    def __init__(self) -> None:
        self.statements = 0

    def __call__(self, execute: Callable[..., Any], *args: Any) -> Any:
        self.statements += 1
        return execute(*args)


class RequestLogMiddleware:
    """Gives each request its number, answers with it, and writes its line.

    It also says that nothing of ours is for other sites to load (trust.md X3).
    """

    def __init__(self, get_response: Callable[[Any], HttpResponse]) -> None:
        self.get_response = get_response
        self.is_warned = False

    def __call__(self, request: Any) -> HttpResponse:
        request.number = uuid4().hex
        if not self.is_warned and has_a_proxy_that_nobody_believes(request):
            self.is_warned = True
            log.warning(NOBODY_BELIEVED, request.META["REMOTE_ADDR"])
        began, counted = monotonic(), Counted()
        with connection.execute_wrapper(counted):
            answer = self.get_response(request)
        answer.headers.setdefault(NUMBER, request.number)  # the merchant API numbers its calls by itself
        answer.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        written = line(request, answer, (monotonic() - began) * 1_000, counted.statements)
        log.info("request", extra={EXTRA: written})
        counting.requests.count(written)
        return answer


NOBODY_BELIEVED = (
    "Requests come through a proxy at %s that isn't believed: everybody has its address, in the records and when "
    "sign-ins are limited. Set BEHIND_PROXY=on (docs/running.md)."
)


def has_a_proxy_that_nobody_believes(request: HttpRequest) -> bool:
    """Return whether somebody on this machine or its network adds X-Forwarded-For, and no proxy is expected.

    From anywhere else it is only somebody who pretends.
    """
    if settings.ALLAUTH_TRUSTED_PROXY_COUNT or "HTTP_X_FORWARDED_FOR" not in request.META:
        return False
    try:
        return ip_address(request.META["REMOTE_ADDR"]).is_private
    except (KeyError, ValueError):
        return False


def line(request: HttpRequest, answer: HttpResponse, milliseconds: float, statements: int) -> dict[str, Any]:
    """Return what is written of one request: numbers and names of routes, nothing that a person typed."""
    match, scope = request.resolver_match, getattr(request, "scope", None)
    return {
        "request": answer.headers[NUMBER],
        "method": request.method if request.method in METHODS else "other",
        "route": (match.view_name or match.route) if match else "",
        "mode": str(getattr(request, "mode", "")),
        "status": answer.status_code,
        "milliseconds": round(milliseconds, 1),
        "statements": statements,
        "business": scope.business.pk if scope else None,
        "person": getattr(scope.member, "user_id", None) if scope else None,
    }


METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
