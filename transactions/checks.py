"""What must hold between transactions and the ledger: `manage.py check_ledger` asks it too.

Only transactions that the ledger knows are asked about: what was imported from another system never moved our deposit.
"""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from accounts.models import Business
from deposits.ledger.checks import ledger_check
from flipdash import clock
from transactions.payments import calendar

SENT = """
    SELECT 'money_transfer' AS source_type, id, business_id, mode, status, amount, amount + fee AS whole,
        returned_at, came_back FROM transactions_moneytransfer
    UNION ALL
    SELECT 'international_transfer', id, business_id, mode, status, amount, amount + fee, returned_at, came_back
    FROM transactions_internationaltransfer
    UNION ALL
    SELECT 'refund', id, business_id, mode, status, amount, amount + fee, returned_at, came_back
    FROM transactions_refund
"""

ledger_check(
    "Held is what open transfers hold",
    f"""
    SELECT format('%s %s is %s, but its hold of %s is %s', t.source_type, t.id, t.status, e.amount,
        CASE WHEN c.id IS NULL THEN 'open' ELSE 'closed' END)
    FROM deposits_posting h
    JOIN ({SENT}) t ON t.source_type = h.source_type AND t.id = h.source_id
    JOIN deposits_entry e ON e.posting_id = h.id AND e.amount > 0
    LEFT JOIN deposits_posting c ON c.closes_id = h.id
    WHERE h.kind = 'hold' AND (
        e.amount <> t.whole OR (t.business_id, t.mode) IS DISTINCT FROM (h.business_id, h.mode)
        OR (c.id IS NULL) <> (t.status IN ('scheduled', 'processing'))
    )
    """,  # noqa: S608  (our own constants)
)

ledger_check(
    "Final transfers are closed once, as they ended",
    f"""
    SELECT format('%s %s is %s, but its hold was closed by %s', t.source_type, t.id, t.status, c.kind)
    FROM deposits_posting c
    JOIN ({SENT}) t ON t.source_type = c.source_type AND t.id = c.source_id
    LEFT JOIN deposits_posting x ON x.kind = 'correction' AND x.business_id = c.business_id AND x.mode = c.mode
        AND x.source_type = c.source_type AND x.source_id = c.source_id
    WHERE c.kind IN ('capture', 'release')
        AND (c.kind = 'capture') <> ((t.status = 'successful') <> (x.id IS NOT NULL))
    UNION ALL
    SELECT format('%s %s came back to the deposit, but is not marked as returned', t.source_type, t.id)
    FROM deposits_posting r
    JOIN ({SENT}) t ON t.source_type = r.source_type AND t.id = r.source_id
    WHERE r.kind = 'return' AND t.returned_at IS NULL
    """,  # noqa: S608  (our own constants)
)

ledger_check(
    "Orders have their hold",
    """
    SELECT format('order %s is %s, and nothing was held for it', o.key, o.status)
    FROM transactions_railorder o
    WHERE NOT EXISTS (
        SELECT FROM deposits_posting h WHERE h.business_id = o.business_id AND h.mode = o.mode AND h.kind = 'hold'
            AND h.source_type = o.source AND h.source_id = o.source_id
    )
    """,
)
"""How they end is asked of their holds, above."""

ledger_check(
    "What came back is in the deposit",
    f"""
    SELECT format('%s %s came back at %s, and nothing is in the deposit', t.source_type, t.id, t.returned_at)
    FROM ({SENT}) t
    JOIN deposits_posting h ON h.business_id = t.business_id AND h.mode = t.mode AND h.kind = 'hold'
        AND h.source_type = t.source_type AND h.source_id = t.id
    WHERE t.returned_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM deposits_posting r WHERE r.business_id = t.business_id AND r.mode = t.mode AND r.kind = 'return'
            AND r.source_type = t.source_type AND r.source_id = t.id
    )
    """,  # noqa: S608  (our own constants)
)

ledger_check(
    "No more came back than was sent, and as much as its row says",
    f"""
    SELECT format('%s %s is of %s, and %s came back', t.source_type, t.id, t.amount, e.amount)
    FROM deposits_posting r
    JOIN ({SENT}) t ON t.source_type = r.source_type AND t.id = r.source_id
    JOIN deposits_entry e ON e.posting_id = r.id
    JOIN deposits_account a ON a.id = e.account_id AND a.kind = 'available'
    WHERE r.kind = 'return' AND (e.amount > t.amount OR e.amount <> coalesce(t.came_back, t.amount))
    """,  # noqa: S608  (our own constants)
)

ledger_check(
    "What was corrected as a rail says was settled by two people, and whole",
    f"""
    SELECT format('%s %s of %s is %s, and was corrected by %s', x.source_type, x.source_id, t.whole, t.status, e.amount)
    FROM deposits_posting x
    LEFT JOIN ({SENT}) t ON t.source_type = x.source_type AND t.id = x.source_id
        AND (t.business_id, t.mode) = (x.business_id, x.mode)
    LEFT JOIN (deposits_entry e JOIN deposits_account a ON a.id = e.account_id AND a.kind = 'available')
        ON e.posting_id = x.id
    WHERE x.kind = 'correction' AND (
        e.amount IS DISTINCT FROM CASE t.status WHEN 'successful' THEN -t.whole WHEN 'failed' THEN t.whole END
        OR NOT EXISTS (
            SELECT FROM transactions_railcase c JOIN transactions_railorder o ON o.id = c.order_id
            WHERE (o.source, o.source_id) = (x.source_type, x.source_id) AND c.kind = 'contradiction'
                AND c.said = t.status AND c.status = 'closed' AND c.proposal = 'book' AND c.proposer_id <> c.closer_id
        )
    )
    """,  # noqa: S608  (our own constants)
)

ledger_check(
    "Settled payments brought in what they say",
    """
    SELECT format('payment %s settled %s, the deposit got %s', p.id, p.settled_amount, e.amount)
    FROM deposits_posting s
    JOIN transactions_payment p ON s.source_type = 'payment' AND p.id = s.source_id
    JOIN deposits_entry e ON e.posting_id = s.id
    JOIN deposits_account a ON a.id = e.account_id AND a.kind = 'available'
    WHERE s.kind = 'settlement' AND e.amount IS DISTINCT FROM p.settled_amount
    """,
)

ledger_check(
    "Links have collected what their payments say",
    """
    SELECT format('payment link %s says %s in %s payments, they are %s in %s', l.id, l.collected, l.paid_count,
        coalesce(p.rupiah, 0), coalesce(p.n, 0))
    FROM transactions_paymentlink l
    LEFT JOIN (
        SELECT link_id, count(*) AS n, sum(amount) AS rupiah
        FROM transactions_payment WHERE link_id IS NOT NULL AND status = 'successful' GROUP BY link_id
    ) p ON p.link_id = l.id
    WHERE (l.paid_count, l.collected) IS DISTINCT FROM (coalesce(p.n, 0), coalesce(p.rupiah, 0))
    """,
)

ledger_check(
    "Payments that were made have their money",
    """
    SELECT format('payment %s of %s is %s, its money is %s', p.id, p.amount, p.status,
        coalesce(a.amount::text, 'missing'))
    FROM transactions_payment p
    LEFT JOIN transactions_paymentarrival a ON a.payment_id = p.id AND a.status = 'taken'
    WHERE p.slug IS NOT NULL AND (
        (p.status = 'successful') <> (a.id IS NOT NULL) OR a.amount <> p.amount
        OR (a.business_id, a.mode) IS DISTINCT FROM (p.business_id, p.mode) AND a.id IS NOT NULL
    )
    """,
)

ledger_check(
    "Refunds are within what was paid",
    """
    SELECT format('payment %s of %s is %s, and its refunds are %s', p.id, p.amount, p.status, r.rupiah)
    FROM (
        SELECT payment_id, business_id, mode, sum(
            CASE WHEN returned_at IS NULL THEN amount ELSE amount - coalesce(came_back, amount) END
        ) AS rupiah FROM transactions_refund f
        WHERE status NOT IN ('cancelled', 'failed') AND NOT EXISTS (
            SELECT FROM deposits_posting x  -- paid after all: another may have been asked for since it failed
            WHERE x.source_type = 'refund' AND x.source_id = f.id AND x.kind = 'correction'
        ) GROUP BY payment_id, business_id, mode
    ) r
    JOIN transactions_payment p ON p.id = r.payment_id
    WHERE r.rupiah > p.amount OR p.status <> 'successful'
        OR (p.business_id, p.mode) IS DISTINCT FROM (r.business_id, r.mode)
    """,
)

ledger_check(
    "Every settled payment belongs to one settlement, which brought in their sum",
    """
    SELECT format('payment %s is settled, by no settlement', p.id)
    FROM transactions_payment p LEFT JOIN transactions_settledpayment d ON d.payment_id = p.id
    WHERE p.slug IS NOT NULL AND p.settlement_status = 'settled' AND d.payment_id IS NULL
    UNION ALL
    SELECT format('settlement %s is of %s payments, %s less %s; they are %s, %s less %s, of which %s differ; '
        'the deposit got %s', r.id, r.count, r.amount, r.fee, coalesce(t.n, 0), t.amount, t.fee, t.wrong, e.amount)
    FROM transactions_settlementrun r
    LEFT JOIN (
        SELECT d.run_id, count(*) AS n, sum(p.amount) AS amount, sum(p.fee) AS fee, count(*) FILTER (
            WHERE (p.business_id, p.mode) IS DISTINCT FROM (r.business_id, r.mode)
                OR (p.settlement_status, p.settled_amount) IS DISTINCT FROM ('settled', p.amount - p.fee)
                AND (r.status = 'done' OR p.settlement_status = 'settled')
        ) AS wrong
        FROM transactions_settledpayment d
        JOIN transactions_settlementrun r ON r.id = d.run_id
        LEFT JOIN transactions_payment p ON p.id = d.payment_id
        GROUP BY 1
    ) t ON t.run_id = r.id
    LEFT JOIN deposits_posting g ON g.id = r.posting_id AND g.kind = 'settlement' AND g.source_type = 'settlement'
        AND g.source_id = r.id AND (g.business_id, g.mode) = (r.business_id, r.mode)
    LEFT JOIN LATERAL (
        SELECT sum(e.amount) FILTER (WHERE a.kind = 'available') AS amount,
            sum(e.amount) FILTER (WHERE a.kind = 'fees') AS fee
        FROM deposits_entry e JOIN deposits_account a ON a.id = e.account_id WHERE e.posting_id = g.id
    ) e ON true
    WHERE r.posted_at IS NOT NULL AND (
        (r.count, r.amount, r.fee) IS DISTINCT FROM (coalesce(t.n, 0), coalesce(t.amount, 0), coalesce(t.fee, 0))
        OR (r.net, r.fee) IS DISTINCT FROM (coalesce(e.amount, 0), coalesce(e.fee, 0)) OR t.wrong > 0)
    UNION ALL
    SELECT format('posting %s is of settlement %s, which does not know it', g.id, g.source_id)
    FROM deposits_posting g
    LEFT JOIN transactions_settlementrun r ON r.posting_id = g.id AND r.id = g.source_id
    WHERE g.kind = 'settlement' AND g.source_type = 'settlement' AND r.id IS NULL
    """,
)

ledger_check(
    "Settlements are finished within a day",
    """
    SELECT format('settlement %s of business %s (%s) for %s is %s after %s attempts', r.id, r.business_id, r.mode,
        r.day, CASE WHEN r.status = 'failed' THEN 'given up' ELSE 'not finished' END, r.attempt)
    FROM transactions_settlementrun r
    WHERE r.status = 'failed' OR r.finished_at IS NULL AND r.created_at < now() - interval '1 day'
    """,
)

OVERDUE = 2
"""Bank days that may pass after the one on which a payment should have been settled."""


def _overdue() -> str:
    """Return the query for what should have been settled bank days ago: each zone has days of its own."""
    return f"""
    SELECT format('payment %s of business %s (%s), paid at %s, is not settled', p.id, p.business_id, p.mode, p.paid_at)
    FROM transactions_payment p JOIN accounts_business b ON b.id = p.business_id
    JOIN (VALUES {", ".join(_overdue_before())}) AS z (zone, before) ON z.zone = b.time_zone
    WHERE p.settlement_status = 'pending' AND p.slug IS NOT NULL AND p.status = 'successful'
        AND p.paid_at < z.before::timestamptz
    """  # noqa: S608  (our own zones and days)


def _overdue_before() -> Iterator[str]:
    now = clock.now()
    for name in Business.TimeZone.values:
        zone = ZoneInfo(name)
        here = now.astimezone(zone)
        # Today's is late once it has begun.
        day = here.date() if here.time() >= calendar.FROM and calendar.is_banking_day(here.date()) else None
        day = day or calendar.banking_day_before(here.date())
        for _late in range(OVERDUE):
            day = calendar.banking_day_before(day)
        yield f"('{name}', '{calendar.begins(day, zone).isoformat()}')"


ledger_check(f"Payments are settled within {OVERDUE} bank days of theirs", _overdue)

ledger_check(
    "Refunds that were let go have their hold",
    """
    SELECT format('refund %s of %s is %s, and nothing was held for it', r.id, r.amount, r.status)
    FROM transactions_refund r
    WHERE r.status IN ('processing', 'successful', 'failed') AND NOT EXISTS (
        SELECT FROM deposits_posting h WHERE h.source_type = 'refund' AND h.source_id = r.id AND h.kind = 'hold'
    )
    """,
)
