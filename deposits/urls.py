from django.urls import path

from deposits.ledger.history import DepositHistory
from deposits.overview import views as overview
from deposits.topups import views as top_ups
from deposits.topups.history import TopUpHistory
from flipdash import converters  # noqa: F401  (registers <bigid:…>)
from flipdash.histories.pages import detail_view, history_view

app_name = "deposits"

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("low-balance/", overview.low_balance, name="low-balance"),
    path("history/", history_view(DepositHistory), name="history"),
    path("history/<bigid:pk>/", detail_view(DepositHistory), name="entry"),
    path("top-up/", top_ups.top_up, name="top-up"),
    path("top-ups/<bigid:pk>/", top_ups.payment, name="top-up-payment"),
    path("top-ups/<bigid:pk>/status/", top_ups.payment_status, name="top-up-status"),
    path("top-ups/<bigid:pk>/transferred/", top_ups.transferred, name="top-up-transferred"),
    path("top-ups/<bigid:pk>/cancellation/", top_ups.cancellation, name="top-up-cancellation"),
    path("top-up-history/", history_view(TopUpHistory), name="top-ups"),
    path("top-up-history/<bigid:pk>/", detail_view(TopUpHistory), name="top-up-detail"),
]
