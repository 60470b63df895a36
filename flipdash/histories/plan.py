"""The ways in which rows can be found, as values: a query says which come into question, finding.py goes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from flipdash.histories.paging import ORDER
from flipdash.histories.query import Driver, Query


class Way(Enum):
    """How the rows of a page are found."""

    BY_NUMBER = auto()
    """The search is exactly what rows have: each such field is asked by its own index."""
    IN_ORDER = auto()
    """There is nothing but filters that the order of pages is no worse for: rows are taken as they come."""
    NEARBY = auto()
    """Words, or filters that have facets, are common: a page of them is among the nearest rows."""
    BY_KEYS = auto()
    """They are rare: all that match are found by indexes, most often that of search keys, and sorted."""
    APART = auto()
    """A word is days, or something that stands in order, or else: each is looked for where it can be, and merged."""
    NONE = auto()
    """No row can be what the search says."""


@dataclass(frozen=True)
class Plan:
    """One way to find what a query asks for. The page, its count, the report and a row's neighbours go the same one."""

    way: Way
    query: Query
    chosen: Driver | None = None
    """What leads to the rows, where it was seen which of several is rarest."""
    is_sure: bool = False
    """Whether the database has said that this is the way."""

    @property
    def is_by_number(self) -> bool:
        """Whether the search is taken for exactly what rows have, and for no words."""
        return self.way is Way.BY_NUMBER

    @property
    def condition(self) -> Q:
        """What all rows match that are found, with what lets an index find them."""
        query = self.query
        if self.is_by_number and query.term:
            readings = query.term.readings
            return reduce(or_, (r.condition & query.filtered(for_id=r.ignores_dates) for r in readings))
        if self.driver and (self.way is Way.BY_KEYS or query.is_by_words):
            return query.kept & self.driver.condition
        return query.kept

    @property
    def driver(self) -> Driver | None:
        """What leads to the rows by an index: what was chosen, or else the search keys."""
        return self.chosen or (self.query.drivers[-1] if self.query.drivers else None)

    def rows(self, visible: QuerySet) -> QuerySet:
        """Return all rows that are found, newest first, of those that the scope may see."""
        return visible.filter(self.condition).order_by(*ORDER)


def plans(query: Query) -> tuple[Plan, ...]:
    """Return the plans to be tried, one after the other: the first that holds is the one, the last always does."""
    by_number = (Plan(Way.BY_NUMBER, query),) if query.term and query.term.readings else ()
    if query.term and not query.term.is_words:
        return (*by_number, Plan(Way.NONE, query))
    if not query.is_by_words and not query.keys:
        return (Plan(Way.IN_ORDER, query),)
    return (*by_number, *((Plan(Way.APART, query),) if len(query.apart) > 1 else by_words(query)))


def by_words(query: Query) -> tuple[Plan, ...]:
    """Return the plans for words and facets: whether they are common or rare is seen among the nearest rows."""
    return (Plan(Way.NEARBY, query), Plan(Way.BY_KEYS, query))


def left(tried: Sequence[Plan], plan: Plan) -> tuple[Plan, ...]:
    """Return what is left to be tried once one plan has held: by then it is known whether the search is a number."""
    return (plan,) if plan.is_by_number else tuple(other for other in tried if not other.is_by_number)
