"""Fresh proof: who signed in is asked once more, at most 5 minutes before an act that matters (trust.md §1.7)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, cast

from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from accounts.sign_in import notices
from accounts.sign_in.forms import ProofForm
from flipdash import clock
from flipdash.http import Request

FRESH_FOR = timedelta(minutes=5)
PROVED_AT = "proved_at"
"""The session's key for the moment of the last proof, in seconds since 1970 by the database's clock."""

View = Callable[..., HttpResponseBase]


def fresh_proof(view: View) -> View:
    """Ask for a proof first, unless there was one at most 5 minutes ago. Stands under `@requires`.

    A page that is asked for leads to the proof and back. A form that was sent is asked for the proof in between:
    what was typed in it is carried along and acted upon once the proof is right.
    """

    @wraps(view)
    def proven(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not is_fresh(request):
            if request.method != "POST":
                return redirect(f"{reverse('proof')}?{urlencode({'next': request.get_full_path()})}")
            if (page := _ask(request)) is not None:
                return page
        return view(request, *args, **kwargs)

    return proven


def is_fresh(request: Request) -> bool:
    """Return whether the person has proved who they are within the last 5 minutes."""
    proved_at = request.session.get(PROVED_AT)
    if proved_at is None:
        return False
    age = clock.now() - datetime.fromtimestamp(proved_at, tz=clock.now().tzinfo)
    return timedelta(0) <= age <= FRESH_FOR


def is_given(request: Request, form: ProofForm) -> bool:
    """Judge the proof that was sent, and note that it was given, or failed."""
    if not form.is_bound:
        return False
    with transaction.atomic():
        proven = form.is_valid()
        notices.note(request, request.user, "proof.given" if proven else "proof.failed")
    if proven:
        mark(request)
    return proven


def form_for(request: Request) -> ProofForm:
    """Return the form of the proof, with what was sent of it."""
    sent = request.POST if "proof-password" in request.POST else None
    return ProofForm(sent, user=request.user, prefix="proof")


def mark(request: Request) -> None:
    """Note that the person has just proved who they are."""
    request.session[PROVED_AT] = clock.now().timestamp()


def _ask(request: Request) -> HttpResponse | None:
    """Check the proof that came with a form, and take it out of it; None when it is right."""
    form = form_for(request)
    if is_given(request, form):
        cast(Any, request).POST = _without_proof(request.POST)
        return None
    carried = [
        (name, value)
        for name, values in _without_proof(request.POST).lists()
        if name != "csrfmiddlewaretoken"
        for value in values
    ]
    context = {"form": form, "carried": carried, "action": request.get_full_path()}
    return render(request, "accounts/proof.html", context, status=403)


def _without_proof(sent: QueryDict) -> QueryDict:
    kept = QueryDict(mutable=True)
    for name, values in sent.lists():
        if not name.startswith("proof-"):
            kept.setlist(name, [str(value) for value in values])
    return kept
