"""Settings → Account & Profile: what a business says about itself, and the rules for its people."""

from typing import Any

from django.contrib import messages
from django.core.files.storage import default_storage
from django.forms import Form
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.business import services as business
from accounts.business.forms import DetailsForm, LogoForm, SecondPersonForm, SecurityForm
from accounts.models import Business
from accounts.permissions import Permission, everybody, requires
from accounts.sign_in.reauthentication import reauthenticated
from flipdash.http import Request
from flipdash.uploads import was_cut_off


@require_safe
@requires(Permission.MANAGE_ACCOUNT)
def account(request: Request) -> HttpResponse:
    """Show all settings, each group a form of its own."""
    return _page(request)


@require_POST
@requires(Permission.MANAGE_ACCOUNT)
def account_details(request: Request) -> HttpResponse:
    """Save what the business says about itself."""
    return _save(request, "details", DetailsForm(request.POST, prefix="details"), "account.changed")


@require_POST
@requires(Permission.MANAGE_ACCOUNT)
@reauthenticated
def account_security(request: Request) -> HttpResponse:
    """Save the security policy."""
    return _save(request, "security", SecurityForm(request.POST, prefix="security"), "account.security-changed")


def _save(request: Request, name: str, form: Form, kind: str) -> HttpResponse:
    if not form.is_valid():
        return _page(request, **{f"{name}_form": form})
    business.change(request.scope, kind, **form.cleaned_data)
    messages.success(request, _("The settings are saved."))
    return redirect("account")


@require_POST
@requires(Permission.MANAGE_ACCOUNT)
@reauthenticated
def account_second_person(request: Request) -> HttpResponse:
    """Set the second-person rule; a looser one holds after 24 hours."""
    form = SecondPersonForm(request.POST, prefix="second")
    if not form.is_valid():
        return _page(request, second_form=form)
    if business.ask_second_person_rule(request.scope, form.rule()):
        messages.success(request, _("The second-person rule holds from now on."))
    else:
        messages.success(request, _("The looser rule holds in 24 hours. All Admins are told by email."))
    return redirect("account")


@require_POST
@requires(Permission.MANAGE_ACCOUNT)
def account_second_person_cancellation(request: Request) -> HttpResponse:
    """Keep the rule that holds, instead of the looser one that waits."""
    if business.cancel_second_person_rule(request.scope):
        messages.success(request, _("The looser rule is cancelled. Nothing changes."))
    else:
        messages.error(request, _("No looser rule was waiting. Nothing was changed."))
    return redirect("account")


# --- The logo ------------------------------------------------------------------------------------------------


@require_POST
@requires(Permission.MANAGE_ACCOUNT)
def account_logo(request: Request) -> HttpResponse:
    """Take a picture as the logo."""
    form = LogoForm(request.POST, request.FILES)
    if was_cut_off(request):
        form.errors.clear()
        form.add_error("logo", _("The file is larger than 1 MB."))
    elif form.is_valid():
        try:
            business.set_logo(request.scope, form.cleaned_data["logo"].read(business.LOGO_BYTES + 1))
        except business.BadLogo as problem:
            form.add_error("logo", str(problem))
    if form.errors:
        return _page(request, logo_form=form)
    messages.success(request, _("The logo is saved."))
    return redirect("account")


@require_POST
@requires(Permission.MANAGE_ACCOUNT)
def account_logo_removal(request: Request) -> HttpResponse:
    """Show the name alone again."""
    business.remove_logo(request.scope)
    messages.success(request, _("The logo is removed."))
    return redirect("account")


@require_safe
@everybody
def logo(request: Request) -> HttpResponseBase:
    """Answer the picture of the scope's own business; we drew it ourselves, so it is a PNG."""
    stored = Business.objects.values_list("logo", flat=True).get(pk=request.scope.business.pk)
    if not stored or not default_storage.exists(stored):
        raise Http404
    return FileResponse(default_storage.open(stored), content_type="image/png", filename="logo.png")


# --- The page ------------------------------------------------------------------------------------------------


def _page(request: Request, **bound: Form) -> HttpResponse:
    shown = Business.objects.get(pk=request.scope.business.pk)
    held = shown.second_person_rule()
    coming = shown.coming_second_person_rule
    context: dict[str, Any] = {
        "details_form": DetailsForm(prefix="details", initial=_initial(shown, DetailsForm)),
        "security_form": SecurityForm(prefix="security", initial=_initial(shown, SecurityForm)),
        "second_form": SecondPersonForm(
            prefix="second", initial={"required": held.required, "amount": held.rupiah if held.rupiah else ""}
        ),
        "logo_form": LogoForm(),
        "business": shown,
        "held": held,
        "coming": coming if coming != held else None,
        "crumbs": [{"label": _("Settings")}],
        **bound,
    }
    context["bad"] = next((form for form in bound.values() if form.errors), None)
    return render(request, "accounts/account.html", context)


def _initial(shown: Business, form: type[Form]) -> dict[str, Any]:
    return {name: getattr(shown, name) for name in form.base_fields}
