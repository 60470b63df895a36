"""What must hold of all rows of the ledger. Apps register their own checks; `manage.py check_ledger` runs them all.

A check is a query for what is wrong: one row of text each, which names the row. It is run as the operator, for it has
to see every business. Register it in the app's `ready()`, by importing the module that says:

    ledger_check("Held is what open transfers hold", "SELECT …")
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol


class Cursor(Protocol):
    """A cursor of Django's or of psycopg's."""

    def execute(self, query: Any, params: Any = None) -> Any: ...
    def fetchall(self) -> list[Any]: ...


@dataclass(frozen=True)
class Check:
    """A name in words, and the query for what is wrong: one column of text."""

    name: str
    said: str | Callable[[], str]
    """The query, or what makes it when the check is run: where it asks what time it is."""

    @property
    def query(self) -> str:
        """The query as it is run now."""
        return self.said if isinstance(self.said, str) else self.said()


@dataclass(frozen=True)
class CheckResult:
    """What a check has found: how many, and the first of them in words."""

    check: Check
    count: int
    examples: list[str]


MOST_NAMED = 20
_checks: dict[str, Check] = {}


def ledger_check(name: str, query: str | Callable[[], str]) -> None:
    """Register a check; the same name again replaces it."""
    _checks[name] = Check(name, query)


def registered() -> list[Check]:
    """Return all checks in the order in which they were registered."""
    return list(_checks.values())


def run(cursor: Cursor, checks: list[Check] | None = None) -> Iterator[CheckResult]:
    """Run the checks one after the other, on one connection; yields a result for each, also for those that hold."""
    cursor.execute("SET work_mem = '256MB'")  # sort and sum in memory
    for check in registered() if checks is None else checks:
        cursor.execute(f"SELECT count(*) OVER (), wrong FROM ({check.query}) AS w (wrong) LIMIT {MOST_NAMED}")  # noqa: S608  (our own)
        rows = cursor.fetchall()
        yield CheckResult(check, rows[0][0] if rows else 0, [row[1] for row in rows])


def counts(cursor: Cursor) -> tuple[int, int, int]:
    """Return how many accounts, postings and entries there are."""
    cursor.execute(
        "SELECT (SELECT count(*) FROM deposits_account), (SELECT count(*) FROM deposits_posting), "
        "(SELECT count(*) FROM deposits_entry)"
    )
    ((accounts, postings, entries),) = cursor.fetchall()
    return accounts, postings, entries


ledger_check(
    "Every posting has two entries or more, whose sum is zero",
    """
    SELECT format('posting %s: %s entries, sum %s', p.id, coalesce(e.entries, 0), coalesce(e.total, 0))
    FROM deposits_posting p
    LEFT JOIN (SELECT posting_id, count(*) AS entries, sum(amount) AS total FROM deposits_entry GROUP BY 1) e
        ON e.posting_id = p.id
    WHERE coalesce(e.entries, 0) < 2 OR e.total <> 0
    """,
)
ledger_check(
    "Every entry has its posting and its account",
    """
    SELECT format('entry %s: posting %s, account %s', e.id, e.posting_id, e.account_id)
    FROM deposits_entry e
    LEFT JOIN deposits_posting p ON p.id = e.posting_id
    LEFT JOIN deposits_account a ON a.id = e.account_id
    WHERE p.id IS NULL OR a.id IS NULL
    """,
)
ledger_check(
    "Every balance is the sum of its entries, and the balance after the last of them",
    """
    SELECT format('account %s: balance %s, sum %s, last %s', a.id, a.balance, e.total, l.balance_after)
    FROM deposits_account a
    LEFT JOIN (SELECT account_id, sum(amount) AS total FROM deposits_entry GROUP BY 1) e ON e.account_id = a.id
    LEFT JOIN deposits_entry l ON l.account_id = a.id AND l.seq = a.seq
    WHERE a.balance <> coalesce(e.total, 0) OR (a.seq > 0 AND l.balance_after IS DISTINCT FROM a.balance)
    """,
)
ledger_check(
    "No entry is missing between an account's first and last",
    """
    SELECT format('account %s: at %s, entries %s from %s to %s', a.id, a.seq, e.entries, e.first, e.last)
    FROM deposits_account a
    LEFT JOIN (
        SELECT account_id, count(*) AS entries, min(seq) AS first, max(seq) AS last FROM deposits_entry GROUP BY 1
    ) e ON e.account_id = a.id
    WHERE a.seq <> coalesce(e.entries, 0) OR a.seq <> coalesce(e.last, 0) OR coalesce(e.first, 1) <> 1
    """,
)
ledger_check(
    "Every entry follows from the one before, and so does its hash",
    """
    SELECT format('account %s, entry %s (id %s): %s after %s', e.account_id, e.seq, e.id, e.balance_after,
        b.balance_after)
    FROM deposits_entry e
    JOIN deposits_posting p ON p.id = e.posting_id
    LEFT JOIN deposits_entry b ON b.account_id = e.account_id AND b.seq = e.seq - 1
    WHERE coalesce(b.balance_after, 0) + e.amount <> e.balance_after
        OR ledger_link(coalesce(b.hash, ''), ledger_seal(p), e.account_id, e.seq, e.posting_id, e.amount,
            e.balance_after) <> e.hash
    """,
)
ledger_check(
    "Balances follow in the order that people see: by time, then by number",
    """
    SELECT format('account %s, entry %s (id %s) of %s stands before entry %s of %s, which it follows', e.account_id,
        e.seq, e.id, e.created_at, b.seq, b.created_at)
    FROM deposits_entry e
    JOIN deposits_entry b ON b.account_id = e.account_id AND b.seq = e.seq - 1
    WHERE (e.created_at, e.id) < (b.created_at, b.id)
    """,
)
ledger_check(
    "Every account's head is its last hash",
    """
    SELECT format('account %s', a.id) FROM deposits_account a
    LEFT JOIN deposits_entry l ON l.account_id = a.id AND l.seq = a.seq
    WHERE a.head <> coalesce(l.hash, '')
    """,
)
ledger_check(
    "Every posting has the lines that it was made with",
    """
    SELECT format('posting %s', p.id) FROM deposits_posting p
    JOIN (
        SELECT posting_id, string_agg(account_id || ':' || amount, ',' ORDER BY account_id) AS lines
        FROM deposits_entry GROUP BY 1
    ) e ON e.posting_id = p.id
    WHERE sha256(convert_to(e.lines, 'UTF8')) <> p.lines_sha256
    """,
)
ledger_check(
    "No balance was ever below its floor, and every floor is that of its kind",
    """
    SELECT format('account %s (%s): floor %s, lowest %s', a.id, a.kind, a.floor, least(a.balance, e.lowest))
    FROM deposits_account a
    LEFT JOIN (SELECT account_id, min(balance_after) AS lowest FROM deposits_entry GROUP BY 1) e ON e.account_id = a.id
    WHERE a.floor IS DISTINCT FROM CASE WHEN a.kind IN ('available', 'held', 'refunds_payable') THEN 0 END
        OR least(a.balance, e.lowest) < a.floor
    """,
)
ledger_check(
    "Every amount is within its range",
    """
    SELECT format('entry %s: %s', id, amount) FROM deposits_entry
    WHERE amount = 0 OR amount NOT BETWEEN -1000000000000000 AND 1000000000000000
    """,
)
ledger_check(
    "One posting for each source and kind",
    """
    SELECT format('business %s, %s: %s %s %s, %s times', business_id, mode, kind, source_type, source_id, count(*))
    FROM deposits_posting GROUP BY business_id, mode, source_type, source_id, kind HAVING count(*) > 1
    """,
)
ledger_check(
    "No entry crosses businesses, modes or currencies",
    """
    SELECT format('entry %s (posting %s, account %s)', e.id, e.posting_id, e.account_id)
    FROM deposits_entry e
    JOIN deposits_posting p ON p.id = e.posting_id
    JOIN deposits_account a ON a.id = e.account_id
    WHERE (e.mode, e.currency) <> (p.mode, p.currency) OR (e.mode, e.currency) <> (a.mode, a.currency)
        OR e.business_id IS DISTINCT FROM a.business_id OR a.business_id <> p.business_id
        OR (p.business_id IS NULL AND a.business_id IS NOT NULL) OR e.created_at <> p.effective_at
    """,
)
ledger_check(
    "Held is the sum of open holds",
    """
    SELECT format('business %s, %s: held %s, open holds %s', a.business_id, a.mode, a.balance, coalesce(h.total, 0))
    FROM deposits_account a
    LEFT JOIN (
        SELECT e.account_id, sum(e.amount) AS total
        FROM deposits_posting p JOIN deposits_entry e ON e.posting_id = p.id
        WHERE p.kind = 'hold' AND e.amount > 0
            AND NOT EXISTS (SELECT FROM deposits_posting c WHERE c.closes_id = p.id)
        GROUP BY 1
    ) h ON h.account_id = a.id
    WHERE a.kind = 'held' AND a.balance <> coalesce(h.total, 0)
    """,
)
ledger_check(
    "Every hold ends at most once, whole, and by its own source",
    """
    SELECT format('posting %s ends hold %s', c.id, c.closes_id)
    FROM deposits_posting c
    LEFT JOIN deposits_posting h ON h.id = c.closes_id AND h.kind = 'hold'
        AND (h.business_id, h.mode, h.currency, h.source_type, h.source_id)
            = (c.business_id, c.mode, c.currency, c.source_type, c.source_id)
    LEFT JOIN LATERAL (
        SELECT sum(e.amount) AS rest FROM deposits_entry e JOIN deposits_account a ON a.id = e.account_id
        WHERE a.kind = 'held' AND e.posting_id IN (c.id, h.id)
    ) e ON true
    WHERE c.kind IN ('capture', 'release') AND (h.id IS NULL OR e.rest IS DISTINCT FROM 0)
    UNION ALL
    SELECT format('hold %s ends %s times', closes_id, count(*))
    FROM deposits_posting WHERE closes_id IS NOT NULL GROUP BY closes_id HAVING count(*) > 1
    UNION ALL
    SELECT format('posting %s, a %s, ends hold %s', id, kind, closes_id)
    FROM deposits_posting WHERE closes_id IS NOT NULL AND kind NOT IN ('capture', 'release')
    """,
)
ledger_check(
    "Every reversal is the mirror image of one posting, once",
    """
    SELECT format('posting %s reverses %s', r.id, r.reverses_id)
    FROM deposits_posting r
    LEFT JOIN deposits_posting p ON p.id = r.reverses_id AND p.id = r.source_id
        AND p.business_id IS NOT DISTINCT FROM r.business_id AND (p.mode, p.currency) = (r.mode, r.currency)
    WHERE (r.kind = 'reversal') <> (r.reverses_id IS NOT NULL)
        OR (r.kind = 'reversal' AND (p.id IS NULL OR EXISTS (
            SELECT FROM deposits_entry e WHERE e.posting_id IN (r.id, p.id)
            GROUP BY e.account_id HAVING sum(e.amount) <> 0
        )))
    UNION ALL
    SELECT format('posting %s is reversed %s times', reverses_id, count(*))
    FROM deposits_posting WHERE reverses_id IS NOT NULL GROUP BY reverses_id HAVING count(*) > 1
    """,
)
ledger_check(
    "What came in and didn't go out is the deposit: each business's accounts sum to zero with the operator's",
    """
    SELECT format('%s %s: %s', mode, currency, sum(balance))
    FROM deposits_account GROUP BY mode, currency HAVING sum(balance) <> 0
    """,
)
ledger_check(
    "Every hour’s turnover is the sum of its entries",
    """
    SELECT format('account %s, %s of %s: %s entries, +%s −%s; turnover %s, +%s −%s', account_id, kind, hour,
        e.entries, e.came_in, e.went_out, t.entries, t.came_in, t.went_out)
    FROM (
        SELECT e.account_id, date_trunc('hour', e.created_at, 'UTC') AS hour, p.kind, count(*) AS entries,
            sum(greatest(e.amount, 0)) AS came_in, sum(greatest(-e.amount, 0)) AS went_out
        FROM deposits_entry e
        JOIN deposits_posting p ON p.id = e.posting_id
        JOIN deposits_account a ON a.id = e.account_id
        WHERE a.kind IN ('available', 'held')
        GROUP BY 1, 2, 3
    ) e
    FULL JOIN deposits_turnover t USING (account_id, hour, kind)
    WHERE (e.entries, e.came_in, e.went_out) IS DISTINCT FROM (t.entries, t.came_in, t.went_out)
    UNION ALL
    SELECT format('turnover %s of account %s', t.id, t.account_id)
    FROM deposits_turnover t JOIN deposits_account a ON a.id = t.account_id
    WHERE (t.business_id, t.mode) IS DISTINCT FROM (a.business_id, a.mode)
    """,
)
ledger_check(
    "The guards stand: triggers, row level security, constraints and rights",
    """
    SELECT format('trigger %s on %s is missing or off', g.name, g.tbl)
    FROM (VALUES ('posting_append_only', 'deposits_posting'), ('entry_append_only', 'deposits_entry'),
        ('account_kept', 'deposits_account'), ('account_begins', 'deposits_account'),
        ('account_fixed', 'deposits_account'), ('account_moves', 'deposits_account'),
        ('account_moved_by_entry', 'deposits_account'), ('posting_balances', 'deposits_posting'),
        ('entry_balances', 'deposits_entry'), ('turnover_kept', 'deposits_turnover'),
        ('turnover_fixed', 'deposits_turnover'), ('turnover_grows', 'deposits_turnover')) AS g (name, tbl)
    WHERE NOT EXISTS (
        SELECT FROM pg_trigger t WHERE t.tgname = g.name AND t.tgrelid = g.tbl::regclass AND t.tgenabled IN ('O', 'A'))
    UNION ALL
    SELECT format('a foreign key of %s is off', tgrelid::regclass) FROM pg_trigger
    WHERE tgisinternal AND tgenabled NOT IN ('O', 'A')
        AND tgrelid IN ('deposits_account'::regclass, 'deposits_posting'::regclass, 'deposits_entry'::regclass,
            'deposits_turnover'::regclass)
    UNION ALL
    SELECT format('constraint or index %s is missing', g.name)
    FROM unnest(ARRAY['account_once', 'account_above_floor', 'account_floor_of_kind', 'account_owner_of_kind',
        'account_balance_range', 'posting_once', 'posting_closes_once', 'posting_reverses_once',
        'posting_closes_of_kind', 'posting_reverses_of_kind', 'entry_in_order', 'entry_amount_range', 'entry_account',
        'entry_posting', 'entry_account_tenant', 'posting_closes', 'posting_reverses', 'turnover_once',
        'turnover_is_positive', 'turnover_account_tenant']) AS g (name)
    WHERE NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = g.name AND c.convalidated)
        AND NOT EXISTS (SELECT FROM pg_class i WHERE i.relname = g.name AND i.relkind = 'i')
    UNION ALL
    SELECT format('%s has no row level security', c.relname) FROM pg_class c
    WHERE c.oid IN ('deposits_account'::regclass, 'deposits_posting'::regclass, 'deposits_entry'::regclass,
            'deposits_turnover'::regclass)
        AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
    UNION ALL
    SELECT format('%s may %s %s', r, p, t)
    FROM unnest(ARRAY['flipdash_app', 'flipdash_operator']) AS r,
        unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS p,
        unnest(ARRAY['deposits_account', 'deposits_posting', 'deposits_entry', 'deposits_turnover']) AS t
    WHERE has_table_privilege(r, t, p)
    """,
)
