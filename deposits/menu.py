"""The deposit in the menu."""

from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission
from flipdash.menu import Entry, Section, beside, declare

declare(
    Section("deposit", _("My Deposit"), "wallet", 50),
    Entry(_("Overview"), "deposits:overview", Permission.VIEW_HISTORY, is_alone=True),
    Entry(_("Deposit History"), "deposits:history", Permission.VIEW_HISTORY),
    Entry(_("Top-Up History"), "deposits:top-ups", Permission.VIEW_HISTORY),
)
beside(_("My Deposit"), Entry(_("Top-Up Deposit"), "deposits:top-up", Permission.TOP_UP_DEPOSIT))
