"""What developers' callbacks have to be measured (flipdash/operations)."""

from datetime import timedelta

from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from developer.models import Callback
from developer.models.callbacks import DUE
from flipdash.operations import measures
from flipdash.operations.measures import OPERATOR, Queue


def callbacks() -> tuple[int, float]:
    """Return how many callbacks are due, and for how long the oldest is.

    Those of an address that fails aren't counted: they wait for somebody else's server, and not for us.
    """
    due = Callback.objects.using(OPERATOR).filter(status__in=DUE, due_at__lte=Now(), callback_url__failing_since=None)
    return measures.waiting(due, F("due_at"))


measures.declare(Queue("callbacks", _("Callbacks that are due"), callbacks, late=timedelta(minutes=5)))
