"""The receipt of one transaction: as a file of one's own."""

from django.http import Http404, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import Permission, View, requires
from documents.receipts.printing import Paper, printed
from flipdash.histories import History
from flipdash.http import Request

WITHOUT_FEE = "without"
"""?fee=without leaves the fee out."""


def receipt_view(declared: type[History]) -> View:
    """Return what sends the receipt of a successful transaction of a history as PDF."""

    @never_cache
    @require_safe
    @requires(Permission(declared.permission))
    def receipt(request: Request, pk: int) -> HttpResponse:
        with_fee = request.GET.get("fee") != WITHOUT_FEE
        paper = paper_or_404(declared, request, pk, with_fee=with_fee)
        return as_file(printed([paper], request.scope), paper.file_name)

    return receipt


def paper_or_404(declared: type[History], request: Request, pk: int, *, with_fee: bool = True) -> Paper:
    """Return the receipt of a transaction of the scope's; Http404 where there is none."""
    paper = Paper.of(declared, request.scope, pk, with_fee=with_fee)
    if paper is None:
        raise Http404
    return paper


def as_file(content: bytes, name: str) -> HttpResponse:
    """Send a PDF to be kept."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return HttpResponse(content, content_type="application/pdf", headers=headers)
