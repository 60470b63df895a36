from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from flipdash import styleguide, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("accounts.urls")),
    path("views/", include("lists.urls")),
    path("deposit/", include("deposits.urls")),
    path("", include("transactions.urls")),
    path("pay/", include("transactions.payments.urls")),
    path("documents/", include("documents.urls")),
    path("developer/", include("developer.urls")),
    path("", include("developer.api.urls")),
    path("receipts/", include("documents.receipts.urls")),
    path("settings/import-history/", include("imports.urls")),
    path("admin/", admin.site.urls),
]

if settings.OUTBOX:
    urlpatterns += [
        path("styleguide/", styleguide.styleguide, name="styleguide"),
        path("outbox/", views.outbox, name="outbox"),
    ]

handler404 = "flipdash.views.not_found"
handler500 = "flipdash.views.server_error"
