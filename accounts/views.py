"""The first page and the error pages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from accounts.permissions import Permission, requires
from flipdash.gate import public
from flipdash.http import Request


@require_GET
@requires(Permission.VIEW_HISTORY)
def home(request: Request) -> HttpResponse:
    """Go to the history that people open most; Home itself comes with the deposit."""
    return redirect("transactions:transfers")


@public
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that the form was too old, and that nothing was done."""
    return render(request, "403_csrf.html", status=403)
