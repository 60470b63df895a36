"""FlipDash's addresses, an empty page that passes the same middleware, and Django's admin."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from bench.admin import site


def empty(request: HttpRequest) -> HttpResponse:
    """Answer a signed-in person with nothing."""
    return HttpResponse("hello")


urlpatterns = [
    path("bench/empty/", empty),
    path("bench/admin/", site.urls),
    path("", include("flipdash.urls")),
]
