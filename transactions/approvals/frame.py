"""How many transactions wait for an approver: what the menu says on every page of whoever may approve."""

from flipdash import frame
from transactions.models import InternationalTransfer, MoneyTransfer, Refund, Status

MOST = 100
"""More than that is no number that anybody needs."""

WAITING = " UNION ALL ".join(
    f"""
    (SELECT FROM {model._meta.db_table}
    WHERE business_id = %(business)s AND mode = %(mode)s AND status = '{Status.PENDING_APPROVAL}'
    LIMIT %(waiting_most)s)
    """
    for model in (MoneyTransfer, InternationalTransfer, Refund)
)

frame.brings(
    "waiting",
    f"""
    SELECT CASE WHEN %(waiting_permission)s = ANY(%(permissions)s) THEN (
        SELECT least(count(*), %(waiting_most)s) FROM ({WAITING}) waiting
    ) ELSE 0 END
    """,  # noqa: S608  (our own constants)
    most=MOST,
    permission="transactions:approve",
)
