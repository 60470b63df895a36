"""How text is found among millions of rows: the keys that an index holds of each (sql/search_keys.sql)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import connection, models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower

from flipdash.scope import Scope

SHORTEST = 3
"""Characters that a word needs to have a key."""


class SearchText(Func):
    """The text that is searched: some fields, in lower case."""

    template = "lower(%(expressions)s)"
    arg_joiner = " || ' ' || "
    output_field = models.TextField()


class Marks(Func):
    """What some fields hold, as an array: status=failed."""

    output_field = ArrayField(models.TextField())

    def __init__(self, *fields: str) -> None:
        super().__init__(*fields)
        self.fields = fields

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, Sequence[Any]]:  # type: ignore[override]
        """Write the array; the names of fields are constants of our own."""
        columns = [compiler.compile(expression)[0] for expression in self.source_expressions]
        marks = (f"'{field}=' || {column}" for field, column in zip(self.fields, columns, strict=True))
        return f"ARRAY[{', '.join(marks)}]::text[]", ()


class SearchKeys(Func):
    """The keys under which a row is found, made with the business and the mode: one for every three letters in a row
    of its words, and one for each of its marks.
    """

    function = "search_keys"
    output_field = ArrayField(models.BigIntegerField())


class Infix(Func):
    """`left operator right`, as a condition."""

    template = "%(expressions)s"
    output_field = models.BooleanField()

    def __init__(self, left: models.Expression | F, operator: str, right: models.Expression) -> None:
        super().__init__(left, right, arg_joiner=f" {operator} ")


@dataclass(frozen=True)
class SearchIndex:
    """The one index by which a table's words are found, narrowed by the filters that have marks in it.

    It has a list for each three letters of each business, so that a search never walks through what others wrote: with
    plain trigrams a word that is common elsewhere takes a second. The marks' lists are intersected with those of the
    words before any row is read, so that a common word with a rare filter, or filters that are rare only together, are
    found as fast (docs/performance.md).
    """

    texts: tuple[str, ...]
    """The fields that are searched."""
    marks: tuple[str, ...] = ()
    """Fields of few values, by which people filter."""

    @property
    def text(self) -> SearchText:
        """What a search looks in."""
        return SearchText(*self.texts)

    @property
    def keys(self) -> SearchKeys:
        """The index's expression."""
        return SearchKeys(F("business"), F("mode"), self.text, Marks(*self.marks))

    def index(self, name: str) -> GinIndex:
        """Return the index, for the model's Meta.

        An insert only adds its keys to the end of a list, which is sorted into the index by whoever cleans it: the task
        clean_search_lists does, every two seconds, so that no insert has to; only if that hadn't run for some 60,000
        rows would one have to wait for it.
        """
        return GinIndex(self.keys, fastupdate=True, gin_pending_list_limit=64 * 1024, name=name)  # kB

    def holds(self, scope: Scope, words: Iterable[str], marks: Iterable[tuple[str, Sequence[str]]]) -> Q:
        """Match by the index all rows that contain every word and have one of the values of each marked field; and
        some more, for keys are no words: ask for the words too.

        Words that are too short for a key, and fields that are no marks, narrow nothing: if only such are left, Q().
        """
        kept = [(field, values) for field, values in marks if field in self.marks]
        every = [f"{field}={value}" for field, values in kept if len(values) == 1 for value in values]
        long = " ".join(word for word in words if len(word) >= SHORTEST)
        condition = Q(Infix(self.keys, "@>", _keys_of(scope, long, every))) if long or every else Q()
        for field, values in kept:
            if len(values) > 1:
                some = _keys_of(scope, "", [f"{field}={value}" for value in values])
                condition &= Q(Infix(self.keys, "&&", some))
        return condition


def clean_lists() -> int:
    """Sort into the search indexes what was inserted since the last time; return how many pages of lists that took."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clean_search_lists()")
        (pages,) = cursor.fetchone()
    return int(pages)


def _keys_of(scope: Scope, words: str, marks: list[str]) -> SearchKeys:
    asked = Value(marks, output_field=ArrayField(models.TextField()))
    return SearchKeys(Value(scope.business.pk), Value(scope.mode), Lower(Value(words)), asked)
