"""Proving once more who one is, on the way to a page that asks for it."""

from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.permissions import everybody, operators_too, without_second_factor
from accounts.sign_in import proof as fresh
from flipdash.http import Request, own_path, require_form


@operators_too
@without_second_factor
@require_form
@everybody
def proof(request: Request) -> HttpResponse:
    """Ask for the proof, and go on to the page that wanted it."""
    form = fresh.form_for(request)
    if fresh.is_given(request, form):
        return redirect(own_path(request.GET.get("next", "")))
    return render(request, "accounts/proof.html", {"form": form, "action": request.get_full_path()})
