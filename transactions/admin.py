"""Money in the back office: to look at, never to touch."""

from django.contrib import admin

from flipdash.backoffice import ReadOnlyAdmin
from transactions.models import InternationalTransfer, MoneyTransfer, Payment


class TransactionAdmin(ReadOnlyAdmin):
    """What all transactions show; found by their exact number."""

    list_display = ("id", "business", "mode", "status", "amount", "fee", "created_at")
    list_filter = ("mode",)
    list_select_related = ("business",)
    search_fields = ("=id", "=external_id")
    ordering = ("-id",)


@admin.register(MoneyTransfer)
class MoneyTransferAdmin(TransactionAdmin):
    """Transfers inside the country."""


@admin.register(InternationalTransfer)
class InternationalTransferAdmin(TransactionAdmin):
    """Transfers abroad."""


@admin.register(Payment)
class PaymentAdmin(TransactionAdmin):
    """Payments by a business's customers."""
