"""What reports hold: all rows that a history shows, some at a time, and the sums of them."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import QuerySet, Sum
from django.db.models.aggregates import Count

from flipdash.functions import local_second
from flipdash.histories.columns import Batch, Column, DateTimeColumn, fields_of
from flipdash.histories.declaration import Summary


def batches(rows: QuerySet, columns: Sequence[Column], size: int, *, times_as_text: bool) -> Iterator[Batch]:
    """Yield what the columns read of all rows, so many rows at a time, from a cursor that the server keeps.

    The fields are as the database has them, without rows as objects or mappings between, which would cost more than all
    the rest of a report; times are those of the active zone, to the second, or their text: 2026-11-01 09:30:00. The
    database goes on to the next rows while these are used (docs/performance.md, Reports).
    """
    fields = fields_of(columns)
    times = {column.field for column in columns if isinstance(column, DateTimeColumn)}
    asked = (local_second(field, as_text=times_as_text) if field in times else field for field in fields)
    compiler = rows.values_list(*asked).query.get_compiler(rows.db)
    try:
        sql, params = compiler.as_sql()
    except EmptyResultSet:
        return
    converters = compiler.get_converters([expression for expression, _sql, _alias in compiler.select])
    with connections[rows.db].chunked_cursor() as cursor, ThreadPoolExecutor(1) as ahead:
        cursor.execute(sql, params)
        following = ahead.submit(cursor.fetchmany, size)
        while found := following.result():
            following = ahead.submit(cursor.fetchmany, size)
            made = list(compiler.apply_converters(found, converters)) if converters else found
            yield dict(zip(fields, zip(*made, strict=True), strict=True))


def totals(rows: QuerySet, summary: Summary | None) -> list[dict[str, Any]]:
    """Return count and sums per state, and currency if there are some, in the order of the states.

    Without a summary it is one count of all rows.
    """
    if summary is None:
        return [{"rows": rows.count()}]
    sums = {field: Sum(field) for _label, field in (*summary.sums, *summary.foreign)}
    found = rows.order_by(*summary.groups).values(*summary.groups).annotate(rows=Count("pk"), **sums)
    states = summary.labels.values
    return sorted(found, key=lambda row: states.index(row[summary.by]))
