"""What may be the same money once more, asked of many transfers in one query: as services.twins of each."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection

from flipdash.scope import Scope
from transactions.models import MoneyTransfer, Refund, Status
from transactions.models.base import MAY_BE_PAID_SQL
from transactions.outgoing.products import Twins

TWICE_WITHIN = timedelta(days=30)
MOST_TWINS = 5
"""How many possible duplicates are shown."""
TABLE = MoneyTransfer._meta.db_table
REFUNDS = Refund._meta.db_table
REFUND_COUNTS = f"{MAY_BE_PAID_SQL} AND t.returned_at IS NULL AND t.created_at >= now() - %(within)s"
"""Which refunds `t` may be the same money: services.refunds_to."""
STILL_COUNTS = f"""
    t.business_id = r.business_id AND t.mode = r.mode AND t.id <> r.id AND t.returned_at IS NULL
    AND {MAY_BE_PAID_SQL}
    AND (r.series_id IS NULL OR t.series_id IS DISTINCT FROM r.series_id)
    AND (t.created_at >= now() - %(within)s OR t.send_at >= now() - %(within)s
        OR t.status IN ({", ".join(f"'{status}'" for status in Status.open())}))
"""
NEWEST = "ORDER BY t.created_at DESC, t.id DESC LIMIT %(most)s"
TWINS = f"""
    SELECT r.id, t.id, t.status FROM {TABLE} r CROSS JOIN LATERAL (
        (SELECT *, 1 AS place FROM (
            (SELECT t.id, t.status, t.created_at FROM {TABLE} t WHERE {STILL_COUNTS}
                AND t.account_number = r.account_number AND t.bank = r.bank AND t.amount = r.amount {NEWEST})
            UNION
            (SELECT t.id, t.status, t.created_at FROM {TABLE} t WHERE {STILL_COUNTS}
                AND r.internal_reference <> '' AND t.internal_reference <> ''
                AND t.internal_reference = r.internal_reference {NEWEST})
        ) t {NEWEST})
        UNION ALL
        (SELECT t.id, t.status, t.created_at, 2 AS place FROM {REFUNDS} t WHERE {REFUND_COUNTS}
            AND t.business_id = r.business_id AND t.mode = r.mode
            AND t.account_number = r.account_number AND t.bank = r.bank AND t.amount = r.amount {NEWEST})
    ) t
    WHERE r.business_id = %(business)s AND r.mode = %(mode)s AND r.id = ANY(%(ids)s)
    ORDER BY r.id, t.place, t.created_at DESC, t.id DESC
"""  # noqa: S608  (our own constants)


def of_many(scope: Scope, ids: Sequence[int]) -> Twins:
    """Return, of transfers by their ids, the ids and states of what each may pay once more: transfers, then refunds."""
    values: dict[str, Any] = {"business": scope.business.pk, "mode": scope.mode, "ids": list(ids)}
    found: Twins = {}
    with connection.cursor() as cursor:
        cursor.execute(TWINS, values | {"within": TWICE_WITHIN, "most": MOST_TWINS})
        for row, twin, status in cursor.fetchall():
            found.setdefault(row, []).append((twin, status))
    return found
