"""Saved views, beside the menu."""

from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission
from flipdash.menu import Entry, beside

beside("", Entry(_("Views"), "lists:views", Permission.VIEW_HISTORY))
