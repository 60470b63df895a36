"""Proving that the Activity Log is as it was written: what `manage.py check_activity` finds.

The chain shows a change of any row but the last ones; the head shows a cut-off end. Whoever can change the database
as its superuser could write both anew: that is shown by heads that were kept elsewhere (`--against`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connections

from accounts.models import Activity, ActivityHead

UNSEALED_FOR = timedelta(minutes=5)
"""How long a row may wait for the sealer."""

BROKEN = """
SELECT business_id, mode, seq, id, seq_before, is_right FROM (
    SELECT business_id, mode, seq, id, lag(seq, 1, 0::bigint) OVER chain AS seq_before,
        hash = activity_hash(lag(hash, 1, '') OVER chain, a) AS is_right
    FROM accounts_activity a WHERE seq IS NOT NULL
    WINDOW chain AS (PARTITION BY business_id, mode ORDER BY seq)
) links WHERE NOT is_right OR seq <> seq_before + 1 ORDER BY business_id, mode, seq
"""
ENDS = """
SELECT business_id, mode, head.seq, last.seq, coalesce(head.hash = last.hash, false)
FROM accounts_activityhead head FULL JOIN (
    SELECT DISTINCT ON (business_id, mode) business_id, mode, seq, hash FROM accounts_activity
    WHERE seq IS NOT NULL ORDER BY business_id, mode, seq DESC
) last USING (business_id, mode)
WHERE (coalesce(head.seq, 0), coalesce(head.hash, '')) <> (coalesce(last.seq, 0), coalesce(last.hash, ''))
ORDER BY business_id, mode
"""
WAITING = """
SELECT business_id, mode, count(*), min(id) FROM accounts_activity
WHERE seq IS NULL AND created_at < now() - %s GROUP BY business_id, mode ORDER BY business_id, mode
"""


@dataclass(frozen=True)
class BrokenLink:
    """Something in the log that isn't as it was written."""

    business_id: int
    mode: str
    seq: int | None
    what: str

    def __str__(self) -> str:
        place = "" if self.seq is None else f", place {self.seq}"
        return f"business {self.business_id}, {self.mode}{place}: {self.what}"


def check(using: str = "default", unsealed_for: timedelta = UNSEALED_FOR) -> list[BrokenLink]:
    """Return everything that is wrong with any chain."""
    return [*_broken(using), *_ends(using), *_waiting(using, unsealed_for)]


def _rows(using: str, sql: str, *params: Any) -> list[tuple[Any, ...]]:
    with connections[using].cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def _broken(using: str) -> Iterator[BrokenLink]:
    for business, mode, seq, row, before, is_right in _rows(using, BROKEN):
        if seq != before + 1:
            yield BrokenLink(business, mode, seq, f"{seq - before - 1} rows are missing before it")
        elif not is_right:
            yield BrokenLink(business, mode, seq, f"row {row}, or the one before it, is not what was sealed")


def _ends(using: str) -> Iterator[BrokenLink]:
    for business, mode, head, last, _same in _rows(using, ENDS):
        if head is None:
            yield BrokenLink(business, mode, last, "the head is missing")
        elif last is None or last < head:
            yield BrokenLink(business, mode, head, f"the end is missing: the last row is {last or 0}")
        else:
            yield BrokenLink(business, mode, last, f"the head says {head} and doesn't fit the last row")


def _waiting(using: str, unsealed_for: timedelta) -> Iterator[BrokenLink]:
    for business, mode, count, first in _rows(using, WAITING, unsealed_for):
        yield BrokenLink(business, mode, None, f"{count} rows wait too long for the sealer, the first is {first}")


def heads(using: str = "default") -> list[str]:
    """Return each chain's end as a line, to be kept where nobody who may change the database can change it."""
    return [str(head) for head in ActivityHead.objects.using(using).order_by("business_id", "mode")]


def against(lines: Iterable[str], using: str = "default") -> list[BrokenLink]:
    """Return which kept heads are no link of today's chains; raises ValueError for a line that is no head."""
    broken = []
    for line in filter(None, map(str.strip, lines)):
        business, mode, seq, digest = line.split(" ")
        rows = Activity.objects.using(using).filter(business_id=int(business), mode=mode, seq=int(seq))
        if not rows.filter(hash=digest).exists():
            broken.append(BrokenLink(int(business), mode, int(seq), "the chain was written anew since this was kept"))
    return broken
