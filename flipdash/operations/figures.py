"""What the ground floor itself measures, and what its sweeps are needed for."""

from datetime import timedelta

from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from flipdash import leases
from flipdash.models import Message
from flipdash.operations import measures, needs
from flipdash.operations.measures import OPERATOR, Figure

MOST_FAILED_MAILS = 10
"""How many may fail within a day: some addresses are wrong, but not so many."""
WRITTEN = needs.Prepared("""
SELECT sum(pg_stat_get_tuples_inserted(indrelid) + pg_stat_get_tuples_updated(indrelid))
FROM pg_index JOIN pg_class AS index ON index.oid = indexrelid
JOIN pg_am AS method ON method.oid = index.relam WHERE method.amname = 'gin'
""")
_written = [-1]
"""How many rows this process saw written when it asked last."""


def has_news_to_search() -> bool:
    """Return whether anything was written since this was asked last that a search index may have to take in.

    Postgres's own statistics say so, some seconds late; the next question then finds it.
    """
    (now,) = WRITTEN.first()
    before, _written[0] = _written[0], int(now or 0)
    return before != _written[0]


def mails_failed() -> float:
    """Return how many mails nobody took within the last day."""
    failed = Message.objects.using(OPERATOR).filter(status=Message.Status.FAILED)
    return failed.filter(finished_at__gte=Now() - timedelta(days=1)).count()


measures.declare(
    Figure("mails_failed", _("Mails that failed within a day"), mails_failed, most=MOST_FAILED_MAILS),
)
# Of each worker what waits at all: what may be begun at this moment, as of banks that have their workers, changes.
needs.declare("flipdash.tasks.sweep", lambda: [leases.Worker.due(worker) for worker in leases.workers.values()])
needs.ask("flipdash.tasks.clean_search_lists", has_news_to_search)
