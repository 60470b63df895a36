"""What the ground floor itself measures."""

from datetime import timedelta

from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from flipdash.models import Message
from flipdash.operations import measures
from flipdash.operations.measures import OPERATOR, Figure

MOST_FAILED_MAILS = 10
"""How many may fail within a day: some addresses are wrong, but not so many."""


def mails_failed() -> float:
    """Return how many mails nobody took within the last day."""
    failed = Message.objects.using(OPERATOR).filter(status=Message.Status.FAILED)
    return failed.filter(finished_at__gte=Now() - timedelta(days=1)).count()


measures.declare(
    Figure("mails_failed", _("Mails that failed within a day"), mails_failed, most=MOST_FAILED_MAILS),
)
