from django.urls import path

from documents.files import views as file_views
from documents.invoices import views as invoice_views
from documents.layouts import views as layout_views
from documents.receipts.views import links_view, receipt_view, revocation_view, sending_view, state_view
from documents.reports import views
from documents.schedules import views as schedule_views
from documents.statements import views as statement_views
from flipdash import converters  # noqa: F401  (registers <bigid:…>)
from transactions.international.history import InternationalHistory
from transactions.payments.history import PaymentHistory
from transactions.transfers.history import TransferHistory

app_name = "documents"

urlpatterns = [
    path("invoices/", invoice_views.invoices, name="invoices"),
    path("invoices/zip/", invoice_views.invoices_zip, name="invoices-zip"),
    path("invoices/readers/", invoice_views.invoice_readers, name="invoice-readers"),
    path("invoices/<bigid:pk>/", invoice_views.invoice, name="invoice"),
    path("invoices/<bigid:pk>/file/", invoice_views.invoice_file, name="invoice-file"),
    path("invoices/<bigid:pk>/sheet/", invoice_views.invoice_sheet, name="invoice-sheet"),
    path("invoices/<bigid:pk>/papers/<bigid:paper>/", invoice_views.invoice_paper, name="invoice-paper"),
    path("files/", file_views.files, name="files"),
    path("templates/", layout_views.templates, name="templates"),
    path("templates/new/", layout_views.template_new, name="template-new"),
    path("templates/<bigid:template>/", layout_views.template, name="template"),
    path("templates/<bigid:template>/deletion/", layout_views.template_deletion, name="template-deletion"),
    path("schedules/", schedule_views.schedules, name="schedules"),
    path("schedules/new/", schedule_views.schedule_new, name="schedule-new"),
    path("schedules/<bigid:schedule_id>/", schedule_views.schedule, name="schedule"),
    path("schedules/<bigid:schedule_id>/edit/", schedule_views.schedule_edit, name="schedule-edit"),
    path("schedules/<bigid:schedule_id>/pausing/", schedule_views.schedule_pausing, name="schedule-pausing"),
    path("schedules/<bigid:schedule_id>/running/", schedule_views.schedule_running, name="schedule-running"),
    path("schedules/<bigid:schedule_id>/deletion/", schedule_views.schedule_deletion, name="schedule-deletion"),
    path("schedules/<bigid:schedule_id>/runs/<bigid:run>/", schedule_views.schedule_run, name="schedule-run"),
    path("statements/", statement_views.statements, name="statements"),
    path("statements/list/", statement_views.statements_list, name="statements-list"),
    path("statements/<int:statement_number>/file/", statement_views.statement_file, name="statement-file"),
    path(
        "statements/<int:statement_number>/cancellation/",
        statement_views.statement_cancellation,
        name="statement-cancellation",
    ),
    path("reports/", views.reports, name="reports"),
    path("reports/new/", views.report_new, name="report-new"),
    path("reports/tray/", views.report_tray, name="report-tray"),
    path("reports/<int:number>/file/", views.report_file, name="report-file"),
    path("reports/<int:number>/cancellation/", views.report_cancellation, name="report-cancellation"),
]

for history in (TransferHistory, InternationalHistory, PaymentHistory):
    base, name = f"receipts/{history.name}/<bigid:pk>/", f"{history.name}-receipt"
    urlpatterns += [
        path(base, receipt_view(history), name=name),
        path(f"{base}state/", state_view(history), name=f"{name}-state"),
        path(f"{base}sending/", sending_view(history), name=f"{name}-sending"),
        path(f"{base}links/", links_view(history), name=f"{name}-links"),
        path(f"{base}links/<bigid:link>/revocation/", revocation_view(history), name=f"{name}-revocation"),
    ]
