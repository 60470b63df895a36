"""What depends on imported records: while anything does, they can't be taken back.

Rows that point at a record with a foreign key are found by themselves; the record's own timeline isn't such a thing,
but a line that was added later is. What knows a record otherwise says so with `depends`.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from flipdash.tables.kinds import Import
from flipdash.words import Words

Counts = Callable[[type[Import], int, str, Sequence[int]], int]
"""Of a kind, a business's id, a mode and the ids of records: on how many of them something depends."""
_dependents: list[tuple[Words, Counts]] = []


def depends(words: Words) -> Callable[[Counts], Counts]:
    """Register what counts the records on which something depends, and what that is called."""

    def register(counts: Counts) -> Counts:
        _dependents.append((words, counts))
        return counts

    return register


def depending(
    kind: type[Import], business_id: int, mode: str, records: Sequence[int], *, since: datetime | None
) -> Iterator[tuple[str, int]]:
    """Yield what depends on some records of a business in a mode, in words, and on how many of them; `since` is when
    they were imported."""
    for words, counts in _dependents:
        if count := counts(kind, business_id, mode, records):
            yield str(words), count
    for relation in kind.model._meta.related_objects:
        others: Any = relation.related_model
        rows = others.objects.filter(**{f"{relation.field.name}__in": records})
        if relation.get_accessor_name() == "events":
            if count := rows.filter(at__gt=since).values(relation.field.name).distinct().count():
                yield _("What happened to them since"), count
        elif count := rows.count():
            yield str(others._meta.verbose_name_plural), count
