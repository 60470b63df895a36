"""International Transfer → Create Transfer, and what people do to a transfer from its own page."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib import messages
from django.core.files.storage import default_storage
from django.db.models import F, Q
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Permission, refuse, requires
from accounts.rights import NotAllowed
from deposits import ledger
from flipdash import money, world
from flipdash.http import Request, require_form
from flipdash.uploads import was_cut_off
from transactions.approvals import pages
from transactions.corridors import TransferKind
from transactions.international import attachments, identity, quotes, services, wording
from transactions.international.forms import AbroadForm, CorridorForm
from transactions.international.services import INTERNATIONAL
from transactions.models import (
    BeneficiaryAbroad,
    InternationalTransfer,
    Purpose,
    Quote,
    Side,
    SourceOfFunds,
    Status,
)
from transactions.outgoing import acts, mails
from transactions.outgoing.refusals import MayBeTwice, OutgoingRefused, QuoteOver, ShortOfMoney

CRUMBS = ({"label": gettext_lazy("International Transfer")},)
MOST_SAVED = 6
"""Saved beneficiaries that are offered at once."""


# --- Create ------------------------------------------------------------------------------------------------------


@never_cache
@require_form
@requires(Permission.CREATE_TRANSACTIONS)
def international_create(request: Request) -> HttpResponseBase:
    """Make a transfer abroad: where to, what that corridor asks for, what it comes to while its rate holds."""
    initial = _initial(request)
    chosen = CorridorForm(initial if "country" in initial else request.GET if "country" in request.GET else None)
    if not chosen.is_bound or not chosen.is_valid():
        return _corridor_page(request, chosen)
    given: dict[str, Any] = {
        "scope": request.scope,
        "corridor": chosen.corridor,
        "kind": chosen.cleaned_data["kind"],
    }
    step = request.POST.get("step", "")
    if request.method != "POST" or step == "edit":
        typed = request.POST.dict() if step == "edit" else initial
        return _form_page(request, AbroadForm(**given, initial=typed))
    if step == "create" and (before := services.made_before(request.scope, request.POST.get("made_key", ""))):
        messages.info(request, _("This form was sent before: here is the transfer that it made."))
        return redirect("transactions:international-detail", before.pk)
    form = AbroadForm(request.POST, request.FILES, **given)
    if was_cut_off(request) and form.needs_attachment:
        form.add_error("attachment", _("The file is larger than %d MB.") % (attachments.MOST_BYTES >> 20))
    if not form.is_valid() or form.draft is None:
        return _form_page(request, form)
    return _create_page(request, form) if step == "create" else _quoted_page(request, form)


def _quoted_page(
    request: Request, form: AbroadForm, over: Quote | None = None, used: InternationalTransfer | None = None
) -> HttpResponse:
    """Ask what it costs now, and show it while it holds; `over` is the quote that was shown before, and `used` what was
    made of that.
    """
    draft = form.draft
    assert draft is not None  # noqa: S101  (of a valid form)
    try:
        quote = quotes.ask(request.scope, draft.wanted, renews=over)
    except OutgoingRefused as problem:
        form.add_error("amount", str(problem))
        return _form_page(request, form)
    shown = {**_confirmation(request, form, quote), "used": used}
    return render(request, "transactions/international/confirm.html", shown)


def _create_page(request: Request, form: AbroadForm) -> HttpResponseBase:
    """Make it at the quote that was seen; one that no longer holds is asked for anew, and shown."""
    quote, draft = quotes.found(request.scope, request.POST.get("quote", "")), form.draft
    assert draft is not None  # noqa: S101  (of a valid form)
    if quote is None or not draft.wanted.is_answered_by(quote):
        return _quoted_page(request, form)
    if not quotes.holds(request.scope, quote.pk):
        return _over_page(request, form, quote)

    def page(request: Request, form: AbroadForm) -> HttpResponseBase:
        return _made_page(request, form, quote)

    at_once = services.goes_at_once(request.scope, quote)
    return (pages.asked_first(request, page) if at_once else page)(request, form)


def _over_page(request: Request, form: AbroadForm, quote: Quote) -> HttpResponse:
    """Show another quote for one that can't be used any more, and what was made of that, if anything was."""
    return _quoted_page(request, form, quote, quotes.made_of(request.scope).filter(quote=quote).first())


def _made_page(request: Request, form: AbroadForm, quote: Quote) -> HttpResponse:
    draft = form.draft
    assert draft is not None  # noqa: S101  (of a valid form)
    with _said_in(form):
        try:
            asked = {"made_key": form.cleaned_data["made_key"], "saves": form.cleaned_data["save_beneficiary"]}
            created = services.create(request.scope, draft, quote, **asked)
        except QuoteOver:  # it ran out, or was used, in this moment
            return _over_page(request, form, quote)
        return _answer(request, form, created)
    return _form_page(request, form)


@contextmanager
def _said_in(form: AbroadForm) -> Iterator[None]:
    """Have the form say why something isn't made."""
    try:
        yield
    except ShortOfMoney as problem:
        form.add_error("amount", str(problem))
    except MayBeTwice:  # one that was made in this moment
        form.ask_once_more()
    except OutgoingRefused as problem:
        form.add_error(None, str(problem))


def _answer(request: Request, form: AbroadForm, created: services.Created) -> HttpResponse:
    transfer = created.transfer
    if not created.is_new:
        messages.info(request, _("This form was sent before: here is the transfer that it made."))
        return redirect("transactions:international-detail", transfer.pk)
    said = {
        Status.PENDING_APPROVAL: _("The transfer of %(amount)s was made. It waits for an approver."),
        Status.PROCESSING: _("The transfer of %(amount)s is on its way."),
    }
    if transfer.status == Status.PENDING_APPROVAL and mails.nobody_there(transfer):
        messages.warning(
            request, _("Nobody else could approve it now: they are away, or nobody else may. Ask an Admin.")
        )
    messages.success(request, said[Status(transfer.status)] % {"amount": money.rupiah(transfer.amount)})  # type: ignore[call-arg]  # an enum's lookup
    return redirect("transactions:international-detail", transfer.pk)


def _initial(request: Request) -> dict[str, Any]:
    """Begin with a saved beneficiary, or with another transfer that is paid once more."""
    scope = request.scope
    if (pk := request.GET.get("beneficiary", "")).isdecimal():
        saved = get_object_or_404(BeneficiaryAbroad.objects.visible_to(scope), pk=pk)
        return {
            **_opened(request, saved),
            "country": saved.country,
            "kind": saved.transfer_kind,
            "beneficiary_bank": saved.bank,
            "beneficiary_name": saved.name,
            "account_number": saved.account_number,
        }
    if (pk := request.GET.get("again", "")).isdecimal():
        row = get_object_or_404(InternationalTransfer.objects.visible_to(scope, searched=True), pk=pk)
        quote = services.quote_of(scope, row)
        is_sent = quote is not None and quote.side == Side.SENT
        same = ("country", "beneficiary_bank", "beneficiary_name", "account_number", "purpose", "source_of_funds")
        return {
            **_opened(request, row),
            "kind": row.transfer_kind or request.GET.get("kind", ""),
            "side": Side.SENT if is_sent else Side.RECEIVED,
            "amount": money.number(row.amount) if is_sent else _plain(row),
            "internal_reference": row.internal_reference,
            **{name: getattr(row, name) for name in same},
        }
    return {}


def _opened(request: Request, row: BeneficiaryAbroad | InternationalTransfer) -> dict[str, str]:
    """Return the fields of a row's corridor: none where the form is under way, and brings them back itself."""
    return {} if request.method == "POST" else identity.begins_with(request.scope, row)


def _plain(row: InternationalTransfer) -> str:
    """Write what arrived so that the form reads it as the same."""
    return str(world.in_currency(row.amount_received, row.currency))


def _crumbs(request: Request, *, is_first: bool = False) -> list[dict[str, Any]]:
    create = {"label": _("Create Transfer"), "url": reverse("transactions:international-create")}
    return [*CRUMBS] if is_first else [*CRUMBS, create]


def _corridor_page(request: Request, form: CorridorForm) -> HttpResponse:
    term = request.GET.get("find", "")[:100]
    known = BeneficiaryAbroad.objects.visible_to(request.scope)
    shown = {
        "form": form,
        "crumbs": _crumbs(request, is_first=True),
        "find": term,
        "saved": _saved(request, term),
        "has_saved": bool(term) or known.exists(),
    }
    return render(request, "transactions/international/corridor.html", shown)


def _saved(request: Request, term: str) -> list[BeneficiaryAbroad]:
    """The saved beneficiaries that a word finds by name, bank or account, who was paid last first."""
    rows = BeneficiaryAbroad.objects.visible_to(request.scope)
    for word in term.split()[:5]:
        rows = rows.filter(Q(name__icontains=word) | Q(bank__icontains=word) | Q(account_number__istartswith=word))
    return list(rows.order_by(F("paid_at").desc(nulls_last=True), "name", "pk")[:MOST_SAVED])


def _form_page(request: Request, form: AbroadForm) -> HttpResponse:
    shown = {
        "form": form,
        "crumbs": _crumbs(request),
        "corridor": form.corridor,
        "kind": TransferKind(form.kind).label,
        "deposit": ledger.balance(request.scope).available,
    }
    return render(request, "transactions/international/form.html", shown)


def _confirmation(request: Request, form: AbroadForm, quote: Quote) -> dict[str, Any]:
    available, total = ledger.balance(request.scope).available, quote.amount + quote.fee
    draft = form.draft
    assert draft is not None  # noqa: S101  (of a valid form)
    told = identity.hidden(draft.details)
    sender = {name: value for name, value in told.items() if name.startswith("sender_")}
    return {
        "form": form,
        "draft": draft,
        "kind": TransferKind(form.kind).label,
        "purpose": Purpose(draft.purpose).label,
        "source_of_funds": SourceOfFunds(draft.source_of_funds).label,
        "crumbs": _crumbs(request),
        "corridor": form.corridor,
        "details": wording.details_in_words({name: told[name] for name in told.keys() - sender.keys()}),
        "sender": wording.details_in_words(sender),
        "quote": quote,
        "received": money.foreign(quote.amount_received, form.rules.currency),
        "rate": wording.rate_in_words(quote.rate, form.rules.currency),
        "rate_before": wording.rate_before(quote, quote.renews),
        "seconds_left": quotes.seconds_left(quote),
        "total": total,
        "goes_at_once": services.goes_at_once(request.scope, quote),
        "left": available - total,
        "missing": max(0, total - available),
    }


# --- From its own page -------------------------------------------------------------------------------------------


def crumbs_of(row: InternationalTransfer) -> list[dict[str, Any]]:
    """Return the way to a transfer."""
    history = {"label": _("Transaction History"), "url": reverse(INTERNATIONAL.list_url_name)}
    return [*CRUMBS, history, {"label": str(row.pk), "url": reverse(INTERNATIONAL.row_url_name, args=[row.pk])}]


def _approval(request: Request, row: InternationalTransfer) -> dict[str, Any]:
    scope, total = request.scope, row.amount + row.fee
    available, quote = ledger.balance(scope).available, services.quote_of(request.scope, row)
    return {
        "row": row,
        "quote": quote,
        "crumbs": crumbs_of(row),
        "destination": services.destination_of(row),
        "details": wording.details_in_words(identity.shown(row)),
        "received": money.foreign(row.amount_received, row.currency),
        "rate": wording.rate_in_words(row.rate, row.currency),
        "renewed": quote and quotes.seen_before(quote, row.created_at),
        "rate_before": wording.rate_before(quote, quote and quotes.seen_before(quote, row.created_at)),
        "seconds_left": quotes.seconds_left(quote) if quote else 0,
        "attachment": row.attachment,
        "twins": services.twins(scope, row),
        "row_url_name": INTERNATIONAL.row_url_name,
        "rejection_url": reverse(INTERNATIONAL.rejection_url_name, args=[row.pk]),
        "seen": INTERNATIONAL.digest_of(scope, row),
        "is_new_account": services.is_new_account(scope, row),
        "total": total,
        "left": available - total,
        "missing": max(0, total - available),
        "may_approve": acts.may_approve(scope, row),
    }


PAGES = pages.Pages(
    INTERNATIONAL,
    pages.Said(
        approved=gettext_lazy("The transfer of %(amount)s is approved."),
        rejected=gettext_lazy("The transfer was rejected."),
        cancelled=gettext_lazy("The transfer was cancelled."),
        not_yours=gettext_lazy("Only the person who made it, or an approver, can cancel it. Nothing was changed."),
        reject=gettext_lazy("Reject this transfer?"),
        cancel=gettext_lazy("Cancel this transfer?"),
    ),
    crumbs_of,
    "transactions/international/approval.html",
    _approval,
)


@never_cache
@require_form
@requires(Permission.APPROVE_TRANSACTIONS)
def international_approval(request: Request, pk: int) -> HttpResponseBase:
    """Show what an approver has to know, at a rate that holds, and approve it; or ask for a new rate."""
    if request.method == "POST" and "requote" in request.POST:
        return _requoted(request, pk)
    return PAGES.approval(request, pk)


def _requoted(request: Request, pk: int) -> HttpResponse:
    try:
        services.requote(request.scope, pk)
    except InternationalTransfer.DoesNotExist as problem:
        raise Http404 from problem
    except OutgoingRefused as problem:
        messages.error(request, str(problem))
    except NotAllowed as problem:
        return refuse(request, problem.permission)
    return redirect(request.get_full_path())


@never_cache
@require_form
@requires(Permission.APPROVE_TRANSACTIONS)
def international_rejection(request: Request, pk: int) -> HttpResponse:
    """Ask why a transfer is rejected, and do it."""
    return PAGES.rejection(request, pk)


@never_cache
@require_form
@requires(Permission.CREATE_TRANSACTIONS)
def international_cancellation(request: Request, pk: int) -> HttpResponse:
    """Ask whether a transfer is cancelled, and do it."""
    return PAGES.cancellation(request, pk)


@require_POST
@requires(Permission.CREATE_TRANSACTIONS)
def international_forced(request: Request, pk: int) -> HttpResponse:
    """Let the simulated bank answer at once; in Test Mode only (trust.md D8)."""
    return PAGES.forced(request, pk)


@never_cache
@require_safe
@requires(Permission.CREATE_TRANSACTIONS, or_one_of=[Permission.APPROVE_TRANSACTIONS])
def international_attachment(request: Request, pk: int) -> HttpResponseBase:
    """Send the document of a transfer, never to be opened inside our pages."""
    rows = InternationalTransfer.objects.visible_to(request.scope, searched=True).select_related("attachment")
    document = get_object_or_404(rows, pk=pk).attachment
    if document is None:
        raise Http404
    try:
        content = default_storage.open(document.stored_as)
    except FileNotFoundError as problem:  # lost, such as by a backup without its files
        raise Http404 from problem
    return FileResponse(
        content,
        as_attachment=True,
        filename=document.name,
        content_type=document.content_type,
        headers={"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff"},
    )
