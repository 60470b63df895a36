"""The Activity Log is declared in accounts, which knows nothing of pages of histories: they are routed here."""

from django.urls import path

from accounts.activity.history import ActivityHistory
from flipdash import converters  # noqa: F401  (registers <bigid:…>)
from workspace.pages import detail_view, history_view

app_name = "activity"

urlpatterns = [
    path("", history_view(ActivityHistory), name="log"),
    path("<bigid:pk>/", detail_view(ActivityHistory), name="event"),
]
