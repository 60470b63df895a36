"""My Profile: what a person says about themselves, and their phone."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.business.forms import CodeForm, PhoneForm, ProfileForm
from accounts.models import Member, PhoneDevice
from accounts.permissions import everybody
from accounts.phones import numbers as phones
from accounts.phones import otp
from accounts.profile import notices
from accounts.profile import services as profile
from accounts.profile.forms import NoticesForm
from accounts.sign_in.reauthentication import reauthenticated
from flipdash.http import Request, require_form

PENDING = "phone_pending"
"""The session's key for the challenge whose code is awaited, and its number."""


def _crumbs() -> list[dict[str, str]]:
    return [{"label": _("My Profile"), "url": reverse("profile")}]


@require_form
@everybody
def my_profile(request: Request) -> HttpResponse:
    """Show and save one's name and language; the phone and the rest have pages of their own."""
    initial = {"name": request.user.name, "language": request.user.language}
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        profile.change(request.scope, request.user, **form.cleaned_data)
        with translation.override(form.cleaned_data["language"]):
            messages.success(request, _("Your profile is saved."))
        return redirect("profile")
    device = PhoneDevice.objects.filter(user=request.user).first()
    context = {
        "form": form,
        "phone": phones.shown(device.number) if device else "",
        "is_verified": bool(device and device.confirmed),
        "more": [
            {"label": _("Notices and absence"), "url": reverse("notices")},
            {"label": _("Password and two-step verification"), "url": reverse("security")},
            {"label": _("Where you are signed in"), "url": reverse("sessions")},
        ],
    }
    return render(request, "accounts/profile.html", context)


@require_form
@everybody
def my_notices(request: Request) -> HttpResponse:
    """Show and save which mails one gets, and until when one is away."""
    member = Member.objects.get(pk=request.scope.member.pk)
    away = member.away_until if member.away_until and member.away_until > request.scope.now() else None
    wanted = [one.name for one in notices.of(member) if one.name not in member.muted]
    initial = {"wanted": wanted, "away_until": away and away.astimezone(request.scope.zone).date()}
    sent = request.POST if request.method == "POST" else None
    form = NoticesForm(sent, initial=initial, scope=request.scope)
    if form.is_bound and form.is_valid():
        profile.set_notices(request.scope, muted=form.muted, away_until=form.cleaned_data["away_until"])
        messages.success(request, _("Saved."))
        return redirect("notices")
    return render(request, "accounts/notices.html", {"form": form, "crumbs": _crumbs()})


@require_form
@everybody
@reauthenticated
def phone(request: Request) -> HttpResponse:
    """Ask for a number and send it a code."""
    device = PhoneDevice.objects.filter(user=request.user).first()
    initial = {"phone": phones.shown(device.number) if device else ""}
    form = PhoneForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid() and _send(request, form):
        return redirect("phone-code")
    return render(request, "accounts/phone.html", {"form": form, "crumbs": _crumbs()})


def _send(request: Request, form: PhoneForm) -> bool:
    number = form.cleaned_data["phone"]
    try:
        made = otp.challenge(
            request.scope,
            request.user,
            **_act(request, number),
            channel=form.cleaned_data["channel"],
            to=number,
        )
    except otp.NotDelivered as problem:
        form.add_error("channel", str(problem))
        return False
    except otp.Refused as problem:
        form.add_error("phone", str(problem))
        return False
    profile.note_code_sent(request.scope, made)
    request.session[PENDING] = [str(made.pk), number]
    return True


def _act(request: Request, number: str) -> dict[str, Any]:
    """Return what a code is bound to besides the person and the mode."""
    session_key = request.session.session_key or ""
    return {"act": profile.VERIFY_PHONE, "act_digest": otp.digest_of(number), "session_key": session_key}


@require_form
@everybody
def phone_code(request: Request) -> HttpResponse:
    """Ask for the code that was sent, and take it."""
    challenge, number = request.session.get(PENDING) or ("", "")
    if not number:
        return redirect("phone")
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            otp.verify(
                challenge,
                form.cleaned_data["code"],
                scope=request.scope,
                user=request.user,
                **_act(request, number),
            )
        except otp.Wrong as problem:
            form.add_error("code", str(problem))
        else:
            profile.set_phone(request.scope, request.user, number)
            del request.session[PENDING]
            messages.success(request, _("Your phone is verified."))
            return redirect("profile")
    context = {"form": form, "phone": phones.shown(number), "crumbs": _crumbs()}
    return render(request, "accounts/phone_code.html", context)
