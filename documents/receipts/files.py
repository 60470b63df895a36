"""How the file of a receipt is sent: at once where it is there, else after a page that waits for it."""

import logging
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone, translation

from documents.models import ReceiptFile
from documents.receipts import making
from documents.receipts.printing import Paper, printed

log = logging.getLogger(__name__)
AGAIN = "again"
"""?again lets a receipt that failed be made once more."""


@dataclass(frozen=True)
class Page:
    """What waits for a file: a template, and where the file is and whether it is there by now."""

    template: str
    file_url: str
    state_url: str


def answer(request: HttpRequest, paper: Paper, page: Page, *, language: str, **also: Any) -> HttpResponseBase:
    """Send the file of a receipt, or the page that waits for it."""
    try:
        made = making.ask(paper, language=language, again=AGAIN in request.GET)
        if made.status == ReceiptFile.Status.READY:
            return _sent(making.opened(made), made.file_name)
    except making.NoRoom:
        return _printed(paper, language)
    except FileNotFoundError:
        log.error("the file of receipt %s is lost: it is printed, and not kept", paper.transaction.pk)
        return _printed(paper, language)
    return render(request, page.template, _shown(request, made, paper, page) | also)


def state(request: HttpRequest, paper: Paper, page: Page, *, language: str) -> HttpResponse:
    """Answer the part of that page which changes, for htmx to ask for until the file is there."""
    try:
        made = making.ask(paper, language=language)
    except making.NoRoom as problem:  # nobody waits for it
        raise Http404 from problem
    return render(request, page.template, _shown(request, made, paper, page))


def _printed(paper: Paper, language: str) -> FileResponse:
    """Print a receipt for whoever asks now, as bundles do with what isn't there."""
    with translation.override(language), timezone.override(paper.history.scope.zone):
        return _sent(BytesIO(printed([paper], paper.history.scope)), paper.file_name)


def _sent(content: Any, file_name: str) -> FileResponse:
    response = FileResponse(content, as_attachment=True, filename=file_name, content_type="application/pdf")
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _shown(request: HttpRequest, made: ReceiptFile, paper: Paper, page: Page) -> dict[str, Any]:
    asked = request.GET.copy()
    asked.pop(AGAIN, None)
    query = f"?{asked.urlencode()}" if asked else ""
    asked[AGAIN] = ""
    return {
        "made": made,
        "paper": paper,
        "file_url": f"{page.file_url}{query}",
        "state_url": f"{page.state_url}{query}",
        "again_url": f"{page.file_url}?{asked.urlencode()}",
    }
