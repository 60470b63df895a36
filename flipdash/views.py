"""Health and errors: pages that belong to no product."""

import redis
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from flipdash.gate import public
from flipdash.models import Message

OUTBOX_SHOWS = 100


@public
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Answer that the process runs."""
    return JsonResponse({"status": "live"})


@public
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Answer whether the database and the broker can be reached; 503 names which can't."""
    checks = {"database": _database_answers, "redis": _redis_answers}
    state = {name: "ok" if check() else "unreachable" for name, check in checks.items()}
    return JsonResponse(state, status=200 if set(state.values()) == {"ok"} else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:  # whatever it is, the answer is "no"
        return False
    return True


def _redis_answers() -> bool:
    try:
        redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2).ping()
    except Exception:  # whatever it is, the answer is "no"
        return False
    return True


@public
@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    """Show the newest mails and messages to phones; routed in development only."""
    return render(request, "outbox.html", {"sent": Message.objects.order_by("-id")[:OUTBOX_SHOWS]})


@public
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer the same for what is missing and what is another's (trust.md §1.4)."""
    return render(request, "404.html", status=404)


@public
def server_error(request: HttpRequest) -> HttpResponse:
    """Say that something broke, without asking the database for anything."""
    return HttpResponse(render_to_string("500.html"), status=500)
