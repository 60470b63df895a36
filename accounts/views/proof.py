"""Proving once more who one is, on the way to a page that asks for it."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from accounts import proof as fresh
from accounts.forms import ProofForm
from accounts.permissions import everybody
from flipdash.http import Request


@require_http_methods(["GET", "HEAD", "POST"])
@everybody
def proof(request: Request) -> HttpResponse:
    """Ask for the proof, and go on to the page that wanted it."""
    form = ProofForm(request.POST if request.method == "POST" else None, user=request.user, prefix="proof")
    if form.is_bound and form.is_valid():
        fresh.mark(request)
        return redirect(own_path(request.GET.get("next", "")))
    return render(request, "accounts/proof.html", {"form": form, "action": request.get_full_path()})


def own_path(target: str) -> str:
    """Return the target if it is a path of this site, else Home (trust.md A7)."""
    return target if target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None) else "/"
