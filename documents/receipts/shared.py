"""The page behind a link to a receipt: for whoever has it, signed in or not, and of no other data than the receipt."""

from collections.abc import Callable
from functools import wraps

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from documents.receipts import sharing
from documents.receipts.files import as_file, printed_alone
from flipdash.gate import public

KEPT = 600  # seconds
"""How long a made PDF is sent again: nobody can keep us busy by asking for one over and over."""

Page = Callable[[HttpRequest, str], HttpResponse]


def _unlisted(page: Page) -> Page:
    """Send a page that no search engine lists, no cache keeps, and whose address no other site is told."""

    @wraps(page)
    def sent(request: HttpRequest, token: str) -> HttpResponse:
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
def receipt_file(request: HttpRequest, token: str) -> HttpResponse:
    """Send the receipt as PDF."""
    with sharing.opened(token) as (link, paper):
        scope = paper.history.scope
        key = f"receipt/{link.pk}/{scope.business.logo}"
        content = cache.get(key)
        if content is None:
            content = printed_alone(paper, scope)
            cache.set(key, content, KEPT)
        return as_file(content, paper.file_name)
