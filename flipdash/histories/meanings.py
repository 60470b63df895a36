"""What the words of a search mean: each is taken for all that it can be, and all of them must hold.

"dewi bca 27 nov" has three parts: a word of a text; a bank, or a word of a text; a day, or two words of a text.
Nothing here asks the database.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

from django.db.models import Q

from flipdash.histories.daywords import NoSuchDays
from flipdash.histories.search import TEXT, Calendar, Meaning, SearchField, Text
from flipdash.histories.searchbox import MOST_WORDS
from flipdash.searchkeys import is_found_inside

NOTHING = Q(pk__in=())


@dataclass(frozen=True)
class Part:
    """Some words of a search that mean something together, most often one word."""

    said: str
    possible: tuple[Meaning, ...]
    """All that they can be taken for."""
    meanings: tuple[Meaning, ...]
    """What they are taken for: any of these."""
    note: str = ""
    """What has to be said about them."""

    @property
    def condition(self) -> Q:
        """Which rows have what is meant."""
        return reduce(or_, (meaning.condition for meaning in self.meanings)) if self.meanings else NOTHING

    @property
    def is_sure(self) -> bool:
        """Whether there is one meaning alone."""
        return len(self.meanings) == 1

    @property
    def is_text(self) -> bool:
        """Whether the words are meant as they stand, and as nothing else."""
        return all(meaning.is_text for meaning in self.meanings)

    @property
    def kinds(self) -> list[Meaning]:
        """All that they can be taken for, one meaning of each name."""
        return list({meaning.name: meaning for meaning in self.possible}.values())

    def taken_for(self, *meanings: Meaning) -> "Part":
        """Return the part with fewer meanings."""
        return replace(self, meanings=meanings)


def read(
    said: str,
    search: Iterable[SearchField | Text],
    calendar: Calendar,
    *,
    taken: Mapping[str, str],
    as_text: bool = False,
) -> tuple[Part, ...]:
    """Return the parts of a search, from left to right, the longest phrase first.

    `taken` says by which name of a meaning some parts are meant, `as_text` that all are words of a text.
    """
    words, parts = said.split(), []
    if len(words) > MOST_WORDS:  # groups of one number
        return (Part(said, (), ()),)
    reader = _Reader(words, list(search), calendar)
    while words:
        part = next(made for count in range(len(words), 0, -1) if (made := reader.part(words[:count])))
        name = TEXT if as_text else taken.get(part.said.casefold(), "")
        parts.append(part.taken_for(*_chosen(part, name, is_alone=part.said == " ".join(said.split()))))
        words = words[len(part.said.split()) :]
    return tuple(parts)


def _chosen(part: Part, name: str, *, is_alone: bool) -> Iterable[Meaning]:
    """Return the meanings of a name; without one, all that a person probably means."""
    if any(meaning.name == name for meaning in part.possible) or name == TEXT:
        return [meaning for meaning in part.possible if meaning.name == name]
    return [meaning for meaning in part.possible if not (is_alone and meaning.is_broad and len(part.kinds) > 1)]


class _Reader:
    """Reads words by the fields of a history."""

    def __init__(self, words: Sequence[str], search: Sequence[SearchField | Text], calendar: Calendar) -> None:
        self.fields = [field for field in search if isinstance(field, SearchField)]
        self.text = next((field for field in search if isinstance(field, Text)), None)
        # Beside digits, which stand in a third of all remarks, short words would be looked for in far too many rows.
        self.long = [word for word in dict.fromkeys(words) if is_found_inside(word) and not word.isdigit()]
        self.calendar = calendar

    def part(self, words: Sequence[str]) -> Part | None:
        """Return words as one part; None when several mean nothing together."""
        said, note, meanings = " ".join(words), "", []
        for field in self.fields:
            if len(words) > field.most_words:
                continue
            try:
                if meaning := field.meaning(said, self.calendar):
                    meanings.append(meaning)
            except NoSuchDays as problem:
                note = str(problem)
        if len(words) > 1 and not meanings and not note:
            return None
        if self.text:
            meanings += self.text.meanings(said, self.long)
        return Part(said, tuple(meanings), tuple(meanings), note)
