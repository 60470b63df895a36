"""How much a business may keep of what is made for it: the disk is everybody's (attack.md A7)."""

from datetime import datetime

from django.db.models import Min, Sum
from django.utils.translation import gettext as _

from documents.models import Report, Statement
from flipdash import formats
from flipdash.scope import Scope

GIGABYTE = 1_000_000_000  # bytes
MOST_STORED = 5 * GIGABYTE
"""What the reports and statements of a business may take in one mode; each goes after 30 days."""


class TooMuchStored(Exception):
    """The files of a business take as much as they may."""

    def __init__(self, until: datetime) -> None:
        super().__init__()
        self.until = until
        """When the oldest of them goes."""

    @property
    def in_words(self) -> str:
        """Say how much that is, and when there is room again."""
        words = _(
            "Nothing was made: the reports and statements of your business take %(most)d GB, and more isn’t kept. "
            "The oldest of them goes on %(day)s."
        )
        return words % {"most": MOST_STORED // GIGABYTE, "day": formats.moment(self.until)}


def check(scope: Scope) -> None:
    """Raise TooMuchStored where there is no room for another file that somebody asks for."""
    taken, until = 0, []
    for model in (Report, Statement):
        ready = model.objects.visible_to(scope).filter(status=model.Status.READY)
        of_kind = ready.aggregate(size=Sum("size"), until=Min("expires_at"))
        taken += of_kind["size"] or 0
        until.append(of_kind["until"])
    if taken >= MOST_STORED:
        raise TooMuchStored(min(filter(None, until)))
