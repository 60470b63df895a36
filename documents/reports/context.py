"""The reports in the header."""

from typing import Any

from django.http import HttpRequest

from accounts.permissions import Permission
from documents.models import Report
from flipdash import frame


def tray(request: HttpRequest) -> dict[str, Any]:
    """Give the frame the member's reports that are being made, or finished and not yet looked at."""
    scope = getattr(request, "scope", None)
    if scope is None or not scope.can(Permission.DOWNLOAD_REPORTS):
        return {}
    reports = frame.instances(Report, frame.of(request)["tray"])
    is_busy = any(report.is_unfinished for report in reports)
    return {"tray_reports": reports, "tray_is_busy": is_busy, "tray_opens": request.session.pop("tray_opens", False)}
