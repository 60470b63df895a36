from django.urls import path, register_converter

from developer.callbacks import delivery_views as deliveries
from developer.callbacks import views as callbacks
from developer.callbacks.converters import EventConverter
from developer.callbacks.history import CallbackHistory
from developer.calls.history import CallHistory
from developer.keys import views as keys
from developer.reference import views as reference
from flipdash import converters  # noqa: F401  (registers <bigid:…>)
from flipdash.histories.pages import detail_view, history_view

register_converter(EventConverter, "event")

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
    path("manage/signature/", keys.signature, name="signature"),
    path("logs/", history_view(CallHistory), name="calls"),
    path("logs/<bigid:pk>/", detail_view(CallHistory), name="call"),
    path("manage/callbacks/<event:event>/", callbacks.callback_url, name="callback-url"),
    path("manage/callbacks/<event:event>/address/", callbacks.save, name="callback-url-save"),
    path("manage/callbacks/<event:event>/removal/", callbacks.removal, name="callback-removal"),
    path("manage/callbacks/<event:event>/test/", callbacks.test_call, name="callback-test"),
    path("manage/callbacks/<event:event>/secret/", callbacks.change_secret, name="callback-secret-change"),
    path("manage/callbacks/<event:event>/secret/text/", callbacks.show_secret, name="callback-secret-show"),
    path("callbacks/", history_view(CallbackHistory), name="callbacks"),
    path("callbacks/<bigid:pk>/", detail_view(CallbackHistory), name="callback"),
    path("callbacks/<bigid:pk>/resending/", deliveries.resend_one, name="callback-resending"),
    path("callbacks/resending/", deliveries.resend_many, name="resend-new"),
    path("callbacks/resends/<int:resend_number>/", deliveries.resend, name="resend"),
    path("callbacks/resends/<int:resend_number>/status/", deliveries.resend_status, name="resend-status"),
    path(
        "callbacks/resends/<int:resend_number>/cancellation/",
        deliveries.resend_cancellation,
        name="resend-cancellation",
    ),
    path("reference/", reference.overview, name="reference"),
    path("reference/callbacks/", reference.callbacks, name="reference-callbacks"),
    path("reference/v<int:version>/openapi.json", reference.openapi, name="reference-openapi"),
    path("reference/v<int:version>/<slug:name>/", reference.call, name="reference-call"),
]
