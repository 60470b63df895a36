from django.urls import path

from flipdash import converters  # noqa: F401  (registers <bigid:…>)
from flipdash.histories.pages import detail_view, history_view
from transactions.international.history import InternationalHistory
from transactions.payments.history import PaymentHistory
from transactions.transfers.history import TransferHistory

app_name = "transactions"

urlpatterns = [
    path("money-transfers/", history_view(TransferHistory), name="transfers"),
    path("money-transfers/<bigid:pk>/", detail_view(TransferHistory), name="transfer-detail"),
    path("international-transfers/", history_view(InternationalHistory), name="international"),
    path("international-transfers/<bigid:pk>/", detail_view(InternationalHistory), name="international-detail"),
    path("payments/", history_view(PaymentHistory), name="payments"),
    path("payments/<bigid:pk>/", detail_view(PaymentHistory), name="payment-detail"),
]
