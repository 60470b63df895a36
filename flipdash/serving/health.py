"""Are we well? Answered before sessions, people and languages, so that it answers whatever else is away."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse


class HealthMiddleware:
    """Answers `/health/live` and `/health/ready`, and hands on all else. It comes first."""

    def __init__(self, get_response: Callable[[Any], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = ANSWERS.get(request.path_info)
        if answer is None:
            return self.get_response(request)
        return answer() if request.method in ("GET", "HEAD") else HttpResponseNotAllowed(["GET", "HEAD"])


def live() -> HttpResponse:
    """Say that the process runs. It asks nobody."""
    return JsonResponse({"status": "live"})


def ready() -> HttpResponse:
    """Say whether pages can be served, which takes Postgres alone: without Valkey they go on; 503 when they can't."""
    is_there = database_answers()
    return JsonResponse({"database": "ok" if is_there else "unreachable"}, status=200 if is_there else 503)


def database_answers() -> bool:
    """Return whether Postgres answers this process."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:  # whatever it is, the answer is "no"
        return False
    return True


ANSWERS = {"/health/live": live, "/health/ready": ready}
