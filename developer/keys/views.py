"""Developer → Manage API: the keys and the token of one mode (product.md §7).

In Test Mode a key is made at once. In Live Mode a one-time code comes first: what was asked for waits in the session
until its code is typed, and the key is shown in the answer to that, and never again.
"""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.business.forms import CodeForm
from accounts.models import OtpChallenge
from accounts.permissions import Permission, requires
from accounts.phones import numbers as phones
from accounts.phones import otp
from accounts.sign_in import second_factor
from accounts.sign_in.forms import TOO_MANY, WRONG_CODE
from accounts.sign_in.reauthentication import reauthenticated
from developer.keys import services as keys
from developer.keys import signing_key
from developer.keys.forms import MAIN_NAME, GraceForm, KeyForm, SigningKeyForm
from developer.keys.services import KeyRequest
from developer.models import ApiKey, ValidationToken
from flipdash import clock, events
from flipdash.http import Request, require_form

ACT = "api-key.make"
"""What a one-time code is for."""
APP = "app"
"""The third way besides the two channels of codes: the person's own authenticator app."""


@require_safe
@requires(Permission.MANAGE_API)
def manage(request: Request) -> HttpResponse:
    """Show keys and token, none of them readable."""
    return manage_page(request)


# --- Making a key --------------------------------------------------------------------------------------------


@require_form
@requires(Permission.MANAGE_API)
@reauthenticated
def change(request: Request) -> HttpResponse:
    """Ask what happens to the API Secret Key that there is. A first one asks nothing."""
    is_first = not ApiKey.objects.visible_to(request.scope).filter(is_main=True).exists()
    if is_first and (request.method == "POST" or not request.scope.is_test):
        return _go_on(request, KeyRequest(MAIN_NAME))
    form = GraceForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        return _go_on(request, form.asked())
    context = {"form": form, "is_first": is_first, "crumbs": _crumbs()}
    return render(request, "developer/key_change.html", context)


@require_form
@requires(Permission.MANAGE_API)
@reauthenticated
def add(request: Request) -> HttpResponse:
    """Ask for what a key beside the API Secret Key should be."""
    form = KeyForm(request.POST if request.method == "POST" else None, scope=request.scope)
    if form.is_bound and form.is_valid():
        return _go_on(request, form.asked())
    return render(request, "developer/key_new.html", {"form": form, "crumbs": _crumbs()})


def _go_on(request: Request, asked: KeyRequest) -> HttpResponse:
    """Make a test key; for a live one note what was asked for, and ask how the code should come."""
    if request.scope.is_test:
        return _make(request, asked)
    request.session[_waiting(request)] = {"asked": asked.as_json()}
    return redirect("developer:key-channel")


@require_form
@requires(Permission.MANAGE_API)
@reauthenticated
def channel(request: Request) -> HttpResponse:
    """Ask by which way the one-time code should come, and send it."""
    waiting = request.session.get(_waiting(request))
    if waiting is None:
        return redirect("developer:manage")
    chosen, fault = request.POST.get("channel", ""), ""
    if chosen in _channels(request):
        try:
            return _send(request, KeyRequest.of(waiting["asked"]), chosen)
        except otp.Refused as problem:
            fault = str(problem)
    number = otp.verified_number(request.user)
    context = {
        "channels": _channels(request),
        "phone": phones.masked(number) if number else "",
        "fault": fault,
        "crumbs": _crumbs(),
    }
    return render(request, "developer/key_channel.html", context)


def _channels(request: Request) -> dict[str, str]:
    """Return the ways that are open to this person, with their names."""
    found: dict[str, str] = {}
    if otp.verified_number(request.user):
        found |= {OtpChallenge.Channel.WHATSAPP.value: "WhatsApp", OtpChallenge.Channel.SMS.value: "SMS"}
    if second_factor.has_app(request.user):
        found[APP] = _("Authenticator app")
    return found


def _send(request: Request, asked: KeyRequest, chosen: str) -> HttpResponse:
    waiting = {"asked": asked.as_json(), "channel": chosen}
    if chosen != APP:
        made = otp.challenge(request.scope, request.user, **_act(request, asked), channel=chosen)
        events.record(request.scope, "api-key.code-sent", to=phones.masked(made.to), channel=chosen)
        waiting["challenge"] = str(made.pk)
    request.session[_waiting(request)] = waiting
    return redirect("developer:key-code")


@require_form
@requires(Permission.MANAGE_API)
@reauthenticated
def code(request: Request) -> HttpResponse:
    """Take the code, and show the key that it makes, once."""
    waiting = request.session.get(_waiting(request)) or {}
    if "channel" not in waiting:
        return redirect("developer:manage")
    asked, form = KeyRequest.of(waiting["asked"]), CodeForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        fault = _fault_of(request, form.cleaned_data["code"], waiting, asked)
        if not fault:
            del request.session[_waiting(request)]
            return _make(request, asked)
        form.add_error("code", fault)
    number = otp.verified_number(request.user)
    context = {
        "form": form,
        "is_app": waiting["channel"] == APP,
        "phone": phones.masked(number) if number else "",
        "crumbs": _crumbs(),
    }
    return render(request, "developer/key_code.html", context)


def _fault_of(request: Request, typed: str, waiting: dict[str, Any], asked: KeyRequest) -> str:
    """Use a code up; return what is wrong with it, or nothing."""
    if waiting["channel"] == APP:
        try:
            return "" if second_factor.use_code(request.user, typed) else str(WRONG_CODE)
        except second_factor.TooManyAttempts:
            return str(TOO_MANY)
    try:
        otp.verify(waiting["challenge"], typed, scope=request.scope, user=request.user, **_act(request, asked))
    except otp.Wrong as problem:
        return str(problem)
    return ""


def _act(request: Request, asked: KeyRequest) -> dict[str, Any]:
    """Return what a code is bound to besides the person and the mode."""
    session_key = request.session.session_key or ""
    return {"act": ACT, "act_digest": asked.digest(request.scope), "session_key": session_key}


def _waiting(request: Request) -> str:
    """Return the session's key for what waits for its code; each mode has its own."""
    return f"api_key_waiting_{request.scope.mode}"


def _make(request: Request, asked: KeyRequest) -> HttpResponse:
    try:
        made, text = keys.make_key(request.scope, asked)
    except keys.TooManyKeys as problem:
        messages.error(request, str(problem))
        return redirect("developer:manage")
    return render(request, "developer/key_made.html", {"key": made, "text": text, "crumbs": _crumbs()})


# --- Showing and ending --------------------------------------------------------------------------------------


@require_POST
@requires(Permission.MANAGE_API)
def show(request: Request, key: int) -> HttpResponse:
    """Show a test key again; a live one nobody can."""
    try:
        text = keys.show_key(request.scope, key)
    except ApiKey.DoesNotExist as problem:
        raise Http404 from problem
    return manage_page(request, shown_key=key, text=text)


@require_POST
@requires(Permission.MANAGE_API)
@reauthenticated
def end(request: Request, key: int) -> HttpResponse:
    """End a key at once."""
    try:
        ended = keys.end_key(request.scope, key)
    except ApiKey.DoesNotExist as problem:
        raise Http404 from problem
    messages.success(request, _("%(key)s no longer works.") % {"key": ended.shown})
    return redirect("developer:manage")


@require_POST
@requires(Permission.MANAGE_API)
def show_token(request: Request) -> HttpResponse:
    """Show the Validation Token; that of Live Mode after the password."""
    view = _show_token if request.scope.is_test else reauthenticated(_show_token)
    return view(request)  # type: ignore[return-value]  # both answer a page


def _show_token(request: Request) -> HttpResponse:
    return manage_page(request, token=keys.show_token(request.scope))


@require_form
@requires(Permission.MANAGE_API)
@reauthenticated
def change_token(request: Request) -> HttpResponse:
    """Ask once more, then put a new token in place of the old one, and show it."""
    if request.method == "POST":
        token = keys.change_token(request.scope)
        messages.success(request, _("The Validation Token is changed. Callbacks carry the new one from now on."))
        return manage_page(request, token=token)
    return render(request, "developer/token_change.html", {"crumbs": _crumbs()})


# --- The key for signatures ----------------------------------------------------------------------------------


@require_form
@requires(Permission.MANAGE_API)
@reauthenticated
def signature(request: Request) -> HttpResponse:
    """Show which public key calls have to be signed with; take another one, or take it away."""
    kept = signing_key.of(request.scope)
    if request.method == "POST" and "remove" in request.POST:
        signing_key.remove(request.scope)
        messages.success(request, _("Calls need no signature any more."))
        return redirect("developer:manage")
    form = SigningKeyForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        signing_key.save(request.scope, form.cleaned_data["pem"])
        messages.success(request, _("From now on, calls that create have to be signed."))
        return redirect("developer:manage")
    shown = signing_key.fingerprint(kept.pem) if kept else ""
    context = {"form": form, "kept": kept, "fingerprint": shown, "crumbs": _crumbs()}
    return render(request, "developer/signing_key.html", context)


# --- The page ------------------------------------------------------------------------------------------------


def manage_page(request: Request, **more: Any) -> HttpResponse:
    """Answer the page, with what else its template needs to know."""
    now, rows = clock.now(), ApiKey.objects.visible_to(request.scope)
    good = list(rows.good().order_by("-is_main", "created_at"))
    for key in good:
        key.seconds_left = int((key.ends_at - now).total_seconds()) if key.ends_at else None
    context = {
        "main": next((key for key in good if key.is_main), None),
        "others": [key for key in good if not key.is_main],
        "signing_key": signing_key.of(request.scope),
        "token_row": ValidationToken.objects.visible_to(request.scope).first(),
        **more,
    }
    return render(request, "developer/manage.html", context)


def _crumbs() -> list[dict[str, str]]:
    return [{"label": _("Manage API"), "url": reverse("developer:manage")}]
