from allauth.account import views as allauth
from django.urls import path

from accounts.views import account, invitations, members, pages, permissions, profile, proof
from flipdash import converters  # noqa: F401  (registers <bigid:…>)
from flipdash.gate import public

urlpatterns = [
    path("", pages.home, name="home"),
    path("sign-in/", public(allauth.login), name="account_login"),
    path("sign-out/", public(allauth.logout), name="account_logout"),
    path("my-profile/language/", pages.language, name="language"),
    path("my-profile/", profile.my_profile, name="profile"),
    path("my-profile/phone/", profile.phone, name="phone"),
    path("my-profile/phone/code/", profile.phone_code, name="phone-code"),
    path("proof/", proof.proof, name="proof"),
    path("account/inactive/", public(allauth.account_inactive), name="account_inactive"),
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
