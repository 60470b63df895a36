"""Rows of a history, found by a plan. They only narrow what the scope may see.

Raw SQL stands in this file alone, and wraps querysets that began with the scope: names come from models, values go as
parameters.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import connections
from django.db.models import F, Func, Max, Min, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.sql import Query as SqlQuery

from flipdash.histories.columns import Row
from flipdash.histories.paging import FIRST_PAGE, ORDER, Cursor, Position
from flipdash.histories.plan import Plan, Way, by_words
from flipdash.histories.query import Query, Reading
from flipdash.searchkeys import DAYS, EACH, Infix, Span

NEAREST = 2_000
"""How many rows a text search looks at before it asks the index."""
WORTH_A_LOOK = 10_000
"""How many rows it looks at, where the nearest say that a page is among so many: twice as many, to be sure."""
GATHERED = 2_000
"""How many rows the index gives at once. What has more is gathered by days, the nearest first: to gather and sort
100,000 rows for a page takes a second."""
SURELY_MUCH = 10_000
"""Of how many rows expected it isn't tried whether they are no more than GATHERED."""
TRIED = 2
"""How many spans are asked for, one after the other, before it is asked which of the others have anything."""
WIDEST = 8
"""How many spans are asked for together, at most."""
FEW_ALTERNATIVES = 3
"""With so many things that words can mean together, it can be asked of each of some days whether it has anything."""
FEW_DAYS, FEW_MONTHS = timedelta(days=2), timedelta(days=64)
"""Ranges of so many days are asked for by the day, or by 32, from the start."""
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

    def rows(self, sql: str, params: tuple) -> list[tuple]:
        """Return what a statement finds."""
        with connections[self.visible.db].cursor() as cursor:
            cursor.execute(sql, params)
            return list(cursor.fetchall())

    def values(self, sql: str, params: tuple) -> list[Any]:
        """Return the one column that a statement finds."""
        return [value for (value,) in self.rows(sql, params)]


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


def neighbours(source: Source, plans: Sequence[Plan], cursor: Cursor) -> tuple[int | None, int | None]:
    """Find the keys of the nearest newer and the nearest older row; None where there is none."""
    newer, older = (Position(cursor, is_older, size=0) for is_older in (False, True))  # one row is enough
    if plans[0].query.is_everything:
        where, _joins, params = _compiled(source, Q())
        up, down = (
            f"(SELECT id FROM {source.table} WHERE {where} AND (created_at, id) {compares} (%s, %s) {_page_of(at)})"
            for at, compares in ((newer, ">"), (older, "<"))
        )
        asks = (*params, cursor.at, cursor.pk)
        ((one, other),) = source.rows(f"SELECT {up}, {down}", (*asks, *asks))
        return one, other
    source = replace(source, fields=("created_at", "id"))
    one, other = (next((row["id"] for row in find(source, plans, at).rows), None) for at in (newer, older))
    return one, other


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
    rows, is_all = _by_number(source, plan.query, at)
    if not is_all:
        rows = _merged(at, [*rows, *find(source, by_words(plan.query.as_meanings), at).rows])
    if rows or plan.is_sure:
        return rows
    if at.cursor is None and not plan.query.filters:
        return None
    return [] if _is_number(source, plan) else None


def _is_number(source: Source, plan: Plan) -> bool:
    """Ask whether any row is exactly what the search says, whatever the filters say."""
    asked = _keys_by_number(source, plan.query.without_filters, FIRST_PAGE)
    if asked is None:
        return False
    (is_number,) = source.values(f"{asked[0]} SELECT cardinality(ids) > 0 FROM found", asked[1])
    return bool(is_number)


def _by_number(source: Source, query: Query, at: Position) -> tuple[list[Row], bool]:
    """Return the rows of a page that have a number, and whether that is surely all.

    Where a number's beginning leads to too many rows, or filters hide the nearest that have the number, somebody else
    has to look further. It is one statement: to ask for keys first, and then for their rows, took half as long again.
    """
    asked = _keys_by_number(source, query, at)
    if asked is None:
        return [], True
    found, params = asked
    is_found = Q(Infix(F("pk"), "=", Func(RawSQL("found.ids", ()), function="ANY")))
    compiler = source.visible.filter(is_found).order_by().values(*source.fields).query.get_compiler(source.visible.db)
    rows, rows_params = compiler.as_sql()
    joined = f"found LEFT JOIN LATERAL ({rows}) AS here ON TRUE"
    answer = source.rows(
        f"{found} SELECT here.*, found.is_more FROM {joined} {_page_of(at, 'here')}", (*params, *rows_params)
    )
    converters = compiler.get_converters([expression for expression, _sql, _alias in compiler.select])
    values = compiler.apply_converters(answer, converters) if converters else answer
    page = [dict(zip(source.fields, one, strict=False)) for one in values]
    return [row for row in page if row["id"] is not None], not answer[0][-1]


def _keys_by_number(source: Source, query: Query, at: Position) -> tuple[str, tuple] | None:
    """Return what asks each exact field by its own index for at most a page of keys, and merges them, as `found`.

    It has one row: `ids`, and whether there may be more than these say. None where no field can have the number.
    """
    parts: list[str] = []
    values: list[Any] = []
    names: list[str] = []
    more: list[str] = []
    for reading in query.term.readings if query.term else ():
        name = f"found_{len(names)}"
        with suppress(EmptyResultSet):
            sql, params, has_more = _by_reading(source, query, reading, at, name)
            parts.append(sql)
            values += params
            names.append(name)
            more.append(has_more)
    if not names:
        return None
    found = " UNION ".join(f"SELECT created_at, id FROM {name}" for name in names)
    ids = f"ARRAY(SELECT id FROM ({found}) AS found {_page_of(at)}) AS ids"
    parts.append(f"found AS MATERIALIZED (SELECT {ids}, {' OR '.join(more)} AS is_more)")
    return f"WITH {', '.join(parts)}", tuple(values)


def _by_reading(source: Source, query: Query, reading: Reading, at: Position, name: str) -> tuple[str, tuple, str]:
    """Return what one reading finds, as a part of a statement; its values; and what says whether there may be more.

    What an index has in another order than pages is gathered from the index alone: with an order and a limit, Postgres
    would rather walk through the business, which never ends for a number that it wrongly takes for a common one.
    """
    rows, filters = source.beside(at).filter(reading.condition), query.filtered(for_id=reading.ignores_dates)
    if reading.ignores_dates or not (filters or reading.is_scattered):
        sql, params = rows.filter(filters).values("created_at", "id")[: at.enough].query.sql_with_params()
        return f"{name} AS ({sql})", params, "FALSE"
    most = GATHERED + 1 if reading.is_scattered else NEAREST
    rows = rows.order_by() if reading.is_scattered else rows
    if not filters:
        sql, params = rows.values("created_at", "id")[:most].query.sql_with_params()
        return f"{name} AS MATERIALIZED ({sql})", params, f"(SELECT COUNT(*) FROM {name}) = {most}"
    sql, params = rows[:most].query.sql_with_params()
    where, joins, where_params = _compiled(source, filters)
    table = source.table
    kept = f"SELECT {table}.created_at, {table}.id FROM {name}_all {table} {joins} WHERE {where}"
    is_all = f"(SELECT COUNT(*) FROM {name}_all) = {most}"
    is_more = is_all if reading.is_scattered else f"{is_all} AND (SELECT COUNT(*) FROM {name}) < {at.enough}"
    return f"{name}_all AS MATERIALIZED ({sql}), {name} AS MATERIALIZED ({kept})", (*params, *where_params), is_more


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

    What is common is among the nearest. How many of them match tells whether it is worth to look at more; whether there
    are so many that the index had better be asked for those of some days; or whether all are few enough to be sorted.
    """
    try:
        ids = _ids_among(source, plan, at, NEAREST)
        if 0 < len(ids) <= at.size:
            all_rows = _estimated(source.beside(at).filter(plan.query.near))
            looks, matches = NEAREST * at.enough // len(ids), all_rows * len(ids) // NEAREST
            if looks < min(WORTH_A_LOOK, LOOKS_PER_MATCH * matches):
                ids = _ids_among(source, plan, at, 2 * looks)
            elif matches > GATHERED and plan.query.has_spans and _is_by_keys(plan):
                ids = _ids_by_days(source, plan.query, at)
    except EmptyResultSet:
        return []
    return ids if len(ids) > at.size else []


def _ids_among(source: Source, plan: Plan, at: Position, limit: int) -> list[int]:
    """Return the ids of what is kept of so many rows, at most a page and one."""
    nearest, params = source.beside(at).filter(plan.query.near)[:limit].query.sql_with_params()
    where, joins, where_params = _compiled(source, plan.query.kept)
    table = source.table
    sql = f"SELECT {table}.id FROM ({nearest}) {table} {joins} WHERE {where} {_page_of(at, table)}"
    return source.values(sql, (*params, *where_params))


def _compiled(source: Source, condition: Q) -> tuple[str, str, tuple]:
    """Return a condition on rows as SQL, with the joins and the values that it needs."""
    compiler = source.visible.filter(condition).order_by().query.get_compiler(source.visible.db)
    compiler.pre_sql_setup()
    (_table, *joins), _params = compiler.get_from_clause()
    try:
        where, params = compiler.compile(compiler.where)
    except FullResultSet:
        where, params = "TRUE", ()
    return where, " ".join(joins), tuple(params)


def _driven(source: Source, plan: Plan) -> Plan:
    """Choose what leads to rows that are found by indexes, where there is a choice: what is rarest of the nearest rows.

    Postgres knows how common an amount is, but little of letters that stand together. So it is asked only of what is
    equally rare there: of days and of words, mostly, that none of the nearest rows have.
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
    sql = f"SELECT ARRAY[{', '.join(counts)}] FROM ({nearest}) {source.table}"
    (found,) = source.values(sql, (*values, *params))
    rarest = [driver for driver, count in zip(drivers, found, strict=True) if count == min(found)]
    if len(rarest) > 1:
        reached = [source.visible.filter(plan.query.near & driver.condition) for driver in rarest]
        rarest = [min(zip(map(_estimated, reached), rarest, strict=True), key=itemgetter(0))[1]]
    return replace(plan, chosen=rarest[0])


def _page_by_keys(source: Source, plan: Plan, at: Position) -> list[Row]:
    """Return a page of what is rare."""
    try:
        ids = _ids_by_keys(source, plan.query, at) if _is_by_keys(plan) else _ids_by_indexes(source, plan, at)
    except EmptyResultSet:
        return []
    return source.page(at, Q(pk__in=ids)) if ids else []


def _is_by_keys(plan: Plan) -> bool:
    return plan.driver is not None and bool(plan.driver.by_keys)


def _ids_by_indexes(source: Source, plan: Plan, at: Position) -> list[int]:
    """Return the ids of a page: all matches are materialised and sorted, so that the planner can't choose the endless
    walk (docs/performance.md).
    """
    matching = source.beside(at).filter(plan.condition).order_by().values("created_at", "id")
    matches, params = matching.query.sql_with_params()
    return source.values(f"WITH matches AS MATERIALIZED ({matches}) SELECT id FROM matches {_page_of(at)}", params)


def _ids_by_keys(source: Source, query: Query, at: Position) -> list[int]:
    """Return the ids of a page, by the index of search keys alone.

    It can't give the nearest rows first. So it is asked for all there are, unless that is known to be within some days;
    if they are many, it is asked for those of a month, one after the other, and in a month of many for those of a day.
    """
    if not query.has_spans:
        return _gathered(source, query, at) or []
    start, end = _between(query, at)
    if start and end and end - start <= FEW_DAYS:
        return _ids_by_spans(source, query, at, _spans(start, end, length=1))
    if not ((start and end and end - start <= FEW_MONTHS) or _is_much(source, query)):
        ids = _gathered(source, query, at, most=GATHERED)
        if ids is not None:
            return ids
    return _ids_by_days(source, query, at)


def _is_much(source: Source, query: Query) -> bool:
    """Whether what several words and filters lead to is surely much: Postgres rather expects too few of such rows.

    To intersect long lists as a whole only to see that there are too many rows takes a tenth of a second.
    """
    if len(query.parts) + len(query.filters) < 2:
        return False
    keys = SqlQuery(source.visible.model)
    keys.add_q(query.drivers[-1].condition)
    return _estimated(QuerySet(source.visible.model, keys, source.visible.db)) > SURELY_MUCH


def _ids_by_days(source: Source, query: Query, at: Position) -> list[int]:
    """Return the ids of a page from all days that come into question, 32 of them at a time."""
    start, end = _between(query, at)
    some = source.visible.order_by().aggregate(oldest=Min("created_at"), newest=Max("created_at"))
    return _ids_by_spans(source, query, at, _spans(start or some["oldest"], end or some["newest"]))


def _between(query: Query, at: Position) -> tuple[datetime | None, datetime | None]:
    """Return when the rows were created that lie on from a position."""
    start, end = query.between
    if at.cursor and at.is_older:
        end = min(end or at.cursor.at, at.cursor.at)
    elif at.cursor:
        start = max(start or at.cursor.at, at.cursor.at)
    return start, end


def _spans(start: datetime, end: datetime, length: int = DAYS) -> list[Span]:
    """Return the spans that hold all moments from one to another, the oldest first."""
    first, last = Span.of(start, length), Span.of(end, length)
    return [Span(number, length) for number in range(first.number, last.number + 1)]


def _ids_by_spans(source: Source, query: Query, at: Position, spans: Sequence[Span]) -> list[int]:
    """Return the ids of a page from some spans, the nearest first: one, and where they have few, more together."""
    ids: list[int] = []
    nearest_first = list(reversed(spans) if at.is_older else spans)
    done, width, narrow = 0, 1, 0
    is_told_apart = len(spans) > TRIED and (spans[0].length > 1 or query.alternatives <= FEW_ALTERNATIVES)
    while done < len(nearest_first) and len(ids) < at.enough:
        if done == TRIED and not ids and is_told_apart:
            left = spans[:-TRIED] if at.is_older else spans[TRIED:]
            return _ids_by_spans(source, query, at, _spans_with_any(source, query, left))
        span = _together(nearest_first[done : done + width])
        within, is_day = query.within(span), span.length * span.count == 1
        some = _gathered(source, within, at, most=0 if is_day else GATHERED)
        if some is None and span.count > 1:
            width, narrow = 1, done + span.count  # too many together: one by one, so far
            continue
        ids += _ids_by_spans(source, query, at, span.days) if some is None else some
        done += span.count
        if done < narrow or (is_told_apart and not ids):
            width = 1
        else:
            width = min(2 * width, WIDEST, max(1, (at.enough - len(ids)) * done // len(ids)) if ids else WIDEST)
    return ids[: at.enough]


def _together(spans: Sequence[Span]) -> Span:
    """Return those of some spans, from the first on, that lie side by side, as one."""
    run = [spans[0]]
    for span in spans[1:]:
        if abs(span.number - run[-1].number) != 1:
            break
        run.append(span)
    return replace(min(run, key=lambda span: span.number), count=len(run))


def _spans_with_any(source: Source, query: Query, spans: Sequence[Span]) -> list[Span]:
    """Return those of some spans of one length for which the index has anything."""
    within = query.within(replace(spans[0], number=EACH))
    each = [_compiled_keys(source, condition) for condition in within.drivers[-1].by_keys]
    params = tuple(value for _sql, values in each for value in values)
    # LATERAL and LIMIT, so that Postgres asks the index for each, and reads one row.
    any_of = " UNION ALL ".join(f"(SELECT FROM {source.table} WHERE {sql} LIMIT 1)" for sql, _params in each)
    has_any = f"LATERAL (SELECT FROM ({any_of}) AS one LIMIT 1) AS held"
    sql = f"SELECT span.number FROM unnest(%s::int[]) AS span (number), {has_any} ORDER BY 1"
    numbers = source.values(sql, ([span.number for span in spans], *params))
    return [replace(spans[0], number=number) for number in numbers]


def _led(source: Source, query: Query, most: int = 0) -> tuple[str, tuple]:
    """Return a condition that keeps rows to which keys lead, as SQL, and its values; of `most` rows, if there are more.

    Each thing that words can mean together is asked for by itself. Of alternatives in one condition Postgres takes out
    what all of them have, goes by that alone where it expects few rows, and makes the keys of each that it finds.
    """
    each = [_compiled_keys(source, condition) for condition in query.drivers[-1].by_keys]
    if len(each) == 1:
        return each[0]
    limit = f" LIMIT {most}" if most else ""
    asked = " UNION ".join(f"(SELECT id FROM {source.table} WHERE {sql}{limit})" for sql, _params in each)
    return f"id = ANY(ARRAY({asked}))", tuple(value for _sql, params in each for value in params)


def _compiled_keys(source: Source, condition: Q) -> tuple[str, tuple]:
    keys = SqlQuery(source.visible.model)
    keys.add_q(condition)
    sql, params = keys.get_compiler(source.visible.db).compile(keys.where)
    return sql, tuple(params)


def _gathered(source: Source, query: Query, at: Position, most: int = 0) -> list[int] | None:
    """Gather what the keys lead to, and return the ids of a page of what is kept of it; None for more than `most` rows.

    The keys are made with the business and the mode, and alone lead to the rows: beside the scope Postgres would take
    the index of pages for one that narrows, and read all of it. The scope is asked of what they lead to.
    """
    led, led_params = _led(source, query, most and most + 1)
    where, joins, params = _compiled(source, query.kept & at.beside)
    table, limit = source.table, f"LIMIT {most + 1}" if most else ""
    gathered = f"WITH gathered AS MATERIALIZED (SELECT * FROM {table} WHERE {led} {limit})"
    page = f"SELECT {table}.id FROM gathered {table} {joins} WHERE {where} {_page_of(at, table)}"
    sql = f"{gathered} SELECT ARRAY({page}), (SELECT COUNT(*) FROM gathered)"
    ((ids, count),) = source.rows(sql, (*led_params, *params))
    if not most or count <= most:
        return ids
    # Of many that have some letters of the words, none has the words: rather a typing error than a common word.
    return None if ids or query.step == 1 else _gathered(source, query.by_all_letters, at, most)


def _page_apart(source: Source, plan: Plan, at: Position) -> list[Row]:
    """Return a page of what several queries find, each by its own way; a row that two of them find is there once."""
    return _merged(at, [row for query in plan.query.apart for row in find(source, by_words(query), at).rows])


def _merged(at: Position, found: Sequence[Row]) -> list[Row]:
    """Return the nearest of some rows, each once."""
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
