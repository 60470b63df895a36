"""Money Transfer → Create Transfer, and what people do to a transfer from its own page."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib import messages
from django.db.models import F, Q
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.permissions import Permission, refuse, requires
from accounts.rights import NotAllowed
from deposits import ledger
from flipdash import money, notes
from flipdash.http import Request, require_form
from transactions.approvals import pages
from transactions.destinations import Kind, label_of
from transactions.fees import FEES
from transactions.models import Beneficiary, Destination, MoneyTransfer, Status
from transactions.outgoing import acts, mails, recalling
from transactions.outgoing.refusals import MayBeTwice, OutgoingRefused, ShortOfMoney
from transactions.transfers import forms as transfer_forms
from transactions.transfers import holders, services
from transactions.transfers.forms import TransferForm
from transactions.transfers.series import services as repeating
from transactions.transfers.series import wording
from transactions.transfers.services import MONEY_TRANSFERS

CRUMBS = ({"label": gettext_lazy("Money Transfer")},)
MOST_SAVED = 6
"""Saved beneficiaries that are offered at once."""


# --- Create ------------------------------------------------------------------------------------------------------


@never_cache
@require_form
@requires(Permission.CREATE_TRANSACTIONS)
def transfer_create(request: Request) -> HttpResponseBase:
    """Make a transfer: the form, what it would come to as one types, the confirmation, and then the transfer."""
    step = request.POST.get("step", "")
    if request.method != "POST" or step == "edit":
        form = TransferForm(scope=request.scope, initial=_initial(request))
        return _form_page(request, form)
    form = TransferForm(request.POST, scope=request.scope)
    if step == "look":
        return render(request, "transactions/create_figures.html", _figures(request, form))
    if step == "create" and (before := _made_before(request)):
        return before
    if not form.is_valid() or form.draft is None:
        return _form_page(request, form)
    if step == "create":
        at_once = _goes_at_once(request, form)
        return (pages.asked_first(request, _create_page) if at_once else _create_page)(request, form)
    return render(request, "transactions/create_confirm.html", _confirmation(request, form))


def _made_before(request: Request) -> HttpResponse | None:
    """Lead to what the same form has made already, whatever is sent with it now."""
    made_key = request.POST.get("made_key", "")
    if series := repeating.made_before(request.scope, made_key):
        messages.info(request, _("This form was sent before: here is what it made."))
        return redirect("transactions:one-series", series.pk)
    if before := services.made_before(request.scope, made_key):
        messages.info(request, _("This form was sent before: here is the transfer that it made."))
        return redirect("transactions:transfer-detail", before.pk)
    return None


def _goes_at_once(request: Request, form: TransferForm) -> bool:
    """Whether making what the form says approves it, too."""
    if form.draft is None:
        return False
    if form.plan:
        return repeating.goes_at_once(request.scope, form.draft, form.plan)
    return services.goes_at_once(request.scope, form.draft)


def _create_page(request: Request, form: TransferForm) -> HttpResponseBase:
    if form.plan:
        if series := _create_series(request, form):
            return series
    elif created := _create(request, form):
        return _answer(request, form, created)
    if form.errors:
        return _form_page(request, form)
    return render(request, "transactions/create_confirm.html", _confirmation(request, form))


def _create(request: Request, form: TransferForm) -> services.Created | None:
    """Make it, or say why it can't be."""
    draft = form.draft
    if draft is None:
        return None
    with _said_in(form):
        return services.create(request.scope, draft, made_key=form.cleaned_data["made_key"])
    return None


def _create_series(request: Request, form: TransferForm) -> HttpResponse | None:
    """Make a series of it, or say why it can't be."""
    draft, plan = form.draft, form.plan
    if draft is None or plan is None:
        return None
    with _said_in(form):
        made = repeating.make(request.scope, draft, plan, made_key=form.cleaned_data["made_key"])
        if made.is_new and form.cleaned_data["save_beneficiary"]:
            services.save_beneficiary(request.scope, draft)
        messages.success(request, _("The repeating transfer is made."))
        return redirect("transactions:one-series", made.series.pk)
    return None


@contextmanager
def _said_in(form: TransferForm) -> Iterator[None]:
    """Have the form say why something isn't made."""
    try:
        yield
    except ShortOfMoney as problem:
        form.add_error("amount", str(problem))
    except services.NameDiffers as problem:
        form.add_error("name_reason", str(problem))
    except MayBeTwice:  # one that was made in this moment
        form.ask_once_more()
    except OutgoingRefused as problem:
        form.add_error(None, str(problem))


def _answer(request: Request, form: TransferForm, created: services.Created) -> HttpResponse:
    transfer = created.transfer
    if not created.is_new:
        messages.info(request, _("This form was sent before: here is the transfer that it made."))
        return redirect("transactions:transfer-detail", transfer.pk)
    if form.cleaned_data["save_beneficiary"] and form.draft:
        services.save_beneficiary(request.scope, form.draft)
    said = {
        Status.PENDING_APPROVAL: _("The transfer of %(amount)s was made. It waits for an approver."),
        Status.SCHEDULED: _("The transfer of %(amount)s is approved, and waits for its date."),
        Status.PROCESSING: _("The transfer of %(amount)s is on its way."),
    }
    if transfer.status == Status.PENDING_APPROVAL and mails.nobody_there(transfer):
        messages.warning(
            request, _("Nobody else could approve it now: they are away, or nobody else may. Ask an Admin.")
        )
    messages.success(request, said[Status(transfer.status)] % {"amount": money.rupiah(transfer.amount)})  # type: ignore[call-arg]  # an enum's lookup
    return redirect("transactions:transfer-detail", transfer.pk)


def _initial(request: Request) -> dict[str, Any]:
    """Begin with a saved beneficiary, with another transfer that is paid once more, or with what was typed before."""
    if request.method == "POST":
        return {name: request.POST[name] for name in TransferForm.base_fields if name in request.POST}
    scope = request.scope
    if (pk := request.GET.get("beneficiary", "")).isdecimal():
        saved = get_object_or_404(Beneficiary.objects.visible_to(scope), pk=pk)
        name, email = saved.name, saved.email
        kind, bank, number = saved.destination_kind, saved.bank, saved.account_number
        return _account(kind, bank, number) | {"beneficiary_name": name, "beneficiary_email": email}
    if (pk := request.GET.get("again", "")).isdecimal():
        row = get_object_or_404(MoneyTransfer.objects.visible_to(scope, searched=True), pk=pk)
        same = ["beneficiary_name", "beneficiary_email", "internal_reference"]
        if not notes.is_ours(row.name_reason):
            same.append("name_reason")
        again = {"remark": row.remark[: services.REMARK], "amount": money.number(row.amount)}
        account = _account(row.destination_kind, row.bank, row.account_number)
        return account | again | {name: getattr(row, name) for name in same}
    return {}


def _account(kind: str, bank: str, number: str) -> dict[str, Any]:
    return {"destination": label_of(kind, bank), "account_number": number}


def _form_page(request: Request, form: TransferForm) -> HttpResponse:
    term = request.GET.get("find", "")[:100]
    shown = {
        "form": form,
        "crumbs": CRUMBS,
        "choices": transfer_forms.choices(),
        "saved": _saved(request, term),
        "find": term,
        "has_saved": bool(term) or Beneficiary.objects.visible_to(request.scope).exists(),
        **_figures(request, form),
    }
    return render(request, "transactions/create.html", shown)


def _saved(request: Request, term: str) -> list[Beneficiary]:
    """The saved beneficiaries that a word finds by name or account, who was paid last first."""
    rows = Beneficiary.objects.visible_to(request.scope)
    for word in term.split()[:5]:
        rows = rows.filter(Q(name__icontains=word) | Q(account_number__startswith=word))
    return list(rows.order_by(F("paid_at").desc(nulls_last=True), "name", "pk")[:MOST_SAVED])


def _figures(request: Request, form: TransferForm) -> dict[str, Any]:
    """What it would come to: the fee, what leaves the deposit and what is then left, the bank's state, the holder."""
    typed = form.data if form.is_bound else form.initial
    shown: dict[str, Any] = {"deposit": ledger.balance(request.scope).available}
    try:
        kind, bank = transfer_forms.read_destination(str(typed.get("destination", ""))[:100])
    except transfer_forms.forms.ValidationError:
        return shown
    shown["fee"] = FEES[kind]
    shown["bank"] = Destination.objects.filter(code=bank).first()
    shown["kind"] = Kind(kind).label
    try:
        amount = transfer_forms.RupiahField().clean(str(typed.get("amount", "")))
    except transfer_forms.forms.ValidationError:
        amount = None
    if amount:
        left = shown["deposit"] - amount - shown["fee"]
        shown |= {"amount": amount, "total": amount + shown["fee"], "left": left, "missing": max(0, -left)}
    if form.is_bound:
        try:
            shown["holder"] = _holder(request, form, kind, bank)
        except holders.AskedTooOften as problem:
            shown["too_often"] = str(problem)
    return shown


def _holder(request: Request, form: TransferForm, kind: str, bank: str) -> Any:
    """Whose account it is, as soon as the number is one. Raises AskedTooOften."""
    try:
        number = transfer_forms.accounts.clean_account(kind, bank, form.data.get("account_number", "")[:40])
    except transfer_forms.accounts.WrongAccount:
        return None
    return holders.ask(request.scope, bank, number)


def _confirmation(request: Request, form: TransferForm) -> dict[str, Any]:
    draft = form.draft
    if draft is None:
        raise Http404
    available = ledger.balance(request.scope).available
    return {
        "form": form,
        "draft": draft,
        "crumbs": [*CRUMBS, {"label": _("Create Transfer"), "url": reverse("transactions:transfer-create")}],
        "destination": label_of(draft.kind, draft.bank),
        "send_at": services.moment_of(request.scope, draft.send_on),
        "goes_at_once": _goes_at_once(request, form),
        "plan": form.plan,
        "when": form.plan and wording.when(form.plan),
        "all_of_it": draft.total * (form.plan.times if form.plan else 1),
        "is_approved_once": bool(form.plan) and repeating.is_approved_once(request.scope.business.pk),
        "left": available - draft.total,
        "missing": max(0, draft.total - available),
        "twins": form.twins,
        "alike": form.alike,
    }


# --- From its own page -------------------------------------------------------------------------------------------


def crumbs_of(row: MoneyTransfer) -> list[dict[str, Any]]:
    """Return the way to a transfer."""
    history = {"label": _("Transaction History"), "url": reverse("transactions:transfers")}
    return [*CRUMBS, history, {"label": str(row.pk), "url": reverse("transactions:transfer-detail", args=[row.pk])}]


def _approval(request: Request, row: MoneyTransfer) -> dict[str, Any]:
    scope, total = request.scope, row.amount + row.fee
    available = ledger.balance(scope).available
    return {
        "row": row,
        "crumbs": crumbs_of(row),
        "destination": label_of(row.destination_kind, row.bank),
        "bank": Destination.objects.filter(code=row.bank).first(),
        "twins": MONEY_TRANSFERS.duplicates(scope, row),
        "seen": MONEY_TRANSFERS.digest_of(scope, row),
        "rejection_url": reverse(MONEY_TRANSFERS.rejection_url_name, args=[row.pk]),
        "is_new_account": services.is_new_account(scope, row),
        "total": total,
        "left": available - total,
        "missing": max(0, total - available),
        "may_approve": acts.may_approve(scope, row),
    }


PAGES = pages.Pages(
    MONEY_TRANSFERS,
    pages.Said(
        approved=gettext_lazy("The transfer of %(amount)s is approved."),
        rejected=gettext_lazy("The transfer was rejected."),
        cancelled=gettext_lazy("The transfer was cancelled."),
        not_yours=gettext_lazy("Only the person who made it, or an approver, can cancel it. Nothing was changed."),
        reject=gettext_lazy("Reject this transfer?"),
        cancel=gettext_lazy("Cancel this transfer?"),
    ),
    crumbs_of,
    "transactions/approval.html",
    _approval,
)


@never_cache
@require_form
@requires(Permission.APPROVE_TRANSACTIONS)
def transfer_approval(request: Request, pk: int) -> HttpResponseBase:
    """Show what an approver has to know, and approve it."""
    return PAGES.approval(request, pk)


@never_cache
@require_form
@requires(Permission.APPROVE_TRANSACTIONS)
def transfer_rejection(request: Request, pk: int) -> HttpResponse:
    """Ask why a transfer is rejected, and do it."""
    return PAGES.rejection(request, pk)


@never_cache
@require_form
@requires(Permission.CREATE_TRANSACTIONS)
def transfer_cancellation(request: Request, pk: int) -> HttpResponse:
    """Ask whether a transfer is cancelled, and do it."""
    return PAGES.cancellation(request, pk)


@require_POST
@requires(Permission.CREATE_TRANSACTIONS)
def transfer_forced(request: Request, pk: int) -> HttpResponse:
    """Let the simulated bank answer at once; in Test Mode only (trust.md D8)."""
    return PAGES.forced(request, pk)


@never_cache
@require_form
@requires(Permission.REQUEST_REFUND)
def transfer_recall(request: Request, pk: int) -> HttpResponse:
    """Ask whether a transfer that hangs is asked back, and do it."""
    row = get_object_or_404(MoneyTransfer.objects.visible_to(request.scope, searched=True), pk=pk)
    if request.method == "POST":
        try:
            recalling.recall(request.scope, MONEY_TRANSFERS, pk)
        except OutgoingRefused as problem:
            messages.warning(request, str(problem))
        except NotAllowed as problem:
            return refuse(request, problem.permission)
        else:
            messages.success(request, _("It is asked back. Its money returns once the bank has stopped it."))
        return redirect("transactions:transfer-detail", row.pk)
    if not recalling.hangs(MONEY_TRANSFERS, row):
        messages.info(request, _("Its bank isn’t heavily disturbed, or it was asked back before. Nothing was changed."))
        return redirect("transactions:transfer-detail", row.pk)
    return render(request, "transactions/recall.html", {"row": row, "crumbs": crumbs_of(row)})
