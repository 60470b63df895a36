from django.urls import path

from imports import views

app_name = "imports"

urlpatterns = [
    path("", views.jobs, name="jobs"),
    path("template/", views.template, name="template"),
    path("<int:import_number>/", views.job, name="job"),
    path("<int:import_number>/status/", views.job_status, name="job-status"),
    path("<int:import_number>/columns/", views.job_columns, name="job-columns"),
    path("<int:import_number>/confirmation/", views.job_confirmation, name="job-confirmation"),
    path("<int:import_number>/cancellation/", views.job_cancellation, name="job-cancellation"),
    path("<int:import_number>/undo/", views.job_undo, name="job-undo"),
    path("<int:import_number>/faults/", views.job_faults, name="job-faults"),
]
