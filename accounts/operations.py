"""What accounts have to be measured (flipdash/operations), and which files are theirs."""

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from accounts.activity.chain import UNSEALED_FOR
from accounts.models import Activity, Business
from flipdash import orphans
from flipdash.operations import measures
from flipdash.operations.measures import OPERATOR, Queue


def unsealed() -> tuple[int, float]:
    """Return how many entries of the Activity Log wait for the sealer, and since when the oldest does."""
    return measures.waiting(Activity.objects.using(OPERATOR).filter(seq=None), F("created_at"))


measures.declare(Queue("unsealed", _("Entries of the Activity Log to be sealed"), unsealed, late=UNSEALED_FOR))
orphans.register("logos", (Business, "logo"))
