"""Gives each request of a signed-in person its scope."""

from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation

from accounts.models import Member
from flipdash import walls
from flipdash.scope import Scope


def scope_of(request: Any, member: Member) -> Scope:
    """Return what the member acts as in this request."""
    address = get_adapter(request).get_client_ip(request)
    agent = request.headers.get("User-Agent", "")[:200]
    return member.scope(request.mode, address=address, agent=agent)


class ScopeMiddleware:
    """Set `request.scope` from the session's user and the path's mode, stand inside its wall, and show times in the
    business's zone and words in the person's language.

    A person without an active membership gets a page that says so, and nothing else but the public pages.
    """

    def __init__(self, get_response: Callable[[Any], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        """Answer the request with its scope set."""
        request.scope = None
        if request.user.is_authenticated:
            member = Member.objects.active().select_related("business", "user").filter(user=request.user).first()
            request.scope = member and scope_of(request, member)
        if request.scope is None:
            return self.get_response(request)
        with (
            walls.inside(request.scope),
            timezone.override(request.scope.zone),
            translation.override(request.user.language),
        ):
            request.LANGUAGE_CODE = request.user.language
            response = self.get_response(request)
        # Nothing of a business stays in the browser after Log out.
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    def process_view(self, request: Any, view: Callable, *_: object) -> HttpResponse | None:
        """Stop a signed-in person who belongs to no business before any view that needs a scope."""
        if request.scope is None and getattr(view, "login_required", True):
            return render(request, "accounts/no_business.html", status=403)
        return None
