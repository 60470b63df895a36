"""What is applied, as chips: each filter and each part of a search, to be removed; and for what a part was taken."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from flipdash.histories.address import Address
from flipdash.histories.meanings import Part
from flipdash.histories.query import Query, Term
from flipdash.histories.results import Results
from flipdash.words import either


@dataclass(frozen=True)
class Choice:
    """One thing for which words can be taken, and the address that does."""

    label: str
    url: str
    is_chosen: bool


@dataclass(frozen=True)
class Chip:
    """An applied search or filter, and the address without it."""

    label: str
    words: str
    remove_url: str
    choices: tuple[Choice, ...] = ()
    """What else the words can be taken for, if anything."""


def of_search(address: Address, term: Term, results: Results | None) -> Iterator[Chip]:
    """Yield the parts of a search; words that can only stand in a text are one chip, as they were typed."""
    everything = address.url_with(drop=("q", "in"))
    if results and results.plan and results.plan.is_by_number:
        yield Chip(_labels(results, term.said), term.said, everything, _choices(address, term.parts))
    elif all(len(part.kinds) <= 1 for part in term.parts):
        yield Chip(_("Search"), term.said, everything)
    else:
        for part in term.parts:
            label = _labels(results, part.said) or either(meaning.label for meaning in part.meanings)
            yield Chip(
                label or _("Search"), _words(part), address.url_without(term.parts, part), _choices(address, [part])
            )


def of_filters(address: Address, query: Query) -> Iterator[Chip]:
    """Yield the filters that are set."""
    for filter_ in query.filters:
        label, words = filter_.words(query.cleaned)
        yield Chip(label, words, address.url_with(drop=filter_.params))


def _labels(results: Results | None, said: str) -> str:
    """Return what the rows on the page show the words to be."""
    return either(results.meant.get(said, ())) if results else ""


def _words(part: Part) -> str:
    """Return the words, and the days that they mean."""
    notes = [meaning.note for meaning in part.meanings if meaning.note]
    return " · ".join([part.said, *notes])


def _choices(address: Address, parts: Iterable[Part]) -> tuple[Choice, ...]:
    """Return for what one part can be taken, if there is a choice."""
    part, *others = parts
    if others or len(part.kinds) < 2:
        return ()
    is_narrowed = address.takes(part)
    chosen = {meaning.name for meaning in part.meanings} if is_narrowed else set()
    some = [
        Choice(" · ".join(filter(None, (str(m.label), m.note))), address.url_taking(part, m.name), m.name in chosen)
        for m in part.kinds
    ]
    return (*some, Choice(_("Any of these"), address.url_taking(part, ""), not is_narrowed))
