"""How much a business may keep with us: the disk is everybody's (attack.md A7, decision 0146).

Each app says which of its rows have files, and how large these are:

    room.goes(Report, when=Q(status="ready"), until="expires_at")    # by itself, after some time
    room.stays(Attachment)                                           # for good

Whoever is asked for a file checks, and whoever has made one checks again: many are asked for while there is room.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Min, Q, Sum
from django.utils.translation import gettext as _

from flipdash import clock, db, formats
from flipdash.scope import Scope

GIGABYTE = 1_000_000_000  # bytes
MOST_STORED = 5 * GIGABYTE
"""What goes again may take so much of a business in one mode."""
MOST_KEPT = 20 * GIGABYTE
"""What stays, likewise."""


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
            "There is no room for it: the reports, statements and uploads of your business take %(most)d GB, and more "
            "isn’t kept. The oldest of them goes on %(day)s."
        )
        return words % {"most": MOST_STORED // GIGABYTE, "day": formats.moment(self.until)}


@dataclass(frozen=True)
class _Part:
    """Rows with files: all of a business in a mode that are `when`."""

    model: Any
    size: str
    when: Q
    until: str = ""


_goes: list[_Part] = []
_stays: list[_Part] = []


def goes(model: Any, *, size: str = "size", when: Q, until: str) -> None:
    """Count the files of rows that are `when`; they go at `until`, or earlier."""
    _goes.append(_Part(model, size, when, until))


def stays(model: Any, *, size: str = "size", when: Q | None = None) -> None:
    """Count the files of rows that are kept for good. Their sum needs an index of its own: it is asked in requests."""
    _stays.append(_Part(model, size, when or Q()))


def counted() -> set[Any]:
    """Return the models whose files are counted."""
    return {part.model for part in (*_goes, *_stays)}


def check(scope: Scope, size: int = 1) -> None:
    """Raise TooMuchStored where there is no room for a file of a size, as far as it is known."""
    taken, until = 0, []
    for part in _goes:
        rows = part.model.objects.visible_to(scope).filter(part.when)
        of_part = rows.aggregate(size=Sum(part.size), until=Min(part.until))
        taken += of_part["size"] or 0
        until.append(of_part["until"])
    if taken + size > MOST_STORED:
        raise TooMuchStored(min(filter(None, until), default=clock.now()))


def hold(scope: Scope, size: int) -> None:
    """Check for a file that has been made, and keep others of the business from it until the transaction ends."""
    db.lock(f"room/{scope.business.pk}/{scope.mode}")
    check(scope, size)


def kept(scope: Scope) -> int:
    """Return how many bytes stay."""
    rows = ((part, part.model.objects.visible_to(scope).filter(part.when)) for part in _stays)
    return sum(some.aggregate(size=Sum(part.size))["size"] or 0 for part, some in rows)
