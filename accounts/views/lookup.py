"""The box over everything: as a part of the page for scripts, and as a page of its own."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.permissions import everybody
from flipdash import lookup
from flipdash.http import Request


@require_safe
@everybody
def look_up(request: Request) -> HttpResponse:
    """Show what of all that the person may see is meant, or go to the one thing whose number was typed."""
    found = lookup.look_up(request.scope, request.GET.get("q", ""))
    if request.headers.get("HX-Request"):
        return render(request, "lookup/found.html", {"found": found, "as_options": True})
    return redirect(found.target) if found.target else render(request, "lookup/page.html", {"found": found})
