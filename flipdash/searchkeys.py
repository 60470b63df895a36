"""How text is found among millions of rows: the keys that an index holds of each (sql/search_keys.sql)."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, reduce
from operator import and_
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import connection, models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import StrIndex
from django.db.models.sql import Query as SqlQuery

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
CODE, AMOUNT, NUMBER = "~", "#", "^"
"""Before the name of a field: what search_row makes of it (sql/search_keys.sql)."""
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
        """Write the array as the first migrations had it, of plain fields; the index has `columns` now."""
        columns = [compiler.compile(expression)[0] for expression in self.source_expressions]
        made = [f"'{field}=' || {column}" for field, column in zip(self.fields, columns, strict=True)]
        return f"ARRAY[{', '.join(made)}]::text[]", ()

    def columns(self, compiler: Any) -> tuple[list[str], list[str], str]:
        """Return what search_row reads: the fields, each with the sign of what it is for; their columns; the time."""
        columns = [compiler.compile(expression)[0] for expression in self.source_expressions]
        when = columns.pop() if self.when else "NULL::timestamptz"
        names = [*self.fields, *(f"{CODE}{f}" for f in self.codes), *(f"{AMOUNT}{f}" for f in self.amounts)]
        names += [f"{NUMBER}{f}" for f in self.numbers]
        return names, [f"{column}::text" for column in columns], when


class SearchKeys(Func):
    """Keys by which rows are asked for, made with the business and the mode: of three letters in a row at every step of
    words, and one for each facet.
    """

    function = "search_keys"
    output_field = ArrayField(models.BigIntegerField())


class RowKeys(SearchKeys):
    """The keys under which a row is found: these, of all letters, and one for each of its whole words of one or two
    letters.

    It is written as a function of bare columns. Postgres puts this expression into the plan anew for each condition,
    and takes apart what it can: with the facets' texts made in it, four conditions took 2.8 ms to plan; they take 0.16.
    """

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, Sequence[Any]]:  # type: ignore[override]
        """Write the call; what the columns are for is a constant beside them."""
        business, mode, text, facets = self.get_source_expressions()
        own, in_mode = compiler.compile(business)[0], compiler.compile(mode)[0]
        texts = [compiler.compile(expression)[0] for expression in text.get_source_expressions()]
        names, columns, when = facets.columns(compiler)
        named = f"'{{{','.join(names)}}}'::text[]"
        held = f"ARRAY[{', '.join(columns)}]::text[]"
        return f"search_row({own}, {in_mode}, ARRAY[{', '.join(texts)}]::text[], {named}, {held}, {when})", ()


class _Kept(models.Expression):
    """The RowKeys of an index as its table has them, put together once: a search can have fifty conditions on them."""

    def __init__(self, index: "SearchIndex") -> None:
        super().__init__(output_field=ArrayField(models.BigIntegerField()))
        self.index = index

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, tuple[Any, ...]]:
        """Write them; anew where the table has another name in the query."""
        model = compiler.query.model
        if compiler.query.base_table in (None, model._meta.db_table):  # None is a condition that is written alone
            return _written(model, self.index), ()
        keys: tuple[str, tuple[Any, ...]] = compiler.compile(self.index.keys.resolve_expression(compiler.query))
        return keys


@cache
def _written(model: type[models.Model], index: "SearchIndex") -> str:
    query = SqlQuery(model)
    query.get_initial_alias()
    sql, _params = query.get_compiler("default").compile(index.keys.resolve_expression(query))
    return str(sql)


class _Asked(models.Expression):
    """Keys by which rows are asked for: of words, and of facets, each as SQL with its values."""

    def __init__(self, scope: Scope, words: str, marks: Sequence[tuple[str, tuple]], step: int = SHORTEST) -> None:
        super().__init__(output_field=ArrayField(models.BigIntegerField()))
        self.asks = (scope.business.pk, str(scope.mode), words)
        self.marks = tuple(marks)
        self.step = step

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, tuple[Any, ...]]:
        """Write the call."""
        marks = ", ".join(sql for sql, _params in self.marks)
        values = [value for _sql, params in self.marks for value in params]
        asks = f"search_keys(%s, %s, search_fold(%s), ARRAY[{marks}]::text[], {self.step})"
        return asks, (*self.asks, *values)


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
        clean_search_lists does, two seconds after, so that no insert has to; only if that hadn't run for some 60,000
        rows would one have to wait for it.
        """
        return GinIndex(self.keys, fastupdate=True, gin_pending_list_limit=64 * 1024, name=name)  # kB

    def holds(
        self, scope: Scope, words: Sequence[str], facets: Iterable[tuple[str, Sequence[str]]], step: int = SHORTEST
    ) -> Q:
        """Match by the index all rows that contain every word and have one of the values of each marked field; and
        some more, for keys are no words: ask for the words too.

        A word of one or two letters has a key only as a whole word. Fields that are no facets narrow nothing: if only
        such are left, Q(). A word is asked for by three letters at every `step`: every third is the least work, and
        takes "payyroll" for "payroll".
        """
        kept = [(field, values) for field, values in facets if field in self.known]
        kept.sort(key=lambda facet: facet[0] not in Span.FIELDS)
        every = [
            _Asked(scope, "", [self._mark(f, value)]) for f, values in kept if len(values) == 1 for value in values
        ]
        every += [_Asked(scope, word, (), step) for word in words if is_found_inside(word)]
        every += [_Asked(scope, "", [("search_fold(%s)", (word,))]) for word in words if not is_found_inside(word)]
        # One condition for each: then the index goes on in all their lists from where it went on in one, while it reads
        # every row of one list where keys are asked for together. What is narrow in time leads.
        condition = reduce(and_, (Q(Infix(_Kept(self), "@>", keys)) for keys in every), Q())
        for field, values in kept:
            if len(values) > 1:
                some = _Asked(scope, "", [self._mark(field, value) for value in values])
                condition &= Q(Infix(_Kept(self), "&&", some))
        return condition

    def _mark(self, field: str, value: str) -> tuple[str, tuple]:
        if field in Span.FIELDS and value == str(EACH):
            return f"'{field}=' || span.number", ()
        if field in self.amounts:
            return "%s", (f"{field}={int(value) % AMOUNTS}",)
        if field in self.numbers:
            return "%s", (f"{field}={value[:EDGE]}",)
        return "search_fold(%s)" if field in self.codes else "%s", (f"{field}={value}",)


EACH = -1
"""Stands for the number of a span that a statement has in a row of its own."""


@dataclass(frozen=True)
class Span:
    """One day in UTC, or several together, of which a search index has a list."""

    FIELDS: ClassVar[tuple[str, str]] = ("day", "days")

    number: int
    length: int
    """In days: 1 or DAYS."""
    count: int = 1
    """How many of that length, one after the other."""

    @classmethod
    def of(cls, moment: datetime, length: int = DAYS) -> "Span":
        """Return the span that holds a moment."""
        return cls((moment.astimezone(UTC).date() - DAY_0).days // length, length)

    @property
    def facet(self) -> tuple[str, list[str]]:
        """Under which facet the index has it; with the number EACH, whichever a statement has."""
        return self.FIELDS[self.length > 1], [str(self.number + place) for place in range(self.count)]

    @property
    def start(self) -> datetime:
        """When it begins."""
        return datetime.combine(DAY_0 + timedelta(days=self.number * self.length), time.min, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """When it has ended."""
        return self.start + timedelta(days=self.length * self.count)

    @property
    def days(self) -> list["Span"]:
        """Its days, the oldest first."""
        return [Span(self.number * self.length + day, 1) for day in range(self.length * self.count)]


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
