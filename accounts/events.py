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
