"""What a statement of the deposit says: what was there, each entry in the ledger's order, what is there then.

It is read from one state of the database (flipdash.db.snapshot), so that an entry booked meanwhile is in none of it.
Each balance has to follow from the one before, and each entry's place too: otherwise there is no statement.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Count, Max, Min, Sum

from deposits.ledger import sources
from deposits.models import DepositEntry, PostingKind
from flipdash.scope import Scope

AT_A_TIME = 1_000  # entries


class DoesNotFollow(Exception):
    """A balance isn't the one before it with the entry's amount, or an entry is missing between two."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One entry of the deposit; amounts in rupiah."""

    at: datetime
    kind: PostingKind
    source_type: str
    source_id: int
    posting: int
    amount: int
    """Positive came in, negative went out."""
    balance: int
    """After it."""
    description: str
    """What it was for, in the active language: whose names a person typed."""


@dataclass(frozen=True, slots=True)
class KindTotal:
    """What one kind of posting came to; amounts in rupiah, both positive."""

    kind: PostingKind
    count: int
    came_in: int
    went_out: int


@dataclass(frozen=True)
class Period:
    """The deposit of a scope from a moment to before another."""

    scope: Scope
    starts_at: datetime
    ends_at: datetime
    using: str = "default"

    def holds_more_than(self, most: int) -> bool:
        """Whether there are more entries than so many."""
        return self._rows.order_by()[: most + 1].count() > most

    @cached_property
    def opening(self) -> int:
        """What was available before the first entry, in rupiah."""
        return self._before[1]

    @cached_property
    def closing(self) -> int:
        """What is available after the last entry, in rupiah: by the kinds, which movements() compares."""
        return self.opening + sum(total.came_in - total.went_out for total in self.totals)

    @cached_property
    def totals(self) -> list[KindTotal]:
        """What each kind came to, in the order of the kinds."""
        sums = {"n": Count("id"), "moved_in": Sum("came_in", default=0), "moved_out": Sum("went_out", default=0)}
        found = self._rows.order_by().values_list("posting__kind").annotate(**sums)
        totals = [KindTotal(PostingKind(kind), count, int(came), int(went)) for kind, count, came, went in found]
        return sorted(totals, key=lambda total: PostingKind.values.index(total.kind))

    @property
    def count(self) -> int:
        """How many entries there are."""
        return sum(total.count for total in self.totals)

    def movements(self) -> Iterator[list[Movement]]:
        """Yield the entries some at a time, the oldest first; raises DoesNotFollow."""
        place, balance = self._before
        ends = self._rows.order_by().aggregate(first=Min("seq"), last=Max("seq"))
        done = 0
        for start in range(ends["first"], ends["last"] + 1, AT_A_TIME) if ends["first"] else ():
            some = list(self._entries.filter(seq__gte=start, seq__lt=start + AT_A_TIME, seq__lte=ends["last"]))
            for seq, _at, amount, after, *_rest in some:
                place, balance = place + 1, balance + amount
                if (seq, after) != (place, balance):
                    raise DoesNotFollow(f"entry {seq} of the deposit, {after}: {place}, {balance} follows")
            done += len(some)
            yield self._told(some)
        if (done, balance) != (self.count, self.closing):
            raise DoesNotFollow(f"{done} entries to {balance}, and {self.count} to {self.closing} by kind")

    @property
    def _deposit(self) -> Any:
        return DepositEntry.objects.using(self.using).visible_to(self.scope)

    @property
    def _rows(self) -> Any:
        return self._deposit.filter(created_at__gte=self.starts_at, created_at__lt=self.ends_at)

    @property
    def _entries(self) -> Any:
        source = ("posting_id", "posting__kind", "posting__source_type", "posting__source_id")
        return self._deposit.order_by("seq").values_list("seq", "created_at", "amount", "balance_after", *source)

    @cached_property
    def _before(self) -> tuple[int, int]:
        """Return the place and the balance of the last entry before, however old it is."""
        entries = DepositEntry.objects.using(self.using).visible_to(self.scope, searched=True)
        earlier = entries.filter(created_at__lt=self.starts_at).order_by("-created_at", "-id")
        return earlier.values_list("seq", "balance_after").first() or (0, 0)

    def _told(self, some: list[Any]) -> list[Movement]:
        moved = [(source_type, source_id, amount) for _, _, amount, _, _, _, source_type, source_id in some]
        words = sources.descriptions(self.scope, moved, self.using)
        return [
            Movement(at, PostingKind(kind), source_type, source_id, posting, amount, after, description)
            for (_, at, amount, after, posting, kind, source_type, source_id), description in zip(
                some, words, strict=True
            )
        ]
