"""Whose orders come next: each bank has its turn, and in it each business its share, however many another one has.

What is open is walked by an index that knows rail, bank and business, from one of them to the next: however many orders
wait, that is as many steps as there are businesses at banks.
"""

from typing import Any

from django.db import connections
from django.db.models.expressions import RawSQL

from transactions.models import RailOrder

TABLE = RailOrder._meta.db_table
QUEUES = f"""
    WITH RECURSIVE queue AS (
        (
            SELECT rail, bank, business_id FROM {TABLE} WHERE finished_at IS NULL
            ORDER BY rail, bank, business_id LIMIT 1
        )
        UNION ALL
        SELECT following.* FROM queue CROSS JOIN LATERAL (
            SELECT o.rail, o.bank, o.business_id FROM {TABLE} o
            WHERE o.finished_at IS NULL
                AND (o.rail, o.bank, o.business_id) > (queue.rail, queue.bank, queue.business_id)
            ORDER BY o.rail, o.bank, o.business_id LIMIT 1
        ) following
    )
"""  # noqa: S608  (our own constants)
"""The businesses that have something open, at each bank of each rail."""
FIRST = """
    {queues}
    SELECT min(due.id) FROM queue CROSS JOIN LATERAL ({due}) due GROUP BY queue.rail, queue.bank
    ORDER BY random() LIMIT 1
"""
SHARES = """
    {queues}
    SELECT share.id FROM queue CROSS JOIN LATERAL (
        SELECT due.id, row_number() OVER (ORDER BY due.id) AS place FROM ({due}) due
    ) share
    WHERE queue.rail = %s AND queue.bank = %s ORDER BY share.place, random() LIMIT %s
"""


def first_of_a_bank(due: Any) -> int | None:
    """Return the id of the order that has waited longest at one of the banks at which something is due, drawn by lot.

    Which bank it is follows no order: a worker alone would never come to the second one of a long queue.
    """
    found = _ids(FIRST, due, 1)
    return found[0] if found else None


def shares_of(due: Any, first: RailOrder, most: int) -> list[int]:
    """Return the ids of due orders of one bank: the first of each business, then the second of each, and so on.

    Where a turn is too short for all businesses, it is drawn whose come.
    """
    return _ids(SHARES, due, most, first.rail, first.bank, most)


def _ids(sql: str, due: Any, each: int, *values: Any) -> list[int]:
    """Return the ids that a statement finds among those due in a queue, of which it looks at so many of each."""
    of_queue = {name: RawSQL(f"queue.{name}", ()) for name in ("rail", "bank", "business_id")}  # noqa: S611  (our own names)
    rows = due.filter(**of_queue).order_by("id").values("id")[:each]
    written, params = rows.query.sql_with_params()
    with connections[due.db].cursor() as cursor:
        cursor.execute(sql.format(queues=QUEUES, due=written), (*params, *values))
        return [pk for (pk,) in cursor.fetchall()]
