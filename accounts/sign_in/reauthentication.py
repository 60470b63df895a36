"""Re-authentication: the password once more, at most 5 minutes before an act that matters (trust.md §1.7)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, cast

from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from accounts.sign_in import notices
from accounts.sign_in.forms import ReauthenticationForm
from flipdash import clock
from flipdash.http import Request

GOOD_FOR = timedelta(minutes=5)
REAUTHENTICATED_AT = "reauthenticated_at"
"""The session's key for when the person last authenticated, in seconds since 1970 by the database's clock."""

View = Callable[..., HttpResponseBase]


def reauthenticated(view: View) -> View:
    """Re-authenticate first, unless that was at most 5 minutes ago. Stands under `@requires`.

    A page that is asked for leads to the form and back. Between a form that was sent and its act the form stands too:
    what was typed is carried along, and acted upon once password and code are right.
    """

    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not is_recent(request):
            if request.method != "POST":
                return redirect(f"{reverse('reauthentication')}?{urlencode({'next': request.get_full_path()})}")
            if (page := _ask(request)) is not None:
                return page
        return view(request, *args, **kwargs)

    return guarded


def is_recent(request: Request) -> bool:
    """Return whether the person authenticated within the last 5 minutes."""
    reauthenticated_at = request.session.get(REAUTHENTICATED_AT)
    if reauthenticated_at is None:
        return False
    age = clock.now() - datetime.fromtimestamp(reauthenticated_at, tz=UTC)
    return timedelta(0) <= age <= GOOD_FOR


def is_passed(request: Request, form: ReauthenticationForm) -> bool:
    """Judge the password and code that were sent, and note what came of it."""
    if not form.is_bound:
        return False
    with transaction.atomic():
        passed = form.is_valid()
        notices.note(request, request.user, "reauthentication.passed" if passed else "reauthentication.failed")
    if passed:
        remember(request)
    else:
        notices.tell_if_closed(request, request.user)
    return passed


def form_for(request: Request) -> ReauthenticationForm:
    """Return the form, with what was sent of it."""
    sent = request.POST if "reauth-password" in request.POST else None
    return ReauthenticationForm(sent, user=request.user, prefix="reauth")


def remember(request: Request) -> None:
    """Note that the person has authenticated just now."""
    request.session[REAUTHENTICATED_AT] = clock.now().timestamp()


def _ask(request: Request) -> HttpResponse | None:
    """Check the answers that came with a form, and take them out of it; None when they are right."""
    form = form_for(request)
    if is_passed(request, form):
        cast(Any, request).POST = _without_answers(request.POST)
        return None
    carried = [
        (name, value)
        for name, values in _without_answers(request.POST).lists()
        if name != "csrfmiddlewaretoken"
        for value in values
    ]
    context = {"form": form, "carried": carried, "action": request.get_full_path()}
    return render(request, "accounts/reauthentication.html", context, status=403)


def _without_answers(sent: QueryDict) -> QueryDict:
    kept = QueryDict(mutable=True)
    for name, values in sent.lists():
        if not name.startswith("reauth-"):
            kept.setlist(name, [str(value) for value in values])
    return kept
