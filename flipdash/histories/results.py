"""One page of a history and how many rows there are, within a limit of time."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import or_
from time import monotonic
from typing import Any

from django.conf import settings
from django.contrib.postgres.aggregates import BoolOr
from django.db.models import BooleanField, ExpressionWrapper, QuerySet
from django.utils.translation import gettext as _

from flipdash import db, money
from flipdash.histories.address import Address
from flipdash.histories.columns import Row
from flipdash.histories.declaration import Declaration
from flipdash.histories.finding import Source, choose, find, is_slow_to_count, neighbours
from flipdash.histories.meanings import Part
from flipdash.histories.paging import ROWS_A_PAGE, Cursor, Position
from flipdash.histories.plan import Plan, left, plans
from flipdash.histories.query import Query
from flipdash.words import Words

COUNT_CAP = 10_000
"""Beyond this a count reads "10,000+"."""


ALONE_SECONDS = 0.3
"""How long an empty page counts what each word would find alone; what is left then is offered without a count."""


@dataclass(frozen=True)
class Alone:
    """What one part of a search finds by itself."""

    part: Part
    url: str
    count: int | None
    """None where counting would take too long: many."""


@dataclass
class Results:
    """One page of a history."""

    rows: list[Row] = field(default_factory=list)
    plan: Plan | None = None
    """By which the rows were found, and are counted."""
    newer_url: str | None = None
    older_url: str | None = None
    count: int | None = None
    hidden: int = 0
    """How many rows the search finds that the filters hide, told when the page would be empty."""
    too_slow: bool = False
    note: str = ""
    meant: dict[str, list[Words]] = field(default_factory=dict)
    """What words with several meanings are in the rows of this page."""
    alone: list[Alone] = field(default_factory=list)
    """What each part of a search finds that together find nothing."""
    counted: Any = Declaration.counted

    @property
    def count_words(self) -> str:
        """The count as people read it: exact up to the cap, then "10,000+"."""
        if self.count is None:
            return str(self.counted % {"number": COUNT_CAP, "shown": _("Many")})
        shown = money.number(min(self.count, COUNT_CAP)) + ("+" if self.count > COUNT_CAP else "")
        return str(self.counted % {"number": self.count, "shown": shown})

    @property
    def is_long(self) -> bool:
        """Whether there are more rows than the shortest page holds."""
        return bool(self.newer_url or self.older_url) or len(self.rows) > ROWS_A_PAGE[0]

    @property
    def offers_text(self) -> bool:
        """Whether the page should offer to search the text too, because the search was taken for a number."""
        term = self.plan.query.term if self.plan and self.plan.is_by_number else None
        return term is not None and term.can_be_text


@dataclass(frozen=True)
class Listing:
    """What one valid address asks for, to be shown page by page."""

    address: Address
    query: Query
    source: Source
    counted: Any

    @cached_property
    def plans(self) -> tuple[Plan, ...]:
        """The plans that come into question."""
        return plans(self.query)

    @cached_property
    def plan(self) -> Plan:
        """The plan by which everything is found, for whoever needs no page: a page says by which its own rows were."""
        return choose(self.source, self.plans)

    def results(self) -> Results:
        """Return the page that the address asks for; empty when the search is too slow."""
        results = Results(too_slow=True, counted=self.counted)
        try:
            if self.query.is_everything:  # the first rows of an index, which need no limit
                results = self.page()
                results.count = self._count_of_everything(results)
                return results
            with db.time_limit(settings.HISTORY_TIMEOUT_MS, self.source.visible.db) as limit:
                results = self.page()
                results.count = self._count_beside(results, limit)
        except db.TooSlow:
            if results.plan is None:
                return results  # else only the count was: the browser asks for it once the page is there
        self._explain(results)
        return results

    def page(self) -> Results:
        """Return the rows of the page, without the count."""
        at = self.address.position
        found = find(self.source, self.plans, at)
        if at.cursor and (not found.rows or (not at.is_older and len(found.rows) <= at.size)):
            at = Position(size=at.size)  # the first page, whole
            found = find(self.source, left(self.plans, found.plan), at)
        more = len(found.rows) > at.size
        rows = found.rows[: at.size] if at.is_older else found.rows[: at.size][::-1]
        return Results(
            rows,
            found.plan,
            newer_url=self.address.page_url("after", rows[0]) if rows and at.cursor else None,
            older_url=self.address.page_url("before", rows[-1]) if rows and (more or not at.is_older) else None,
            counted=self.counted,
        )

    def beside(self, row: Row) -> tuple[int | None, int | None]:
        """Return the keys of the nearest newer and older row of what is shown; None where none is found in time."""
        if self.query.is_everything:  # the next of an index, which needs no limit
            return neighbours(self.source, self.plans, Cursor.of(row))
        try:
            with db.time_limit(settings.HISTORY_TIMEOUT_MS, self.source.visible.db):
                return neighbours(self.source, self.plans, Cursor.of(row))
        except db.TooSlow:
            return None, None

    def _explain(self, results: Results) -> None:
        """Say what filters hide, or don't."""
        plan, query = results.plan, self.query
        if plan is None or query.term is None:
            return
        if not results.rows and query.filters:
            alone = Plan(plan.way, query.without_filters)
            hidden = self._capped_count(alone.rows(self.source.visible))
            results.hidden = COUNT_CAP + 1 if hidden is None else hidden
        if results.rows and self._dates_were_ignored(plan):
            results.note = _("Found by its number. The date filter doesn’t hide a transaction whose ID you search for.")
        results.meant = self._meant(plan, results.rows)
        if not results.rows and not results.hidden and len(query.parts) > 1:
            results.alone = list(self._alone())

    def _alone(self) -> Iterator[Alone]:
        """Yield what each part of the search finds alone, with the filters that are set."""
        ends = monotonic() + ALONE_SECONDS
        for part in self.query.parts:
            count = self._count_alone(self.query.alone(part)) if monotonic() < ends else None
            yield Alone(part, self.address.url_with({"q": part.said}), count)

    def _count_alone(self, query: Query) -> int | None:
        try:
            with db.time_limit(settings.HISTORY_COUNT_TIMEOUT_MS, self.source.visible.db):
                return _counted(choose(self.source, plans(query)).rows(self.source.visible))
        except db.TooSlow:
            return None

    def _meant(self, plan: Plan, rows: list[Row]) -> dict[str, list[Words]]:
        """Ask which of their meanings words have in the rows of a page."""
        asked = plan.query.unsure_meanings(by_number=plan.is_by_number)
        if not rows or not asked:
            return {}
        found = self.source.visible.filter(pk__in=[row["id"] for row in rows]).order_by()
        names = [f"meant_{number}" for number in range(len(asked))]
        are = {
            name: BoolOr(ExpressionWrapper(condition, output_field=BooleanField()))
            for name, (_said, _label, condition) in zip(names, asked, strict=True)
        }
        held, meant = found.aggregate(**are), defaultdict(list)
        for name, (said, label, _condition) in zip(names, asked, strict=True):
            if held[name]:
                meant[said].append(label)
        return meant

    def _dates_were_ignored(self, plan: Plan) -> bool:
        dates, term = self.query.dates, self.query.term
        by_id = [reading.condition for reading in term.readings if reading.ignores_dates] if term else []
        if not plan.is_by_number or dates is None or dates not in self.query.filters or not by_id:
            return False
        outside = ~dates.condition(self.query.cleaned, self.query.scope)
        return self.source.visible.filter(reduce(or_, by_id)).filter(outside).exists()

    def _count_beside(self, page: Results, limit: Callable[[float], None]) -> int | None:
        """Count what the page is a part of, up to the cap, or leave it for later.

        Nothing more is asked when the page is everything.
        """
        if self._is_all(page):
            return len(page.rows)
        if page.plan is None or is_slow_to_count(self.source, page.plan):
            return None
        limit(settings.HISTORY_COUNT_TIMEOUT_MS)
        return _counted(page.plan.rows(self.source.visible))

    def _count_of_everything(self, page: Results) -> int | None:
        return len(page.rows) if self._is_all(page) else self.count(page.plan)

    def _is_all(self, page: Results) -> bool:
        """Whether the page holds all rows."""
        return self.address.position.cursor is None and page.older_url is None

    def _capped_count(self, rows: QuerySet, milliseconds: int | None = None) -> int | None:
        """Count up to the cap; None when counting would take too long."""
        try:
            with db.time_limit(milliseconds or settings.HISTORY_COUNT_TIMEOUT_MS, self.source.visible.db):
                return _counted(rows)
        except db.TooSlow:
            return None

    def count(self, plan: Plan | None = None) -> int | None:
        """Return how many rows there are, up to one more than the cap; None when that takes too long for a page."""
        return self._capped_count((plan or self.plan).rows(self.source.visible))

    def late_count(self) -> int | None:
        """Count likewise, with the patience that one has when the page is there."""
        try:
            with db.time_limit(settings.HISTORY_TIMEOUT_MS, self.source.visible.db):
                plan = self.plan
        except db.TooSlow:
            return None
        return self._capped_count(plan.rows(self.source.visible), settings.HISTORY_LATE_COUNT_TIMEOUT_MS)

    def few(self) -> QuerySet | None:
        """Return all rows, if they are few enough to be summed up for a page; None for more than the cap."""
        rows = self.plan.rows(self.source.visible)
        return rows if _counted(rows) <= COUNT_CAP else None


def _counted(rows: QuerySet) -> int:
    return rows.order_by()[: COUNT_CAP + 1].count()
