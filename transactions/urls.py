from django.urls import path

from flipdash import converters  # noqa: F401  (registers <bigid:…>)
from flipdash.histories.pages import detail_view, history_view
from transactions.approvals import views as approvals
from transactions.international.history import InternationalHistory
from transactions.payments.history import PaymentHistory
from transactions.transfers import views as transfers
from transactions.transfers.history import TransferHistory

app_name = "transactions"

urlpatterns = [
    path("money-transfers/", history_view(TransferHistory), name="transfers"),
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/selection/", approvals.selection, name="approvals-selection"),
    path("approvals/rejection/", approvals.rejection, name="approvals-rejection"),
    path("money-transfers/create/", transfers.transfer_create, name="transfer-create"),
    path("money-transfers/<bigid:pk>/approval/", transfers.transfer_approval, name="transfer-approval"),
    path("money-transfers/<bigid:pk>/rejection/", transfers.transfer_rejection, name="transfer-rejection"),
    path("money-transfers/<bigid:pk>/cancellation/", transfers.transfer_cancellation, name="transfer-cancellation"),
    path("money-transfers/<bigid:pk>/forced/", transfers.transfer_forced, name="transfer-forced"),
    path("money-transfers/<bigid:pk>/", detail_view(TransferHistory), name="transfer-detail"),
    path("international-transfers/", history_view(InternationalHistory), name="international"),
    path("international-transfers/<bigid:pk>/", detail_view(InternationalHistory), name="international-detail"),
    path("payments/", history_view(PaymentHistory), name="payments"),
    path("payments/<bigid:pk>/", detail_view(PaymentHistory), name="payment-detail"),
]
