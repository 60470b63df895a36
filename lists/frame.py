"""What the page of a history asks of the person's settings (flipdash/frame.py)."""

from accounts.permissions import Permission
from flipdash import frame

MOST_IN_MENU = 100
"""The rest is on the page of all views; nobody looks through a longer menu."""

frame.brings(
    "layout",
    """
    SELECT json_build_object('columns', columns, 'rows', rows) FROM lists_keptlayout
    WHERE business_id = %(business)s AND mode = %(mode)s AND member_id = %(member)s AND history = %(history)s
    """,
)

# A member's own views, those shared with their role, and their default as long as they may see it; it comes first.
frame.brings(
    "views",
    """
    SELECT json_agg(found) FROM (
        SELECT view.*, person.name AS by_name, chosen.id IS NOT NULL AS is_default
        FROM lists_savedview view
        JOIN accounts_member owner ON owner.id = view.member_id
        JOIN accounts_user person ON person.id = owner.user_id
        LEFT JOIN lists_defaultview chosen ON chosen.view_id = view.id AND chosen.member_id = %(member)s
            AND chosen.business_id = view.business_id AND chosen.mode = view.mode
        WHERE view.business_id = %(business)s AND view.mode = %(mode)s AND view.history = %(history)s
            AND (
                view.member_id = %(member)s
                OR view.roles @> ARRAY[%(role)s]::varchar[]
                OR (chosen.id IS NOT NULL AND view.roles <> '{}' AND %(views_seen_by)s = ANY(%(permissions)s))
            )
        ORDER BY is_default DESC, lower(view.name), view.id
        LIMIT %(views_most)s
    ) found
    """,
    seen_by=str(Permission.MANAGE_MEMBERS),
    most=MOST_IN_MENU + 1,
)
