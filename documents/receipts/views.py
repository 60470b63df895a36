"""The receipt of one transaction: as a file of one's own, sent by mail, or as a link, which can be revoked."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Permission, View, requires
from documents.models import ReceiptLink
from documents.receipts import files, sharing
from documents.receipts.forms import LinkForm, SendForm
from documents.receipts.printing import Paper
from flipdash import clock
from flipdash.gate import polled
from flipdash.histories import History
from flipdash.http import Request, require_form

WITHOUT_FEE = "without"
"""?fee=without leaves the fee out."""


def receipt_view(declared: type[History]) -> View:
    """Return what sends the receipt of a successful transaction of a history as PDF, as soon as it is made."""

    @never_cache
    @require_safe
    @requires(Permission(declared.permission))
    def receipt(request: Request, pk: int) -> HttpResponseBase:
        paper = _asked_or_404(declared, request, pk)
        page = files.Page(
            "receipts/making.html",
            file_url=request.path,
            state_url=reverse(f"documents:{declared.name}-receipt-state", args=[pk]),
        )
        return files.answer(request, paper, page, language=_language(request), crumbs=_crumbs(paper))

    return receipt


def state_view(declared: type[History]) -> View:
    """Return what answers whether a receipt is made by now."""

    @polled
    @never_cache
    @require_safe
    @requires(Permission(declared.permission))
    def receipt_state(request: Request, pk: int) -> HttpResponse:
        paper = _asked_or_404(declared, request, pk)
        page = files.Page(
            "receipts/state.html",
            file_url=reverse(f"documents:{declared.name}-receipt", args=[pk]),
            state_url=request.path,
        )
        return files.state(request, paper, page, language=_language(request))

    return receipt_state


def _asked_or_404(declared: type[History], request: Request, pk: int) -> Paper:
    return _paper_or_404(declared, request, pk, with_fee=request.GET.get("fee") != WITHOUT_FEE)


def _language(request: Request) -> str:
    """Return the language that an address asks for: ?language=id; else the person's."""
    language = request.GET.get("language", "")
    return language if language in dict(settings.LANGUAGES) else request.LANGUAGE_CODE


def sending_view(declared: type[History]) -> View:
    """Return the page on which a receipt is sent or linked, and what was is seen and revoked."""

    @require_form
    @requires(Permission(declared.permission))
    def sending(request: Request, pk: int) -> HttpResponse:
        paper = _paper_or_404(declared, request, pk)
        if request.method != "POST":
            initial = {"to": sharing.suggested_address(request.scope, paper)}
            return _page(request, paper, SendForm(history=declared, initial=initial))
        form = SendForm(request.POST, history=declared)
        if not form.is_valid():
            return _page(request, paper, form)
        to = form.cleaned_data["to"]
        try:
            sharing.send(request.scope, declared, pk, to=to, with_fee=form.with_fee_chosen)
        except sharing.NoReceipt as problem:
            raise Http404 from problem
        except sharing.TooMany as problem:
            form.add_error(None, str(problem))
            return _page(request, paper, form)
        messages.success(request, _("The receipt is on its way to %(to)s.") % {"to": to})
        return redirect(_address(declared, pk))

    return sending


def links_view(declared: type[History]) -> View:
    """Return what makes a link to copy."""

    @require_POST
    @requires(Permission(declared.permission))
    def links(request: Request, pk: int) -> HttpResponse:
        form = LinkForm(request.POST, history=declared)
        form.is_valid()  # a box is ticked or not
        try:
            sharing.make_link(request.scope, declared, pk, with_fee=form.with_fee_chosen)
        except sharing.NoReceipt as problem:
            raise Http404 from problem
        except sharing.TooMany as problem:
            messages.error(request, str(problem))
        return redirect(f"{_address(declared, pk)}#links")

    return links


def revocation_view(declared: type[History]) -> View:
    """Return what takes a link back."""

    @require_POST
    @requires(Permission(declared.permission))
    def revocation(request: Request, pk: int, link: int) -> HttpResponse:
        try:
            sharing.revoke(request.scope, declared, pk, link)
        except ReceiptLink.DoesNotExist as problem:
            raise Http404 from problem
        messages.success(request, _("The link is revoked: it shows nothing any more."))
        return redirect(f"{_address(declared, pk)}#links")

    return revocation


def _paper_or_404(declared: type[History], request: Request, pk: int, *, with_fee: bool = True) -> Paper:
    """Return the receipt of a transaction of the scope's; Http404 where there is none."""
    paper = Paper.of(declared, request.scope, pk, with_fee=with_fee)
    if paper is None:
        raise Http404
    return paper


def _address(declared: type[History], pk: int) -> str:
    return reverse(f"documents:{declared.name}-receipt-sending", args=[pk])


def _page(request: Request, paper: Paper, form: SendForm) -> HttpResponse:
    history, pk = paper.history, paper.transaction.pk
    now, links = clock.now(), sharing.links_of(request.scope, type(history), pk)[: sharing.SHOWN]
    name = f"documents:{history.name}-receipt"
    context: dict[str, Any] = {
        "form": form,
        "link_form": LinkForm(history=type(history), auto_id="id_link_%s"),
        "paper": paper,
        "links": [_shown(link, name, is_open=link.is_open_at(now)) for link in links],
        "days": sharing.LIFE.days,
        "language": translation.get_language_info(request.scope.business.language)["name_translated"],
        "receipt_url": reverse(name, args=[pk]),
        "sending_url": _address(type(history), pk),
        "links_url": reverse(f"{name}-links", args=[pk]),
        "crumbs": _crumbs(paper),
    }
    return render(request, "receipts/sending.html", context)


def _crumbs(paper: Paper) -> list[dict[str, Any]]:
    history, pk = paper.history, paper.transaction.pk
    return [
        *history.crumbs,
        {"label": history.title, "url": reverse(history.url_name)},
        {"label": str(pk), "url": reverse(history.row_url_name, args=[pk])},
    ]


def _shown(link: ReceiptLink, name: str, *, is_open: bool) -> dict[str, Any]:
    """Return how a link is listed; its address only where it was made to be copied, and shows something."""
    return {
        "row": link,
        "is_open": is_open,
        "address": sharing.address_of(link) if is_open and link.sealed else "",
        "revocation_label": _("Revoke what was sent to %(to)s") % {"to": link.to} if link.to else _("Revoke the link"),
        "revocation_url": reverse(f"{name}-revocation", args=[link.row_id, link.pk]),
    }
