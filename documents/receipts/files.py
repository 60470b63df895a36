"""How a receipt is printed while somebody waits, and how a PDF is sent."""

from threading import BoundedSemaphore

from django.http import HttpResponse

from documents.receipts.printing import Paper, printed
from flipdash import hashers
from flipdash.scope import Scope

AT_ONCE = 2
"""Receipts that one process prints at the same time: more would only keep each other, and every page, waiting."""
PATIENCE = 5.0  # seconds
"""How long a request waits for its turn."""

_room = BoundedSemaphore(AT_ONCE)


class Busy(hashers.Busy):
    """Too many receipts are being printed now; the answer is 503, and trying again in a second helps."""


def printed_alone(paper: Paper, scope: Scope) -> bytes:
    """Return one receipt as PDF; raises Busy when too many are being printed."""
    if not _room.acquire(timeout=PATIENCE):
        raise Busy
    try:
        return printed([paper], scope)
    finally:
        _room.release()


def as_file(content: bytes, name: str) -> HttpResponse:
    """Send a PDF to be kept."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return HttpResponse(content, content_type="application/pdf", headers=headers)
