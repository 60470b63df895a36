"""How text is found among millions of rows: the keys that an index holds of each (sql/search_keys.sql)."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from operator import and_
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import connection, models
from django.db.models import F, Func, Q, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import StrIndex

from flipdash.scope import Scope

SHORTEST = 3
"""Letters that a word needs to be found inside of others."""
UNPARTED = "\u2e80"
"""From here on are scripts that don't part words by spaces, and emoji: each sign has a key."""
AMOUNTS = 4093
"""Into how many lists amounts are put, by what is left of dividing by this prime. A list of each would make the index
large, and among rows that have something else, too, a list of some is as good."""
EDGE = 4
"""How many digits of a number's beginning, and of its end, have a list."""
DAY_0 = date(2000, 1, 1)
DAYS = 32
"""How many days a list of more than one day has."""
APART = re.compile(r"[.,;:!?()\[\]{}<>/\\|\"_#–—-]")
"""What parts words beside spaces, where whole words are looked for."""


class SearchText(Func):
    """Texts as they are searched, one after another: without case and diacritics, Nguyễn as nguyen."""

    template = "search_fold(%(expressions)s)"
    arg_joiner = " || ' ' || "
    output_field = models.TextField()


class Words(Func):
    """SearchText text as words with a space at both ends of each."""

    function = "search_words"
    output_field = models.TextField()


class Facets(Func):
    """What some fields hold, as an array of texts such as status=failed (SearchIndex says of what kinds they are)."""

    output_field = ArrayField(models.TextField())

    def __init__(
        self,
        *fields: str,
        codes: tuple[str, ...] = (),
        amounts: tuple[str, ...] = (),
        numbers: tuple[str, ...] = (),
        when: str = "",
    ) -> None:
        super().__init__(*fields, *codes, *amounts, *numbers, *([when] if when else []))
        self.fields, self.codes, self.amounts, self.numbers, self.when = fields, codes, amounts, numbers, when

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, Sequence[Any]]:  # type: ignore[override]
        """Write the array; the names of fields are constants of our own. What is missing has no facet."""
        columns = iter([compiler.compile(expression)[0] for expression in self.source_expressions])
        made = [f"'{field}=' || NULLIF({column}, '')" for field, column in zip(self.fields, columns, strict=False)]
        for code in self.codes:
            made.append(f"search_fold('{code}=' || NULLIF({next(columns)}, ''))")
        for amount in self.amounts:
            made.append(f"'{amount}=' || mod({next(columns)}, {AMOUNTS})::text")
        for number in self.numbers:
            column = next(columns)
            made += [f"'{number}=' || {end}({column}, {EDGE})" for end in ("left", "right")]
        if self.when:
            day = f"(({next(columns)} AT TIME ZONE 'UTC')::date - '{DAY_0}'::date)"
            made += [f"'day=' || {day}::text", f"'days=' || ({day} / {DAYS})::text"]
        return f"ARRAY[{', '.join(made)}]::text[]", ()


class Array(Func):
    """Several texts as one value."""

    template = "ARRAY[%(expressions)s]::text[]"
    output_field = ArrayField(models.TextField())


class SearchKeys(Func):
    """Keys by which rows are asked for, made with the business and the mode: of three letters in a row at every step of
    words, and one for each facet.
    """

    function = "search_keys"
    output_field = ArrayField(models.BigIntegerField())


class RowKeys(SearchKeys):
    """The keys under which a row is found: these, of all letters, and one for each of its whole words of one or two
    letters.
    """

    function = "search_row_keys"


class Infix(Func):
    """`left operator right`, as a condition."""

    template = "%(expressions)s"
    output_field = models.BooleanField()

    def __init__(self, left: models.Expression | F, operator: str, right: models.Expression) -> None:
        super().__init__(left, right, arg_joiner=f" {operator} ")


@dataclass(frozen=True)
class SearchIndex:
    """The one index by which a table's words are found, narrowed by the filters that have facets in it.

    It has a list for each three letters of each business, so that a search never walks through what others wrote: with
    plain trigrams a word that is common elsewhere takes a second. The facets' lists are intersected with those of the
    words before any row is read, so that a common word with a rare filter, or filters that are rare only together, are
    found as fast (docs/performance.md).
    """

    texts: tuple[str, ...]
    """The fields that are searched."""
    facets: tuple[str, ...] = ()
    """Fields of few values, by which people filter."""
    codes: tuple[str, ...] = ()
    """Fields with a value of its own in each row, such as an id of another system, found as a whole and in any case."""
    amounts: tuple[str, ...] = ()
    """Fields of whole numbers; what the index gives are some more."""
    numbers: tuple[str, ...] = ()
    """Fields of digits that are looked for by their beginning or their end; what the index gives are some more."""
    when: str = ""
    """The field of time in the order of which pages are, by its days and by 32 of them, in UTC."""

    @property
    def text(self) -> SearchText:
        """What a search looks in."""
        return SearchText(*self.texts)

    @property
    def keys(self) -> RowKeys:
        """The index's expression."""
        facets = Facets(*self.facets, codes=self.codes, amounts=self.amounts, numbers=self.numbers, when=self.when)
        return RowKeys(F("business"), F("mode"), self.text, facets)

    @property
    def known(self) -> frozenset[str]:
        """The fields that have facets."""
        return frozenset((*self.facets, *self.codes, *self.amounts, *self.numbers, *(Span.FIELDS if self.when else ())))

    def index(self, name: str) -> GinIndex:
        """Return the index, for the model's Meta.

        An insert only adds its keys to the end of a list, which is sorted into the index by whoever cleans it: the task
        clean_search_lists does, every two seconds, so that no insert has to; only if that hadn't run for some 60,000
        rows would one have to wait for it.
        """
        return GinIndex(self.keys, fastupdate=True, gin_pending_list_limit=64 * 1024, name=name)  # kB

    def holds(self, scope: Scope, words: Sequence[str], facets: Iterable[tuple[str, Sequence[str]]]) -> Q:
        """Match by the index all rows that contain every word and have one of the values of each marked field; and
        some more, for keys are no words: ask for the words too.

        A word of one or two letters has a key only as a whole word. Fields that are no facets narrow nothing: if only
        such are left, Q().
        """
        kept = [(field, values) for field, values in facets if field in self.known]
        kept.sort(key=lambda facet: facet[0] not in Span.FIELDS)
        every = [
            _asked(scope, "", [self._mark(f, value)]) for f, values in kept if len(values) == 1 for value in values
        ]
        every += [_asked(scope, word, ()) for word in words if is_found_inside(word)]
        every += [_asked(scope, "", [SearchText(Value(word))]) for word in words if not is_found_inside(word)]
        # One condition for each: then the index goes on in all their lists from where it went on in one, while it reads
        # every row of one list where keys are asked for together. What is narrow in time leads.
        condition = reduce(and_, (Q(Infix(self.keys, "@>", keys)) for keys in every), Q())
        for field, values in kept:
            if len(values) > 1:
                some = _asked(scope, "", [self._mark(field, value) for value in values])
                condition &= Q(Infix(self.keys, "&&", some))
        return condition

    def _mark(self, field: str, value: str) -> models.Expression:
        if field in Span.FIELDS and value == str(EACH):
            return RawSQL(f"'{field}=' || span.number", ())  # noqa: S611  (the name is a constant of our own)
        if field in self.amounts:
            return Value(f"{field}={int(value) % AMOUNTS}")
        if field in self.numbers:
            return Value(f"{field}={value[:EDGE]}")
        facet = Value(f"{field}={value}")
        return SearchText(facet) if field in self.codes else facet


EACH = -1
"""Stands for the number of a span that a statement has in a row of its own."""


@dataclass(frozen=True)
class Span:
    """One day in UTC, or several together, of which a search index has a list."""

    FIELDS: ClassVar[tuple[str, str]] = ("day", "days")

    number: int
    length: int
    """In days: 1 or DAYS."""

    @classmethod
    def of(cls, moment: datetime, length: int = DAYS) -> "Span":
        """Return the span that holds a moment."""
        return cls((moment.astimezone(UTC).date() - DAY_0).days // length, length)

    @property
    def facet(self) -> tuple[str, list[str]]:
        """Under which facet the index has it; with the number EACH, whichever a statement has."""
        return self.FIELDS[self.length > 1], [str(self.number)]

    @property
    def start(self) -> datetime:
        """When it begins."""
        return datetime.combine(DAY_0 + timedelta(days=self.number * self.length), time.min, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """When it has ended."""
        return self.start + timedelta(days=self.length)

    @property
    def days(self) -> list["Span"]:
        """Its days, the oldest first."""
        return [Span(self.number * self.length + day, 1) for day in range(self.length)]


def _asked(scope: Scope, words: str, facets: Iterable[models.Expression]) -> SearchKeys:
    business, mode = Value(scope.business.pk), Value(scope.mode)
    return SearchKeys(business, mode, SearchText(Value(words)), Array(*facets), Value(SHORTEST))


def contains(text: models.Expression, word: str) -> Q:
    """Match folded texts that contain a word, whatever it takes to find them."""
    return Q(Infix(StrIndex(text, SearchText(Value(word))), ">", Value(0)))


def has_word(text: models.Expression, word: str) -> Q:
    """Match folded texts that have it as a whole word."""
    return Q(Infix(StrIndex(Words(text), SearchText(Value(f" {bare(word)} "))), ">", Value(0)))


def is_found_inside(word: str) -> bool:
    """Return whether the index finds a word inside of others: by three letters in a row, or by signs."""
    return len(folded(word)) >= SHORTEST or any(letter >= UNPARTED for letter in word)


def bare(word: str) -> str:
    """Return what is left of a word without what parts words; "" for what can't be looked for as a whole word."""
    left = APART.sub(" ", word).split()
    return left[0] if len(left) == 1 else ""


def folded(text: str) -> str:
    """Fold a text nearly as the database does: without case and diacritics."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in parts if not "\u0300" <= letter <= "\u036f").replace("ß", "ss")


def clean_lists() -> int:
    """Sort into the search indexes what was inserted since the last time; return how many pages of lists that took."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clean_search_lists()")
        (pages,) = cursor.fetchone()
    return int(pages)
