"""The public payment page: for whoever has a link, signed in or not. It tells of the business only its name, its logo
and what is paid for, and it works without scripts."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from flipdash import clock
from flipdash.gate import polled, public
from flipdash.http import require_form
from flipdash.mode import Mode
from transactions.channels import NAMES, ChannelKind
from transactions.models import Payment, PaymentLink
from transactions.payments import charges, links, paying, prices, qr
from transactions.payments.public_forms import PayForm
from transactions.rails import simulated_charges as simulator
from transactions.reasons import Reason

Page = Callable[..., HttpResponseBase]
ASKS_FOR = 30 * 60  # seconds
"""How long an open page asks by itself what has become of its payment."""


def _for_strangers(page: Page) -> Page:
    """Mark a page that anybody may open, no search engine lists and no cache keeps; nothing is there for a bad link."""

    @wraps(page)
    def sent(request: HttpRequest, **named: str) -> HttpResponseBase:
        try:
            response = page(request, **named)
        except paying.Unusable:
            response = render(request, "payments/public/unknown.html", status=404)
        response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        return response

    return public(never_cache(sent))


@_for_strangers
@require_form
def link(request: HttpRequest, key: str) -> HttpResponseBase:
    """Show what is paid for and how, and start a payment."""
    with paying.opened(key) as found:
        status = links.shown_status(found)
        if status != PaymentLink.Status.ACTIVE:
            shown = {"link": found, "status": str(status)}
            return render(request, "payments/public/closed.html", shown, status=410)
        form = PayForm(request.POST if request.method == "POST" else None, link=found)
        if request.method == "POST" and form.is_valid() and (payment := _start(request, found, form)):
            charges.CHARGES.work(payment.charge.pk)  # so that its page says at once how to pay; else a worker does
            return redirect("pay:payment", payment.slug)
        return render(request, "payments/public/link.html", _shown(found, form))


def _start(request: HttpRequest, found: PaymentLink, form: PayForm) -> Payment | None:
    """Start it, or say why it can't be."""
    address = str(get_adapter(request).get_client_ip(request) or "")
    language = (get_language() or "en")[:2]
    made_key = form.cleaned_data["made_key"]
    try:
        return paying.start(found, form.draft, made_key=made_key, address=address, language=language)
    except paying.CantPay as problem:
        form.add_error(problem.field, str(problem))
        if isinstance(problem, (paying.Reused, paying.Changed)):
            form.renew()
    return None


def _shown(found: PaymentLink, form: PayForm) -> dict[str, Any]:
    bears = found.fee_bearer == PaymentLink.Bearer.PAYER
    kinds = {kind for kind, _code in paying.channels_of(found)}
    amount = found.amount
    fees = [
        (ChannelKind(kind).label, paying.sum_for(found, kind, amount).amount)
        for kind in prices.PRICES
        if amount and bears and kind in kinds
    ]
    return {"link": found, "form": form, "payer_bears": bears, "totals": fees}


@_for_strangers
@require_safe
def payment(request: HttpRequest, token: str) -> HttpResponseBase:
    """Show how a payment is made, and what became of it."""
    with paying.started(token) as found:
        return render(request, "payments/public/payment.html", _told(found, began=_seconds()))


@polled
@_for_strangers
@require_safe
def payment_status(request: HttpRequest, token: str) -> HttpResponseBase:
    """Answer the part of the page that changes, for htmx to ask for; nothing while it is as the page has it.

    A page that was left open asks no more after a while: it has a link then.
    """
    written = request.GET.get("from", "")
    began = int(written) if re.fullmatch(r"[0-9]{1,12}", written, re.ASCII) else 0
    is_asleep = _seconds() - began > ASKS_FOR
    with paying.started(token) as found:
        if paying.stage_of(found) == request.GET.get("seen") and not is_asleep:
            return HttpResponse(status=204)
        return render(request, "payments/public/status.html", _told(found, began=began) | {"is_asleep": is_asleep})


def _seconds() -> int:
    return int(clock.now().timestamp())


def _told(found: Payment, *, began: int) -> dict[str, Any]:
    stage = paying.stage_of(found)
    charge = found.charge
    reason = Reason.of(found.reason)
    return {
        "payment": found,
        "link": found.link,
        "charge": charge,
        "stage": stage,
        "began": str(began),
        "is_moving": stage in {"preparing", "waiting", "over"},
        "channel": NAMES[found.channel],
        "qr": qr.svg(charge.qr, _("QRIS code")) if charge.qr and stage == "waiting" else "",
        "reason": str(reason.what) if reason else "",
        "waiting_money": paying.waits_for_a_person(found),
        "may_play": found.mode == Mode.TEST and stage == "waiting",
    }


@_for_strangers
@require_POST
def paying_act(request: HttpRequest, token: str) -> HttpResponseBase:
    """Play the payer in Test Mode; not there in Live Mode (trust.md D8)."""
    with paying.started(token) as found:
        if found.mode != Mode.TEST:
            raise Http404
        play(found)
        return redirect("pay:payment", token)


def play(found: Payment) -> str:
    """Let the simulated payer pay; returns why the money was not taken, if it wasn't."""
    try:
        simulator.pay(charges.key_of(found))
    except simulator.Refused as problem:
        reason = Reason.of(problem.reason)
        return str(reason.what) if reason else ""
    except simulator.NotTold:
        return _("It hasn’t reached the simulated bank yet. Try again in a moment.")
    except simulator.AlreadyOver:
        return _("The simulated bank has answered already.")
    return ""


@_for_strangers
@require_safe
def logo(request: HttpRequest, key: str) -> HttpResponseBase:
    """Answer the picture of the business whose link this is; we drew it ourselves, so it is a PNG."""
    with paying.opened(key) as found:
        stored = found.business.logo
        if not stored or not default_storage.exists(stored):
            raise Http404
        return FileResponse(default_storage.open(stored), content_type="image/png", filename="logo.png")
