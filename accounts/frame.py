"""How many notices a member hasn't looked at: what the bell says on every page (flipdash/frame.py)."""

from flipdash import frame

MOST = 100
"""More than that is no number that anybody needs."""

frame.brings(
    "unseen",
    """
    SELECT count(*) FROM (
        SELECT FROM accounts_notice
        WHERE business_id = %(business)s AND mode = %(mode)s AND member_id = %(member)s AND seen_at IS NULL
        LIMIT %(unseen_most)s
    ) unseen
    """,
    most=MOST,
)
