"""My Deposit: Top-Up Deposit, from the form to the payment that is credited."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Permission, requires
from deposits.models import BankAccount, TopUp, TopUpStatus
from deposits.topups import services as topups
from deposits.topups.forms import TopUpForm, TransferredForm
from flipdash import clock, money
from flipdash.gate import polled
from flipdash.http import Request, require_form
from flipdash.states import State

CRUMBS = ({"label": gettext_lazy("My Deposit")},)


@never_cache
@require_form
@requires(Permission.TOP_UP_DEPOSIT)
def top_up(request: Request) -> HttpResponse:
    """Ask for a top-up: how much, and to which bank."""
    form = TopUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and (requested := _request(request, form)):
        if not requested.is_new:
            messages.info(request, _("This form was sent before: here is the top-up that it made."))
        return redirect("deposits:top-up-payment", requested.top_up.pk)
    return render(request, "deposits/top_up.html", {"form": form, "crumbs": CRUMBS})


def _request(request: Request, form: TopUpForm) -> topups.Requested | None:
    """Make the top-up, or say beside the field why it can't be."""
    values = form.cleaned_data
    try:
        return topups.request_top_up(
            request.scope,
            amount=values["amount"],
            bank=values["bank"],
            note=values["note"],
            idempotency_key=values["idempotency_key"],
        )
    except topups.BankRefused as problem:
        form.add_error("bank", str(problem))
    except topups.TopUpRefused as problem:
        form.add_error("amount", str(problem))
    return None


@never_cache
@require_safe
@requires(Permission.TOP_UP_DEPOSIT)
def payment(request: Request, pk: int) -> HttpResponse:
    """Show what exactly to transfer, and what has become of it."""
    return _payment_page(request, _top_up(request, pk), TransferredForm())


@polled
@never_cache
@require_safe
@requires(Permission.TOP_UP_DEPOSIT)
def payment_status(request: Request, pk: int) -> HttpResponse:
    """Answer the part of the page that changes, for htmx to ask for; nothing while it is as the page has it."""
    found = _top_up(request, pk)
    if _shown_status(found) == request.GET.get("seen"):
        return HttpResponse(status=204)
    return render(request, "deposits/payment_status.html", _payment(found, TransferredForm()))


@require_POST
@requires(Permission.TOP_UP_DEPOSIT)
def transferred(request: Request, pk: int) -> HttpResponse:
    """Note that somebody says they have transferred."""
    found = _top_up(request, pk)
    form = TransferredForm(request.POST)
    if not form.is_valid():
        return _payment_page(request, found, form)
    try:
        topups.mark_transferred(request.scope, found, **form.cleaned_data)
    except topups.NotWaiting as problem:
        messages.warning(request, str(problem))
    return redirect("deposits:top-up-payment", found.pk)


@never_cache
@require_form
@requires(Permission.TOP_UP_DEPOSIT)
def cancellation(request: Request, pk: int) -> HttpResponse:
    """Ask whether to cancel a top-up, and do it."""
    found = _top_up(request, pk)
    if request.method != "POST":
        return render(request, "deposits/cancellation.html", {"top_up": found, "crumbs": CRUMBS})
    try:
        topups.cancel(request.scope, found)
    except topups.NotWaiting as problem:
        messages.warning(request, str(problem))
    else:
        messages.success(
            request,
            _("The top-up of %s was cancelled. Please don’t transfer it now.") % money.rupiah(found.exact_amount),
        )
    return redirect("deposits:top-up-payment", found.pk)


def _top_up(request: Request, pk: int) -> TopUp:
    return get_object_or_404(TopUp.objects.visible_to(request.scope, searched=True), pk=pk)


def _payment_page(request: Request, found: TopUp, form: TransferredForm) -> HttpResponse:
    return render(request, "deposits/payment.html", _payment(found, form) | {"crumbs": CRUMBS})


def _payment(found: TopUp, form: TransferredForm) -> dict[str, Any]:
    written = money.rupiah(found.exact_amount)
    return {
        "top_up": found,
        "status": _shown_status(found),
        "form": form,
        "account": BankAccount.objects.filter(bank=found.bank).first(),
        "amount_head": written[:-3],
        "amount_code": written[-3:],
        "seconds_left": max(0, int((found.expires_at - clock.now()).total_seconds())),
    }


def _shown_status(found: TopUp) -> State:
    """The status, and expired at once when the time is over, even if the sweep hasn't come by yet."""
    is_over = found.status == TopUpStatus.WAITING and found.expires_at <= clock.now()
    return TopUpStatus.EXPIRED if is_over else found.status
