from django.urls import path

from developer.calls.history import CallHistory
from developer.keys import views as keys
from flipdash import converters  # noqa: F401  (registers <bigid:…>)
from flipdash.histories.pages import detail_view, history_view

app_name = "developer"

urlpatterns = [
    path("manage/", keys.manage, name="manage"),
    path("manage/key/", keys.change, name="key-change"),
    path("manage/keys/new/", keys.add, name="key-new"),
    path("manage/keys/channel/", keys.channel, name="key-channel"),
    path("manage/keys/code/", keys.code, name="key-code"),
    path("manage/keys/<bigid:key>/text/", keys.show, name="key-show"),
    path("manage/keys/<bigid:key>/end/", keys.end, name="key-end"),
    path("manage/token/", keys.change_token, name="token-change"),
    path("manage/token/text/", keys.show_token, name="token-show"),
    path("logs/", history_view(CallHistory), name="calls"),
    path("logs/<bigid:pk>/", detail_view(CallHistory), name="call"),
]
