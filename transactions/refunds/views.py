"""Refund → Request Refund, and what people do to a refund from its own page."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.permissions import Permission, requires
from deposits import ledger
from flipdash import money
from flipdash.http import Request, require_form
from transactions.approvals import pages
from transactions.destinations import label_of
from transactions.models import Destination, Payment, Refund, RefundStatus
from transactions.outgoing import acts, mails
from transactions.outgoing.refusals import MayBeTwice, OutgoingRefused
from transactions.refunds import services
from transactions.refunds.forms import PaymentForm, RefundForm, initial_of
from transactions.refunds.services import REFUNDS
from transactions.transfers import forms as transfer_forms
from transactions.transfers import holders
from transactions.transfers.services import NameDiffers

CRUMBS = ({"label": gettext_lazy("Refund")},)


# --- Request -----------------------------------------------------------------------------------------------------


@never_cache
@require_form
@requires(Permission.REQUEST_REFUND)
def refund_request(request: Request) -> HttpResponseBase:
    """Ask for a refund: of which payment, then the form, the confirmation, and then the refund."""
    if request.method != "POST":
        return _begin(request)
    step = request.POST.get("step", "")
    if step == "create" and (before := services.made_before(request.scope, request.POST.get("made_key", ""))):
        messages.info(request, _("This form was sent before: here is the refund that it made."))
        return redirect("transactions:refund-detail", before.pk)
    if step == "edit":
        kept = {name: request.POST[name] for name in RefundForm.base_fields if name in request.POST}
        return _form_page(request, RefundForm(scope=request.scope, initial=kept))
    form = RefundForm(request.POST, scope=request.scope)
    if step == "look":
        return render(request, "refunds/figures.html", _figures(request, form))
    if not form.is_valid():
        return _form_page(request, form)
    if step == "create":
        at_once = form.asked is not None and services.goes_at_once(request.scope, form.asked)
        return (pages.asked_first(request, _create) if at_once else _create)(request, form)
    return render(request, "refunds/confirm.html", _confirmation(request, form))


def _begin(request: Request) -> HttpResponse:
    """Ask for the payment's id; with one that can be refunded, show the form."""
    asked = PaymentForm(request.GET if "payment" in request.GET else None, scope=request.scope)
    if not asked.is_bound or not asked.is_valid():
        return _payment_page(request, asked)
    payment = asked.cleaned_data["payment"]
    return _form_page(request, RefundForm(scope=request.scope, initial=initial_of(payment)))


def _payment_page(request: Request, form: PaymentForm) -> HttpResponse:
    return render(request, "refunds/payment_form.html", {"form": form, "crumbs": CRUMBS})


def _form_page(request: Request, form: RefundForm) -> HttpResponse:
    payment = _payment_of(request, form)
    if payment is None or form.errors.get("payment"):
        written = str((form.data if form.is_bound else form.initial).get("payment", ""))
        return _payment_page(request, PaymentForm({"payment": written}, scope=request.scope))
    shown = {
        "form": form,
        "crumbs": CRUMBS,
        "choices": transfer_forms.choices(),
        "left_account": services.account_of_payer(payment),
        **_figures(request, form),
    }
    return render(request, "refunds/form.html", shown)


def _payment_of(request: Request, form: RefundForm) -> Payment | None:
    """The payment that a form names, whether or not it can be refunded."""
    typed = form.data if form.is_bound else form.initial
    return services.find_payment(request.scope, str(typed.get("payment", ""))[:40])


def _figures(request: Request, form: RefundForm) -> dict[str, Any]:
    """What it would come to: what is left of the payment, the fee, what leaves the deposit, the account's holder."""
    typed = form.data if form.is_bound else form.initial
    shown: dict[str, Any] = {"deposit": ledger.balance(request.scope).available}
    if (payment := _payment_of(request, form)) is not None:
        shown |= {"payment": payment, "left": services.left_of(payment)}
    try:
        kind, bank = transfer_forms.read_destination(str(typed.get("destination", ""))[:100])
    except transfer_forms.forms.ValidationError:
        return shown
    shown |= {"fee": transfer_forms.services.FEES[kind], "bank": Destination.objects.filter(code=bank).first()}
    try:
        amount = transfer_forms.RupiahField().clean(str(typed.get("amount", "")))
    except transfer_forms.forms.ValidationError:
        amount = None
    if amount:
        shown |= {"amount": amount, "total": amount + shown["fee"]}
        shown["missing"] = max(0, shown["total"] - shown["deposit"])
    try:
        number = transfer_forms.accounts.clean_account(kind, bank, str(typed.get("account_number", ""))[:40])
    except transfer_forms.accounts.WrongAccount:
        return shown
    # Nobody asks banks for names but for a refund that can be.
    if not _is_refundable(payment):
        return shown
    try:
        return shown | {"holder": holders.ask(request.scope, bank, number)}
    except holders.AskedTooOften as problem:
        return shown | {"too_often": str(problem)}


def _is_refundable(payment: Payment | None) -> bool:
    try:
        if payment is not None:
            services.check_payment(payment)
    except services.NotRefundable:
        return False
    return payment is not None


def _confirmation(request: Request, form: RefundForm) -> dict[str, Any]:
    draft = form.asked
    if draft is None:
        raise Http404
    available = ledger.balance(request.scope).available
    return {
        "form": form,
        "draft": draft,
        "to": draft.to,
        "crumbs": [*CRUMBS, {"label": _("Request Refund"), "url": reverse("transactions:refund-request")}],
        "destination": label_of(draft.to.kind, draft.to.bank),
        "is_to_another": services.goes_to_another(draft.payment, draft.to),
        "goes_at_once": services.goes_at_once(request.scope, draft),
        "is_little": 0 < services.left_of(draft.payment) - draft.to.amount < transfer_forms.accounts.LEAST,
        "left_after": services.left_of(draft.payment) - draft.to.amount,
        "left": available - draft.to.total,
        "missing": max(0, draft.to.total - available),
        "twins": form.twins,
    }


def _create(request: Request, form: RefundForm) -> HttpResponseBase:
    if form.asked is None:
        raise Http404
    try:
        made = services.request(request.scope, form.asked, made_key=form.cleaned_data["made_key"])
    except (services.OverTheRest, services.NotRefundable) as problem:
        form.add_error("amount", str(problem))
    except NameDiffers as problem:
        form.add_error("name_reason", str(problem))
    except MayBeTwice:  # one that was made in this moment
        form.ask_once_more()
    except OutgoingRefused as problem:
        form.add_error(None, str(problem))
    else:
        return _made(request, made)
    return _form_page(request, form)


def _made(request: Request, made: services.Requested) -> HttpResponse:
    refund = made.refund
    said: dict[str, str] = {
        RefundStatus.PENDING_APPROVAL: _("The refund of %(amount)s is asked for. It waits for an approver."),
        RefundStatus.WAITING: _("The refund of %(amount)s is approved, and waits until the deposit has enough."),
        RefundStatus.PROCESSING: _("The refund of %(amount)s is on its way."),
    }
    if not made.is_new:
        messages.info(request, _("This form was sent before: here is the refund that it made."))
        return redirect("transactions:refund-detail", refund.pk)
    if refund.status == RefundStatus.PENDING_APPROVAL and mails.nobody_there(refund):
        messages.warning(
            request, _("Nobody else could approve it now: they are away, or nobody else may. Ask an Admin.")
        )
    messages.success(request, said[refund.status] % {"amount": money.rupiah(refund.amount)})
    return redirect("transactions:refund-detail", refund.pk)


# --- From its own page -------------------------------------------------------------------------------------------


def crumbs_of(row: Refund) -> list[dict[str, Any]]:
    """Return the way to a refund."""
    history = {"label": _("Refund History"), "url": reverse("transactions:refunds")}
    return [*CRUMBS, history, {"label": str(row.pk), "url": reverse("transactions:refund-detail", args=[row.pk])}]


def _approval(request: Request, row: Refund) -> dict[str, Any]:
    scope, total = request.scope, row.amount + row.fee
    available = ledger.balance(scope).available
    return {
        "row": row,
        "payment": row.payment,
        "crumbs": [{"label": _("Approvals"), "url": reverse("transactions:approvals")}],
        "destination": label_of(row.destination_kind, row.bank),
        "bank": Destination.objects.filter(code=row.bank).first(),
        "twins": REFUNDS.duplicates(scope, row),
        "seen": REFUNDS.digest_of(scope, row),
        "left_of_payment": services.left_of(row.payment),
        "total": total,
        "left": available - total,
        "missing": max(0, total - available),
        "may_approve": acts.may_approve(scope, row),
    }


PAGES = pages.Pages(
    REFUNDS,
    pages.Said(
        approved=gettext_lazy("The refund of %(amount)s is approved."),
        rejected=gettext_lazy("The refund was rejected."),
        cancelled=gettext_lazy("The refund was cancelled."),
        not_yours=gettext_lazy("Only the person who made it, or an approver, can cancel it. Nothing was changed."),
        reject=gettext_lazy("Reject this refund?"),
        cancel=gettext_lazy("Cancel this refund?"),
    ),
    crumbs_of,
    "refunds/approval.html",
    _approval,
    waiting=gettext_lazy("The refund of %(amount)s is approved, and waits until the deposit has enough."),
)


@never_cache
@require_form
@requires(Permission.APPROVE_TRANSACTIONS)
def refund_approval(request: Request, pk: int) -> HttpResponseBase:
    """Show what an approver has to know, and approve it."""
    return PAGES.approval(request, pk)


@never_cache
@require_form
@requires(Permission.APPROVE_TRANSACTIONS)
def refund_rejection(request: Request, pk: int) -> HttpResponse:
    """Ask why a refund is rejected, and do it."""
    return PAGES.rejection(request, pk)


@never_cache
@require_form
@requires(Permission.REQUEST_REFUND)
def refund_cancellation(request: Request, pk: int) -> HttpResponse:
    """Ask whether a refund is cancelled, and do it."""
    return PAGES.cancellation(request, pk)


@require_POST
@requires(Permission.REQUEST_REFUND)
def refund_forced(request: Request, pk: int) -> HttpResponse:
    """Let the simulated bank answer at once; in Test Mode only (trust.md D8)."""
    return PAGES.forced(request, pk)
