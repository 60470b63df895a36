"""How a PDF is sent."""

from django.http import HttpResponse


def as_file(content: bytes, name: str) -> HttpResponse:
    """Send a PDF to be kept."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return HttpResponse(content, content_type="application/pdf", headers=headers)
