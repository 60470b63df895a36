"""Are we well? Answered before sessions, people and languages, so that it answers whatever else is away."""

from collections.abc import Callable
from typing import Any

from django.db import connections
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.utils.module_loading import import_string


class HealthMiddleware:
    """Answers what asks for our health, and hands on all else. It comes first."""

    def __init__(self, get_response: Callable[[Any], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = ANSWERS.get(request.path_info)
        if answer is None:
            return self.get_response(request)
        return answer(request) if request.method in ("GET", "HEAD") else HttpResponseNotAllowed(["GET", "HEAD"])


def live(request: HttpRequest) -> HttpResponse:
    """Say that the process runs. It asks nobody."""
    return JsonResponse({"status": "live"})


def ready(request: HttpRequest) -> HttpResponse:
    """Say whether pages can be served, which takes Postgres alone: without Valkey they go on; 503 when they can't."""
    is_there = database_answers()
    return JsonResponse({"database": "ok" if is_there else "unreachable"}, status=200 if is_there else 503)


def database_answers(using: str = "default") -> bool:
    """Return whether Postgres answers this process."""
    try:
        with connections[using].cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:  # whatever it is, the answer is "no"
        return False
    return True


def later(name: str) -> Callable[[HttpRequest], HttpResponse]:
    """Return an answer whose module reads models, which aren't there yet when middlewares are named."""
    return lambda request: import_string(name)(request)


ANSWERS: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/health/live": live,
    "/health/ready": ready,
    "/health/deep": later("flipdash.operations.answers.deep"),
    "/metrics": later("flipdash.operations.answers.metrics"),
}
