"""The rows that are measured: up to 10,000,000 money transfers of 200 businesses, made once and kept.

As in life they are stored in the order of time, all businesses among each other. There are two distributions. In the
usual one the largest business has 30 in a hundred, the next 12, the smallest about one in a thousand, and names,
remarks and amounts have the demo's skew. In the lopsided one a single business has 60, 45 in a hundred go to suppliers,
and the commonest name and the commonest remark are each in a third of all. In both, one business of middle size never
writes the commonest words, for which a search there has to look far.

The rows come first, in steps that are each one transaction; the indexes after them. What is done is written down
in the same database, so that a build which was stopped goes on where it was.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

import psycopg

from transactions.demo.author import BANK_POOL, EWALLET_POOL
from transactions.demo.words import FIRST_NAMES, HARD_NAMES, LAST_NAMES, REMARKS, SUPPLIERS

TABLE = "transactions_moneytransfer"
STEP = 250_000
START, END = datetime(2025, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
BUSINESSES = 200
LEAST = 0.0009
"""What part of all rows the smallest business has at least."""
BIG, ODD, SMALL = "bench-001", "bench-003", "bench-200"
"""The slugs of the largest business, of the one without the commonest words, and of the smallest."""


@dataclass(frozen=True)
class Distribution:
    """How rows are shared out among businesses, and how often words are written. All numbers are parts of one."""

    name: str
    largest: tuple[float, ...]
    """What each of the largest businesses has of all rows; the others share the rest."""
    suppliers: float
    """Of all rows, those to one of 20 suppliers."""
    first_name: float
    """How steeply first names become rarer: one is written again and again the higher this is."""
    payroll: float
    """Of all rows, those with the commonest remark. Two more, each with a number, have 0.2 each."""

    def shares(self) -> list[float]:
        """Return which part of all rows each business has, the largest first."""
        rest = [1 / (place + 6) ** 0.9 for place in range(BUSINESSES - len(self.largest))]
        whole, least = sum(rest), LEAST
        left = 1 - sum(self.largest) - least * len(rest)
        return [*self.largest, *(least + part / whole * left for part in rest)]


USUAL = Distribution("usual", largest=(0.30, 0.12), suppliers=0.2, first_name=2.5, payroll=0.16)
LOPSIDED = Distribution("lopsided", largest=(0.60,), suppliers=0.45, first_name=7.8, payroll=0.34)
"""First names are steep enough that the commonest is in a third of all, beside so many suppliers."""


def build(url: str, rows: int, distribution: Distribution) -> None:
    """Make what is missing of the rows and their indexes, and say how far it is."""
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        cursor = connection.cursor()
        cursor.execute(STATE)
        if _is_done(cursor, "analyzed"):
            return
        print(
            f"Making {rows:,} transfers, {distribution.name}; they are kept, and a build that is stopped goes on.",
            flush=True,
        )
        businesses = _businesses(cursor)
        if not _is_done(cursor, "indexes put aside"):
            with connection.transaction():
                _put_indexes_aside(cursor)
                _note(cursor, "indexes put aside")
        for first in range(0, rows, STEP):
            if not _is_done(cursor, f"rows {first}"):
                with connection.transaction():
                    _write(cursor, businesses, distribution, range(first, min(first + STEP, rows)), rows)
                    _note(cursor, f"rows {first}")
        _bring_indexes_back(cursor)
        _timed("vacuum, analyze", lambda: cursor.execute(f"VACUUM (ANALYZE) {TABLE}"))
        _note(cursor, "analyzed")


def _is_done(cursor: Any, step: str) -> bool:
    return bool(cursor.execute("SELECT FROM bench_done WHERE step = %s", [step]).rowcount)


def _note(cursor: Any, step: str) -> None:
    cursor.execute("INSERT INTO bench_done (step) VALUES (%s)", [step])


def _timed(what: str, act: Any) -> None:
    begun = time.monotonic()
    act()
    print(f"  {what}: {time.monotonic() - begun:.1f} s", flush=True)


def _businesses(cursor: Any) -> list[int]:
    from accounts.models import Business

    made = [
        Business(name=f"Bench {n}", slug=f"bench-{n:03}", legal_name=f"PT Bench {n}", created_at=START)
        for n in range(1, BUSINESSES + 1)
    ]
    Business.objects.using("owner").bulk_create(made, ignore_conflicts=True)
    return [pk for (pk,) in cursor.execute("SELECT id FROM accounts_business WHERE slug ~ '^bench-' ORDER BY slug")]


def _put_indexes_aside(cursor: Any) -> None:
    """Drop indexes and keys, and write down how to make them again: all at once is many times faster."""
    cursor.execute(KEEP_INDEXES, {"table": TABLE})
    for (statement,) in cursor.execute("SELECT drop_it FROM bench_index ORDER BY place DESC").fetchall():
        cursor.execute(statement)


def _bring_indexes_back(cursor: Any) -> None:
    for place, statement in cursor.execute("SELECT place, make_it FROM bench_index ORDER BY place").fetchall():

        def make(place: int = place, statement: str = statement) -> None:
            with cursor.connection.transaction():
                cursor.execute(statement)
                cursor.execute("DELETE FROM bench_index WHERE place = %s", [place])

        _timed(statement, make)


def _write(cursor: Any, businesses: list[int], distribution: Distribution, numbers: range, rows: int) -> None:
    """Write the rows of some numbers, which stand in one part of the time."""
    span = (END - START) / rows
    words = {
        "first_names": list(FIRST_NAMES[:-1]),
        "rare_name": FIRST_NAMES[-1],
        "last_names": list(LAST_NAMES),
        "hard_names": list(HARD_NAMES),
        "suppliers": list(SUPPLIERS),
        "remarks": list(REMARKS),
        "banks": list(BANK_POOL),
        "wallets": list(EWALLET_POOL),
    }
    odd = businesses[int(ODD[-3:]) - 1]
    who = {"businesses": businesses, "until": list(accumulate(distribution.shares()))[:-1], "odd": odd}
    when = {"first": numbers[0], "last": numbers[-1], "start": START, "span": span, "open_from": rows * 0.9985}
    invoices, orders = distribution.payroll + 0.2, distribution.payroll + 0.4
    often = {
        "supplied": distribution.suppliers,
        "steep": distribution.first_name,
        "payroll": distribution.payroll,
        "invoices": invoices,
        "orders": orders,
    }
    cursor.execute("SELECT setseed(%s)", [(numbers[0] + 1) / (rows + 1)])
    _timed(f"rows up to {numbers[-1] + 1:,}", lambda: cursor.execute(WRITE, words | who | when | often))


STATE = """
CREATE TABLE IF NOT EXISTS bench_done (step text PRIMARY KEY);
CREATE TABLE IF NOT EXISTS bench_index (place serial PRIMARY KEY, make_it text, drop_it text)
"""

# The keys that point at the table go first and come back last.
KEEP_INDEXES = """
INSERT INTO bench_index (make_it, drop_it)
SELECT format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid)),
       format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname)
FROM pg_constraint WHERE conrelid = %(table)s::regclass AND contype IN ('p', 'u')
UNION ALL
SELECT indexdef, format('DROP INDEX %%I', indexname)
FROM pg_indexes WHERE tablename = %(table)s
AND indexname NOT IN (SELECT conname FROM pg_constraint WHERE contype IN ('p', 'u'));
INSERT INTO bench_index (make_it, drop_it)
SELECT format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid)),
       format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname)
FROM pg_constraint WHERE contype = 'f' AND %(table)s::regclass IN (conrelid, confrelid)
"""

WRITE = """
WITH dice AS MATERIALIZED (
    SELECT n, %(start)s::timestamptz + %(span)s * (n + random()) AS at,
        (%(businesses)s::bigint[])[1 + width_bucket(random(), %(until)s::float8[])] AS business,
        random() AS who, random() AS first_name, random() AS middle_name, random() AS last_name,
        random() AS what, random() AS remark, random() AS place, random() AS bank, random() AS much, random() AS fate,
        lpad(floor(random() * 1e13)::bigint::text, 13, '0') AS digits,
        lpad(floor(random() * 1e6)::bigint::text, 6, '0') AS number
    FROM generate_series(%(first)s, %(last)s) AS n
), named AS (
    SELECT *, business = %(odd)s AS is_odd, CASE
        WHEN who < %(supplied)s THEN (%(suppliers)s::text[])[1 + floor(power(first_name, 1.7) * 20)::int]
        WHEN who < %(supplied)s + 0.003 THEN (%(hard_names)s::text[])[1 + floor(first_name * 11)::int]
        ELSE CASE
            WHEN who > 0.999999 THEN %(rare_name)s
            ELSE (%(first_names)s::text[])[
                1 + floor(power(first_name, %(steep)s) * cardinality(%(first_names)s::text[]))::int]
        END || CASE
            WHEN middle_name < 0.35 THEN ' ' || (%(first_names)s::text[])[
                1 + floor(middle_name / 0.35 * cardinality(%(first_names)s::text[]))::int]
            ELSE ''
        END || ' ' || (%(last_names)s::text[])[
            1 + floor(power(last_name, 2.5) * cardinality(%(last_names)s::text[]))::int]
    END AS name, CASE
        WHEN what < %(payroll)s THEN to_char(at, '"Payroll "Mon YYYY')
        WHEN what < %(invoices)s THEN to_char(at, '"INV/"YYYY/') || number
        WHEN what < %(orders)s THEN 'Refund order ' || right(number, 5)
        WHEN what > 0.99998 THEN 'Zakat maal'
        ELSE replace(replace((%(remarks)s::text[])[1 + floor(power(remark, 1.6) * 14)::int],
            '{month}', to_char(at, 'Mon YYYY')), '{number}', right(number, 5))
    END AS said
    FROM dice
)
INSERT INTO transactions_moneytransfer (
    id, business_id, mode, status, reason, destination_kind, bank, account_number, beneficiary_name, amount, fee,
    remark, internal_reference, external_id, via, maker_name, maker_kind, approver_name, approver_kind, bank_reference,
    created_at, completed_at
)
SELECT
    to_char(at AT TIME ZONE 'UTC', 'YYMMDDHH24MISS')::bigint * 10000000 + n::bigint * 3178891 %% 10000000,
    business,
    CASE WHEN fate * 7919 - floor(fate * 7919) < 0.03 THEN 'test' ELSE 'live' END,
    CASE
        WHEN n >= %(open_from)s AND fate < 0.3 THEN (ARRAY['pending_approval', 'scheduled', 'processing'])[1 + n %% 3]
        WHEN fate < 0.05 THEN 'failed' WHEN fate < 0.07 THEN 'cancelled' ELSE 'successful'
    END,
    CASE
        WHEN n >= %(open_from)s AND fate < 0.3 THEN ''
        WHEN fate < 0.03 THEN 'account_not_found' WHEN fate < 0.045 THEN 'account_closed'
        WHEN fate < 0.05 THEN 'bank_unavailable' WHEN fate < 0.07 THEN 'wrong_amount' ELSE ''
    END,
    CASE WHEN who < %(supplied)s OR place > 0.27 THEN 'bank' WHEN place < 0.22 THEN 'ewallet' ELSE 'va' END,
    CASE
        WHEN who < %(supplied)s THEN 'bca'
        WHEN place < 0.22 THEN (%(wallets)s::text[])[1 + floor(bank * cardinality(%(wallets)s::text[]))::int]
        ELSE (%(banks)s::text[])[1 + floor(bank * cardinality(%(banks)s::text[]))::int]
    END,
    CASE
        WHEN who < %(supplied)s THEN lpad((hashtextextended(name, business) & 9999999999)::text, 10, '0')
        WHEN place < 0.22 THEN '08' || left(digits, 10)
        WHEN place < 0.27 THEN '8808' || left(digits, 12)
        ELSE left(digits, 10 + (bank * 4)::int)
    END,
    CASE WHEN is_odd THEN replace(name, 'Budi', 'Bambang') ELSE name END,
    CASE
        WHEN much < 0.4 THEN greatest(50000, floor(power(much / 0.4, 2) * 120)::bigint * 50000)
        ELSE 12000 + floor(power(much, 3) * 6000000)::bigint
    END,
    CASE WHEN place < 0.22 THEN 1000 WHEN place < 0.27 THEN 5000 ELSE 2500 END,
    CASE WHEN is_odd THEN replace(said, 'Payroll', 'Honorarium') ELSE said END,
    CASE WHEN what BETWEEN %(invoices)s AND %(orders)s THEN 'order-' || right(number, 5) ELSE '' END,
    CASE WHEN what BETWEEN %(invoices)s AND %(orders)s THEN 'ext-' || n END,
    CASE WHEN what BETWEEN %(invoices)s AND %(orders)s THEN 'api' ELSE 'dashboard' END,
    (ARRAY['Ratna Sari Dewi', 'Bayu Prakoso', 'Wulan Hidayat', 'API · gudang'])[1 + n %% 4],
    'named',
    CASE WHEN what BETWEEN %(invoices)s AND %(orders)s THEN '' ELSE 'Bayu Prakoso' END,
    CASE WHEN what BETWEEN %(invoices)s AND %(orders)s THEN '' ELSE 'named' END,
    CASE WHEN fate < 0.07 THEN '' ELSE to_char(at, '"FT"YYDDD') || left(digits, 8) END,
    at,
    CASE WHEN fate >= 0.07 AND NOT (n >= %(open_from)s AND fate < 0.3) THEN at + interval '40 min' * middle_name END
FROM named ORDER BY at
"""
