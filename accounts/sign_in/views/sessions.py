"""My Profile → Sessions: where one is signed in, and ending that."""

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import everybody, operators_too
from accounts.sign_in import notices, sessions
from accounts.sign_in.agents import device_name
from flipdash.http import Request


@operators_too
@require_safe
@everybody
def session_list(request: Request) -> HttpResponse:
    """Show where the person is signed in."""
    current = request.session.session_key
    alive = [
        {"row": session, "device": device_name(session.user_agent), "is_here": session.session_key == current}
        for session in sessions.alive(request.user)
    ]
    context = {
        "sessions": alive,
        "has_others": any(not session["is_here"] for session in alive),
        "crumbs": [{"label": _("My Profile"), "url": reverse("profile")}],
    }
    return render(request, "accounts/sessions.html", context)


@operators_too
@require_POST
@everybody
def session_end(request: Request, user_session: int) -> HttpResponse:
    """Sign out somewhere else."""
    session = get_object_or_404(UserSession, pk=user_session, user=request.user)
    if session.session_key == request.session.session_key:
        messages.info(request, _("This is where you are now. Use Sign out instead."))
        return redirect("sessions")
    with transaction.atomic():
        sessions.end(session)
        notices.note(request, request.user, "session.ended", address=session.ip)
    messages.success(request, _("That session has ended."))
    return redirect("sessions")


@operators_too
@require_POST
@everybody
def session_end_others(request: Request) -> HttpResponse:
    """Sign out everywhere else."""
    with transaction.atomic():
        sessions.end_others(request, request.user)
        notices.note(request, request.user, "session.ended", all_others=True)
    messages.success(request, _("You are signed out everywhere else."))
    return redirect("sessions")
