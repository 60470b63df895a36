"""Where receipts are read by whoever has the link: outside both modes, for the link itself says whose it is."""

from django.urls import path

from documents.receipts import shared

app_name = "receipts"

urlpatterns = [
    path("<str:token>/", shared.receipt, name="shared"),
    path("<str:token>/file/", shared.receipt_file, name="shared-file"),
    path("<str:token>/state/", shared.receipt_state, name="shared-state"),
]
