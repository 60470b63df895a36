"""Keyset pages: a cursor is the place of a row in the order, signed for one history of one scope."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from django.core.signing import BadSignature, Signer
from django.db.models import Q

from flipdash.histories.search import row_compare
from flipdash.scope import Scope

ROWS_A_PAGE = (25, 50, 100)
"""How many rows a person can have on a page."""
USUAL_ROWS = 50
ORDER = ("-created_at", "-id")
OLDEST_FIRST = ("created_at", "id")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadCursor(ValueError):
    """The page address was not made for this history, business and mode."""


@dataclass(frozen=True)
class Cursor:
    """The place just after (or before) a row: order is always (created_at, id), newest first."""

    at: datetime
    pk: int

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """Return the place of a row."""
        return cls(row["created_at"], row["id"])

    def older(self) -> Q:
        """Keep what comes after this place."""
        return row_compare("<", self.at, self.pk)

    def newer(self) -> Q:
        """Keep what comes before this place."""
        return row_compare(">", self.at, self.pk)

    def sign(self, name: str, scope: Scope) -> str:
        """Write the cursor for an address."""
        microseconds = (self.at - EPOCH) // timedelta(microseconds=1)
        return _signer(name, scope).sign(f"{microseconds}.{self.pk}")

    @classmethod
    def read(cls, text: str, name: str, scope: Scope) -> Self:
        """Read a cursor from an address; raises BadCursor if it is not this history's or this scope's."""
        try:
            microseconds, pk = _signer(name, scope).unsign(text).split(".")
        except BadSignature as error:
            raise BadCursor from error
        return cls(EPOCH + timedelta(microseconds=int(microseconds)), int(pk))


@dataclass(frozen=True)
class Position:
    """Where a page begins: at a cursor, and on to older or to newer rows; and how many rows it holds."""

    cursor: Cursor | None = None
    is_older: bool = True
    size: int = USUAL_ROWS

    @property
    def enough(self) -> int:
        """How many rows to ask for: one more than the page holds says that there is another page."""
        return self.size + 1

    @property
    def order(self) -> tuple[str, str]:
        """The order in which the nearest row comes first."""
        return ORDER if self.is_older else OLDEST_FIRST

    @property
    def beside(self) -> Q:
        """What lies on from here."""
        if self.cursor is None:
            return Q()
        return self.cursor.older() if self.is_older else self.cursor.newer()


FIRST_PAGE = Position()


def _signer(name: str, scope: Scope) -> Signer:
    return Signer(salt=f"history:{name}:{scope.business.pk}:{scope.mode}")
