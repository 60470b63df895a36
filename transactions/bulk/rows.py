"""Writing the rows of a draft, many in one statement, and marking what may be paid twice."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

from transactions.bulk.judging import Judged, Text, judge
from transactions.models import BulkDraft, BulkRow, MoneyTransfer, Status
from transactions.models.base import MAY_BE_PAID_SQL
from transactions.transfers.twins import REFUND_COUNTS, REFUNDS, TWICE_WITHIN

TABLE = BulkRow._meta.db_table
JUDGED = (
    *("destination_kind", "bank", "account_number", "amount", "fee", "beneficiary_name", "remark"),
    *("beneficiary_email", "internal_reference"),
)
"""What judging gives; the columns are called the same."""
COLUMNS = (
    "record integer, cells jsonb, texts jsonb, wrong text[], destination_kind text, bank text, account_number text, "
    "amount bigint, fee bigint, beneficiary_name text, remark text, beneficiary_email text, internal_reference text"
)
NAMES = ", ".join(JUDGED)
ADD = f"""
    INSERT INTO {TABLE} (business_id, mode, draft_id, record, cells, texts, wrong, {NAMES}, is_left_out, is_repeated,
        is_paid_before, holder_status, holder_name, name_differs, name_reason)
    SELECT %(business)s, %(mode)s, %(draft)s, record, cells, texts, wrong, {NAMES}, false, false, false, '', '',
        false, ''
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS n ({COLUMNS})
    ORDER BY record
"""  # noqa: S608  (our own constants)
CHANGE = f"""
    UPDATE {TABLE} r SET texts = n.texts,
        wrong = CASE WHEN same.account AND r.holder_status IN ('not_found', 'closed', 'blacklisted')
            AND NOT 'account_number' = ANY(n.wrong) THEN n.wrong || ARRAY['account_number'] ELSE n.wrong END,
        {", ".join(f"{name} = n.{name}" for name in JUDGED)},
        holder_status = CASE WHEN same.account AND (same.name OR r.holder_status <> 'found')
            THEN r.holder_status ELSE '' END,
        tries = CASE WHEN same.account THEN r.tries ELSE 0 END,
        holder_name = CASE WHEN same.account THEN r.holder_name ELSE '' END,
        name_differs = same.account AND same.name AND r.name_differs
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS n ({COLUMNS})
    CROSS JOIN LATERAL (
        SELECT * FROM {TABLE} WHERE draft_id = %(draft)s AND record = n.record LIMIT 1
    ) old  -- one by one, by the index: of a draft just read Postgres knows no counts, and would join each with each
    CROSS JOIN LATERAL (SELECT (old.bank, old.account_number) = (n.bank, n.account_number) AS account,
        old.beneficiary_name = n.beneficiary_name AS name) same
    WHERE r.id = old.id
"""  # noqa: S608  (our own constants)
TRANSFERS = MoneyTransfer._meta.db_table
COUNTS = f"""{MAY_BE_PAID_SQL} AND t.returned_at IS NULL
    AND (t.created_at >= now() - %(within)s OR t.send_at >= now() - %(within)s
        OR t.status IN ({", ".join(f"'{status}'" for status in Status.open())}))"""
MARK = f"""
    UPDATE {TABLE} r SET is_repeated = m.is_repeated, is_paid_before = m.twins <> '', twins = m.twins FROM (
        SELECT r.id,
            EXISTS (
                SELECT FROM {TABLE} o WHERE o.draft_id = r.draft_id AND o.account_number = r.account_number
                    AND o.amount = r.amount AND o.bank = r.bank AND r.bank <> '' AND r.account_number <> ''
                    AND o.id <> r.id AND NOT o.is_left_out
            ) OR EXISTS (
                SELECT FROM {TABLE} o WHERE o.draft_id = r.draft_id AND r.internal_reference <> ''
                    AND o.internal_reference <> '' AND o.internal_reference = r.internal_reference
                    AND o.id <> r.id AND NOT o.is_left_out
            ) AS is_repeated,
            coalesce((
                SELECT md5(string_agg(same.id::text, ',' ORDER BY same.id)) FROM (
                    SELECT t.id FROM {TRANSFERS} t WHERE t.business_id = r.business_id AND t.mode = r.mode
                        AND t.account_number = r.account_number AND t.bank = r.bank AND t.amount = r.amount
                        AND {COUNTS}
                    UNION
                    SELECT t.id FROM {TRANSFERS} t WHERE t.business_id = r.business_id AND t.mode = r.mode
                        AND r.internal_reference <> '' AND t.internal_reference <> ''
                        AND t.internal_reference = r.internal_reference AND {COUNTS}
                    UNION
                    SELECT t.id FROM {REFUNDS} t WHERE t.business_id = r.business_id AND t.mode = r.mode
                        AND t.account_number = r.account_number AND t.bank = r.bank AND t.amount = r.amount
                        AND {REFUND_COUNTS}
                ) same
            ), '') AS twins
        FROM {TABLE} r WHERE r.draft_id = %(draft)s AND (
            %(all)s OR r.account_number = ANY(%(accounts)s) OR r.internal_reference = ANY(%(references)s)
        )
    ) m
    WHERE m.id = r.id AND (r.is_repeated, r.twins) IS DISTINCT FROM (m.is_repeated, m.twins)
"""  # noqa: S608  (our own constants)


def as_json(record: int, cells: Sequence[Text], texts: dict[str, Text], judged: Judged | None = None) -> dict[str, Any]:
    """Return a row as the statements take it; judged now unless it was."""
    judged = judged or judge(texts)
    return {
        "record": record,
        "cells": list(cells),
        "texts": texts,
        "wrong": sorted(judged.faults),
        **{name: judged.values[name] for name in JUDGED},
    }


def add(draft: BulkDraft, rows: Sequence[dict[str, Any]]) -> None:
    """Add rows to a draft."""
    _run(ADD, draft, rows=json.dumps(rows), business=draft.business_id, mode=draft.mode)


def change(draft: BulkDraft, rows: Sequence[dict[str, Any]]) -> None:
    """Write what rows are after a repair; what the bank said of an account goes with the account."""
    _run(CHANGE, draft, rows=json.dumps(rows))


def mark(draft: BulkDraft, rows: Iterable[Any] | None = None) -> None:
    """Mark which rows may be paid twice: all of the draft, or those that have to do with these (before or after)."""
    found = [] if rows is None else list(rows)
    accounts = {row["account_number"] for row in found} - {""}
    references = {row["internal_reference"] for row in found} - {""}
    _run(MARK, draft, all=rows is None, accounts=list(accounts), references=list(references), within=TWICE_WITHIN)


def _run(statement: str, draft: BulkDraft, **values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"draft": draft.pk, **values})
