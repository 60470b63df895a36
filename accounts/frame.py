"""How many notices a member hasn't looked at, of those that their role lets them be told: what the bell says on every
page (flipdash/frame.py).
"""

from accounts.profile import notices
from flipdash import frame

MOST = 100
"""More than that is no number that anybody needs."""

frame.brings(
    "unseen",
    """
    SELECT count(*) FROM (
        SELECT FROM accounts_notice
        WHERE business_id = %(business)s AND mode = %(mode)s AND member_id = %(member)s AND seen_at IS NULL
            AND kind IN (
                SELECT kind FROM unnest(%(unseen_kinds)s::text[], %(unseen_needed)s::text[]) AS known(kind, needed)
                WHERE needed = ANY(%(permissions)s)
            )
        LIMIT %(unseen_most)s
    ) unseen
    """,
    most=MOST,
    kinds=notices.KINDS,
    needed=notices.NEEDED,
)
