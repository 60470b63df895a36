"""Rows of a history, found by a plan. They only narrow what the scope may see.

Raw SQL stands in this file alone, and wraps querysets that began with the scope.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from flipdash.histories.columns import Row
from flipdash.histories.paging import FIRST_PAGE, ORDER, Position
from flipdash.histories.plan import Plan, Way, by_words

NEAREST = 2_000
"""How many rows a text search looks at before it asks the index."""
COUNTED_AT_ONCE = 50_000
"""Of how many rows, at most, words are counted beside a page."""
LOOKS_PER_MATCH = 3
"""How many rows can be looked at in the order of a page in the time of one that an index finds anywhere."""


@dataclass(frozen=True)
class Source:
    """Where rows are found: all that the scope may see, and the fields that are read of each."""

    visible: QuerySet
    fields: Sequence[str]

    def beside(self, at: Position) -> QuerySet:
        """Return the rows beside a position, nearest first."""
        return self.visible.filter(at.beside).order_by(*at.order)

    def page(self, at: Position, found: Q) -> list[Row]:
        """Read the rows of one page, of which the keys are found."""
        return list(self.visible.filter(found).order_by(*at.order).values(*self.fields))

    @property
    def table(self) -> str:
        """The name of the rows' table, quoted."""
        return connections[self.visible.db].ops.quote_name(self.visible.model._meta.db_table)

    def values(self, sql: str, params: tuple) -> list[Any]:
        """Return the one column that a statement finds."""
        with connections[self.visible.db].cursor() as cursor:
            cursor.execute(sql, params)
            return [value for (value,) in cursor.fetchall()]


@dataclass(frozen=True)
class Found:
    """The rows of a page and one more, nearest first, and the plan by which they were found."""

    rows: list[Row]
    plan: Plan


def find(source: Source, plans: Sequence[Plan], at: Position) -> Found:
    """Find the rows beside a position by the first plan that holds."""
    for plan in plans:
        plan = _driven(source, plan)
        rows = PAGES[plan.way](source, plan, at)
        if rows is not None:
            return Found(rows, replace(plan, is_sure=True))
    raise ValueError("The last plan always holds.")


def choose(source: Source, plans: Sequence[Plan]) -> Plan:
    """Return the first plan that holds, for whoever needs no page: a report, or a count that comes later."""
    *others, last = plans
    for plan in others:
        holds = _is_number(source, plan) if plan.is_by_number else bool(_nearby_ids(source, plan, FIRST_PAGE))
        if holds:
            return replace(plan, is_sure=True)
    return replace(_driven(source, last), is_sure=True)


def is_slow_to_count(source: Source, plan: Plan) -> bool:
    """Whether words are so common in so much that counting them beside a page would read tens of thousands of rows."""
    is_common = plan.way in (Way.NEARBY, Way.APART) and plan.query.is_by_words
    return is_common and _estimated(source.visible.filter(plan.query.near)) > COUNTED_AT_ONCE


# --- By number -------------------------------------------------------------------------------------------------


def _page_by_number(source: Source, plan: Plan, at: Position) -> list[Row] | None:
    """Return a page, or None when the search isn't exactly what any row has."""
    found = _by_number(source, plan, at)
    rows = source.page(at, Q(pk__in=found)) if found else []
    if rows or plan.is_sure:
        return rows
    if at.cursor is None and not plan.query.filters:
        return None
    return [] if _is_number(source, plan) else None


def _is_number(source: Source, plan: Plan) -> bool:
    """Ask whether any row is exactly what the search says, whatever the filters say."""
    found = _by_number(source, replace(plan, query=plan.query.without_filters), FIRST_PAGE)
    return bool(found) and source.visible.filter(pk__in=found).exists()


def _by_number(source: Source, plan: Plan, at: Position) -> RawSQL | None:
    """Ask each exact field by its own index for at most a page, and merge.

    What an index has in another order is gathered whole, from the index alone: with a limit, Postgres would rather walk
    through the business, which never ends for a number that it wrongly takes for a common one.
    """
    rows, query = source.beside(at), plan.query
    parts: list[str] = []
    values: list[Any] = []
    for reading in query.term.readings if query.term else ():
        condition = reading.condition & query.filtered(for_id=reading.ignores_dates)
        matching = rows.filter(condition).values("created_at", "id")
        matching = matching.order_by() if reading.is_scattered else matching[: at.enough]
        with suppress(EmptyResultSet):
            sql, params = matching.query.sql_with_params()
            parts.append(f"({sql})")
            values += params
    # Each part is a queryset of ours, its values go as parameters.
    found = f"SELECT id FROM ({' UNION '.join(parts)}) AS found {_page_of(at)}"  # noqa: S608  (said above)
    return RawSQL(found, values) if parts else None  # noqa: S611  (same)


# --- In order --------------------------------------------------------------------------------------------------


def _page_in_order(source: Source, plan: Plan, at: Position) -> list[Row]:
    return list(source.beside(at).filter(plan.query.kept).values(*source.fields)[: at.enough])


# --- By words and facets: among the nearest rows, or by the index of all that match, whichever is less work --------


def _page_nearby(source: Source, plan: Plan, at: Position) -> list[Row] | None:
    """Return a page of what is common, or None when it isn't."""
    ids = _nearby_ids(source, plan, at)
    return source.page(at, Q(pk__in=ids)) if ids else None


def _nearby_ids(source: Source, plan: Plan, at: Position) -> list[int]:
    """Look at the nearest rows for a page; [] when the index is less work.

    What is common is among the nearest. How many of them match tells whether it is worth to look at more, or whether
    all matches are few enough to be sorted.
    """
    try:
        ids = _ids_among(source, plan, at, NEAREST)
        if 0 < len(ids) <= at.size and (further := _rows_worth_a_look(source, plan, at, len(ids))):
            ids = _ids_among(source, plan, at, further)
    except EmptyResultSet:
        return []
    return ids if len(ids) > at.size else []


def _ids_among(source: Source, plan: Plan, at: Position, limit: int) -> list[int]:
    """Return the ids of what is kept of so many rows, at most a page and one."""
    nearest, params = source.beside(at).filter(plan.query.near)[:limit].query.sql_with_params()
    where, joins, where_params = _compiled(source, plan.query.kept)
    table = source.table
    # Names come from the model, values go as parameters.
    sql = f"SELECT {table}.id FROM ({nearest}) {table} {joins} WHERE {where} {_page_of(at, table)}"  # noqa: S608  (said above)
    return source.values(sql, (*params, *where_params))


def _compiled(source: Source, condition: Q) -> tuple[str, str, tuple]:
    """Return a condition on rows as SQL, with the joins and the values that it needs."""
    compiler = source.visible.filter(condition).order_by().query.get_compiler(source.visible.db)
    compiler.pre_sql_setup()
    (_table, *joins), _params = compiler.get_from_clause()
    where, params = compiler.compile(compiler.where)
    return where, " ".join(joins), tuple(params)


def _rows_worth_a_look(source: Source, plan: Plan, at: Position, found: int) -> int:
    """Return how many rows to look at for a page, given what the nearest held; 0 when the index is less work."""
    all_rows = _estimated(source.beside(at).filter(plan.query.near))
    looks, matches = NEAREST * at.enough / found, all_rows * found / NEAREST
    return int(2 * looks) if looks < LOOKS_PER_MATCH * matches else 0


def _driven(source: Source, plan: Plan) -> Plan:
    """Choose what leads to rows that are found by indexes, where there is a choice: what is rarest of the nearest rows.

    Postgres knows how common an amount is, but little of letters that stand together.
    """
    drivers = plan.query.drivers if plan.way is Way.BY_KEYS else []
    if len(drivers) < 2 or plan.chosen is not None:
        return plan
    nearest, params = source.visible.filter(plan.query.near).order_by(*ORDER)[:NEAREST].query.sql_with_params()
    counts: list[str] = []
    values: list[Any] = []
    for driver in drivers:
        where, _joins, where_params = _compiled(source, driver.plain)
        counts.append(f"COUNT(*) FILTER (WHERE {where})")
        values += where_params
    # Querysets of ours, their values go as parameters.
    sql = f"SELECT ARRAY[{', '.join(counts)}] FROM ({nearest}) {source.table}"  # noqa: S608  (said above)
    (found,) = source.values(sql, (*values, *params))
    return replace(plan, chosen=drivers[found.index(min(found))].condition)


def _page_by_keys(source: Source, plan: Plan, at: Position) -> list[Row]:
    """Return a page of what is rare: all matches are materialised and sorted, so that the planner can't choose the
    endless walk (docs/performance.md).
    """
    matching = source.beside(at).filter(plan.condition).order_by().values("created_at", "id")
    try:
        matches, params = matching.query.sql_with_params()
    except EmptyResultSet:
        return []
    ids = source.values(f"WITH matches AS MATERIALIZED ({matches}) SELECT id FROM matches {_page_of(at)}", params)  # noqa: S608  (a queryset of ours, its values go as parameters)
    return source.page(at, Q(pk__in=ids)) if ids else []


def _page_apart(source: Source, plan: Plan, at: Position) -> list[Row]:
    """Return a page of what several queries find, each by its own way; a row that two of them find is there once."""
    found = [row for query in plan.query.apart for row in find(source, by_words(query), at).rows]
    rows = {row["id"]: row for row in found}.values()
    nearest_first = sorted(rows, key=lambda row: (row["created_at"], row["id"]), reverse=at.is_older)
    return nearest_first[: at.enough]


def _page_of(at: Position, table: str = "") -> str:
    """Return the end of a statement that keeps one row more than a page, nearest first."""
    direction, prefix = "DESC" if at.is_older else "ASC", f"{table}." if table else ""
    return f"ORDER BY {prefix}created_at {direction}, {prefix}id {direction} LIMIT {at.enough}"


def _estimated(rows: QuerySet) -> int:
    """Return how many rows Postgres expects, without reading them."""
    plan = json.loads(rows.order_by().explain(format="json"))
    return int(plan[0]["Plan"]["Plan Rows"])


PAGES = {
    Way.BY_NUMBER: _page_by_number,
    Way.IN_ORDER: _page_in_order,
    Way.NEARBY: _page_nearby,
    Way.BY_KEYS: _page_by_keys,
    Way.APART: _page_apart,
    Way.NONE: lambda source, plan, at: [],
}
"""What finds a page by each way: None says that this is not the way."""
