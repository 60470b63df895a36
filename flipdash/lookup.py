"""One box over everything that a person may see: rows of histories, pages, and what apps register besides.

What is found stands in groups, a few lines each; each looks by itself, within the time of all. A number that is exactly
what something is called leads straight there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from time import monotonic

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.urls import reverse
from django.utils import translation
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from flipdash import db, formats, histories, menu
from flipdash.histories import DateTimeColumn, History, Layout, Results
from flipdash.histories.columns import Row
from flipdash.histories.search import Code, Id, digits_of
from flipdash.histories.searchbox import clean_term
from flipdash.scope import Scope
from flipdash.searchkeys import folded
from flipdash.words import Words

LINES = 4
"""How many lines a group has at most."""
SHORTEST = 2
"""Letters from which on more than pages is looked for."""


@dataclass(frozen=True)
class Hit:
    """One line: what it is, and where it leads."""

    label: str
    url: str
    note: str = ""
    figure: str = ""
    """An amount."""
    state: str = ""
    """Its badge."""
    is_exact: bool = False
    """Whether what was typed is exactly its number."""


@dataclass(frozen=True)
class Group:
    """What was found of one kind."""

    label: Words
    hits: list[Hit]
    more_url: str = ""
    """Where all of it is found, if there may be more."""
    is_of_few: bool = False
    """Whether there are few of its kind, so that a name means one of them before it means one of a thousand rows."""

    @property
    def has_exact(self) -> bool:
        """Whether what was typed is the very number of one of them."""
        return any(hit.is_exact for hit in self.hits)


@dataclass(frozen=True)
class Found:
    """What was found by one term."""

    term: str
    groups: list[Group] = field(default_factory=list)
    problem: str = ""
    """Why nothing was looked for, in words."""
    is_late: bool = False
    """Whether there was no time to look everywhere."""

    @property
    def count(self) -> int:
        """How many lines there are."""
        return sum(len(group.hits) for group in self.groups)

    @property
    def target(self) -> str:
        """Where the term leads by itself: to the one thing whose number it is; "" where there is none, or several."""
        urls = {hit.url for group in self.groups for hit in group.hits if hit.is_exact}
        return urls.pop() if len(urls) == 1 else ""


Finder = Callable[[Scope, str], Group]
_finders: list[Finder] = []


def register(finder: Finder) -> Finder:
    """Look by this finder too, after the histories; it asks by itself what the scope may see, and a few rows only."""
    if finder not in _finders:
        _finders.append(finder)
    return finder


def look_up(scope: Scope, typed: str) -> Found:
    """Return what somebody may see of what is meant by some words; without words, the pages of the menu."""
    try:
        term = clean_term(typed)
    except ValidationError as problem:
        return Found(typed, problem=" ".join(problem.messages))
    groups, is_late = [pages(scope, term)], False
    ends = monotonic() + settings.HISTORY_TIMEOUT_MS / 1_000
    for look in _finders_for(scope) if len(term) >= SHORTEST else ():
        left = int((ends - monotonic()) * 1_000)
        try:
            with db.time_limit(max(left, 1)):
                groups.append(look(scope, term))
        except db.TooSlow:
            is_late = True
    filled = (group for group in groups if group.hits)
    return Found(term, sorted(filled, key=lambda group: (not group.has_exact, not group.is_of_few)), is_late=is_late)


def _finders_for(scope: Scope) -> Iterator[Finder]:
    kinds = sorted(map(histories.get, histories.names()), key=lambda kind: menu.place_of(kind.url_name))
    yield from (partial(_in_history, kind) for kind in kinds if kind.is_looked_up and scope.can(kind.permission))
    yield from _finders


# --- Rows of histories -----------------------------------------------------------------------------------------------


def _in_history(kind: type[History], scope: Scope, term: str) -> Group:
    """Return the newest rows of a history that its own search finds."""
    every = [column.name for column in kind.columns]
    history = kind(scope, QueryDict(urlencode({"q": term})), layout=Layout(every, rows=LINES))
    page = history.page() if history.is_valid else Results()
    hits = [_hit(history, row, term) for row in page.rows]
    url = f"{reverse(kind.url_name)}?{urlencode({'q': term})}"
    return Group(f"{kind.section} · {kind.title}", hits, url if page.older_url else "")


def _hit(history: History, row: Row, term: str) -> Hit:
    """Return a row as a phone's card has it: who or what, the amount and the state, and under it when and more."""
    of_card = {card: [c for c in history.columns if c.card == card] for card in ("title", "line", "meta")}
    title, *more = [c.text(row) for c in (*of_card["title"], *of_card["line"])]
    more += [c.text(row) for c in of_card["meta"] if not isinstance(c, DateTimeColumn)]
    when = formats.Moments().short(row["created_at"], history.today)
    return Hit(
        label=title or history.heading_of(row),
        url=reverse(history.row_url_name, args=[row["id"]]),
        note=" · ".join(filter(None, [when, *more])),
        figure=next((column.text(row) for column in history.columns if column.card == "amount"), ""),
        state=history.state_of(row),
        is_exact=_is_called(history, row, term),
    )


def _is_called(history: History, row: Row, term: str) -> bool:
    """Whether a term is the row's own number, or one that it has in another system."""
    codes = [f.field for f in history.search if isinstance(f, Code)]
    codes += [f.external for f in history.search if isinstance(f, Id) and f.external]
    said = {str(row[name]).casefold() for name in codes if row.get(name)}
    return digits_of(term) == str(row["id"]) or term.casefold() in said


# --- Pages -----------------------------------------------------------------------------------------------------------


def pages(scope: Scope, term: str) -> Group:
    """Return the pages that are called so in either language; without a term, those of the menu."""
    words = _words(term)
    meant = [p for p in menu.pages_for(scope) if (words and _is_named(p, words)) or (not words and p.is_in_menu)]
    meant.sort(key=lambda page: not set(words) <= set(_words(str(page.label))))  # whole words of its own come first
    hits = [Hit(str(page.label), page.url, note=str(page.section)) for page in meant]
    return Group(_("Pages"), hits[: 2 * LINES] if words else hits, is_of_few=True)


def _is_named(page: menu.Page, words: list[str]) -> bool:
    """Whether each word begins one of the page's, all of them in one language."""
    return any(all(any(part.startswith(word) for part in name) for word in words) for name in _names(page))


def _names(page: menu.Page) -> Iterator[list[str]]:
    """Yield what a page and its section are called in each language, as folded words."""
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            yield _words(f"{page.label} {page.section}")


def _words(said: str) -> list[str]:
    return folded(said).replace("-", " ").split()
