"""People and the account in the menu."""

from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission
from flipdash.menu import Entry, Section, declare

declare(
    Section("multi-account", _("Manage Multi Account"), "users", 80),
    Entry(_("Accounts"), "members", Permission.MANAGE_MEMBERS),
    Entry(_("Activity Log"), "activity:log", Permission.MANAGE_MEMBERS),
)
declare(
    Section("settings", _("Settings"), "settings", 100),
    Entry(_("Account & Profile"), "account", Permission.MANAGE_ACCOUNT),
)
