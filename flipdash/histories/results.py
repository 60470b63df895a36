"""One page of a history and how many rows there are, within a limit of time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from flipdash import db, money
from flipdash.histories.columns import Row
from flipdash.histories.declaration import Declaration
from flipdash.histories.finding import Finding
from flipdash.histories.paging import PAGE_SIZE

COUNT_CAP = 10_000
"""Beyond this a count reads "10,000+"."""


@dataclass
class Results:
    """One page of a history."""

    rows: list[Row] = field(default_factory=list)
    newer_url: str | None = None
    older_url: str | None = None
    count: int | None = None
    hidden: int = 0
    """How many rows the search finds that the filters hide, told when the page would be empty."""
    too_slow: bool = False
    note: str = ""
    counted: Any = Declaration.counted

    @property
    def count_words(self) -> str:
        """The count as people read it: exact up to the cap, then "10,000+"."""
        if self.count is None:
            return str(self.counted % {"number": COUNT_CAP, "shown": _("Many")})
        shown = money.number(min(self.count, COUNT_CAP)) + ("+" if self.count > COUNT_CAP else "")
        return str(self.counted % {"number": self.count, "shown": shown})


class Paged(Finding):
    """A history that shows page by page what it finds."""

    def results(self) -> Results:
        """Return the page that the address asks for; empty when the address is wrong or the search too slow."""
        if not self.is_valid:
            return Results()
        results = Results(too_slow=True, counted=self.counted)
        try:
            with db.time_limit(settings.HISTORY_TIMEOUT_MS, self.using) as limit:
                results = self.page()
                results.count = self._count_beside(results, limit)
        except db.TooSlow:
            if results.too_slow:
                return results  # else only the count was: the browser asks for it once the page is there
        if not results.rows and self.term and self.applied_filters:
            hidden = self._capped_count(self.rows(filtered=False))
            results.hidden = COUNT_CAP + 1 if hidden is None else hidden
        if results.rows and self.term and self._dates_were_ignored:
            results.note = _("Found by its number. The date filter doesn’t hide a transaction whose ID you search for.")
        return results

    @property
    def _dates_were_ignored(self) -> bool:
        dates = self.date_filter
        found_by_id = [branch.condition for branch in self.branches if branch.ignores_dates]
        if not self.is_exact or dates is None or dates not in self.applied_filters or not found_by_id:
            return False
        outside = ~dates.condition(self.cleaned, self.scope)
        return self.visible_rows().using(self.using).filter(reduce(or_, found_by_id)).filter(outside).exists()

    def page(self) -> Results:
        """Return the rows of the page, without the count."""
        direction, cursor = self.cursor or ("before", None)
        rows = self._rows_beside(cursor, direction)
        if cursor and (not rows or (direction == "after" and len(rows) <= PAGE_SIZE)):
            direction, cursor = "before", None  # the first page, whole
            rows = self._rows_beside(None, direction)
        more = len(rows) > PAGE_SIZE
        rows = rows[:PAGE_SIZE]
        if direction == "after":
            rows.reverse()
        return Results(
            counted=self.counted,
            rows=rows,
            newer_url=self._page_url("after", rows[0]) if rows and cursor else None,
            older_url=self._page_url("before", rows[-1]) if rows and (more or direction == "after") else None,
        )

    def _count_beside(self, page: Results, limit: Callable[[int], None]) -> int | None:
        """Count what the page is a part of, up to the cap, or leave it for later.

        Nothing more is asked when the page is everything.
        """
        if self.cursor is None and page.older_url is None:
            return len(page.rows)
        if self.is_slow_to_count:
            return None
        limit(settings.HISTORY_COUNT_TIMEOUT_MS)
        return _counted(self.rows())

    def _capped_count(self, rows: QuerySet, milliseconds: int | None = None) -> int | None:
        """Count up to the cap; None when counting would take too long."""
        try:
            with db.time_limit(milliseconds or settings.HISTORY_COUNT_TIMEOUT_MS, self.using):
                return _counted(rows)
        except db.TooSlow:
            return None

    def count(self) -> int | None:
        """Return how many rows there are, up to one more than the cap; None when that takes too long for a page."""
        return self._capped_count(self.rows()) if self.is_valid else 0

    def late_count(self) -> int | None:
        """Count likewise, with the patience that one has when the page is there."""
        if not self.is_valid:
            return 0
        try:
            with db.time_limit(settings.HISTORY_TIMEOUT_MS, self.using):
                self.page()  # it tells by which way the rows are found
        except db.TooSlow:
            return None
        return self._capped_count(self.rows(), settings.HISTORY_LATE_COUNT_TIMEOUT_MS)


def _counted(rows: QuerySet) -> int:
    return rows.order_by()[: COUNT_CAP + 1].count()
