from django.urls import path

from accounts.views import pages, proof, recovery, security, sessions, sign_in
from flipdash import converters  # noqa: F401  (registers <bigid:…>)

urlpatterns = [
    path("", pages.home, name="home"),
    path("sign-in/", sign_in.sign_in, name="account_login"),
    path("sign-in/second-step/", sign_in.second_step, name="mfa_authenticate"),
    path("sign-up/", sign_in.sign_up, name="account_signup"),
    path("sign-out/", sign_in.sign_out, name="account_logout"),
    path("account/inactive/", sign_in.account_inactive, name="account_inactive"),
    path("account/confirmation/", sign_in.confirmation_sent, name="account_email_verification_sent"),
    path("account/confirmation/<str:key>/", sign_in.confirm_email, name="account_confirm_email"),
    path("account/password/", sign_in.password_reset, name="account_reset_password"),
    path("account/password/sent/", sign_in.password_reset_sent, name="account_reset_password_done"),
    path(
        "account/password/<str:uidb36>/<str:key>/",
        sign_in.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("proof/", proof.proof, name="proof"),
    path("my-profile/language/", pages.language, name="language"),
    path("my-profile/security/", security.overview, name="security"),
    path("my-profile/security/password/", security.password, name="password"),
    path("my-profile/security/app/", security.app, name="authenticator-app"),
    path("my-profile/security/passkey/", security.passkey, name="passkey"),
    path("my-profile/security/factors/<bigid:factor>/removal/", security.factor_removal, name="factor-removal"),
    path("my-profile/security/recovery-codes/", security.recovery_codes, name="recovery-codes"),
    path("my-profile/sessions/", sessions.session_list, name="sessions"),
    path("my-profile/sessions/others/end/", sessions.session_end_others, name="session-end-others"),
    path("my-profile/sessions/<bigid:user_session>/end/", sessions.session_end, name="session-end"),
    path("members/<bigid:member>/second-factor/", recovery.second_factor_reset, name="member-second-factor"),
]
