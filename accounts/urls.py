from allauth.account import views as allauth
from django.urls import path

from accounts.views import pages, proof
from flipdash.gate import public

urlpatterns = [
    path("", pages.home, name="home"),
    path("sign-in/", public(allauth.login), name="account_login"),
    path("sign-out/", public(allauth.logout), name="account_logout"),
    path("my-profile/language/", pages.language, name="language"),
    path("proof/", proof.proof, name="proof"),
    path("account/inactive/", public(allauth.account_inactive), name="account_inactive"),
]
