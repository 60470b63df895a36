"""Signing up, in and out, and resetting a password: django-allauth's flows on our pages."""

from typing import Any, cast

from allauth.account import views as allauth
from allauth.mfa.base import views as mfa
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.sign_in import devices, notices, second_factor, sessions, strangers
from accounts.sign_in.sessions import NOT_SENT, WAS_OVER
from flipdash.gate import public
from flipdash.http import Request

GONE = 404
TOO_MANY = 429
TOO_MANY_CODES = ("too_many_login_attempts", strangers.CODE)


class Limited:
    """A form of nobody in particular, which only so many may send."""

    def form_invalid(self, form: Any) -> HttpResponse:
        """Show what is wrong; 429 when it is that too many were sent."""
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]  # the view's own
        if any(form.has_error(name, code) for name in ("__all__", "email") for code in TOO_MANY_CODES):
            response.status_code = TOO_MANY
        return response


class SignUpView(Limited, allauth.SignupView):
    """A business and its first Admin."""


class PasswordResetView(Limited, allauth.PasswordResetView):
    """The address that a link to a new password goes to."""


class SignInView(Limited, allauth.LoginView):
    """Email and password."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add why a session ended that the person didn't end, and whether something was sent without one."""
        was_over = self.request.session.pop(WAS_OVER, False)
        return super().get_context_data(**kwargs) | {"was_over": was_over, "not_sent": NOT_SENT in self.request.GET}


class SecondStepView(mfa.AuthenticateView):
    """The code or the passkey, after the password."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Offer a passkey to whoever has one."""
        has_passkey = second_factor.has_passkey(self.stage.login.user)
        return super().get_context_data(**kwargs) | {"has_passkey": has_passkey}


class ConfirmEmailView(allauth.ConfirmEmailView):
    """The link of the mail after sign-up: one button, so that no mail scanner can press it."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Confirm, and sign in where the sign-up began."""
        response = super().post(*args, **kwargs)
        if not self.request.user.is_authenticated:
            messages.success(self.request, _("Your email address is confirmed. Sign in to go on."))
        return response

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> Any:
        """Answer 404 for a link that is unknown, old or used."""
        return super().render_to_response(context, **kwargs, status=200 if context["can_confirm"] else GONE)


class PasswordResetFromKeyView(allauth.PasswordResetFromKeyView):
    """The link of the mail: a new password, and every session ends."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Set the password; the link is dead from then on."""
        request = cast(Request, self.request)
        with transaction.atomic():
            response = super().form_valid(form)
            sessions.end_all(self.reset_user)
            notices.note(request, self.reset_user, "password.reset")
        # A stranger who goes on guessing then counts for themselves, and can't keep the owner out of this browser.
        devices.remember(request, response, self.reset_user)
        messages.success(self.request, _("Your new password holds from now on. Sign in with it."))
        return response

    def get_success_url(self) -> str:
        return reverse("account_login")

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> Any:
        """Answer 404 for a link that is unknown, old or used."""
        return super().render_to_response(context, **kwargs, status=GONE if context.get("token_fail") else 200)


_sign_out = allauth.LogoutView.as_view()


@public
def sign_out(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
    """End the session, and have the browser forget what it kept of the pages (trust.md S5)."""
    response = _sign_out(request, *args, **kwargs)
    if request.method == "POST":
        response["Clear-Site-Data"] = '"cache", "storage"'
        response["Cache-Control"] = "no-store"
    return response


sign_in = public(SignInView.as_view())
second_step = public(SecondStepView.as_view())
sign_up = public(SignUpView.as_view())
confirmation_sent = public(allauth.email_verification_sent)
confirm_email = public(ConfirmEmailView.as_view())
password_reset = public(PasswordResetView.as_view())
password_reset_sent = public(allauth.password_reset_done)
password_reset_from_key = public(PasswordResetFromKeyView.as_view())
account_inactive = public(allauth.account_inactive)
