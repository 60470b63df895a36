"""Accept Payment → Payment Links: made, changed, switched off and on."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Permission, requires
from flipdash.http import Request, require_form
from transactions.models import PaymentLink
from transactions.payments import links, qr
from transactions.payments.forms import LinkForm, NewLinkForm, initial_of
from transactions.payments.links import LinkRefused

CRUMBS = ({"label": gettext_lazy("Accept Payment")},)


@never_cache
@require_form
@requires(Permission.CREATE_TRANSACTIONS)
def link_create(request: Request) -> HttpResponse:
    """Make a link."""
    form = NewLinkForm(request.POST if request.method == "POST" else None, scope=request.scope)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            link, is_new = links.create(request.scope, form.draft, uses=values["uses"], made_key=values["made_key"])
        except LinkRefused as problem:
            form.add_error(None, str(problem))
        else:
            if is_new:
                messages.success(request, _("The link is ready. Copy it, or send the message below."))
            else:
                messages.info(request, _("This form was sent before: here is the link that it made."))
            return redirect("transactions:payment-link", link.pk)
    history = {"label": _("Payment Links"), "url": reverse("transactions:payment-links")}
    return render(request, "payments/link_form.html", {"form": form, "crumbs": [*CRUMBS, history]})


@never_cache
@require_form
@requires(Permission.CREATE_TRANSACTIONS)
def link_edit(request: Request, pk: int) -> HttpResponse:
    """Change what a link says."""
    link = found(request, pk)
    bound = {"data": request.POST} if request.method == "POST" else {"initial": initial_of(link, request.scope)}
    form = LinkForm(**bound, scope=request.scope)
    if request.method == "POST" and form.is_valid():
        try:
            links.change(request.scope, pk, form.draft)
        except LinkRefused as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(request, _("The link is changed. Payments that were started before stay as they are."))
            return redirect("transactions:payment-link", pk)
    return render(request, "payments/link_form.html", {"form": form, "link": link, "crumbs": crumbs_of(link)})


@never_cache
@require_form
@requires(Permission.CREATE_TRANSACTIONS)
def link_deactivation(request: Request, pk: int) -> HttpResponse:
    """Ask whether a link is switched off, and do it."""
    link = found(request, pk)
    if request.method == "POST":
        return _switched(request, pk, on=False)
    return render(request, "payments/link_deactivation.html", {"link": link, "crumbs": crumbs_of(link)})


@require_POST
@requires(Permission.CREATE_TRANSACTIONS)
def link_activation(request: Request, pk: int) -> HttpResponse:
    """Switch a link on again."""
    return _switched(request, found(request, pk).pk, on=True)


def _switched(request: Request, pk: int, *, on: bool) -> HttpResponse:
    try:
        links.switch(request.scope, pk, on=on)
    except LinkRefused as problem:
        messages.warning(request, str(problem))
    else:
        said = _("The link can be paid again.") if on else _("The link can’t be paid any more.")
        messages.success(request, said)
    return redirect("transactions:payment-link", pk)


@require_safe
@requires(Permission.VIEW_HISTORY)
def link_qr(request: Request, pk: int) -> HttpResponse:
    """Send the QR code of a link as a file, to be printed."""
    link = found(request, pk)
    picture = qr.svg(links.address_of(link), _("QR code of the payment link"))
    name = f"payment-link-{link.pk}.svg"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(picture, content_type="image/svg+xml", headers=headers)


def found(request: Request, pk: int) -> PaymentLink:
    """Return a link of the scope, or 404."""
    link: PaymentLink = get_object_or_404(PaymentLink.objects.visible_to(request.scope, searched=True), pk=pk)
    return link


def crumbs_of(link: PaymentLink) -> list[dict[str, Any]]:
    """Return the way to a link."""
    history = {"label": _("Payment Links"), "url": reverse("transactions:payment-links")}
    return [*CRUMBS, history, {"label": link.title, "url": reverse("transactions:payment-link", args=[link.pk])}]
