from django.urls import include, path

from accounts.activity.history import ActivityHistory
from accounts.business import views as account
from accounts.profile import views as profile
from accounts.sign_in.views import factors, reauthentication, recovery, sessions, sign_in
from accounts.team.views import invitations, members
from accounts.views import lookup, pages, permissions
from accounts.views import notices as bell
from flipdash import converters  # noqa: F401  (registers <bigid:…>)
from flipdash.histories.pages import detail_view, history_view

activity = [
    path("", history_view(ActivityHistory), name="log"),
    path("<bigid:pk>/", detail_view(ActivityHistory), name="event"),
]

urlpatterns = [
    path("", pages.home, name="home"),
    path("find/", lookup.look_up, name="look-up"),
    path("sign-in/", sign_in.sign_in, name="account_login"),
    path("sign-in/language/", pages.sign_in_language, name="sign-in-language"),
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
    path("re-authentication/", reauthentication.reauthentication, name="reauthentication"),
    path("my-profile/language/", pages.language, name="language"),
    path("my-profile/security/", factors.overview, name="security"),
    path("my-profile/security/password/", factors.password, name="password"),
    path("my-profile/security/app/", factors.app, name="authenticator-app"),
    path("my-profile/security/passkey/", factors.passkey, name="passkey"),
    path("my-profile/security/factors/<bigid:factor>/removal/", factors.factor_removal, name="factor-removal"),
    path("my-profile/security/recovery-codes/", factors.recovery_codes, name="recovery-codes"),
    path("my-profile/sessions/", sessions.session_list, name="sessions"),
    path("my-profile/sessions/others/end/", sessions.session_end_others, name="session-end-others"),
    path("my-profile/sessions/<bigid:user_session>/end/", sessions.session_end, name="session-end"),
    path("members/<bigid:member_id>/second-factor/", recovery.second_factor_reset, name="member-second-factor"),
    path("my-profile/", profile.my_profile, name="profile"),
    path("my-profile/notices/", profile.my_notices, name="notices"),
    path("notices/", bell.notice_list, name="notice-list"),
    path("my-profile/phone/", profile.phone, name="phone"),
    path("my-profile/phone/code/", profile.phone_code, name="phone-code"),
    path("members/activity/", include((activity, "activity"))),
    path("permissions/", permissions.permissions, name="permissions"),
    path("members/", members.members, name="members"),
    path("members/new/", members.member_new, name="member-new"),
    path("members/invitations/", members.invitations, name="invitations"),
    path(
        "members/invitations/<bigid:invitation_id>/resending/",
        members.invitation_resending,
        name="invitation-resending",
    ),
    path(
        "members/invitations/<bigid:invitation_id>/revocation/",
        members.invitation_revocation,
        name="invitation-revocation",
    ),
    path("members/<bigid:member_id>/", members.member, name="member"),
    path("members/<bigid:member_id>/role/", members.member_role, name="member-role"),
    path("members/<bigid:member_id>/deactivation/", members.member_deactivation, name="member-deactivation"),
    path("members/<bigid:member_id>/reactivation/", members.member_reactivation, name="member-reactivation"),
    path("members/<bigid:member_id>/end/", members.member_end, name="member-end"),
    path("invitations/<str:token>/", invitations.invitation, name="invitation"),
    path("settings/account/", account.account, name="account"),
    path("settings/account/details/", account.account_details, name="account-details"),
    path("settings/account/logo/", account.account_logo, name="account-logo"),
    path("settings/account/logo-removal/", account.account_logo_removal, name="account-logo-removal"),
    path("settings/account/security/", account.account_security, name="account-security"),
    path("settings/account/second-person/", account.account_second_person, name="account-second-person"),
    path(
        "settings/account/second-person/cancellation/",
        account.account_second_person_cancellation,
        name="account-second-person-cancellation",
    ),
    path("business-logo/", account.logo, name="business-logo"),
]
