"""My Deposit: what there is, and when to warn."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Permission, requires
from deposits.overview import pictures, services
from deposits.overview.forms import LowBalanceForm
from flipdash import frame
from flipdash.http import Request


@require_safe
@requires(Permission.VIEW_HISTORY)
def overview(request: Request) -> HttpResponse:
    """Show what is available and held, why it isn't what it was yesterday, what waits, and how long it lasts."""
    deposit = services.overview(frame.of(request))
    return _page(request, deposit, LowBalanceForm.showing(deposit.threshold))


@require_POST
@requires(Permission.TOP_UP_DEPOSIT)
def low_balance(request: Request) -> HttpResponse:
    """Keep the amount under which people are warned; an empty one warns no more."""
    form = LowBalanceForm(request.POST)
    if not form.is_valid():
        return _page(request, services.overview(frame.of(request)), form, status=422)
    services.set_threshold(request.scope, form.cleaned_data["threshold"])
    messages.success(request, _("The warning is saved.") if form.cleaned_data["threshold"] else _("No more warnings."))
    return redirect("deposits:overview")


def _page(request: Request, deposit: services.Overview, form: LowBalanceForm, status: int = 200) -> HttpResponse:
    flow = deposit.cashflow
    shown = {"deposit": deposit, "form": form, "charts": pictures.month(flow), "rows": pictures.rows(flow)}
    return render(request, "deposits/overview.html", shown, status=status)
