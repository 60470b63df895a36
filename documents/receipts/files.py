"""How the file of a receipt is sent: at once where it is there, else after a page that waits for it."""

from dataclasses import dataclass
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from documents.models import ReceiptFile
from documents.receipts import making
from documents.receipts.printing import Paper

AGAIN = "again"
"""?again lets a receipt that failed be made once more."""


@dataclass(frozen=True)
class Page:
    """What waits for a file: a template, and where the file is and whether it is there by now."""

    template: str
    file_url: str
    state_url: str


def answer(request: HttpRequest, paper: Paper, page: Page, *, language: str, **also: Any) -> HttpResponseBase:
    """Send the file of a receipt, or the page that waits for it; raises Http404 when the file is lost."""
    made = making.ask(paper, language=language, again=AGAIN in request.GET)
    if made.status == ReceiptFile.Status.READY:
        return sent(made)
    return render(request, page.template, _shown(request, made, paper, page) | also)


def state(request: HttpRequest, paper: Paper, page: Page, *, language: str) -> HttpResponse:
    """Answer the part of that page which changes, for htmx to ask for until the file is there."""
    made = making.ask(paper, language=language)
    return render(request, page.template, _shown(request, made, paper, page))


def sent(made: ReceiptFile) -> FileResponse:
    """Send a file that is ready, as it was made; raises Http404."""
    try:
        content = making.opened(made)
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(content, as_attachment=True, filename=made.file_name, content_type="application/pdf")
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
