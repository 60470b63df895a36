"""What the page of a history asks of batches and people (flipdash/frame.py)."""

from flipdash import frame
from flipdash.histories.filters import MOST_ROWS

frame.brings(
    "batches",
    """
    SELECT json_agg(json_build_array(id, name)) FROM (
        SELECT id, name FROM transactions_transferbatch
        WHERE %(history)s = 'money-transfers' AND business_id = %(business)s AND mode = %(mode)s
        ORDER BY created_at DESC, id DESC
        LIMIT %(batches_most)s
    ) batch
    """,
    most=MOST_ROWS,
)
frame.brings(
    "people",
    """
    SELECT json_agg(json_build_array(id, name)) FROM (
        SELECT member.id, person.name FROM accounts_member member
        JOIN accounts_user person ON person.id = member.user_id
        WHERE %(history)s = 'money-transfers' AND member.business_id = %(business)s
        ORDER BY person.name, member.id
        LIMIT %(people_most)s
    ) member
    """,
    most=MOST_ROWS,
)
