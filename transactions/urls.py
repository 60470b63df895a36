from django.urls import path

from flipdash import converters  # noqa: F401  (registers <bigid:…>)
from flipdash.histories.pages import detail_view, history_view
from transactions.approvals import views as approvals
from transactions.bulk import batch_views as batches
from transactions.bulk import views as bulk
from transactions.international import views as international
from transactions.international.history import InternationalHistory
from transactions.payments import forcing
from transactions.payments import link_views as links
from transactions.payments.history import PaymentHistory
from transactions.payments.link_history import LinkHistory
from transactions.payments.settlement_history import SettlementHistory
from transactions.refunds import views as refunds
from transactions.refunds.history import RefundHistory
from transactions.transfers import views as transfers
from transactions.transfers.history import TransferHistory
from transactions.transfers.series import views as series

app_name = "transactions"
ABROAD = "international-transfers/<bigid:pk>"
SERIES = "money-transfers/create/repeating"

urlpatterns = [
    path("money-transfers/", history_view(TransferHistory), name="transfers"),
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/selection/", approvals.selection, name="approvals-selection"),
    path("approvals/rejection/", approvals.rejection, name="approvals-rejection"),
    path("money-transfers/create/", transfers.transfer_create, name="transfer-create"),
    path(f"{SERIES}/", series.series_list, name="series"),
    path(f"{SERIES}/<bigid:series_id>/", series.one_series, name="one-series"),
    path(f"{SERIES}/<bigid:series_id>/approval/", series.series_approval, name="series-approval"),
    path(f"{SERIES}/<bigid:series_id>/pausing/", series.series_pausing, name="series-pausing"),
    path(f"{SERIES}/<bigid:series_id>/stopping/", series.series_stopping, name="series-stopping"),
    path("money-transfers/bulk/", bulk.bulk, name="bulk"),
    path("money-transfers/bulk/template/", bulk.bulk_template, name="bulk-template"),
    path("money-transfers/bulk/<int:draft_number>/", bulk.bulk_draft, name="bulk-draft"),
    path("money-transfers/bulk/<int:draft_number>/status/", bulk.bulk_status, name="bulk-status"),
    path("money-transfers/bulk/<int:draft_number>/asking/", bulk.bulk_asking, name="bulk-asking"),
    path("money-transfers/bulk/<int:draft_number>/asked-again/", bulk.bulk_asked_again, name="bulk-asked-again"),
    path("money-transfers/bulk/<int:draft_number>/repair/", bulk.bulk_repair, name="bulk-repair"),
    path("money-transfers/bulk/<int:draft_number>/replacement/", bulk.bulk_replacement, name="bulk-replacement"),
    path("money-transfers/bulk/<int:draft_number>/confirmation/", bulk.bulk_confirmation, name="bulk-confirmation"),
    path("money-transfers/bulk/<int:draft_number>/cancellation/", bulk.bulk_cancellation, name="bulk-cancellation"),
    path("money-transfers/batches/<bigid:batch_id>/", batches.bulk_batch, name="bulk-batch"),
    path("money-transfers/batches/<bigid:batch_id>/status/", batches.batch_status, name="batch-status"),
    path("money-transfers/batches/<bigid:batch_id>/result/", batches.batch_result, name="batch-result"),
    path("money-transfers/batches/<bigid:batch_id>/retry/", batches.batch_retry, name="batch-retry"),
    path("money-transfers/<bigid:pk>/approval/", transfers.transfer_approval, name="transfer-approval"),
    path("money-transfers/<bigid:pk>/rejection/", transfers.transfer_rejection, name="transfer-rejection"),
    path("money-transfers/<bigid:pk>/cancellation/", transfers.transfer_cancellation, name="transfer-cancellation"),
    path("money-transfers/<bigid:pk>/recall/", transfers.transfer_recall, name="transfer-recall"),
    path("money-transfers/<bigid:pk>/forced/", transfers.transfer_forced, name="transfer-forced"),
    path("money-transfers/<bigid:pk>/", detail_view(TransferHistory), name="transfer-detail"),
    path("international-transfers/", history_view(InternationalHistory), name="international"),
    path("international-transfers/create/", international.international_create, name="international-create"),
    path(f"{ABROAD}/approval/", international.international_approval, name="international-approval"),
    path(f"{ABROAD}/rejection/", international.international_rejection, name="international-rejection"),
    path(f"{ABROAD}/cancellation/", international.international_cancellation, name="international-cancellation"),
    path(f"{ABROAD}/forced/", international.international_forced, name="international-forced"),
    path(f"{ABROAD}/attachment/", international.international_attachment, name="international-attachment"),
    path(f"{ABROAD}/", detail_view(InternationalHistory), name="international-detail"),
    path("payment-links/", history_view(LinkHistory), name="payment-links"),
    path("payment-links/create/", links.link_create, name="payment-link-create"),
    path("payment-links/<bigid:pk>/", detail_view(LinkHistory), name="payment-link"),
    path("payment-links/<bigid:pk>/edit/", links.link_edit, name="payment-link-edit"),
    path("payment-links/<bigid:pk>/deactivation/", links.link_deactivation, name="payment-link-deactivation"),
    path("payment-links/<bigid:pk>/activation/", links.link_activation, name="payment-link-activation"),
    path("payment-links/<bigid:pk>/qr/", links.link_qr, name="payment-link-qr"),
    path("payments/", history_view(PaymentHistory), name="payments"),
    path("payments/<bigid:pk>/forced/", forcing.payment_forced, name="payment-forced"),
    path("payments/<bigid:pk>/settled/", forcing.payment_settled, name="payment-settled"),
    path("payments/<bigid:pk>/", detail_view(PaymentHistory), name="payment-detail"),
    path("refunds/", history_view(RefundHistory), name="refunds"),
    path("refunds/request/", refunds.refund_request, name="refund-request"),
    path("refunds/<bigid:pk>/approval/", refunds.refund_approval, name="refund-approval"),
    path("refunds/<bigid:pk>/rejection/", refunds.refund_rejection, name="refund-rejection"),
    path("refunds/<bigid:pk>/cancellation/", refunds.refund_cancellation, name="refund-cancellation"),
    path("refunds/<bigid:pk>/forced/", refunds.refund_forced, name="refund-forced"),
    path("refunds/<bigid:pk>/", detail_view(RefundHistory), name="refund-detail"),
    path("payments/settlements/", history_view(SettlementHistory), name="settlements"),
    path("payments/settlements/<bigid:pk>/", detail_view(SettlementHistory), name="settlement"),
]
