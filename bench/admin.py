"""Django's admin on the same table: the changelist that most back offices would have instead of a history."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from transactions.models import MoneyTransfer


class Site(admin.AdminSite):
    """Lets in everybody who is signed in."""

    def has_permission(self, request: HttpRequest) -> bool:
        return True


class TransferAdmin(admin.ModelAdmin):
    """The same ten columns, the search and one filter, as the admin makes them by itself."""

    list_display = (
        *("id", "status", "bank", "account_number", "beneficiary_name", "amount", "fee", "remark"),
        *("maker_name", "created_at", "completed_at"),
    )
    list_filter = ("status",)
    list_per_page = 25
    search_fields = ("beneficiary_name", "remark", "account_number")
    date_hierarchy = "created_at"
    ordering = ("-created_at", "-id")

    def get_queryset(self, request: Any) -> QuerySet:
        """Show the member's business alone."""
        return super().get_queryset(request).filter(business_id=request.scope.business.pk, mode=request.scope.mode)

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return True

    has_module_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


site = Site("bench-admin")
site.register(MoneyTransfer, TransferAdmin)
