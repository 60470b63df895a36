"""The public payment pages: there is one address for both modes, and the link says which."""

from django.urls import path

from transactions.payments import public_views as views

app_name = "pay"

urlpatterns = [
    path("<str:key>/", views.link, name="link"),
    path("<str:key>/logo/", views.logo, name="logo"),
    path("payment/<str:token>/", views.payment, name="payment"),
    path("payment/<str:token>/status/", views.payment_status, name="status"),
    path("payment/<str:token>/paying/", views.paying_act, name="paying"),
]
