from django.urls import path

from flipdash import converters  # noqa: F401  (registers <bigid:…>)
from transactions import views

app_name = "transactions"

urlpatterns = [
    path("money-transfers/", views.transfers, name="transfers"),
    path("money-transfers/<bigid:pk>/", views.transfer_detail, name="transfer-detail"),
]
