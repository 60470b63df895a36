"""A finished file as it is sent: of reports, and of statements of the deposit."""

from datetime import datetime

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404

from documents.models import Report, Statement
from flipdash import clock


def is_there(row: Report | Statement, now: datetime) -> bool:
    """Return whether its file can be downloaded, by the database's time."""
    return row.status == Report.Status.READY and row.expires_at is not None and row.expires_at >= now


def answer(row: Report | Statement, content_type: str) -> FileResponse:
    """Return a file as it was made. Raises Http404 where there is none, or its time is over (trust.md E2)."""
    if not is_there(row, clock.now()):
        raise Http404
    try:
        content = default_storage.open(row.stored_as)
    except FileNotFoundError as error:  # thrown away a moment ago
        raise Http404 from error
    response = FileResponse(content, as_attachment=True, filename=row.file_name, content_type=content_type)
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
