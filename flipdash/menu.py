"""The sidebar: product.md §1's menu in its order, with what exists so far. A role sees what it may use.

Each app declares, in a `menu.py` of its own that `ready()` imports, the sections it brings and the entries it adds to
another app's section. The ground floor knows none of them.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache

from django.urls import get_script_prefix, reverse

from flipdash.scope import Scope
from flipdash.words import Words


@dataclass(frozen=True)
class Entry:
    """One line of the menu."""

    label: Words
    view: str
    permission: str = ""
    """Which permission opens it: a value of accounts.permissions.Permission; "" for everybody."""
    is_alone: bool = False
    """Whether it stands for its own page only, though other pages have addresses below it."""
    part: str = ""
    """Which part of the page is meant: #details."""


@dataclass(frozen=True)
class Section:
    """A heading of the menu."""

    name: str
    label: Words
    icon: str
    place: int
    """Where it stands among the sections: ten times its line in product.md §1."""


@dataclass(frozen=True)
class Page:
    """A page that one person may open, by name."""

    label: Words
    section: Words
    """What it belongs to; "" for what stands by itself."""
    url: str
    is_in_menu: bool


BELOW = "…"
"""Ends the landmark of a page that is below an entry's own."""

_sections: dict[str, Section] = {}
_entries: dict[str, list[Entry]] = {}
_beside: list[tuple[Words, Entry]] = []


def declare(section: Section, *entries: Entry) -> None:
    """Bring a section into the menu, with its entries. Declaring it twice changes nothing."""
    _sections[section.name] = section
    add(section.name, *entries)


def add(section: str, *entries: Entry) -> None:
    """Add entries to a section, which another app may declare before or after."""
    known = _entries.setdefault(section, [])
    known.extend(entry for entry in entries if entry not in known)


def beside(section: Words, *entries: Entry) -> None:
    """Make pages known by name that the menu leaves to buttons; `section` says what they belong to."""
    _beside.extend((section, entry) for entry in entries if (section, entry) not in _beside)


def pages_for(scope: Scope) -> Iterator[Page]:
    """Yield the pages that the scope may open by name: those of the menu, and those beside it."""
    of_menu = [(section.label, entry, True) for section, entries in sections() for entry in entries]
    others = [(section, entry, False) for section, entry in _beside]
    for section, entry, is_in_menu in (*of_menu, *others):
        if not entry.permission or scope.can(entry.permission):
            yield Page(entry.label, section, reverse(entry.view) + entry.part, is_in_menu)


def place_of(view: str) -> int:
    """Return where a page stands among all of the menu; after them, if it isn't there."""
    views = [entry.view for _section, entries in sections() for entry in entries]
    return views.index(view) if view in views else len(views)


def sections() -> list[tuple[Section, list[Entry]]]:
    """Return the sections in their order, each with its entries."""
    return [(section, _entries[section.name]) for section in sorted(_sections.values(), key=lambda one: one.place)]


@dataclass
class ShownEntry:
    """An entry as one person sees it on one page."""

    label: str
    url: str
    is_current: bool


@dataclass
class ShownSection:
    """A section as one person sees it on one page."""

    name: str
    label: str
    icon: str
    is_current: bool
    entries: list[ShownEntry]
    """What the section holds: shown where one is in it, for its head leads to the first of them."""

    @property
    def url(self) -> str:
        """Where its head leads."""
        return self.entries[0].url

    @property
    def is_itself(self) -> bool:
        """Whether it is one page, of the same name: its head is enough."""
        return [entry.label for entry in self.entries] == [self.label]

    @property
    def is_nearest(self) -> bool:
        """Whether the page belongs to the section and to none of its entries, as a form behind a button does."""
        return self.is_current and not any(entry.is_current for entry in self.entries)


@cache
def _address(view: str, prefix: str) -> str:
    return reverse(view)


def landmark(scope: Scope, path: str) -> str:
    """Return the path, or what stands for all paths below the same entry: the menu is the same on all of them."""
    entries = (entry for _section, entries in sections() for entry in entries if scope.can(entry.permission))
    urls = (_address(entry.view, get_script_prefix()) for entry in entries)
    nearest = max((url for url in urls if path.startswith(url)), key=len, default="")
    return nearest if path == nearest else f"{nearest}{BELOW}"


def menu_for(permissions: Collection[str], path: str) -> list[ShownSection]:
    """Return the sections in which somebody with the permissions may use something; `path` is the page being shown."""
    shown = []
    for section, entries in sections():
        allowed = [(entry, reverse(entry.view)) for entry in entries if entry.permission in permissions]
        around = [(entry, url) for entry, url in allowed if path.startswith(url)]
        # The page below which the others are is not meant when one of them is.
        here = max((url for entry, url in around if not entry.is_alone or url == path), key=len, default="")
        if allowed:
            lines = [ShownEntry(str(entry.label), url, url == here) for entry, url in allowed]
            shown.append(ShownSection(section.name, str(section.label), section.icon, bool(around), lines))
    return shown
