"""The kinds of event that people and their settings tell, with the words of the Activity Log.

They belong to the account, not to a mode: the Activity Log keeps them in Live Mode (decision 0020).
"""

from django.utils.translation import gettext_lazy as _

from flipdash.words import Words

ACTIVITY: dict[str, Words] = {
    "profile.language_changed": _("Language changed"),
    "access.suspended": _("Sign-in suspended by FlipDash"),
    "access.restored": _("Sign-in restored by FlipDash"),
}
SIGN_IN: dict[str, Words] = {
    "business.signed-up": _("Business signed up"),
    "sign-in": _("Signed in"),
    "sign-in.failed": _("Sign-in failed"),
    "sign-out": _("Signed out"),
    "session.ended": _("Session ended"),
    "password.changed": _("Password changed"),
    "password.reset": _("Password reset by mail"),
    "second-factor.added": _("Authenticator app added"),
    "second-factor.removed": _("Authenticator app removed"),
    "second-factor.reset": _("Two-step verification reset by an Admin"),
    "recovery-codes.made": _("Recovery codes made"),
    "passkey.added": _("Passkey added"),
    "passkey.removed": _("Passkey removed"),
    "proof.given": _("Fresh proof given"),
    "proof.failed": _("Fresh proof failed"),
}
"""Signing in and out, and what one signs in with."""
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

OF_ACCOUNT: dict[str, Words] = {**SIGN_IN, **TEAM, **ACCOUNT, **PROFILE, **ACTIVITY}
"""All of them: they belong to the account, whichever mode the page was on."""
