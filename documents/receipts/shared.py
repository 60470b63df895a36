"""The page behind a link to a receipt: for whoever has it, signed in or not, and of no other data than the receipt."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from documents.receipts import files, sharing
from flipdash.gate import polled, public

Page = Callable[[HttpRequest, str], HttpResponseBase]


def _unlisted(page: Page) -> Page:
    """Send a page that no search engine lists, no cache keeps, and whose address no other site is told."""

    @wraps(page)
    def sent(request: HttpRequest, token: str) -> HttpResponseBase:
        try:
            response = page(request, token)
        except sharing.Unusable:
            response = render(request, "receipts/unusable.html", {"days": sharing.LIFE.days}, status=404)
        response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        response["Referrer-Policy"] = "no-referrer"
        return response

    return public(never_cache(require_safe(sent)))


@_unlisted
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """Show the receipt. Every link that shows none gets one and the same page."""
    with sharing.opened(token) as (link, paper):
        return render(request, "receipts/shared.html", {"link": link, "paper": paper, "token": token})


@_unlisted
def receipt_file(request: HttpRequest, token: str) -> HttpResponseBase:
    """Send the receipt as PDF: it was asked for with the link, so it is there, or will be in a moment."""
    with sharing.opened(token) as (link, paper):
        page = files.Page("receipts/shared_making.html", *_addresses(token))
        return files.answer(request, paper, page, language=link.language, token=token)


@polled
@_unlisted
def receipt_state(request: HttpRequest, token: str) -> HttpResponse:
    """Answer whether the file is made by now."""
    with sharing.opened(token) as (link, paper):
        return files.state(
            request, paper, files.Page("receipts/state.html", *_addresses(token)), language=link.language
        )


def _addresses(token: str) -> tuple[str, str]:
    return reverse("receipts:shared-file", args=[token]), reverse("receipts:shared-state", args=[token])
