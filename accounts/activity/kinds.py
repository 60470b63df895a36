"""The kinds of event that people and their settings tell, with the words of the Activity Log.

They belong to the account, not to a mode: the Activity Log keeps them in Live Mode (decision 0020).
"""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.activity.words import parts_in_words, role_words
from accounts.models import Business
from flipdash import events, money
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
    "sign-in.closed": _("Closed for 5 minutes after wrong tries"),
    "sign-out": _("Signed out"),
    "session.ended": _("Session ended"),
    "password.changed": _("Password changed"),
    "password.reset": _("Password reset by email"),
    "second-factor.added": _("Authenticator app added"),
    "second-factor.removed": _("Authenticator app removed"),
    "second-factor.reset": _("Two-step verification reset by an Admin"),
    "recovery-codes.made": _("Recovery codes made"),
    "passkey.added": _("Passkey added"),
    "passkey.removed": _("Passkey removed"),
    "reauthentication.passed": _("Re-authenticated"),
    "reauthentication.failed": _("Re-authentication failed"),
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
    "profile.notices": _("Notices or absence changed"),
    "phone.code-sent": _("Code sent to a phone"),
    "phone.verified": _("Phone verified"),
}

OF_ACCOUNT: dict[str, Words] = {**SIGN_IN, **TEAM, **ACCOUNT, **PROFILE, **ACTIVITY}
"""All of them: they belong to the account, whichever mode the page was on."""

AREAS: dict[str, Words] = {
    "sign-in": _("Sign-in"),
    "sign-out": _("Sign-out"),
    "session": _("Sessions"),
    "reauthentication": _("Re-authentication"),
    "password": _("Passwords"),
    "second-factor": _("Two-step verification"),
    "passkey": _("Passkeys"),
    "recovery-codes": _("Recovery codes"),
    "phone": _("Phones"),
    "access": _("Access"),
    "member": _("People"),
    "invitation": _("Invitations"),
    "profile": _("Profiles"),
    "business": _("Businesses"),
    "account": _("Business settings"),
    "second-person": _("Second-person rule"),
}
"""What stands before the dot of a kind."""


def _changed(value: Any) -> str:
    if isinstance(value, dict):
        return parts_in_words(value)
    return money.number(value) if isinstance(value, int) else role_words(str(value))


def _language(code: str) -> str:
    return dict(settings.LANGUAGES).get(code, code)


def _colour(name: str) -> str:
    return str(dict(Business.Colour.choices).get(name, name))


def _channel(name: str) -> str:
    return {"sms": "SMS", "whatsapp": "WhatsApp"}.get(name, name)


def _step(name: str) -> str:
    return gettext("code of the second step") if name == "code" else name


FACTS: dict[str, Words | events.Fact] = {
    "address": _("Address"),
    "all_others": _("All others"),
    "amount": events.Fact(_("Amount"), money.rupiah),
    "changed": events.Fact(_("Changed"), _changed),
    "colour": events.Fact(_("Colour"), _colour),
    "email": _("Email"),
    "file": _("File"),
    "language": events.Fact(_("Language"), _language),
    "legal_name": _("Legal name"),
    "logo": _("Logo"),
    "name": _("Name"),
    "npwp": "NPWP",
    "nitku": "NITKU",
    "phone": _("Phone"),
    "reason": _("Reason"),
    "role": events.Fact(_("Role"), role_words),
    "required": _("Required"),
    "rows": _("Rows"),
    "from_rupiah": events.Fact(_("From"), money.rupiah),
    "held": _("The rule that holds"),
    "dropped": _("The rule that was waiting"),
    "holds_from": _("Holds from"),
    "channel": events.Fact(_("Sent by"), _channel),
    "require_second_factor": _("Two-step verification required"),
    "approvals_need_reauthentication": _("Re-authentication at approvals"),
    "series_approved_once": _("Repeating transfers approved once"),
    "session_idle_minutes": _("Minutes without use until sign-out"),
    "session_hours": _("Hours until sign-out"),
    "time_zone": _("Time zone"),
    "to": _("Sent to"),
    "step": events.Fact(_("Step"), _step),
}
"""What several apps may tell too has its words here: amounts, files, rows."""
