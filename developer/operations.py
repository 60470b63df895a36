"""What developers' callbacks have to be measured (flipdash/operations), and what their sweep is needed for."""

from datetime import timedelta

from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from developer.models import Callback, CallbackUrl
from developer.models.callbacks import DUE
from flipdash.operations import measures, needs
from flipdash.operations.measures import OPERATOR, Queue


def to_send() -> QuerySet[Callback]:
    """Return the callbacks that are due, to whatever address."""
    return Callback.objects.using(OPERATOR).filter(status__in=DUE, due_at__lte=Now())


def may_go_on() -> QuerySet[CallbackUrl]:
    """Return the URLs that are well and have callbacks held back."""
    held = Callback.objects.filter(callback_url=OuterRef("pk"), status=Callback.Status.PAUSED)
    return CallbackUrl.objects.using(OPERATOR).filter(Exists(held), paused_at=None).exclude(url="")


def callbacks() -> tuple[int, float]:
    """Return how many callbacks are due, and for how long the oldest is.

    Those of an address that fails aren't counted: they wait for somebody else's server, and not for us.
    """
    return measures.waiting(to_send().filter(callback_url__failing_since=None), F("due_at"))


measures.declare(Queue("callbacks", _("Callbacks that are due"), callbacks, late=timedelta(minutes=5)))
needs.declare("developer.tasks.sweep_callbacks", lambda: [to_send(), may_go_on()])
