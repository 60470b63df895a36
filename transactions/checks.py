"""What must hold between transactions and the ledger: `manage.py check_ledger` asks it too.

Only transactions that the ledger knows are asked about: what was imported from another system never moved our deposit.
"""

from deposits.ledger.checks import ledger_check

SENT = """
    SELECT 'money_transfer' AS source_type, id, business_id, mode, status, amount + fee AS whole,
        returned_at FROM transactions_moneytransfer
    UNION ALL
    SELECT 'international_transfer', id, business_id, mode, status, amount + fee, returned_at
    FROM transactions_internationaltransfer
    UNION ALL
    SELECT 'refund', id, business_id, mode, status, amount + fee, returned_at FROM transactions_refund
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
    WHERE c.kind IN ('capture', 'release') AND (c.kind = 'capture') <> (t.status = 'successful')
    UNION ALL
    SELECT format('%s %s came back to the deposit, but is not marked as returned', t.source_type, t.id)
    FROM deposits_posting r
    JOIN ({SENT}) t ON t.source_type = r.source_type AND t.id = r.source_id
    WHERE r.kind = 'return' AND t.returned_at IS NULL
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
        SELECT payment_id, business_id, mode, sum(amount) AS rupiah FROM transactions_refund
        WHERE status NOT IN ('cancelled', 'failed') AND returned_at IS NULL GROUP BY payment_id, business_id, mode
    ) r
    JOIN transactions_payment p ON p.id = r.payment_id
    WHERE r.rupiah > p.amount OR p.status <> 'successful'
        OR (p.business_id, p.mode) IS DISTINCT FROM (r.business_id, r.mode)
    """,
)
