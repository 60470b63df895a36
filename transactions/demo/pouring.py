"""How many transfers come into the database at once: copied into a temporary table, and poured from there."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from operator import attrgetter
from typing import Any

from accounts.models import Business
from flipdash.actors import SYSTEM, Actor


@dataclass(slots=True)
class Row:
    """A transfer with its timeline, as the temporary table `demo_row` holds it."""

    status: str
    destination_kind: str
    bank: str
    account_number: str
    beneficiary_name: str
    amount: int
    fee: int
    remark: str
    via: str
    maker: Actor
    created_at: datetime
    internal_reference: str = ""
    approver: Actor | None = None
    bank_reference: str = ""
    approved_at: datetime | None = None
    send_on: date | None = None
    sent_at: datetime | None = None
    ended_at: datetime | None = None
    ended_as: str | None = None
    ended_by: Actor = SYSTEM
    reason: str = ""
    completed_at: datetime | None = None
    returned_at: datetime | None = None
    batch_name: str | None = None
    batch_at: datetime | None = None


ACTORS = ("maker", "approver", "ended_by")
PLAIN = [field.name for field in fields(Row) if field.name not in (*ACTORS, "send_on")]
COLUMNS = [*PLAIN, *(f"{actor}_{part}" for actor in ACTORS for part in ("kind", "id", "name"))]
_plain, _actors = attrgetter(*PLAIN), attrgetter(*ACTORS)
NOBODY = ("", None, "")


def values(row: Row) -> tuple[Any, ...]:
    """Return what the temporary table holds of a row."""
    maker, approver, ended_by = (NOBODY if who is None else (who.kind, who.id, who.name) for who in _actors(row))
    return (*_plain(row), *maker, *approver, *ended_by)


def load(cursor: Any, rows: Iterable[Row]) -> None:
    """Copy rows into the temporary table, which holds nothing else afterwards."""
    cursor.execute(PREPARE)
    with cursor.copy(f"COPY demo_row ({', '.join(COLUMNS)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(values(row))
    cursor.execute("ANALYZE demo_row")


def pour(cursor: Any, business: Business, mode: str) -> None:
    """Make batches, transfers and timelines of what was loaded, and have the database check all keys."""
    cursor.execute(POUR_BATCHES, {"business": business.pk, "mode": mode})
    itself = {"system": SYSTEM.kind, "flipdash": SYSTEM.name}
    cursor.execute(POUR_TRANSFERS, {"business": business.pk, "mode": mode, **itself})
    cursor.execute(CHECK_KEYS)


PREPARE = """
CREATE TEMP TABLE IF NOT EXISTS demo_row (
    status text, destination_kind text, bank text, account_number text, beneficiary_name text, amount bigint,
    fee bigint, remark text, via text, created_at timestamptz, internal_reference text, bank_reference text,
    approved_at timestamptz, sent_at timestamptz, ended_at timestamptz, ended_as text,
    reason text, completed_at timestamptz, returned_at timestamptz, batch_name text, batch_at timestamptz,
    maker_kind text, maker_id bigint, maker_name text, approver_kind text, approver_id bigint, approver_name text,
    ended_by_kind text, ended_by_id bigint, ended_by_name text
);
TRUNCATE demo_row
"""

POUR_BATCHES = """
INSERT INTO transactions_transferbatch (business_id, mode, name, maker_kind, maker_id, maker_name, created_at)
SELECT DISTINCT %(business)s, %(mode)s, batch_name, maker_kind, maker_id, maker_name, batch_at FROM demo_row
WHERE batch_at IS NOT NULL AND NOT EXISTS (
    SELECT FROM transactions_transferbatch AS known
    WHERE known.business_id = %(business)s AND known.mode = %(mode)s AND known.created_at = batch_at
)
"""

POUR_TRANSFERS = """
WITH made AS MATERIALIZED (
    SELECT next_transaction_id(demo_row.created_at) AS id, batch.id AS batch_id, demo_row.*
    FROM demo_row LEFT JOIN transactions_transferbatch AS batch
    ON batch.business_id = %(business)s AND batch.mode = %(mode)s AND batch.created_at = batch_at
    ORDER BY demo_row.created_at
), transfers AS (
    INSERT INTO transactions_moneytransfer (
        id, business_id, mode, status, reason, destination_kind, bank, account_number, beneficiary_name, amount, fee,
        remark, internal_reference, batch_id, via, bank_reference, created_at, completed_at, returned_at,
        maker_kind, maker_id, maker_name, approver_kind, approver_id, approver_name, idempotency_key
    )
    SELECT
        id, %(business)s, %(mode)s, status, reason, destination_kind, bank, account_number, beneficiary_name, amount,
        fee, remark, internal_reference, batch_id, via, bank_reference, created_at, completed_at, returned_at,
        maker_kind, maker_id, maker_name, approver_kind, approver_id, approver_name,
        CASE via WHEN 'api' THEN md5(id::text)::uuid::text ELSE '' END
    FROM made
)
INSERT INTO transactions_transferevent (business_id, mode, transfer_id, kind, at, by_kind, by_id, by_name, note)
SELECT %(business)s, %(mode)s, id, kind, at, by_kind, by_id, by_name, note
FROM made, LATERAL (VALUES
    ('created', created_at, maker_kind, maker_id, maker_name, ''),
    ('approved', approved_at, approver_kind, approver_id, approver_name, ''),
    ('sent', sent_at, %(system)s, NULL, %(flipdash)s, ''),
    (ended_as, ended_at, ended_by_kind, ended_by_id, ended_by_name, ''),
    ('returned', returned_at, %(system)s, NULL, %(flipdash)s, 'Account blocked at the beneficiary''s bank')
) AS event (kind, at, by_kind, by_id, by_name, note)
WHERE at IS NOT NULL
"""

# Without statistics Postgres takes the small index of (business, mode, external_id) for the check of a foreign
# key, and so reads all transfers of the business for each line of a timeline. ANALYZE sees the rows of its own
# transaction; it needs MAINTAIN on the table, without which it only warns. Generic plans, because a business may
# be too small or too new for the statistics to know it.
CHECK_KEYS = """
ANALYZE transactions_moneytransfer (business_id, mode, created_at, status);
SET LOCAL plan_cache_mode = force_generic_plan;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED
"""
