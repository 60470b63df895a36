"""My Profile → Security: password, authenticator app, passkeys, recovery codes. All after re-authentication."""

import base64
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth as webauthn
from django.contrib import messages
from django.db import transaction
from django.forms import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import everybody, operators_too, without_second_factor
from accounts.sign_in import notices, second_factor, sessions
from accounts.sign_in.forms import AppForm, PasskeyForm, PasswordForm
from accounts.sign_in.reauthentication import reauthenticated, remember
from flipdash import events
from flipdash.http import Request, require_form
from flipdash.sealing import Unsealable, seal, unseal

NEW_APP = "new_app"
"""The session's key for the sealed secret of an app that is being added."""


def _is_required(request: Request) -> bool:
    """Return whether the person must have a second factor; the operator's people always must."""
    return request.scope.business.require_second_factor if request.scope else True


def _change(request: Request, kind: str, **facts: Any) -> None:
    """Record a change of what one signs in with, end all other sessions and mail the person about it."""
    sessions.end_others(request, request.user)
    remember(request)
    notices.note(request, request.user, kind, **facts)
    notices.tell(request, request.user, "security_changed", what=events.kinds()[kind])


def _crumbs() -> list[dict[str, str]]:
    return [
        {"label": _("My Profile"), "url": reverse("profile")},
        {"label": _("Security"), "url": reverse("security")},
    ]


@operators_too
@without_second_factor
@require_safe
@everybody
def overview(request: Request) -> HttpResponse:
    """Show what the person signs in with, and lead to changing it."""
    factors = Authenticator.objects.filter(user=request.user)
    context = {
        "app": factors.filter(type=second_factor.Kind.TOTP).first(),
        "passkeys": list(factors.filter(type=second_factor.Kind.WEBAUTHN).order_by("pk")),
        "codes_left": second_factor.codes_left(request.user),
        "is_required": _is_required(request),
        "crumbs": _crumbs()[:1],
    }
    return render(request, "accounts/security.html", context)


@operators_too
@require_form
@everybody
@reauthenticated
def password(request: Request) -> HttpResponse:
    """Change the password; all other sessions end."""
    form = PasswordForm(request.POST if "new_password" in request.POST else None, user=request.user)
    if form.is_bound and form.is_valid():
        with transaction.atomic():
            request.user.set_password(form.cleaned_data["new_password"])
            request.user.save(update_fields=["password"])
            _change(request, "password.changed")
        messages.success(request, _("Your password is changed. You were signed out everywhere else."))
        return redirect("security")
    return render(request, "accounts/password.html", {"form": form, "crumbs": _crumbs()})


@operators_too
@without_second_factor
@require_form
@everybody
@reauthenticated
def app(request: Request) -> HttpResponse:
    """Add an authenticator app: a QR code, and the first code of the app as the proof that it works."""
    if Authenticator.objects.filter(user=request.user, type=second_factor.Kind.TOTP).exists():
        messages.info(request, _("You have an authenticator app. Remove it before you add another."))
        return redirect("security")
    secret = _secret(request)
    form = AppForm(request.POST if "code" in request.POST else None, secret=secret)
    if form.is_bound and form.is_valid() and form.step is not None:
        with transaction.atomic():
            second_factor.add_app(request.user, secret, form.step)
            _change(request, "second-factor.added")
            codes = _first_recovery_codes(request)
        del request.session[NEW_APP]
        messages.success(request, _("Two-step verification is on."))
        return _show_codes(request, codes) if codes else redirect("security")
    url = get_adapter().build_totp_url(request.user, secret)
    svg = base64.b64encode(get_adapter().build_totp_svg(url).encode()).decode()
    picture = f"data:image/svg+xml;base64,{svg}"
    context = {"form": form, "secret": secret, "picture": picture, "crumbs": _crumbs()}
    return render(request, "accounts/app.html", context)


def _secret(request: Request) -> str:
    """Return the secret that is being added, which the session keeps sealed."""
    try:
        return unseal(request.session.get(NEW_APP, ""), NEW_APP)
    except Unsealable:
        secret = second_factor.new_secret()
        request.session[NEW_APP] = seal(secret, NEW_APP)
        return secret


def _first_recovery_codes(request: Request) -> list[str]:
    """Make recovery codes with the first factor; none if there are some."""
    if second_factor.codes_left(request.user) is not None:
        return []
    notices.note(request, request.user, "recovery-codes.made")
    return second_factor.new_recovery_codes(request.user)


def _show_codes(request: Request, codes: list[str]) -> HttpResponse:
    """Show new recovery codes in the answer itself: they are never shown again."""
    response = render(request, "accounts/recovery_codes.html", {"codes": codes, "text": "\n".join(codes)})
    response["Cache-Control"] = "no-store"
    return response


@operators_too
@require_form
@everybody
@reauthenticated
def factor_removal(request: Request, factor: int) -> HttpResponse:
    """Ask, and remove an authenticator app or a passkey."""
    found = get_object_or_404(Authenticator, pk=factor, user=request.user, type__in=second_factor.FACTORS)
    others = Authenticator.objects.filter(user=request.user, type__in=second_factor.FACTORS).exclude(pk=factor)
    is_needed = _is_required(request) and not others.exists()
    if request.method == "POST" and not is_needed:
        kind = "passkey.removed" if found.type == second_factor.Kind.WEBAUTHN else "second-factor.removed"
        with transaction.atomic():
            second_factor.remove(found)
            _change(request, kind)
        messages.success(request, _("It is removed. You were signed out everywhere else."))
        return redirect("security")
    context = {"factor": found, "is_needed": is_needed, "is_last": not others.exists()}
    context["crumbs"] = _crumbs()
    return render(request, "accounts/factor_removal.html", context)


@operators_too
@require_POST
@everybody
@reauthenticated
def recovery_codes(request: Request) -> HttpResponse:
    """Replace the recovery codes, and show the new ones once."""
    if not second_factor.has_factor(request.user):
        messages.error(request, _("Set up two-step verification first."))
        return redirect("security")
    with transaction.atomic():
        codes = second_factor.new_recovery_codes(request.user)
        _change(request, "recovery-codes.made")
    return _show_codes(request, codes)


@operators_too
@without_second_factor
@require_form
@everybody
@reauthenticated
def passkey(request: Request) -> HttpResponse:
    """Add a passkey: the browser makes it, and answers our challenge."""
    form = PasskeyForm(request.POST if "credential" in request.POST else None)
    if form.is_bound and form.is_valid():
        try:
            credential = _judge_new_passkey(form.cleaned_data["credential"])
        except ValidationError:
            form.add_error(None, _("The passkey couldn’t be checked. Nothing was changed; try again."))
        else:
            return _add_passkey(request, form.cleaned_data["name"], credential)
    options = webauthn.begin_registration(request.user, False)
    return render(request, "accounts/passkey.html", {"form": form, "options": options, "crumbs": _crumbs()})


def _judge_new_passkey(credential: Any) -> Any:
    """Return the credential if it answers our challenge; ValidationError if not, whatever was sent."""
    try:
        webauthn.parse_registration_response(credential)
        webauthn.complete_registration(credential)
    except ValidationError:
        raise
    except Exception as problem:  # the library's parsing fails in many ways
        raise ValidationError("unreadable") from problem
    return credential


def _add_passkey(request: Request, name: str, credential: Any) -> HttpResponse:
    with transaction.atomic():
        webauthn.WebAuthn.add(request.user, name, credential)
        _change(request, "passkey.added", name=name)
        codes = _first_recovery_codes(request)
    messages.success(request, _("The passkey is added."))
    return _show_codes(request, codes) if codes else redirect("security")
