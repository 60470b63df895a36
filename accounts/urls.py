from allauth.account import views as allauth
from django.urls import path

from accounts import views
from flipdash.gate import public

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in/", public(allauth.login), name="account_login"),
    path("sign-out/", public(allauth.logout), name="account_logout"),
    path("my-profile/language/", views.language, name="language"),
    path("account/inactive/", public(allauth.account_inactive), name="account_inactive"),
]
