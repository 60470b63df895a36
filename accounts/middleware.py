"""Gives each request of a signed-in person its scope, and ends sessions that are over."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import Business
from accounts.permissions import refuse
from accounts.rights import NotAllowed
from accounts.sign_in import sessions
from flipdash import backoffice, clock, rls
from flipdash.hashers import Busy
from flipdash.http import page_of_form

SAFE = ("GET", "HEAD", "OPTIONS")


class SignInMiddleware(LoginRequiredMiddleware):
    """Ask whoever isn't signed in to sign in.

    Whoever has sent a form is told that nothing was done with it, and comes back to its page, not to where it was
    sent, which may have nothing to show. What was typed the browser keeps for them (static/js/unsent.js).
    """

    def handle_no_permission(self, request: Any, view_func: Callable) -> Any:
        """Redirect to sign-in; a look that a page takes by itself at what is typed gets 401, and the page stays."""
        if request.method in SAFE:
            return super().handle_no_permission(request, view_func)
        if request.headers.get("HX-Request"):
            return HttpResponse(status=401)
        where = {"next": page_of_form(request) or request.get_full_path(), sessions.NOT_SENT: 1}
        return redirect(f"{reverse('account_login')}?{urlencode(where)}")


class ScopeMiddleware:
    """Set `request.scope` from the session's user and the path's mode, stand inside it, and show times in the
    business's zone and words in the person's language.

    A person without an active membership gets a page that says so, and nothing else but the public pages. A session
    that was idle or lasted too long ends here, by the database's clock (trust.md S3).
    """

    def __init__(self, get_response: Callable[[Any], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        """Answer the request with its scope set."""
        request.scope = None
        if request.user.is_authenticated:
            if member := request.user.acting:
                self._admit(request, member)
            elif request.user.is_staff:
                self._admit_operator(request)
        if request.scope is None:
            return self.get_response(request)
        with (
            rls.inside(request.scope),
            timezone.override(request.scope.zone),
            translation.override(request.user.language),
        ):
            request.LANGUAGE_CODE = request.user.language
            response = self.get_response(request)
        # Nothing of a business stays in the browser after Sign out.
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    def _admit_operator(self, request: Any) -> None:
        """Hold the operator's people, who have no scope, to the strictest limits that a business begins with."""
        now = clock.now()
        if sessions.is_over(request, Business(), now):
            _end(request)
            return
        sessions.note_use(request, now, get_adapter(request).get_client_ip(request))

    def _admit(self, request: Any, member: Any) -> None:
        if sessions.is_over(request, member.business, member.asked_at):
            _end(request)
            return
        request.scope = replace(sessions.scope_of(request, member), asked_at=member.asked_at)
        request.asked_at, request.has_factor = member.asked_at, member.has_factor
        member.note_seen()

    def process_view(self, request: Any, view: Callable, *_args: object) -> HttpResponse | None:
        """Stop, before any view that needs a scope, who belongs to no business or has to set up a second step."""
        is_back_office = getattr(view, "permission", None) == backoffice.MARK  # it has a door of its own
        needs_scope = getattr(view, "login_required", True) and not is_back_office
        if request.scope is None:
            is_open = not needs_scope or (request.user.is_staff and getattr(view, "operators_too", False))
            return None if is_open else render(request, "accounts/no_business.html", status=403)
        if not getattr(view, "is_polled", False):
            sessions.note_use(request, request.asked_at, request.scope.address)
        if needs_scope and _must_set_up(request) and not getattr(view, "without_second_factor", False):
            return _lead_to_set_up(request)
        return None

    def process_exception(self, request: Any, exception: Exception) -> HttpResponse | None:
        """Say that a right was lost meanwhile, or that too many passwords are being checked: come back in a moment."""
        if isinstance(exception, NotAllowed):
            request.scope.member.refresh_from_db(fields=["role"])  # the page says what it is now
            return refuse(request, exception.permission)
        if isinstance(exception, Busy):
            response = render(request, "503.html", status=503)
            response["Retry-After"] = "2"
            return response
        return None


def _end(request: Any) -> None:
    logout(request)
    request.session[sessions.WAS_OVER] = True


def _must_set_up(request: Any) -> bool:
    return request.scope.business.require_second_factor and not request.has_factor


def _lead_to_set_up(request: Any) -> HttpResponse:
    response = redirect("security")
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": response["Location"]})
    messages.warning(request, _("Your business requires two-step verification. Set it up to go on."))
    return response
