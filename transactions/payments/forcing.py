"""Saying what becomes of a payment, and settling it at once, in Test Mode alone (trust.md D8)."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.permissions import Permission, requires
from flipdash import events
from flipdash.http import Request
from transactions.models import Payment
from transactions.payments import charges, settling
from transactions.rails import Outcome
from transactions.rails import simulated_charges as simulator
from transactions.reasons import Reason

ACTS = {"successful": simulator.pay, "failed": simulator.fail}


@require_POST
@requires(Permission.CREATE_TRANSACTIONS)
def payment_forced(request: Request, pk: int) -> HttpResponse:
    """Let the simulated payer pay, or be refused, at once."""
    row: Payment = get_object_or_404(Payment.objects.visible_to(request.scope, searched=True), pk=pk)
    outcome = request.POST.get("outcome", "")
    if not request.scope.is_test or outcome not in ACTS:
        raise Http404
    try:
        ACTS[outcome](charges.key_of(row))
    except simulator.NotTold:
        messages.info(request, _("It hasn’t reached the simulated bank yet. Try again in a moment."))
    except simulator.AlreadyOver:
        messages.info(request, _("The simulated bank has answered already."))
    except simulator.Refused as problem:
        reason = Reason.of(problem.reason)
        words = _("The simulated bank didn’t take the money: %(why)s.")
        messages.warning(request, words % {"why": reason.what if reason else problem.reason})
    else:
        events.record(request.scope, "payment.forced", row, outcome=str(Outcome(outcome)))
    return redirect("transactions:payment-detail", row.pk)


@require_POST
@requires(Permission.CREATE_TRANSACTIONS)
def payment_settled(request: Request, pk: int) -> HttpResponse:
    """Settle a payment now, and not on the next day on which banks work."""
    row: Payment = get_object_or_404(Payment.objects.visible_to(request.scope, searched=True), pk=pk)
    if not request.scope.is_test:
        raise Http404
    with transaction.atomic():
        asked = settling.settle_now(request.scope, row)
        if asked is settling.Asked.BEGUN:
            events.record(request.scope, "settlement.asked", row, amount=row.amount)
    is_settled = asked is settling.Asked.NOTHING
    messages.info(
        request, _("There is nothing to settle.") if is_settled else _("It is being settled. Reload in a moment.")
    )
    return redirect("transactions:payment-detail", row.pk)
