"""Errors, and what was sent: pages that belong to no product."""

import sys
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from flipdash import db, rls
from flipdash.gate import public
from flipdash.models import Message
from flipdash.serving import away, charsets

OUTBOX_SHOWS = 100


@public
@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    """Show the newest mails and messages to phones; routed in development only."""
    with rls.outside():
        sent = list(Message.objects.order_by("-id")[:OUTBOX_SHOWS])
    return render(request, "outbox.html", {"sent": sent})


@public
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer the same for what is missing and what is another's (trust.md §1.4)."""
    return render(request, "404.html", status=404)


@public
def server_error(request: Any) -> HttpResponse:
    """Say that something broke, that what we need is away, or that somebody else of the business has to finish first,
    without asking the database for anything."""
    is_busy = db.is_busy(sys.exc_info()[1])
    is_late = is_busy or away.is_away(sys.exc_info()[1])
    status, headers = (503, {"Retry-After": str(away.RETRY_AFTER)}) if is_late else (500, {})
    if request.path_info.startswith(charsets.API):
        name, words = ("SERVICE_UNAVAILABLE", "Try again in a moment.") if is_late else ("Internal Server Error", WRONG)
        return JsonResponse({"name": name, "message": words, "status": status}, status=status, headers=headers)
    said = {"number": getattr(request, "number", ""), "is_busy": is_busy}
    page = render_to_string("away.html" if is_late else "500.html", said)
    return HttpResponse(page, status=status, headers=headers)


WRONG = "Something went wrong. Try again."
