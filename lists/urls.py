from django.urls import path

from flipdash import converters  # noqa: F401  (registers <bigid:…>)
from lists import views

app_name = "lists"

urlpatterns = [
    path("", views.saved_views, name="views"),
    path("new/", views.new_view, name="view-new"),
    path("count/", views.count, name="count"),
    path("sums/", views.sums, name="sums"),
    path("columns/", views.columns, name="columns"),
    path("columns/reset/", views.columns_reset, name="columns-reset"),
    path("rows/", views.rows, name="rows"),
    path("default/removal/", views.default_removal, name="default-removal"),
    path("<bigid:view>/", views.view, name="view"),
    path("<bigid:view>/edit/", views.view_edit, name="view-edit"),
    path("<bigid:view>/deletion/", views.view_deletion, name="view-deletion"),
    path("<bigid:view>/default/", views.view_default, name="view-default"),
]
