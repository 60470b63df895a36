"""Developer in the menu."""

from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission
from flipdash.menu import Entry, Section, declare

declare(
    Section("developer", _("Developer"), "code-xml", 90),
    Entry(_("Manage API"), "developer:manage", Permission.MANAGE_API),
    Entry(_("Callback Deliveries"), "developer:callbacks", Permission.MANAGE_API),
    Entry(_("API Logs"), "developer:calls", Permission.MANAGE_API),
    Entry(_("API Reference"), "developer:reference", Permission.MANAGE_API),
)
