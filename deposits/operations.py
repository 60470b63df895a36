"""What the deposit has to be measured (flipdash/operations), what its sweep is needed for, and its files."""

from datetime import timedelta

from django.db import connections
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from deposits.models import StatementImport, StatementLine
from deposits.statements import matching
from deposits.topups import services as topups
from flipdash import orphans
from flipdash.operations import measures, needs
from flipdash.operations.measures import OPERATOR, Figure, Queue

WRITTEN = "SELECT coalesce(sum(n_tup_ins), 0) FROM pg_stat_user_tables WHERE relname = 'deposits_posting'"
"""Of Postgres's own statistics: counting the rows themselves takes long where there are many."""


def lines() -> tuple[int, float]:
    """Return how many lines of bank statements nobody has looked at yet, and since when the oldest waits."""
    by_itself = [StatementLine.Status.NEW, StatementLine.Status.MATCHED]
    new = StatementLine.objects.using(OPERATOR).filter(status__in=by_itself)
    return measures.waiting(new, Coalesce(F("matched_at"), F("imported_at")))


def postings() -> float:
    """Return how many postings were written since Postgres began to count."""
    with connections[OPERATOR].cursor() as cursor:
        cursor.execute(WRITTEN)
        (count,) = cursor.fetchone()
    return float(count)


measures.declare(
    Queue("statement_lines", _("Lines of bank statements to be matched"), lines, late=timedelta(minutes=5)),
    Figure("postings", _("Postings written, since Postgres began to count"), postings, is_total=True),
)
needs.declare(
    "deposits.tasks.sweep_top_ups",
    lambda: [matching.simulated(), matching.to_match(), matching.to_credit(), topups.over()],
)
orphans.register("statements", (StatementImport, "stored_as"))
