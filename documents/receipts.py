"""Receipts: one successful transaction on one page of PDF."""

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import Permission, View, requires
from documents import pdf
from flipdash.histories import History
from flipdash.http import Request


def receipt_view(declared: type[History]) -> View:
    """Return what sends the receipt of a successful transaction of a history as PDF."""

    @never_cache
    @require_safe
    @requires(Permission(declared.permission))
    def receipt(request: Request, pk: int) -> HttpResponse:
        history = declared(request.scope, QueryDict())
        rows = declared.model.objects.visible_to(request.scope, searched=True).filter(pk=pk)
        transaction = get_object_or_404(rows)
        if not transaction.is_successful:
            raise Http404
        row = rows.values(*history.value_fields).get()
        content = pdf.render(
            "pdf/receipt.html",
            {
                "scope": request.scope,
                "language": get_language(),
                "receipt": history.receipt,
                "transaction": transaction,
                "figure": history.heading_of(row),
                "state": history.state_column.words(row) if history.state_column else "",
                "facts": history.receipt_facts_of(row),
            },
        )
        return HttpResponse(
            content,
            content_type="application/pdf",
            headers={
                "Content-Disposition": f'attachment; filename="Receipt_{pk}.pdf"',
                "Content-Security-Policy": "sandbox; default-src 'none'",
            },
        )

    return receipt
