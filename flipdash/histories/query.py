"""What an address asks for, read into a value: the search with all that it can be taken for, and the filters set.

Nothing here asks the database.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property, partial, reduce
from itertools import product
from math import prod
from operator import and_, or_
from typing import Self

from django.db.models import Q

from flipdash.histories import meanings
from flipdash.histories.columns import Facet
from flipdash.histories.declaration import Declaration
from flipdash.histories.filters import Cleaned, DateFilter, Filter
from flipdash.histories.meanings import NOTHING, Part
from flipdash.histories.search import TEXT, Calendar, Meaning, SearchField, Text
from flipdash.scope import Scope
from flipdash.searchkeys import SHORTEST, Span, is_found_inside
from flipdash.words import Words

MOST_TOGETHER = 16
"""Into how many ways to take words a search is written out for the index of search keys."""


@dataclass(frozen=True)
class Driver:
    """What leads to rows: a condition that indexes answer alone, and what it means of a row."""

    condition: Q
    plain: Q
    by_keys: tuple[Q, ...] = ()
    """Where the index of search keys alone leads there: what it is asked for each thing that words can mean together.
    The condition has these as alternatives."""


@dataclass(frozen=True)
class Reading:
    """One way in which a whole search can be exactly what a row has."""

    label: Words
    """What it is taken for."""
    condition: Q
    ignores_dates: bool
    facet: Facet = ("", ())
    """By what the index of search keys finds the same rows, and maybe some more."""
    is_scattered: bool = False
    """Whether its index has such rows in another order than pages."""


@dataclass(frozen=True)
class Term:
    """What was typed into the search box, and all that it can be taken for."""

    said: str
    readings: tuple[Reading, ...]
    """What the whole of it is exactly, such as somebody's account number; they are asked first."""
    parts: tuple[Part, ...]
    """What its words are taken for otherwise."""
    is_number: bool = False
    """Whether its one part is what the readings say."""

    @classmethod
    def read(
        cls, said: str, search: Iterable[SearchField | Text], calendar: Calendar, taken: Iterable[str] = ()
    ) -> Self:
        """Return what the fields make of a search; `taken` says for what some words are taken, as addresses do."""
        fields, as_text = list(search), TEXT in taken
        named = {words.casefold(): name for name, colon, words in (one.partition(":") for one in taken) if colon}
        parts = meanings.read(said, fields, calendar, taken=named, as_text=as_text)
        if as_text or any(part.said.casefold() in named for part in parts):
            return cls(said, (), parts)
        exact = _exact(fields)
        if len(parts) == 1:  # once it is nobody's number, it is something else
            names = {field.field for field in exact}
            parts = (parts[0].taken_for(*(m for m in parts[0].meanings if m.name not in names)),)
        return cls(said, _readings(said, exact), parts)

    @property
    def is_words(self) -> bool:
        """Whether rows can be found by its words."""
        return all(part.meanings for part in self.parts)

    @property
    def can_be_text(self) -> bool:
        """Whether all of it can be looked for in the text."""
        return all(any(m.is_text for m in part.possible) for part in self.parts)

    @property
    def is_long(self) -> bool:
        """Whether it has a word of three characters."""
        return max(map(len, self.said.split())) >= SHORTEST

    @property
    def is_specific(self) -> bool:
        """Whether it has a word of three characters that names no sort of rows and no days, as filters do."""
        return self.is_number or any(
            max(map(len, part.said.split())) >= SHORTEST and not any(m.is_a_kind for m in part.meanings)
            for part in self.parts
        )


def _exact(fields: Iterable[SearchField | Text]) -> list[SearchField]:
    """Return what a whole search is asked for first: numbers, and the words of a choice where there is no text."""
    has_text = any(isinstance(f, Text) for f in fields)
    return [f for f in fields if isinstance(f, SearchField) and f.comes_first(has_text=has_text)]


def _readings(said: str, exact: Sequence[SearchField]) -> tuple[Reading, ...]:
    found = []
    for is_scattered in (False, True):
        for f in exact:
            conditions = f.scattered(said) if is_scattered else f.condition(said)
            found += [Reading(f.label, c, f.ignores_dates, f.facet(said), is_scattered) for c in conditions]
    return tuple(found)


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
    read_term: Callable[[str], Term]
    """Reads a search as this history and this address do."""
    span: Span | None = None
    """The days to which it is narrowed, while rows are looked for by parts of the time."""
    step: int = SHORTEST
    """At every how many letters its words are asked for by keys."""

    @classmethod
    def read(cls, declared: type[Declaration], scope: Scope, cleaned: Cleaned, today: Callable[[], date]) -> Self:
        """Return what an address asks of a history; the address is valid."""
        said, searched, calendar = cleaned["q"], declared.searched(), Calendar(scope.zone, today)
        read_term = partial(Term.read, search=searched, calendar=calendar, taken=cleaned["in"])
        return cls(
            scope,
            cleaned,
            term=read_term(said) if said else None,
            filters=tuple(f for f in declared.filters if f.words(cleaned) != ("", "")),
            text=next((f for f in declared.search if isinstance(f, Text)), None),
            dates=next((f for f in declared.filters if isinstance(f, DateFilter)), None),
            read_term=read_term,
        )

    @property
    def is_everything(self) -> bool:
        """Whether it narrows nothing."""
        return self.term is None and not self.filters

    @property
    def without_filters(self) -> Self:
        """The search alone."""
        return replace(self, filters=())

    def alone(self, part: Part) -> Self:
        """One part of the search alone, as if it had been typed so."""
        return replace(self, term=self.read_term(part.said))

    def within(self, span: Span) -> Self:
        """Return the query among what was created within some days."""
        return replace(self, span=span)

    @property
    def by_all_letters(self) -> Self:
        """The query asked for by all keys of its words: they lead to fewer rows, and are more to ask for."""
        return replace(self, step=1)

    @property
    def as_meanings(self) -> Self:
        """What the search is as a number, written as one part of several meanings; ids are left to their own index."""
        if self.term is None:
            return self
        readings = [reading for reading in self.term.readings if not reading.ignores_dates]
        meanings = tuple(Meaning("", r.label, r.condition, facet=r.facet) for r in readings)
        part = Part(self.term.said, meanings, meanings)
        return replace(self, term=replace(self.term, readings=(), parts=(part,), is_number=True))

    @property
    def between(self) -> tuple[datetime | None, datetime | None]:
        """When all that is asked for was created, as far as that is known; the end is excluded."""
        ranges: list[tuple[datetime | None, datetime | None]] = [m.between for m in self._sure if m.between]
        ranges += [self.dates.created_between(self.cleaned, self.scope)] if self.dates else []
        return max((start for start, _end in ranges if start), default=None), min(
            (end for _start, end in ranges if end), default=None
        )

    @property
    def alternatives(self) -> int:
        """How many things the words can mean together."""
        return prod(len(part.meanings) for part in self.parts)

    @property
    def has_spans(self) -> bool:
        """Whether the index of search keys has lists of days."""
        return self.text is not None and self.text.has_keys and bool(self.text.index.when)

    def filtered(self, *, for_id: bool = False) -> Q:
        """Return all filters as one condition; an id is found whatever the dates say."""
        filters = [f for f in self.filters if not (for_id and f.ignored_by_id)]
        return reduce(and_, (f.condition(self.cleaned, self.scope) for f in filters), Q())

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts of the search."""
        return self.term.parts if self.term else ()

    def filtered_by(self) -> list[Facet]:
        """Return the facets of the filters that are set."""
        return [facet for f in self.filters if (facet := f.facet(self.cleaned))[0]]

    def mentions(self) -> list[Facet]:
        """Return the facets that words of the search can mean."""
        return [meaning.facet for part in self.parts for meaning in part.meanings if meaning.facet[0]]

    def unsure_meanings(self, *, by_number: bool) -> list[tuple[str, Words, Q]]:
        """Return what unsure words can mean: the words, what that is called, and which rows have it."""
        if by_number and self.term:
            return [(self.term.said, reading.label, reading.condition) for reading in self.term.readings]
        return [(p.said, m.label, m.condition) for p in self.parts if not p.is_sure for m in p.meanings]

    @property
    def is_by_words(self) -> bool:
        """Whether the search, or a filter that looks inside texts, asks for more than filters do."""
        return bool(self.parts or self.sought)

    @cached_property
    def sought(self) -> list[str]:
        """The words for which filters look inside texts, where the index can help."""
        words = " ".join(f.sought(self.cleaned) for f in self.filters).split()
        return list(filter(is_found_inside, words))

    @cached_property
    def said(self) -> Q:
        """What all parts of the search mean."""
        return reduce(and_, (part.condition for part in self.parts), Q()) & self._reach

    @property
    def _reach(self) -> Q:
        """How far a search reaches that only names sorts of rows and days, for whoever sees recent rows alone.

        Filters never reach older ones, nor do such words; but where the same words stand in a text they are a search.
        """
        since = None if self.term is None or self.term.is_specific else self.scope.recent_since()
        if since is None or self.term is None or self.text is None:
            return Q()
        in_text = self.text.contains(self.term.said) if self.term.is_long else NOTHING
        return Q(created_at__gte=since) | in_text

    @cached_property
    def kept(self) -> Q:
        """What is meant and passes the filters."""
        span = Q(created_at__gte=self.span.start, created_at__lt=self.span.end) if self.span else Q()
        return self.said & self.filtered() & span

    @cached_property
    def drivers(self) -> list[Driver]:
        """The conditions of which each leads to all that is kept, and is answered by indexes alone.

        A statement has one of them: of a second one Postgres would make the keys again of each row of the first.
        """
        meant = [part for part in self.parts if part.meanings and not (part.is_sure and part.meanings[0].is_days)]
        known = [part for part in meant if all(map(self._has_keys, part.meanings))]
        some = [part for part in meant if part not in known and all(map(self._has_index, part.meanings))]
        driven = [Driver(reduce(or_, map(self._reached, part.meanings)), part.condition) for part in some]
        while prod(map(_ways, known)) > MOST_TOGETHER:
            known.remove(max(known, key=_ways))
        if by_keys := self._by_keys(known):
            plain = reduce(and_, (part.condition for part in known), self.filtered())
            driven.append(Driver(reduce(or_, by_keys), plain, tuple(by_keys)))
        return driven

    def _by_keys(self, parts: Sequence[Part]) -> list[Q]:
        """Return what the index of search keys gives for each thing that parts can mean together, with the filters and
        the words that filters look for; [] where it narrows nothing.
        """
        facets = [*(f.facet(self.cleaned) for f in self.filters), *([self.span.facet] if self.span else ())]
        ways = product(*(list(_each_way(part.meanings)) for part in parts))
        together = [self._keys(meanings, self.sought, facets) for meanings in ways]
        return together if all(together) else []

    def _has_keys(self, meaning: Meaning) -> bool:
        return bool(self._keys([meaning]))

    def _has_index(self, meaning: Meaning) -> bool:
        """Whether indexes lead to what is meant: every number has one, and what stands in order."""
        return self._has_keys(meaning) or not meaning.is_a_kind or meaning.is_days or meaning.is_in_order

    def _reached(self, meaning: Meaning) -> Q:
        return self._keys([*self._sure, meaning], self.sought) if self._has_keys(meaning) else meaning.condition

    @cached_property
    def keys(self) -> Q:
        """What the index of search keys gives for what is surely meant and the filters; Q() where it can't help."""
        return self._keys(self._sure, self.sought, [f.facet(self.cleaned) for f in self.filters])

    def _keys(self, sure: Iterable[Meaning], words: Iterable[str] = (), facets: Iterable[Facet] = ()) -> Q:
        if self.text is None or not self.text.has_keys:
            return Q()
        holds, meant = partial(self.text.index.holds, self.scope, step=self.step), list(sure)
        every = holds([*words, *(w for m in meant for w in m.words)], [*facets, *(m.facet for m in meant)])
        some = [reduce(or_, (holds([word], ()) for word in m.any_word)) for m in meant if m.any_word]
        return reduce(and_, some, every)

    @property
    def _sure(self) -> list[Meaning]:
        return [part.meanings[0] for part in self.parts if part.is_sure]

    @cached_property
    def near(self) -> Q:
        """What of it an index knows along the order of pages: where matches can be."""
        near = self.dates.creation(self.cleaned, self.scope) if self.dates else Q()
        near &= reduce(and_, (m.condition for m in self._sure if m.is_days), Q())
        ordered = [f.condition(self.cleaned, self.scope) for f in self.filters if f.is_in_order(self.cleaned)]
        ordered += [m.condition for m in self._sure if m.is_in_order]
        # One alone: no index has two of them in order, and the rows of one without the other can be many.
        return near & ordered[0] if ordered else near

    @cached_property
    def apart(self) -> tuple[Self, ...]:
        """The query as several that together find the same, where one of them knows better where matches can be."""
        for is_near in (lambda m: m.is_days, lambda m: m.is_in_order):
            for part in self.parts:
                if not part.is_sure and any(map(is_near, part.meanings)):
                    some = [m for m in part.meanings if is_near(m)]
                    others = [m for m in part.meanings if not is_near(m)]
                    return tuple(self._taking(part, *taken) for taken in ([some, others] if others else [some]))
        return (self,)

    def _taking(self, part: Part, *taken: Meaning) -> Self:
        parts = tuple(part.taken_for(*taken) if other is part else other for other in self.parts)
        return replace(self, term=replace(self.term, parts=parts) if self.term else None)


def _each_way(meanings: Iterable[Meaning]) -> Iterator[Meaning]:
    """Yield each meaning; one that is had by any of several words as one for each of them."""
    for meaning in meanings:
        yield from [replace(meaning, any_word=(word,)) for word in meaning.any_word] or [meaning]


def _ways(part: Part) -> int:
    return len(list(_each_way(part.meanings)))
