"""A history: what a declaration (declaration.py) shows under one address (address.py).

Its rows are found by what is read from the address (query.py), in one of several ways (plan.py, finding.py), and shown
page by page (results.py). Here is what pages and reports say of it all; docs/histories.md has the map.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from flipdash import db, formats, money
from flipdash.frame import Frame
from flipdash.histories import chips, export, nothing
from flipdash.histories.address import Address
from flipdash.histories.chips import Chip
from flipdash.histories.columns import Batch, Column, Page, Row, fields_of
from flipdash.histories.declaration import Action, Declaration, Layout, Summary
from flipdash.histories.filters import Cleaned, Filter, Preset
from flipdash.histories.finding import Source
from flipdash.histories.paging import OLDEST_FIRST
from flipdash.histories.plan import Plan
from flipdash.histories.query import Query
from flipdash.histories.results import Listing, Results
from flipdash.histories.search import BIGGEST_ID
from flipdash.scope import Scope
from flipdash.words import Words, either

_histories: dict[str, type["History"]] = {}
USUAL = Layout()
PRESET = "preset"
"""In the address that a preset's button asks for: its name, beside what the form holds."""
LIST = "list"
"""In a row's address: the search and the filters of the list that it was opened from."""
SPOKEN = ("amount", "title", "state", "meta")
"""The places on a card that say what a row is about, in the order in which one would say it."""


def get(name: str) -> type["History"]:
    """Return the history of that name; raises KeyError."""
    return _histories[name]


def names() -> list[str]:
    """Return the names of all histories."""
    return list(_histories)


class History(Declaration):
    """A history as one address asks for it: subclasses declare it."""

    def __init_subclass__(cls) -> None:
        names = [column.name for column in cls.columns]
        if twice := {name for name in names if names.count(name) > 1}:
            raise TypeError(f"{cls.__name__}: give these columns a name of their own: {', '.join(sorted(twice))}")
        _histories[cls.name] = cls

    def __init__(
        self,
        scope: Scope,
        params: QueryDict,
        using: str = "default",
        *,
        layout: Layout = USUAL,
        frame: Frame | None = None,
    ) -> None:
        self.scope, self.using, self.layout = scope, using, layout
        self.address = Address(type(self), scope, params, layout, frame)

    # --- What the address says -----------------------------------------------------------------------------

    @property
    def is_valid(self) -> bool:
        """Whether everything in the address makes sense; if not, nothing is shown."""
        return self.address.is_valid

    @property
    def cleaned(self) -> Cleaned:
        """The search and the filters as real values."""
        return self.address.cleaned

    @cached_property
    def asked(self) -> Query:
        """What a valid address asks for, read."""
        return Query.read(type(self), self.scope, self.cleaned, lambda: self.today)

    @property
    def term(self) -> str:
        """The search, as it was typed."""
        return self.cleaned["q"]

    @property
    def is_searching(self) -> bool:
        """Whether there is a search word of three or more characters, which alone reaches beyond the recent days."""
        term = self.asked.term if self.is_valid else None
        return term is not None and term.is_long and (term.is_specific or self.asked.text is not None)

    @property
    def recent_words(self) -> str:
        """Say to whoever sees recent history only since when it is shown, unless a search reaches beyond."""
        since = self.scope.recent_since()
        if since is None or self.is_searching:
            return ""
        words = _("You see the last 7 days, since %(day)s. Search with 3 or more characters to reach older ones.")
        return words % {"day": formats.day(since)}

    @property
    def is_narrowed(self) -> bool:
        """Whether any search or filter is applied."""
        return self.is_valid and bool(self.term or self.applied_filters)

    @property
    def applied_filters(self) -> tuple[Filter, ...]:
        """The filters that are set."""
        return self.asked.filters

    # --- Its rows ------------------------------------------------------------------------------------------

    def visible_rows(self) -> QuerySet:
        """Return what the scope may see; `self.is_searching` says whether a search word led here."""
        return self.model.objects.visible_to(self.scope, searched=self.is_searching)

    @cached_property
    def listing(self) -> Listing:
        """What a valid address shows, page by page."""
        source = Source(self.visible_rows().using(self.using), fields_of(self.shown_columns))
        return Listing(self.address, self.asked, source, self.counted)

    def results(self) -> Results:
        """Return the page that the address asks for; empty when the address is wrong or the search too slow."""
        return self.listing.results() if self.is_valid else Results()

    def page(self) -> Results:
        """Return the rows of the page, without the count."""
        return self.listing.page()

    def beside(self, row: Row) -> tuple[str | None, str | None]:
        """Return the addresses of a row's newer and older neighbour; None where none is found in time."""
        if not self.is_valid:
            return None, None
        url_of, (newer, older) = self.page_of_cells.url_of, self.listing.beside(row)
        return (url_of({"id": newer}) if newer else None), (url_of({"id": older}) if older else None)

    def count(self, plan: Plan | None = None) -> int | None:
        """Return how many rows there are, up to one more than the cap; None when that takes too long for a page."""
        return self.listing.count(plan) if self.is_valid else 0

    def late_count(self) -> int | None:
        """Count likewise, with the patience that one has when the page is there."""
        return self.listing.late_count() if self.is_valid else 0

    def rows(self) -> QuerySet:
        """Return everything that the search and the filters show, newest first: what a report holds."""
        return self.listing.plan.rows(self.listing.source.visible)

    def batches(self, size: int, columns: Sequence[Column] = (), *, times_as_text: bool = False) -> Iterator[Batch]:
        """Yield what columns read of the rows, or all of them, so many at a time, in the order of reports."""
        rows = self.rows().order_by(*OLDEST_FIRST) if self.report_is_oldest_first else self.rows()
        return export.batches(rows, columns or self.columns, size, times_as_text=times_as_text)

    def totals(self) -> list[dict[str, Any]]:
        """Return count and sums per state, and currency if there are some."""
        return export.totals(self.rows(), self.summary)

    def sums(self) -> list[tuple[str, str]]:
        """Return what the rows come to, each a label and words: per state, and never across states.

        A history that closes says how instead. Of more rows than are counted it is said only what is kept anyway, and
        nothing when it takes long.
        """
        try:
            with db.time_limit(settings.HISTORY_LATE_COUNT_TIMEOUT_MS, self.using):
                if not self.is_valid or self.summary is None:
                    return []
                if self.listing.few() is None:
                    return self.sums_of_many()
                return self.closing_in_words(self.closing()) or self.sums_by_state(self.summary, self.totals())
        except db.TooSlow:
            return []

    def sums_of_many(self) -> list[tuple[str, str]]:
        """Return the sums of more rows than are counted, where they are kept anyway; most histories keep none."""
        return []

    @staticmethod
    def closing_in_words(lines: Iterable[tuple[Words, int]]) -> list[tuple[str, str]]:
        """Return the lines that close with their figures written."""
        return [(str(label), money.rupiah(amount)) for label, amount in lines]

    @staticmethod
    def sums_by_state(summary: Summary, totals: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
        """Return each state with its count and its first figure; rupiah add up whatever currency they became."""
        by_state: dict[str, tuple[int, int]] = {}
        for row in totals:
            rows, amount = by_state.get(row[summary.by], (0, 0))
            by_state[row[summary.by]] = rows + row["rows"], amount + summary.amount(row)
        said = [(str(summary.labels(state).label), *figures) for state, figures in by_state.items()]
        if summary.is_moved and len(said) > 1:
            _words, counts, amounts = zip(*said, strict=True)
            said.append((_("Together"), sum(counts), sum(amounts)))
        write = money.moved if summary.is_moved else money.rupiah
        return [(words, f"{money.number(rows)} · {write(amount)}") for words, rows, amount in said]

    # --- What is applied, in words -------------------------------------------------------------------------

    @property
    def offered_action(self) -> Action | None:
        """The button at the top, if this person may use it."""
        return self.action if self.action and self.scope.can(self.action.permission) else None

    @property
    def applied_count(self) -> int:
        """How many filters are set."""
        return len(self.applied_filters) if self.is_valid else 0

    @cached_property
    def presets(self) -> list[tuple[Preset, bool]]:
        """The date ranges that people use most, each with whether it is the one that is chosen."""
        chosen = self.date_range() if self.is_valid else (None, None)
        presets = self.date_filter.presets(self.today) if self.date_filter else []
        return [(preset, (preset.first, preset.last) == chosen) for preset in presets]

    def preset_url(self, name: str) -> str | None:
        """Return the address that a preset's button asks for, with all else that its form holds; None for no preset."""
        for preset, _is_chosen in self.presets if name else ():
            if self.date_filter and preset.name == name:
                _basis, first, last = self.date_filter.params
                days = {first: preset.first.isoformat(), last: preset.last.isoformat()}
                return self.address.url_with(days, drop=(PRESET,))
        return None

    @cached_property
    def today(self) -> date:
        """Today in the business's zone."""
        return self.scope.now().astimezone(self.scope.zone).date()

    @property
    def applied_in_words(self) -> str:
        """The set filters in one line."""
        return "; ".join(f"{label}: {words}" for label, words in (f.words(self.cleaned) for f in self.applied_filters))

    def chips(self, results: Results | None = None) -> list[Chip]:
        """Return what is applied, each removable; with the page's results, also for what words were taken there."""
        if not self.is_valid:
            return []
        term = self.asked.term
        search = chips.of_search(self.address, term, results) if term else ()
        return [*search, *chips.of_filters(self.address, self.asked)]

    def in_words(self, *, with_days: bool = True) -> list[tuple[str, str]]:
        """Return the search and the filters in words; those of its days can be left out, where they are told apart."""
        told = [f for f in self.applied_filters if with_days or f is not self.date_filter]
        return [*self._search_in_words(), *(f.words(self.cleaned) for f in told)]

    def asked_in_words(self) -> str:
        """Return what is asked for in one line, such as “Money Transfer · Successful · all dates”."""
        words = [told for _label, told in self.in_words(with_days=False)]
        parts = [self.known_as(), *words]
        if self.date_filter:
            parts.append(formats.days(*self.date_range()) or _("all dates"))
        return " · ".join(parts)

    def _search_in_words(self) -> list[tuple[str, str]]:
        """Return the search, with the days and the kinds that are meant: a report lasts longer than “yesterday”."""
        if not self.term:
            return []
        days = [f"{part.said}: {m.note}" for part in self.asked.parts for m in part.meanings if m.is_days]
        taken = [part for part in self.asked.parts if self.address.takes(part)]
        chosen = [f"{part.said}: {either(m.label for m in part.meanings)}" for part in taken]
        notes = "; ".join([*days, *chosen])
        return [(_("Search"), f"{self.term} ({notes})" if notes else self.term)]

    def date_range(self) -> tuple[date | None, date | None]:
        """Return the days that the date filter names."""
        return self.date_filter.range(self.cleaned) if self.date_filter else (None, None)

    # --- Why there is nothing ------------------------------------------------------------------------------

    def why_nothing(self) -> list[str]:
        """Return sentences that say why nothing was found."""
        return list(nothing.why(self.asked))

    @property
    def searched_in_words(self) -> str:
        """By what the search box finds."""
        return nothing.searched(type(self))

    def elsewhere(self) -> list[tuple[str, str, str]]:
        """Return words that mean something in another history: the words, the history, and its address."""
        others = [kind for kind in _histories.values() if self.scope.can(kind.permission) and kind.name != self.name]
        return [
            (said, f"{kind.section} · {kind.title}", f"{reverse(kind.url_name)}?{urlencode({'q': self.term})}")
            for said, kind in nothing.elsewhere(self.asked.parts, others)
        ]

    # --- Columns ---------------------------------------------------------------------------------------------

    @property
    def named_columns(self) -> tuple[str, ...]:
        """The names of the columns that the address or the person chose; none for the usual ones."""
        return tuple(self.address.columns or self.layout.columns)

    @cached_property
    def shown_columns(self) -> list[Column]:
        """The columns of the page: what was chosen, and beside the state what the filters bring. A report has all."""
        chosen = self.chosen_columns
        if not self.is_valid:
            return chosen
        filters, names = self.asked.filtered_by(), {column.name for column in chosen}
        said = [*filters, *self.asked.mentions()]
        brought = [c for c in self.columns if c.brought_by and c.name not in names and c.is_brought_by(said)]
        told = [column for column in brought if self.is_usual and column.is_about_all_of(filters)]
        stale = {name for column in told for name in column.instead_of}
        place = next((n for n, column in enumerate(chosen, 1) if column is self.state_column), len(chosen))
        shown = [*chosen[:place], *(replace(column, card="extra") for column in brought), *chosen[place:]]
        return [column for column in shown if column.name not in stale]

    @property
    def shown_names(self) -> tuple[str, ...]:
        """The names of the columns of the page."""
        return tuple(column.name for column in self.shown_columns)

    @cached_property
    def chosen_columns(self) -> list[Column]:
        """The columns of the address, or the person's, or the usual ones."""
        return self.columns_of(self.named_columns)

    @classmethod
    def columns_of(cls, named: Sequence[str]) -> list[Column]:
        """Return the columns of these names as a page shows them, those that it can't do without among them."""
        by_name = {column.name: column for column in cls.columns}
        chosen = [by_name[name] for name in dict.fromkeys(named) if name in by_name]
        if not chosen:
            return [column for column in cls.columns if column.shown]
        needed = [column for column in cls.columns if column.always and column.shown and column not in chosen]
        return cls.columns_named(column.name for column in (*needed, *chosen))

    @classmethod
    def columns_named(cls, names: Iterable[str]) -> list[Column]:
        """Return just the columns of these names, which must be some."""
        by_name = {column.name: column for column in cls.columns}
        # What is shown only because it was asked for has no place of its own on a phone's card: it gets a line.
        columns = (by_name[name] for name in names)
        return [column if column.shown else replace(column, card="extra") for column in columns]

    @property
    def is_usual(self) -> bool:
        """Whether the columns are those that nobody chose, of which some leave a narrow page."""
        return not self.named_columns

    @cached_property
    def page_of_cells(self) -> Page:
        """What cells need to know of the page."""
        before, after = reverse(self.row_url_name, args=[BIGGEST_ID]).split(str(BIGGEST_ID))
        spoken = [column for card in SPOKEN for column in self.shown_columns if column.card == card]
        if self.is_narrowed:
            after += f"?{urlencode({LIST: self.address.query})}"
        said = [self.term, *(part.said for part in self.asked.parts)] if self.is_valid else []
        sought = frozenset(words.casefold() for words in said)
        return Page(self.today, lambda row: f"{before}{row['id']}{after}", spoken, sought, scope=self.scope)
