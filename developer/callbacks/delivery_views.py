"""Developer → Callback Deliveries: callbacks that are sent once more."""

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Permission, requires
from developer.callbacks import resending
from developer.callbacks.history import CallbackHistory
from developer.callbacks.resending import Chosen, TooMany
from developer.models import Callback, CallbackResend
from flipdash import db, histories
from flipdash.gate import polled
from flipdash.http import Request, require_form

LONGEST_ID = 19  # digits
SLOWEST = 4_000  # milliseconds


@require_POST
@requires(Permission.MANAGE_API)
def resend_one(request: Request, pk: int) -> HttpResponse:
    """Send one callback once more."""
    found = get_object_or_404(Callback.objects.visible_to(request.scope, searched=True), pk=pk)
    try:
        is_queued = resending.resend(request.scope, found)
    except TooMany as problem:
        messages.error(request, str(problem))
    else:
        if is_queued:
            messages.success(request, _("It is sent once more. This page shows what comes of it."))
        else:
            messages.info(request, _("It is being sent anyway, or its event has no Callback URL any more."))
    return redirect("developer:callback", pk)


@require_form
@requires(Permission.MANAGE_API)
def resend_many(request: Request) -> HttpResponse:
    """Say how many callbacks were ticked or are shown and what would happen to them; POST resends them."""
    asked = request.POST if request.method == "POST" else request.GET
    try:
        chosen, words = _chosen(request, asked)
        if request.method == "POST" and chosen.resendable:
            _check_seen(chosen, asked)
            made = resending.request_resend(request.scope, chosen, words)
            return redirect("developer:resend", made.number)
    except TooMany as problem:
        messages.error(request, str(problem))
        return redirect(_back(asked))
    context = {
        "chosen": chosen,
        "most_of_one": resending.MOST_OF_ONE,
        "words": words,
        "ticked": asked.getlist("callback"),
        "query": asked.get("query", ""),
        "which": asked.get("which", ""),
        "back": _back(asked),
        "crumbs": _crumbs(),
    }
    return render(request, "developer/resend_new.html", context)


def _chosen(request: Request, asked: QueryDict) -> tuple[Chosen, str]:
    """Return the callbacks that are meant, and what they are in words. Raises TooMany."""
    if asked.get("which") == "ticked":
        ticked = [
            int(pk) for pk in asked.getlist("callback") if pk.isascii() and pk.isdigit() and len(pk) <= LONGEST_ID
        ]
        return resending.choose(request.scope, [pk for pk in ticked if pk < 2**63]), _("Ticked callbacks")
    history = CallbackHistory(request.scope, QueryDict(asked.get("query", "")))
    if not history.is_valid:
        raise TooMany(_("This search or a filter isn’t valid any more. Nothing was resent."))
    try:
        with db.time_limit(SLOWEST):
            shown = list(history.rows().values_list("pk", flat=True)[: resending.MOST + 1])
    except db.TooSlow:
        raise TooMany(_("This search takes too long. Narrow it by days, event or status.")) from None
    return resending.choose(request.scope, shown), history.asked_in_words()


def _check_seen(chosen: Chosen, asked: QueryDict) -> None:
    """Raise TooMany unless these are the ones that the page showed."""
    if asked.get("seen") != chosen.seen:
        raise TooMany(_("Nothing was resent: there are other callbacks by now. Look at them again."))


@never_cache
@require_safe
@requires(Permission.MANAGE_API)
def resend(request: Request, resend_number: int) -> HttpResponse:
    """Show how far a resend is, and what came of it."""
    context = {"resend": _resend(request, resend_number), "crumbs": _crumbs()}
    return render(request, "developer/resend.html", context)


@polled
@never_cache
@require_safe
@requires(Permission.MANAGE_API)
def resend_status(request: Request, resend_number: int) -> HttpResponse:
    """Answer the part of its page that changes, for htmx to refresh while a worker has it."""
    return render(request, "developer/resend_status.html", {"resend": _resend(request, resend_number)})


@require_POST
@requires(Permission.MANAGE_API)
def resend_cancellation(request: Request, resend_number: int) -> HttpResponse:
    """Stop a resend that isn't finished."""
    found = _resend(request, resend_number)
    if resending.cancel(found, by=request.scope):
        messages.success(request, _("Stopped. What was queued before is sent; the rest stays as it was."))
    else:
        messages.info(request, _("It is finished already."))
    return redirect("developer:resend", found.number)


def _resend(request: Request, number: int) -> CallbackResend:
    return get_object_or_404(CallbackResend.objects.visible_to(request.scope), number=number)


def _back(asked: QueryDict) -> str:
    query = asked.get("query", "")
    return f"{reverse('developer:callbacks')}?{query}" if query else reverse("developer:callbacks")


def _crumbs() -> list[dict[str, str]]:
    return [{"label": str(histories.get("callbacks").title), "url": reverse("developer:callbacks")}]
