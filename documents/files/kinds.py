"""All files of a business in one list: each kind is registered, and says which of its rows come next.

    kinds.register(Kind("statements", _("Statements"), find_statements))

A page asks each kind once, for no more rows than it shows, and merges what comes by the time at which it was made.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from flipdash.scope import Scope
from flipdash.words import Words

PAGE_SIZE = 25


@dataclass(frozen=True)
class Item:
    """One file as the list shows it."""

    at: datetime
    pk: int
    title: str
    status: Any
    """A member of the State that the row has."""
    reference: str = ""
    period: str = ""
    who: str = ""
    size: int | None = None  # bytes
    expires_at: datetime | None = None
    """None for what is kept for good."""
    page_url: str = ""
    """"" where what it is of is there no more."""
    file_url: str = ""
    """Where it is downloaded; "" while there is no file, or none any more."""


@dataclass(frozen=True)
class Place:
    """Where a page begins: behind one row of one kind."""

    at: datetime
    kind: str
    pk: int


@dataclass(frozen=True)
class Asked:
    """What a page asks a kind for."""

    kind: str
    words: tuple[str, ...] = ()
    """Every one has to stand in what the row is called."""
    place: Place | None = None

    def of(self, rows: QuerySet[Any], at: str) -> Any:
        """Return the rows of a page and one more, newest first by a field that has the time."""
        if self.place:
            here = Q(**{at: self.place.at})
            earlier = Q(**{f"{at}__lt": self.place.at})
            if self.kind == self.place.kind:
                earlier |= here & Q(pk__lt=self.place.pk)
            elif self.kind > self.place.kind:
                earlier |= here
            rows = rows.filter(earlier)
        return rows.order_by(f"-{at}", "-pk")[: PAGE_SIZE + 1]


@dataclass(frozen=True)
class Kind:
    """A kind of file. Its finder asks for the rights that the rows need besides downloading."""

    name: str
    label: Words
    find: Callable[[Scope, Asked], list[Item]]


@dataclass(frozen=True)
class Page:
    """One page of the list: each row with its kind, and where the next page begins."""

    rows: list[tuple[Kind, Item]]
    older: Place | None


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Bring a kind of file into the list; the same name again replaces it."""
    _kinds[kind.name] = kind


def kinds() -> list[Kind]:
    """Return all kinds in the order of their names."""
    return [_kinds[name] for name in sorted(_kinds)]


def page(scope: Scope, *, kind: str = "", words: tuple[str, ...] = (), place: Place | None = None) -> Page:
    """Return the files behind a place, of one kind or of all."""
    wanted = [one for one in kinds() if kind in ("", one.name)]
    found = [(one, item) for one in wanted for item in one.find(scope, Asked(one.name, words, place))]
    found.sort(key=lambda row: row[1].pk, reverse=True)
    found.sort(key=lambda row: row[0].name)
    found.sort(key=lambda row: row[1].at, reverse=True)
    last = found[PAGE_SIZE - 1] if len(found) > PAGE_SIZE else None
    return Page(found[:PAGE_SIZE], Place(last[1].at, last[0].name, last[1].pk) if last else None)
