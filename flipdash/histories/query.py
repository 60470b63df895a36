"""What an address asks for, read into a value: the search with all that it can be taken for, and the filters set.

Nothing here asks the database.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from operator import and_
from typing import Self

from django.db.models import Q

from flipdash.histories.declaration import Declaration
from flipdash.histories.filters import Cleaned, DateFilter, Filter
from flipdash.histories.search import SearchField, Text
from flipdash.scope import Scope
from flipdash.words import Words

NOTHING = Q(pk__in=())


@dataclass(frozen=True)
class Reading:
    """One way in which a search can be exactly what a row has."""

    label: Words
    """What it is taken for."""
    condition: Q
    ignores_dates: bool
    is_scattered: bool = False
    """Whether its index has such rows in another order than pages."""


@dataclass(frozen=True)
class Term:
    """What was typed into the search box, and all that it can be taken for."""

    said: str
    readings: tuple[Reading, ...]
    """What it is exactly, such as somebody's account number; they are asked first."""
    is_words: bool
    """Whether it can be found in the text of rows."""

    @classmethod
    def read(cls, said: str, search: Iterable[SearchField | Text], *, as_text: bool) -> Self:
        """Return what the fields make of a search; `as_text` is asked when it is not to be taken for anything else."""
        fields = list(search)
        exact = [] if as_text else [f for f in fields if isinstance(f, SearchField)]
        in_order = [Reading(f.label, condition, f.ignores_dates) for f in exact for condition in f.condition(said)]
        scattered = [
            Reading(f.label, condition, f.ignores_dates, True) for f in exact for condition in f.scattered(said)
        ]
        is_words = any(isinstance(f, Text) and f.finds(said) for f in fields)
        return cls(said, (*in_order, *scattered), is_words)


@dataclass(frozen=True)
class Query:
    """A search and filters of one history, for one scope."""

    scope: Scope
    cleaned: Cleaned
    term: Term | None
    filters: tuple[Filter, ...]
    """The filters that are set."""
    text: Text | None
    """The field that is found by its words, if the history has one."""
    dates: DateFilter | None

    @classmethod
    def read(cls, declared: type[Declaration], scope: Scope, cleaned: Cleaned) -> Self:
        """Return what an address asks of a history; the address is valid."""
        said, as_text = cleaned["q"], cleaned["in"] == "text"
        return cls(
            scope,
            cleaned,
            term=Term.read(said, declared.search, as_text=as_text) if said else None,
            filters=tuple(f for f in declared.filters if f.words(cleaned) != ("", "")),
            text=next((f for f in declared.search if isinstance(f, Text)), None),
            dates=next((f for f in declared.filters if isinstance(f, DateFilter)), None),
        )

    @property
    def without_filters(self) -> Self:
        """The search alone."""
        return replace(self, filters=())

    def filtered(self, *, for_id: bool = False) -> Q:
        """Return all filters as one condition; an id is found whatever the dates say."""
        filters = [f for f in self.filters if not (for_id and f.ignored_by_id)]
        return reduce(and_, (f.condition(self.cleaned, self.scope) for f in filters), Q())

    @property
    def said(self) -> Q:
        """What contains the words of the search."""
        if self.term is None:
            return Q()
        return self.text.contains(self.term.said) if self.text and self.term.is_words else NOTHING

    @cached_property
    def kept(self) -> Q:
        """What has the words and passes the filters."""
        return self.said & self.filtered()

    @cached_property
    def words(self) -> list[str]:
        """All words that must be there, by the search and by filters that look inside texts."""
        said = self.term.said if self.term else ""
        return " ".join((said, *(f.sought(self.cleaned) for f in self.filters))).split()

    @cached_property
    def keys(self) -> Q:
        """What the index of search keys gives for the words and the filters; Q() where it can't help."""
        if self.text is None or not self.text.has_keys:
            return Q()
        return self.text.index.holds(self.scope, self.words, (f.mark(self.cleaned) for f in self.filters))

    @cached_property
    def near(self) -> Q:
        """What of the filters an index knows along the order of pages: where matches can be."""
        near = self.dates.creation(self.cleaned, self.scope) if self.dates else Q()
        ordered = [f for f in self.filters if f.is_in_order(self.cleaned)]
        # One alone: no index has two of them in order, and the rows of one without the other can be many.
        return near & ordered[0].condition(self.cleaned, self.scope) if ordered else near
