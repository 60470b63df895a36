"""FlipDash's addresses, an empty page and endpoint that pass the same middleware, and Django's admin."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import include, path
from ninja import NinjaAPI

from bench.admin import site
from developer.api.authentication import admitted
from flipdash.mode import Mode

nothing = NinjaAPI(urls_namespace="bench", docs_url=None, openapi_url=None)


@nothing.get("empty")
def empty_endpoint(request: HttpRequest) -> dict[str, int]:
    """Answer a program with nothing."""
    return {"hello": 1}


EMPTY_ENDPOINT: Any = next(pattern.callback for pattern in nothing.urls[0] if str(pattern.pattern) == "empty")


@login_not_required
def empty_behind_a_key(request: HttpRequest) -> HttpResponseBase:
    """Let a program in by its key, as the merchant API does, and do nothing else: no limit, no log."""
    with admitted(request, Mode.LIVE):
        return EMPTY_ENDPOINT(request)


def empty(request: HttpRequest) -> HttpResponse:
    """Answer a signed-in person with nothing."""
    return HttpResponse("hello")


@login_not_required
def empty_public(request: HttpRequest) -> HttpResponse:
    """Answer anybody with nothing."""
    return HttpResponse("hello")


urlpatterns = [
    path("bench/public/", empty_public),
    path("bench/empty/", empty),
    path("bench/api/empty", empty_behind_a_key),
    path("bench/admin/", site.urls),
    path("", include("flipdash.urls")),
]
