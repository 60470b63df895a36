"""The kinds of event that people's acts are told as. A group each; accounts.apps declares them."""

from django.utils.translation import gettext_lazy as _

from flipdash.words import Words

TEAM: dict[str, Words] = {
    "member.invited": _("Account added"),
    "invitation.resent": _("Invitation resent"),
    "invitation.revoked": _("Invitation revoked"),
    "member.joined": _("Invitation accepted"),
    "member.role-changed": _("Role changed"),
    "member.deactivated": _("Account deactivated"),
    "member.reactivated": _("Account reactivated"),
    "member.end-changed": _("End of membership changed"),
}

ACCOUNT: dict[str, Words] = {
    "account.changed": _("Account settings changed"),
    "account.security-changed": _("Security policy changed"),
    "second-person.changed": _("Second-person rule changed"),
    "second-person.asked": _("Looser second-person rule asked for"),
    "second-person.cancelled": _("Looser second-person rule cancelled"),
}

PROFILE: dict[str, Words] = {
    "profile.changed": _("Profile changed"),
    "phone.code-sent": _("Code sent to a phone"),
    "phone.verified": _("Phone verified"),
}
