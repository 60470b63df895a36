"""A history: declared once as columns, search and filters; read from an address; shown page by page.

Each step has a file of its own and stands on the one before: declaration, address, finding, results. Here is what
pages and reports say of it all.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django import forms
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from flipdash import clock
from flipdash.histories.columns import Context, Fact, Row, StatusColumn
from flipdash.histories.declaration import Action
from flipdash.histories.filters import Filter
from flipdash.histories.results import Paged
from flipdash.histories.search import BIGGEST_ID

_histories: dict[str, type["History"]] = {}


def get(name: str) -> type["History"]:
    """Return the history of that name; raises KeyError."""
    return _histories[name]


def names() -> list[str]:
    """Return the names of all histories."""
    return list(_histories)


@dataclass(frozen=True)
class Chip:
    """An applied search or filter, and the address without it."""

    label: str
    words: str
    remove_url: str


class History(Paged):
    """A history: subclasses declare it (declaration.py)."""

    def __init_subclass__(cls) -> None:
        names = [column.name for column in cls.columns]
        if twice := {name for name in names if names.count(name) > 1}:
            raise TypeError(f"{cls.__name__}: give these columns a name of their own: {', '.join(sorted(twice))}")
        _histories[cls.name] = cls

    @property
    def offered_action(self) -> Action | None:
        """The button at the top, if this person may use it."""
        return self.action if self.action and self.scope.can(self.action.permission) else None

    # --- The form on the page ------------------------------------------------------------------------------

    @property
    def filter_fields(self) -> list[tuple[Filter, list[forms.BoundField]]]:
        """The filters, each with its form fields."""
        return [(f, [self.form[param] for param in f.params]) for f in self.filters]

    @property
    def problems(self) -> list[tuple[forms.BoundField | None, list[str]]]:
        """What is wrong with the address, by field; None stands for the address itself."""
        return [
            (
                self.form[name] if name == "q" or name in self.filter_params else None,
                list(dict.fromkeys(map(str, problems))),
            )
            for name, problems in self.form.errors.items()
        ]

    @property
    def has_filter_errors(self) -> bool:
        """Whether a filter is wrong, so that the panel has to be open."""
        return any(param in self.form.errors for param in self.filter_params)

    @property
    def applied_count(self) -> int:
        """How many filters are set."""
        return len(self.applied_filters) if self.is_valid else 0

    @cached_property
    def presets(self) -> list[tuple[str, str]]:
        """Return the date ranges that people use most, each with its address."""
        dates = self.date_filter
        if dates is None:
            return []
        _basis, first, last = dates.params
        return [
            (words, self.url_with({first: start.isoformat(), last: end.isoformat()}))
            for words, start, end in dates.presets(self.today)
        ]

    @cached_property
    def today(self) -> date:
        """Today in the business's zone."""
        return clock.now().astimezone(self.scope.zone).date()

    # --- What is applied, in words -------------------------------------------------------------------------

    @property
    def applied_in_words(self) -> str:
        """The set filters in one line."""
        return "; ".join(f"{label}: {words}" for label, words in (f.words(self.cleaned) for f in self.applied_filters))

    def chips(self) -> list[Chip]:
        """Return what is applied, each removable."""
        if not self.is_valid:
            return []
        chips = [Chip(_("Search"), self.term, self.url_with(drop=("q", "in")))] if self.term else []
        for f in self.applied_filters:
            label, words = f.words(self.cleaned)
            chips.append(Chip(label, words, self.url_with(drop=f.params)))
        return chips

    def in_words(self) -> list[tuple[str, str]]:
        """Return the search and the filters in words, for a report's Summary."""
        search = [(_("Search"), self.term)] if self.term else []
        return search + [f.words(self.cleaned) for f in self.applied_filters]

    def date_range(self) -> tuple[date | None, date | None]:
        """Return the days that the date filter names."""
        return self.date_filter.range(self.cleaned) if self.date_filter else (None, None)

    # --- Columns ---------------------------------------------------------------------------------------------

    @cached_property
    def context(self) -> Context:
        """What cells need to know of the page."""
        before, after = reverse(self.row_url_name, args=[BIGGEST_ID]).split(str(BIGGEST_ID))
        return Context(self.today, lambda row: f"{before}{row['id']}{after}")

    # --- One row on its own page ---------------------------------------------------------------------------

    @property
    def state_column(self) -> StatusColumn | None:
        """The column of the state that a row is in, if rows have states."""
        columns = (column for column in self.columns if isinstance(column, StatusColumn))
        return next((column for column in columns if column.card == "state"), None)

    def state_of(self, row: Row) -> SafeString:
        """Return the pill of the state that the row is in, or nothing."""
        return self.state_column.inside(row) if self.state_column else SafeString("")

    def heading_of(self, row: Row) -> str:
        """Return the amount that it is about, or what a phone's card has as its title."""
        by_card = {column.card: column for column in reversed(self.columns)}
        return by_card["amount" if "amount" in by_card else "title"].text(row)

    def facts_of(self, row: Row) -> list[Fact]:
        """Return every field in words; what the table doesn't show is left out where it is empty."""
        columns = [column for column in self.columns if column is not self.state_column]
        return [column.fact(row) for column in columns if column.shown or column.text(row)]

    def receipt_facts_of(self, row: Row) -> list[Fact]:
        """Return the fields that stand on the receipt, in its order."""
        named = {column.field: column for column in self.columns}
        names = self.receipt.fields if self.receipt else ()
        return [named[name].fact(row) for name in names if named[name].text(row)]
