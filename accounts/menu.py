"""People and the account in the menu."""

from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission
from flipdash.menu import Entry, Section, beside, declare

declare(
    Section("multi-account", _("Manage Multi Account"), "users", 80),
    Entry(_("Accounts"), "members", Permission.MANAGE_MEMBERS),
    Entry(_("Activity Log"), "activity:log", Permission.MANAGE_MEMBERS),
)
declare(
    Section("settings", _("Settings"), "settings", 100),
    Entry(_("Account & Profile"), "account", Permission.MANAGE_ACCOUNT),
)
beside(
    _("My Profile"),
    Entry(_("My Profile"), "profile"),
    Entry(_("Phone"), "profile", part="#phone"),
    Entry(_("Security"), "security"),
    Entry(_("Password"), "password"),
    Entry(_("Where you are signed in"), "sessions"),
)
beside(
    _("Manage Multi Account"),
    Entry(_("Add Account"), "member-new", Permission.MANAGE_MEMBERS),
    Entry(_("Roles and permissions"), "permissions"),
)
beside(
    _("Settings"),
    Entry(_("Business"), "account", Permission.MANAGE_ACCOUNT, part="#details"),
    Entry(_("Logo"), "account", Permission.MANAGE_ACCOUNT, part="#logo"),
    Entry(_("Security policy"), "account", Permission.MANAGE_ACCOUNT, part="#security"),
    Entry(_("Second person"), "account", Permission.MANAGE_ACCOUNT, part="#second-person"),
)
