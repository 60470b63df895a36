"""What a search and filters find. They only narrow what the scope may see.

Raw SQL stands in this file alone, and wraps querysets that began with the scope.
"""

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from operator import or_
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Q, QuerySet, Sum
from django.db.models.aggregates import Count
from django.db.models.expressions import RawSQL

from flipdash.functions import local_second
from flipdash.histories.address import Address
from flipdash.histories.columns import Batch, Column, DateTimeColumn, Row
from flipdash.histories.filters import Filter
from flipdash.histories.paging import OLDEST_FIRST, ORDER, PAGE_SIZE, Cursor
from flipdash.histories.search import SearchField, Text

NOTHING = Q(pk__in=())
NEAREST = 2_000
"""How many rows a text search looks at before it asks the index."""
COUNTED_AT_ONCE = 50_000
"""Of how many rows, at most, words are counted beside a page."""
LOOKS_PER_MATCH = 3
"""How many rows can be looked at in the order of a page in the time of one that an index finds anywhere."""


@dataclass(frozen=True)
class Branch:
    """One way in which a search word can be exactly what a row has."""

    condition: Q
    ignores_dates: bool
    is_scattered: bool = False
    """Whether its index has such rows in another order than pages."""


class Finding(Address):
    """A history that finds its rows."""

    is_rare = False
    """Whether a page was found by the index of all that match, because looking at the nearest rows wasn't enough."""

    def visible_rows(self) -> QuerySet:
        """Return what the scope may see; `self.is_searching` says whether a search word led here."""
        return self.model.objects.visible_to(self.scope, searched=self.is_searching)

    @cached_property
    def branches(self) -> list[Branch]:
        """The exact conditions that the search word can match."""
        if not self.term or self.cleaned["in"] == "text":
            return []
        exact = [f for f in self.search if isinstance(f, SearchField)]
        in_order = [Branch(condition, f.ignores_dates) for f in exact for condition in f.condition(self.term)]
        scattered = [Branch(condition, f.ignores_dates, True) for f in exact for condition in f.scattered(self.term)]
        return in_order + scattered

    @cached_property
    def is_exact(self) -> bool:
        """Whether the search word is somebody's id, account number or amount: then that is the result."""
        rows = self.visible_rows().using(self.using).order_by()
        return any(rows.filter(branch.condition).exists() for branch in self.branches)

    @property
    def text(self) -> Text | None:
        """The field that is found by its words, if the history has one."""
        return next((f for f in self.search if isinstance(f, Text)), None)

    @property
    def offers_text(self) -> bool:
        """Whether the page should offer to search the text too."""
        return bool(self.term) and self.is_valid and self.is_words and self.is_exact

    @property
    def is_words(self) -> bool:
        """Whether the search word can be found in the text of rows."""
        return self.text is not None and self.text.finds(self.term)

    def rows(self, *, filtered: bool = True) -> QuerySet:
        """Return everything that the search and the filters show, newest first: what a report holds."""
        rows = self.visible_rows().using(self.using)

        def kept(*, for_id: bool = False) -> Q:
            return self.filter_condition(for_id=for_id) if filtered else Q()

        if self.term and self.is_exact:
            rows = rows.filter(reduce(or_, (b.condition & kept(for_id=b.ignores_dates) for b in self.branches)))
        else:
            filters = self.applied_filters if filtered else []
            by_index = self._keys(filters) if self.is_rare or self._words(filters) else Q()
            rows = rows.filter(self._said() & kept() & by_index)
        return rows.order_by(*ORDER)

    def _said(self) -> Q:
        """Match what contains the words of the search."""
        if not self.term:
            return Q()
        return self.text.contains(self.term) if self.text and self.is_words else NOTHING

    def _words(self, filters: Iterable[Filter]) -> list[str]:
        """Return all words that must be there, by the search and by filters that look inside texts."""
        return " ".join((self.term, *(f.sought(self.cleaned) for f in filters))).split()

    def _keys(self, filters: Iterable[Filter]) -> Q:
        """Match by the index of search keys what has the words and passes the filters; Q() where it can't help."""
        if self.text is None or not self.text.has_keys:
            return Q()
        return self.text.index.holds(self.scope, self._words(filters), (f.mark(self.cleaned) for f in filters))

    @property
    def value_fields(self) -> list[str]:
        """The model fields that the columns read, and the key."""
        return list(dict.fromkeys(["id", "created_at", *(f for column in self.columns for f in column.fields)]))

    @cached_property
    def shown_columns(self) -> list[Column]:
        """The columns of the page: the address's, or the person's, or the usual ones. A report has all."""
        named = self.address_columns or self.chosen
        by_name = {column.name: column for column in self.columns}
        chosen = [by_name[name] for name in dict.fromkeys(named) if name in by_name]
        if not chosen:
            return [column for column in self.columns if column.shown]
        needed = [column for column in self.columns if column.always and column not in chosen]
        # What is shown only because it was asked for has no place of its own on a phone's card: it gets a line.
        return [*needed, *(column if column.shown else replace(column, card="extra") for column in chosen)]

    @property
    def page_fields(self) -> list[str]:
        """The model fields that the page shows, and the key: no table is joined for a column that nobody sees."""
        return list(dict.fromkeys(["id", "created_at", *(f for column in self.shown_columns for f in column.fields)]))

    def batches(self, size: int, *, times_as_text: bool = False) -> Iterator[Batch]:
        """Yield what the search and the filters show, so many rows at a time, from a cursor that the server keeps.

        This is the order of reports. The columns' fields are as the database has them, without rows as objects or
        mappings between, which would cost more than all the rest of a report; times are those of the active zone, to
        the second, or their text: 2026-11-01 09:30:00. The database goes on to the next rows while these are used
        (docs/performance.md, Reports).
        """
        fields = self.value_fields
        rows = self.rows().order_by(*OLDEST_FIRST) if self.report_is_oldest_first else self.rows()
        times = {column.field for column in self.columns if isinstance(column, DateTimeColumn)}
        asked = (local_second(field, as_text=times_as_text) if field in times else field for field in fields)
        compiler = rows.values_list(*asked).query.get_compiler(self.using)
        try:
            sql, params = compiler.as_sql()
        except EmptyResultSet:
            return
        converters = compiler.get_converters([expression for expression, _sql, _alias in compiler.select])
        with connections[self.using].chunked_cursor() as cursor, ThreadPoolExecutor(1) as ahead:
            cursor.execute(sql, params)
            following = ahead.submit(cursor.fetchmany, size)
            while found := following.result():
                following = ahead.submit(cursor.fetchmany, size)
                made = list(compiler.apply_converters(found, converters)) if converters else found
                yield dict(zip(fields, zip(*made, strict=True), strict=True))

    def totals(self) -> list[dict[str, Any]]:
        """Return count and sums per state, and currency if there are some, in the order of the states.

        Without a summary it is one count of all rows.
        """
        summary = self.summary
        if summary is None:
            return [{"rows": self.rows().count()}]
        sums = {field: Sum(field) for _label, field in (*summary.sums, *summary.foreign)}
        found = self.rows().order_by(*summary.groups).values(*summary.groups).annotate(rows=Count("pk"), **sums)
        states = summary.labels.values
        return sorted(found, key=lambda row: states.index(row[summary.by]))

    # --- The rows of one page ------------------------------------------------------------------------------

    def _rows_beside(self, cursor: Cursor | None, direction: str) -> list[Row]:
        """Return one row more than a page, beside the cursor, nearest first."""
        order = ORDER if direction == "before" else OLDEST_FIRST
        beside = Q() if cursor is None else cursor.older() if direction == "before" else cursor.newer()
        rows = self.visible_rows().using(self.using).filter(beside).order_by(*order)
        if self.branches:
            found = self._exact_rows(rows, order)
            if found or (cursor is None and not self.applied_filters):
                self.is_exact = bool(found)  # so nobody has to ask again
            if self.is_exact:
                return found
        if self.term and not self.is_words:
            return []
        if not self._words(self.applied_filters) and not self._keys(self.applied_filters):
            return list(rows.filter(self.filter_condition()).values(*self.page_fields)[: PAGE_SIZE + 1])
        ids = self._ids_of_page(rows, order)
        page = self.visible_rows().using(self.using).filter(pk__in=ids).order_by(*order)
        return list(page.values(*self.page_fields)) if ids else []

    def _exact_rows(self, rows: QuerySet, order: tuple[str, str]) -> list[Row]:
        """Ask each exact field by its own index for at most a page, and merge.

        What an index has in another order is gathered whole, from the index alone: with a limit, Postgres would rather
        walk through the business, which never ends for a number that it wrongly takes for a common one.
        """
        parts: list[str] = []
        values: list[Any] = []
        for branch in self.branches:
            condition = branch.condition & self.filter_condition(for_id=branch.ignores_dates)
            matching = rows.filter(condition).values("created_at", "id")
            matching = matching.order_by() if branch.is_scattered else matching[: PAGE_SIZE + 1]
            with suppress(EmptyResultSet):
                sql, params = matching.query.sql_with_params()
                parts.append(f"({sql})")
                values += params
        if not parts:
            return []
        # Each part is a queryset of ours, its values go as parameters.
        found = f"SELECT id FROM ({' UNION '.join(parts)}) AS found {_page_of(order)}"  # noqa: S608  (said above)
        page = self.visible_rows().using(self.using).filter(pk__in=RawSQL(found, values)).order_by(*order)  # noqa: S611  (same)
        return list(page.values(*self.page_fields))

    def _ids_of_page(self, rows: QuerySet, order: tuple[str, str]) -> list[int]:
        """Find a page's rows, unless there is nothing that they could be in."""
        try:
            return self._ids_by_look_or_index(rows, order)
        except EmptyResultSet:
            return []

    def _ids_by_look_or_index(self, rows: QuerySet, order: tuple[str, str]) -> list[int]:
        """Find what has the words and passes the filters by looking at the nearest rows, or by the index of all that
        match, whichever is less work.

        What is common is among the nearest rows. How many of them match tells whether it is worth to look at more, or
        whether all matches are few enough to be sorted; they are materialised first, so that the planner can't choose
        the endless walk (docs/performance.md).
        """
        tail = _page_of(order)
        condition = self._said() & self.filter_condition()
        ids = self._nearest_ids(rows, condition, NEAREST, tail)
        if 0 < len(ids) <= PAGE_SIZE and (further := self._rows_worth_a_look(rows, len(ids))):
            ids = self._nearest_ids(rows, condition, further, tail)
        if len(ids) > PAGE_SIZE:
            return ids
        self.is_rare = True
        matching = rows.filter(condition & self._keys(self.applied_filters)).order_by().values("created_at", "id")
        matches, params = matching.query.sql_with_params()
        return self._ids(f"WITH matches AS MATERIALIZED ({matches}) SELECT id FROM matches {tail}", params)  # noqa: S608  (as above)

    def _nearest_ids(self, rows: QuerySet, condition: Q, limit: int, tail: str) -> list[int]:
        """Return the ids of what the condition keeps of so many rows, at most a page and one."""
        table = connections[self.using].ops.quote_name(rows.model._meta.db_table)
        nearest, nearest_params = rows.filter(self._place())[:limit].query.sql_with_params()
        probe = rows.model.objects.using(self.using).filter(condition).query
        where, where_params = probe.get_compiler(self.using).compile(probe.where)
        # Names come from the model, values go as parameters.
        return self._ids(f"SELECT id FROM ({nearest}) {table} WHERE {where} {tail}", (*nearest_params, *where_params))  # noqa: S608  (same)

    def _rows_worth_a_look(self, rows: QuerySet, found: int) -> int:
        """Return how many rows to look at for a page, given what the nearest held; 0 when the index is less work."""
        all_rows = _estimated(rows.filter(self._place()))
        looks, matches = NEAREST * (PAGE_SIZE + 1) / found, all_rows * found / NEAREST
        return int(2 * looks) if looks < LOOKS_PER_MATCH * matches else 0

    @property
    def is_slow_to_count(self) -> bool:
        """Whether a page's words are so common in so much that counting them would read tens of thousands of rows."""
        is_common = bool(self._words(self.applied_filters)) and not self.is_rare and not self.is_exact
        return is_common and _estimated(self.visible_rows().using(self.using).filter(self._place())) > COUNTED_AT_ONCE

    def _place(self) -> Q:
        """Return what of the filters an index knows along the order of pages: where matches can be."""
        place = self.date_filter.creation(self.cleaned, self.scope) if self.date_filter else Q()
        ordered = [f for f in self.applied_filters if f.is_in_order(self.cleaned)]
        # One alone: no index has two of them in order, and the rows of one without the other can be many.
        return place & ordered[0].condition(self.cleaned, self.scope) if ordered else place

    def _ids(self, sql: str, params: tuple) -> list[int]:
        with connections[self.using].cursor() as cursor:
            cursor.execute(sql, params)
            return [pk for (pk,) in cursor.fetchall()]


def _page_of(order: tuple[str, str]) -> str:
    """Return the end of a statement that keeps one row more than a page, nearest first."""
    direction = "DESC" if order == ORDER else "ASC"
    return f"ORDER BY created_at {direction}, id {direction} LIMIT {PAGE_SIZE + 1}"


def _estimated(rows: QuerySet) -> int:
    """Return how many rows Postgres expects, without reading them."""
    plan = json.loads(rows.order_by().explain(format="json"))
    return int(plan[0]["Plan"]["Plan Rows"])
