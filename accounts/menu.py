"""The sidebar: product.md §1's menu in its order, with what exists so far. A role sees what it may use."""

from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission
from flipdash.scope import Scope
from flipdash.words import Words


@dataclass(frozen=True)
class Entry:
    """One line of the menu."""

    label: Words
    view: str
    permission: Permission


@dataclass(frozen=True)
class Section:
    """A heading of the menu with its entries."""

    label: Words
    icon: str
    entries: tuple[Entry, ...]


MENU = (
    Section(
        _("Money Transfer"),
        "arrow-left-right",
        (Entry(_("Transaction History"), "transactions:transfers", Permission.VIEW_HISTORY),),
    ),
    Section(
        _("International Transfer"),
        "globe",
        (Entry(_("Transaction History"), "transactions:international", Permission.VIEW_HISTORY),),
    ),
    Section(
        _("Accept Payment"),
        "hand-coins",
        (Entry(_("Payment History"), "transactions:payments", Permission.VIEW_HISTORY),),
    ),
    Section(
        _("My Deposit"),
        "wallet",
        (
            Entry(_("Overview"), "deposits:overview", Permission.VIEW_HISTORY),
            Entry(_("Deposit History"), "deposits:history", Permission.VIEW_HISTORY),
            Entry(_("Top-Up History"), "deposits:top-ups", Permission.VIEW_HISTORY),
        ),
    ),
    Section(
        _("Document"),
        "file-text",
        (Entry(_("Reports"), "documents:reports", Permission.DOWNLOAD_REPORTS),),
    ),
    Section(
        _("Manage Multi Account"),
        "users",
        (
            Entry(_("Accounts"), "members", Permission.MANAGE_MEMBERS),
            Entry(_("Activity Log"), "activity:log", Permission.MANAGE_MEMBERS),
        ),
    ),
    Section(
        _("Settings"),
        "settings",
        (
            Entry(_("Account & Profile"), "account", Permission.MANAGE_ACCOUNT),
            Entry(_("Import history"), "imports:jobs", Permission.MANAGE_ACCOUNT),
        ),
    ),
)


@dataclass
class ShownEntry:
    """An entry as one person sees it on one page."""

    label: str
    url: str
    is_current: bool


@dataclass
class ShownSection:
    """A section as one person sees it on one page."""

    label: str
    icon: str
    is_current: bool
    entries: list[ShownEntry] = field(default_factory=list)
    url: str | None = None
    count: int | None = None


def menu_for(scope: Scope, path: str) -> list[ShownSection]:
    """Return the sections in which the scope may use something; `path` is the page being shown."""
    shown = []
    for section in MENU:
        entries = [
            ShownEntry(str(entry.label), reverse(entry.view), is_current=False)
            for entry in section.entries
            if scope.can(entry.permission)
        ]
        here = [entry for entry in entries if path.startswith(entry.url)]
        if here:  # the page below which the others are is not meant when one of them is
            max(here, key=lambda entry: len(entry.url)).is_current = True
        if entries:
            current = any(entry.is_current for entry in entries)
            shown.append(ShownSection(str(section.label), section.icon, current, entries))
    return shown
