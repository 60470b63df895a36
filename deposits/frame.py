"""What every page asks of the deposit (flipdash/frame.py)."""

from flipdash import frame

frame.brings(
    "deposit",
    """
    SELECT json_object_agg(kind, balance) FROM deposits_account
    WHERE business_id = %(business)s AND mode = %(mode)s AND currency = 'IDR'
        AND kind IN ('available', 'held')
    """,
)
frame.brings(
    "least_deposit",
    "SELECT threshold FROM deposits_lowbalance WHERE business_id = %(business)s AND mode = %(mode)s",
)
