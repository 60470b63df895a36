"""What accounts have to be measured (flipdash/operations), what their sweeps are needed for, and their files."""

from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.activity.chain import UNSEALED_FOR
from accounts.models import Activity, Business
from flipdash import orphans
from flipdash.operations import measures, needs
from flipdash.operations.measures import OPERATOR, Queue


def to_seal() -> QuerySet[Activity]:
    """Return the entries of the Activity Log that wait for the sealer."""
    return Activity.objects.using(OPERATOR).filter(seq=None)


def unsealed() -> tuple[int, float]:
    """Return how many entries of the Activity Log wait for the sealer, and since when the oldest does."""
    return measures.waiting(to_seal(), F("created_at"))


measures.declare(Queue("unsealed", _("Entries of the Activity Log to be sealed"), unsealed, late=UNSEALED_FOR))
orphans.register("logos", (Business, "logo"))
needs.declare("accounts.tasks.seal_activity", lambda: [to_seal()])
