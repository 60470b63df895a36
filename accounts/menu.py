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
    is_alone: bool = False
    """Whether it stands for its own page only, though other pages have addresses below it."""


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
            Entry(_("Overview"), "deposits:overview", Permission.VIEW_HISTORY, is_alone=True),
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

    @property
    def is_nearest(self) -> bool:
        """Whether the page belongs to the section and to none of its entries, as a form behind a button does."""
        return self.is_current and not any(entry.is_current for entry in self.entries)


def menu_for(scope: Scope, path: str) -> list[ShownSection]:
    """Return the sections in which the scope may use something; `path` is the page being shown."""
    shown = []
    for section in MENU:
        allowed = [(entry, reverse(entry.view)) for entry in section.entries if scope.can(entry.permission)]
        around = [(entry, url) for entry, url in allowed if path.startswith(url)]
        # The page below which the others are is not meant when one of them is.
        here = max((url for entry, url in around if not entry.is_alone or url == path), key=len, default="")
        if allowed:
            entries = [ShownEntry(str(entry.label), url, url == here) for entry, url in allowed]
            shown.append(ShownSection(str(section.label), section.icon, bool(around), entries))
    return shown
