from django.urls import path

from deposits import views
from deposits.histories import TopUpHistory
from flipdash import converters  # noqa: F401  (registers <bigid:…>)
from workspace.pages import detail_view, history_view

app_name = "deposits"

urlpatterns = [
    path("top-up/", views.top_up, name="top-up"),
    path("top-ups/<bigid:pk>/", views.payment, name="top-up-payment"),
    path("top-ups/<bigid:pk>/state/", views.payment_state, name="top-up-state"),
    path("top-ups/<bigid:pk>/transferred/", views.transferred, name="top-up-transferred"),
    path("top-ups/<bigid:pk>/cancellation/", views.cancellation, name="top-up-cancellation"),
    path("top-up-history/", history_view(TopUpHistory), name="top-ups"),
    path("top-up-history/<bigid:pk>/", detail_view(TopUpHistory), name="top-up-detail"),
]
