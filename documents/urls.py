from django.urls import path

from documents import views
from flipdash import converters  # noqa: F401  (registers <bigid:…>)

app_name = "documents"

urlpatterns = [
    path("reports/", views.reports, name="reports"),
    path("reports/new/", views.report_new, name="report-new"),
    path("reports/tray/", views.report_tray, name="report-tray"),
    path("reports/<int:number>/file/", views.report_file, name="report-file"),
    path("reports/<int:number>/cancellation/", views.report_cancellation, name="report-cancellation"),
    path("receipts/money-transfers/<bigid:pk>/", views.transfer_receipt, name="transfer-receipt"),
]
