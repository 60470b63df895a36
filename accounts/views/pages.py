"""The first page and the error pages."""

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Permission, everybody, requires, without_second_factor
from accounts.sign_in.forms import LanguageForm
from flipdash import events
from flipdash.gate import public
from flipdash.http import Request, own_path, page_of_form

A_YEAR = 365 * 24 * 60 * 60  # seconds


@require_safe
@requires(Permission.VIEW_HISTORY)
def home(request: Request) -> HttpResponse:
    """Go to the history that people open most; Home itself comes with the deposit."""
    return redirect("transactions:transfers")


@without_second_factor
@require_POST
@everybody
def language(request: Request) -> HttpResponse:
    """Show everything in the language that the person chose, from the next page on."""
    before = request.user.language
    form = LanguageForm(request.POST, instance=request.user)
    if form.is_valid():
        with transaction.atomic():
            form.save()
            if form.cleaned_data["language"] != before:
                languages = (before, form.cleaned_data["language"])
                events.record(request.scope, "profile.language_changed", request.user, language=languages)
    else:
        messages.error(request, _("This language isn’t available."))
    return redirect(own_path(request.POST.get("next", "")))


@public
@require_POST
def sign_in_language(request: HttpRequest) -> HttpResponse:
    """Show what comes before sign-in in the language that was chosen; this browser keeps it in a cookie."""
    response = redirect(own_path(request.POST.get("next", "")))
    language = request.POST.get("language", "")
    if language in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=A_YEAR,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response


@public
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that the form was too old, that nothing was done, and lead back to it.

    Whoever has signed in meanwhile in another tab has a new token: a sign-in page that is still open here sends them
    on, and any other form they get anew, with what they typed (static/js/unsent.js).
    """
    form_url = page_of_form(request)
    is_sign_in = request.resolver_match is not None and request.resolver_match.url_name == "account_login"
    if is_sign_in and form_url and request.user.is_authenticated:
        return redirect(own_path(request.POST.get("next", "")))
    return render(request, "403_csrf.html", {"form_url": form_url}, status=403)
