"""What a search box finds by: each field knows what a word must look like to match it, and by which index.

A whole search that is a number (id, account number, amount) is tried as such first; if any row has it, that is the
result. Everything else is found by its words, each of which is taken for all that it can be (meanings.py).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import reduce
from operator import and_, or_
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Right
from django.utils.translation import gettext_lazy

from flipdash import formats, money, searchkeys
from flipdash.histories import daywords
from flipdash.histories.columns import Facet
from flipdash.searchkeys import Infix, SearchIndex, SearchText, bare, has_word, is_found_inside
from flipdash.words import Words

BIGGEST_ID = 2**63 - 1
TEXT = "text"
TEXT_LABEL = gettext_lazy("Text")
ID_DIGITS = (18, 19)
"""An id begins with the year: with two digits since 2010."""


def digits_of(term: str) -> str:
    """Return the digits of a number that was pasted with spaces, dots or dashes in it, or ""."""
    bare = re.sub(r"[\s.\-]", "", term)
    return bare if bare.isascii() and bare.isdigit() else ""


@dataclass(frozen=True)
class Calendar:
    """By which days are read: the business's zone, and what says which day is today there."""

    zone: ZoneInfo
    today: Callable[[], date]


@dataclass(frozen=True)
class Meaning:
    """One thing that some words of a search can be taken for."""

    name: str
    """What addresses call it: the field that is meant."""
    label: Words
    condition: Q
    """Which rows have it."""
    words: tuple[str, ...] = ()
    """Words that these rows have in their text."""
    any_word: tuple[str, ...] = ()
    """Words of which these rows have at least one."""
    facet: Facet = ("", ())
    """A field of which the search index has lists, and what these rows have in it."""
    is_a_kind: bool = False
    """Whether it names a sort of rows or some days, as filters do."""
    is_days: bool = False
    """Whether these rows stand together in the order of pages."""
    is_in_order: bool = False
    """Whether an index has these rows in the order of pages."""
    between: tuple[datetime, datetime] | None = None
    """When these rows were created, if it is days: the end is excluded."""
    is_broad: bool = False
    """Whether it is a whole month or year: no word is taken for that when it stands alone."""
    note: str = ""
    """What exactly is meant, where the words don't say it."""

    @property
    def is_text(self) -> bool:
        """Whether words are meant as they stand."""
        return self.name == TEXT


@dataclass(frozen=True)
class SearchField:
    """A field that is found exactly."""

    label: Words
    field: str
    most_words: ClassVar[int] = 1
    """How many words beside others can mean it together."""
    ignores_dates: ClassVar[bool] = False
    never: ClassVar[Words] = gettext_lazy("This can't be searched for here.")
    """What to say of a term that can match nothing."""

    def condition(self, term: str) -> list[Q]:
        """Return conditions under which the term matches, each with an index of its own; [] for never.

        A page's worth is asked of each: its index has such rows in the order of pages, or there are few.
        """
        raise NotImplementedError

    def scattered(self, term: str) -> list[Q]:
        """Return further conditions, each with an index that has such rows in another order: all are gathered first."""
        return []

    def conditions(self, term: str) -> list[Q]:
        return [*self.condition(term), *self.scattered(term)]

    def facet(self, term: str) -> Facet:
        """Return by what a search index finds the term, if it has lists of this field; ("", ()) if it hasn't."""
        return "", ()

    def comes_first(self, *, has_text: bool) -> bool:
        """Whether a whole search is asked for this first and alone, as a number is."""
        return True

    def meaning(self, said: str, calendar: Calendar) -> Meaning | None:
        """Return what words mean beside others, or None when this field can't be meant."""
        conditions = self.conditions(said)
        return Meaning(self.field, self.label, reduce(or_, conditions), facet=self.facet(said)) if conditions else None


@dataclass(frozen=True)
class Id(SearchField):
    """The transaction's own number, or the one it had in another system. Found whatever the dates say."""

    external: str = ""
    ignores_dates: ClassVar[bool] = True
    never: ClassVar[Words] = gettext_lazy("This is not a Transaction ID.")

    def condition(self, term: str) -> list[Q]:
        external = [Q(**{f"{self.external}__in": {term, term.upper(), term.lower()}})] if self.external else []
        return [*self._own(term), *external]

    def meaning(self, said: str, calendar: Calendar) -> Meaning | None:
        """Return its own number; that of another system is a Code."""
        own = self._own(said)
        return Meaning(self.field, self.label, own[0]) if own else None

    def _own(self, term: str) -> list[Q]:
        digits = digits_of(term)
        return [Q(**{self.field: int(digits)})] if len(digits) in ID_DIGITS and int(digits) <= BIGGEST_ID else []


@dataclass(frozen=True)
class Code(SearchField):
    """What a row has as a whole, in any case: the id of another system, a reference, an e-mail address.

    The field is one of the `codes` of the search index.
    """

    def comes_first(self, *, has_text: bool) -> bool:
        """It can be a part of a text too, and the index of both is the same."""
        return False

    def condition(self, term: str) -> list[Q]:
        return [Q(Infix(SearchText(self.field), "=", SearchText(Value(term))))]

    def meaning(self, said: str, calendar: Calendar) -> Meaning | None:
        """Take a word with a digit or @ for a code: others would be asked for in vain beside every name."""
        if not any(letter.isdigit() or letter == "@" for letter in said):
            return None
        return Meaning(self.field, self.label, self.condition(said)[0], facet=(self.field, [said]))


@dataclass(frozen=True)
class AccountNumber(SearchField):
    """An account number: the whole of it, its beginning, or its last 4 digits. A phone number may begin with 62."""

    def condition(self, term: str) -> list[Q]:
        """Match the whole number, or the end by 4 digits, which a whole number of 4 has too."""
        meant = self._meant(term)
        if meant and len(meant[0]) == 4:
            return [Q(Infix(Right(self.field, 4), "=", Value(meant[0])))]
        return [Q(**{self.field: digits}) for digits in meant]

    def scattered(self, term: str) -> list[Q]:
        """Match the beginning of longer numbers, from 4 digits on.

        LIKE would be asked again of each row that the index finds, and all that is asked beside it.
        """
        number = F(self.field)
        return [
            Q(Infix(number, "~>~", Value(digits)))
            & Q(Infix(number, "~<~", Value(digits[:-1] + chr(ord(digits[-1]) + 1))))
            for digits in self._meant(term)
        ]

    def facet(self, term: str) -> Facet:
        """Return the digits: the index has lists of the first four, and of the last."""
        return self.field, self._meant(term)

    def _meant(self, term: str) -> list[str]:
        digits = digits_of(term.removeprefix("+"))
        if len(digits) < 4:
            return []
        national = "0" + digits.removeprefix("62")
        return [digits, national] if digits.startswith("62") and len(national) >= 4 else [digits]


@dataclass(frozen=True)
class Amount(SearchField):
    """Whole rupiah, however they are written: "Rp1.250.000", "1,250,000" and "1250000" are one."""

    most_words: ClassVar[int] = 2  # Rp 1.250.000
    never: ClassVar[Words] = gettext_lazy("This is not an amount; write it as 1250000, 1.250.000 or Rp1.250.000.")

    def condition(self, term: str) -> list[Q]:
        try:
            return [Q(**{self.field: money.parse_rupiah(term)})]
        except ValueError:
            return []

    def facet(self, term: str) -> Facet:
        """Return the amount, which `condition` knows to be one."""
        return self.field, [str(money.parse_rupiah(term))]


@dataclass(frozen=True)
class ChoiceWords(SearchField):
    """The words of a choice in every language, each as a whole and in any case: "gagal" finds what failed."""

    words: Mapping[str, tuple[str, ...]]
    """The words by the values that they mean."""
    in_order_except: tuple[str, ...] | None = None
    """As of a ChoiceFilter: values that the index leaves out which has each value's rows in the order of pages."""

    most_words: ClassVar[int] = 4

    def comes_first(self, *, has_text: bool) -> bool:
        """Words can stand in the text too, where there is one."""
        return not has_text

    def condition(self, term: str) -> list[Q]:
        """Match the values that are called so."""
        return [Q(**{self.field: value}) for value in self._meant(term)]

    def meaning(self, said: str, calendar: Calendar) -> Meaning | None:
        """Return the values that are called so."""
        meant = self._meant(said)
        if not meant:
            return None
        is_in_order = self.in_order_except is not None and len(meant) == 1 and meant[0] not in self.in_order_except
        return Meaning(
            self.field,
            self.label,
            Q(**{f"{self.field}__in": meant}),
            facet=(self.field, meant),
            is_a_kind=True,
            is_in_order=is_in_order,
        )

    def _meant(self, term: str) -> list[str]:
        said = " ".join(term.split()).casefold()
        return [value for value, words in self.words.items() if said in {word.casefold() for word in words}]


@dataclass(frozen=True)
class DayWords(SearchField):
    """Days as people write them: "kemarin", "last week", "27 nov". They are those of the business's zone."""

    most_words: ClassVar[int] = daywords.MOST_WORDS

    def comes_first(self, *, has_text: bool) -> bool:
        """Rows of some days are found as they come."""
        return False

    def condition(self, term: str) -> list[Q]:
        """Nothing: days are read by `meaning`."""
        return []

    def meaning(self, said: str, calendar: Calendar) -> Meaning | None:
        """Return the days that are meant; raises NoSuchDays."""
        days = daywords.read(said, calendar.today)
        if days is None:
            return None
        start = datetime.combine(days.first, time.min, tzinfo=calendar.zone)
        end = datetime.combine(days.last + timedelta(days=1), time.min, tzinfo=calendar.zone)
        condition = Q(**{f"{self.field}__gte": start, f"{self.field}__lt": end})
        return Meaning(
            self.field,
            self.label,
            condition,
            is_a_kind=True,
            is_days=True,
            between=(start, end),
            is_broad=days.is_broad,
            note=formats.days(days.first, days.last),
        )


@dataclass(frozen=True)
class Text:
    """Words in a text. Every word must be there, in any order and any case. A history has at most one such field.

    The table has `index`, unless `has_keys` is False: behind row level security Postgres never uses such an index,
    because it can't know that `@>` leaks nothing. So a guarded table has none, and a search there looks at all rows of
    its business.
    """

    labels: tuple[Words, ...]
    index: SearchIndex
    has_keys: bool = True

    def contains(self, term: str) -> Q:
        """Match rows whose text contains every word, whatever it takes to find them."""
        return contains(self.index.text, term)

    def meanings(self, said: str, others: Sequence[str]) -> list[Meaning]:
        """Return how rows can have the words in their text, each with what leads to them.

        A word of one or two letters is found as a whole word; inside of others it is looked for only in rows that
        contain one of the `others`, which are longer.
        """
        found, words = self.contains(said), said.split()
        if not self.has_keys:
            return [Meaning(TEXT, TEXT_LABEL, found)]
        if inside := tuple(filter(is_found_inside, words)):
            return [Meaning(TEXT, TEXT_LABEL, found, words=inside)]
        made = []
        if whole := tuple(filter(None, map(bare, words))):
            condition = reduce(and_, (has_word(self.index.text, word) for word in whole))
            made.append(Meaning(TEXT, TEXT_LABEL, condition, words=whole))
        if others:
            beside = reduce(or_, map(self.contains, others))
            made.append(Meaning(TEXT, TEXT_LABEL, found & beside, any_word=tuple(others)))
        return made


def contains(text: models.Expression, term: str) -> Q:
    """Match rows whose text contains every word."""
    return reduce(and_, (searchkeys.contains(text, word) for word in term.split()), Q())


def row_compare(operator: str, at: object, pk: int) -> Q:
    """Return (created_at, id) < or > (at, pk), as one comparison that the newest-first index answers."""
    left = Func(F("created_at"), F("id"), template="(%(expressions)s)", output_field=models.TextField())
    right = Func(
        Value(at, models.DateTimeField()), Value(pk), template="(%(expressions)s)", output_field=models.TextField()
    )
    return Q(Infix(left, operator, right))
