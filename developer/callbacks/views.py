"""Developer → Manage API → Callback URL: where callbacks go, their secrets, and a test call (product.md §7)."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Permission, requires
from accounts.sign_in.reauthentication import reauthenticated
from developer.callbacks import pages, places, saving, testing
from developer.callbacks.forms import AddressForm
from developer.callbacks.snippets import snippets
from developer.keys.views import manage_page
from developer.models import CallbackEvent, CallbackUrl
from flipdash import clock
from flipdash.http import Request, require_form


@require_safe
@requires(Permission.MANAGE_API)
def callback_url(request: Request, event: CallbackEvent) -> HttpResponse:
    """Show one event: its address, how it goes, a sample body and how to verify a call."""
    return _page(request, event)


@require_POST
@requires(Permission.MANAGE_API)
@reauthenticated
def save(request: Request, event: CallbackEvent) -> HttpResponse:
    """Judge an address and save it; an empty one leads to the question whether to remove what there is."""
    form = AddressForm(request.POST, scope=request.scope, event=event)
    if not form.is_valid():
        return manage_page(request, callback_form=form)
    if form.target is not None:
        saving.save(request.scope, event, form.target)
        messages.success(request, _("%(event)s: saved. Press Send Test to see it work.") % {"event": event.label})
    elif _row(request, event) is not None:
        return redirect("developer:callback-removal", event)
    return redirect(f"{reverse('developer:manage')}#callback-{event}")


@require_form
@requires(Permission.MANAGE_API)
@reauthenticated
def removal(request: Request, event: CallbackEvent) -> HttpResponse:
    """Ask whether to make no more callbacks of an event, and do it."""
    row = _row(request, event)
    if row is None:
        return redirect("developer:manage")
    if request.method == "POST":
        saving.remove(request.scope, event)
        messages.success(request, _("%(event)s: no callbacks are made any more.") % {"event": event.label})
        return redirect("developer:manage")
    return render(request, "developer/callback_url_removal.html", {"row": row, "event": event, "crumbs": _crumbs()})


@require_POST
@requires(Permission.MANAGE_API)
def test_call(request: Request, event: CallbackEvent) -> HttpResponse:
    """Call the address now; the page then says what came of it."""
    row = _row(request, event)
    if row is None:
        raise Http404
    try:
        testing.send_test(request.scope, row)
    except (testing.TooManyTests, places.Busy) as problem:
        messages.error(request, str(problem))
    return redirect(f"{reverse('developer:callback-url', args=[event])}#test")


@never_cache
@require_POST
@requires(Permission.MANAGE_API)
@reauthenticated
def show_secret(request: Request, event: CallbackEvent) -> HttpResponse:
    """Show what signs the calls."""
    if _row(request, event) is None:
        raise Http404
    return _page(request, event, secret=saving.show_secret(request.scope, event))


@never_cache
@require_form
@requires(Permission.MANAGE_API)
@reauthenticated
def change_secret(request: Request, event: CallbackEvent) -> HttpResponse:
    """Ask once more, then sign with a new secret too, and show it."""
    row = _row(request, event)
    if row is None:
        return redirect("developer:callback-url", event)
    if request.method == "POST":
        secret = saving.change_secret(request.scope, event)
        messages.success(request, _("The secret is changed. For 24 hours both sign."))
        return _page(request, event, secret=secret)
    context = {"event": event, "old_signs": _old_signs(row), "crumbs": _crumbs(event)}
    return render(request, "developer/callback_secret_change.html", context)


# --- What they share -----------------------------------------------------------------------------------------


def _row(request: Request, event: CallbackEvent) -> CallbackUrl | None:
    """Return the row of an event that has an address."""
    return CallbackUrl.objects.visible_to(request.scope).exclude(url="").filter(event=event).first()


def _page(request: Request, event: CallbackEvent, **more: Any) -> HttpResponse:
    row = _row(request, event)
    context = {
        "event": event,
        "row": row,
        "has_url": row is not None,
        "old_signs": row is not None and _old_signs(row),
        "attempt": testing.last_of(request.scope, row) if row else None,
        "sample": pages.sample_of(event),
        "snippets": snippets(),
        "crumbs": _crumbs(),
        **more,
    }
    return render(request, "developer/callback_url.html", context)


def _old_signs(row: CallbackUrl) -> bool:
    return row.old_secret_until is not None and row.old_secret_until > clock.now()


def _crumbs(event: CallbackEvent | None = None) -> list[dict[str, str]]:
    crumbs = [{"label": _("Manage API"), "url": reverse("developer:manage")}]
    if event:
        crumbs.append({"label": str(event.label), "url": reverse("developer:callback-url", args=[event])})
    return crumbs
