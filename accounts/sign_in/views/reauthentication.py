"""Re-authentication on the way to a page that asks for it."""

from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.permissions import everybody, operators_too, without_second_factor
from accounts.sign_in import reauthentication as again
from flipdash.http import Request, own_path, require_form


@operators_too
@without_second_factor
@require_form
@everybody
def reauthentication(request: Request) -> HttpResponse:
    """Ask for it, and go on to the page that wanted it."""
    form = again.form_for(request)
    if again.is_passed(request, form):
        return redirect(own_path(request.GET.get("next", "")))
    return render(request, "accounts/reauthentication.html", {"form": form, "action": request.get_full_path()})
