"""What must hold between top-ups, lines of bank statements and the ledger: `manage.py check_ledger` asks it too."""

from deposits.ledger.checks import ledger_check

ledger_check(
    "Every credited top-up has its posting, of the amount that was credited, and is reversed as it says",
    """
    SELECT format('top-up %s (%s): credited %s by posting %s, which brought in %s%s', t.id, t.status,
        t.credited_amount, t.posting_id, coalesce(e.amount, 0), CASE WHEN r.id IS NULL THEN '' ELSE ', reversed' END)
    FROM deposits_topup t
    LEFT JOIN deposits_posting p ON p.id = t.posting_id AND p.kind = 'top_up' AND p.source_type = 'top_up'
        AND p.source_id = t.id AND (p.business_id, p.mode) = (t.business_id, t.mode)
    LEFT JOIN (
        SELECT e.posting_id, e.amount FROM deposits_entry e
        JOIN deposits_account a ON a.id = e.account_id AND a.kind = 'available'
    ) e ON e.posting_id = p.id
    LEFT JOIN deposits_posting r ON r.reverses_id = p.id
    WHERE (t.status = 'successful' OR t.posting_id IS NOT NULL OR t.credited_amount IS NOT NULL) AND (
        p.id IS NULL OR e.amount IS DISTINCT FROM t.credited_amount
        OR (r.id IS NULL) <> (t.status = 'successful') OR (r.id IS NULL) <> (t.reversed_at IS NULL)
    )
    """,
)
ledger_check(
    "Every posting of a top-up has its top-up",
    """
    SELECT format('posting %s of %s %s: no top-up that says so', p.id, p.source_type, p.source_id)
    FROM deposits_posting p
    LEFT JOIN deposits_topup t ON t.posting_id = p.id AND t.id = p.source_id AND p.source_type = 'top_up'
    WHERE p.kind = 'top_up' AND t.id IS NULL
    """,
)
ledger_check(
    "Every credited top-up is paid by one line of a bank statement, and every credited line pays one",
    """
    SELECT format('top-up %s: credited %s, by %s lines of %s', t.id, t.credited_amount, coalesce(l.lines, 0), l.total)
    FROM deposits_topup t
    LEFT JOIN (
        SELECT top_up_id, count(*) AS lines, sum(amount) AS total
        FROM deposits_statementline WHERE status = 'credited' GROUP BY 1
    ) l ON l.top_up_id = t.id
    WHERE t.status = 'successful' AND (l.lines IS DISTINCT FROM 1 OR l.total <> t.credited_amount)
    UNION ALL
    SELECT format('line %s of %s is credited to top-up %s, which is not', l.id, l.bank, l.top_up_id)
    FROM deposits_statementline l
    LEFT JOIN deposits_topup t ON t.id = l.top_up_id AND t.mode = l.mode AND t.bank = l.bank
        AND (t.status = 'successful' OR t.reversed_at IS NOT NULL)
    WHERE l.status = 'credited' AND t.id IS NULL
    """,
)
ledger_check(
    "What was posted by hand has a correction by two people, and an opening is Test Mode's own",
    """
    SELECT format('posting %s, a %s of %s %s: no correction that says so', p.id, p.kind, p.source_type, p.source_id)
    FROM deposits_posting p
    LEFT JOIN deposits_correction c ON c.id = p.source_id AND p.source_type = 'correction' AND c.status = 'approved'
        AND (c.business_id, c.mode) = (p.business_id, p.mode)
    WHERE p.kind IN ('adjustment', 'sweep', 'withdrawal') AND c.id IS NULL
    UNION ALL
    SELECT format('posting %s opens %s %s, %s, by itself', p.id, p.source_type, p.source_id, p.mode)
    FROM deposits_posting p
    WHERE p.kind = 'opening'
        AND (p.mode, p.source_type, p.source_id) IS DISTINCT FROM ('test', 'business', p.business_id)
    """,
)
