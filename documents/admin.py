"""Reports in the back office: that they were made, not what is in them."""

from django.contrib import admin

from documents.models import Report
from flipdash.backoffice import ReadOnlyAdmin


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    """Files that people asked for."""

    list_display = ("reference", "business", "mode", "history", "format", "status", "problem", "created_at")
    list_filter = ("mode", "status")
    list_select_related = ("business",)
    ordering = ("-id",)
