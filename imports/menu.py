"""Importing history, in the menu."""

from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission
from flipdash.menu import Entry, add

add("settings", Entry(_("Import history"), "imports:jobs", Permission.MANAGE_ACCOUNT))
