"""A history: declared once as columns, search and filters; read from an address; shown page by page.

Search and filters only narrow what the scope may see. What an address says wrongly shows nothing and says why.
Raw SQL stands in this file alone, and wraps querysets that began with the scope.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property, reduce
from operator import and_, or_
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Q, QuerySet, Sum, TextChoices
from django.db.models.aggregates import Count
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from flipdash import clock, db, money, world
from flipdash.histories.columns import Batch, Column, Context, Fact, Row, StatusColumn
from flipdash.histories.filters import Cleaned, DateFilter, Filter
from flipdash.histories.paging import BadCursor, Cursor
from flipdash.histories.search import SearchBox, SearchField, Text
from flipdash.scope import Scope
from flipdash.words import Words

COUNT_CAP = 10_000
"""Beyond this a count reads "10,000+"."""
NEWEST = 4_000
"""How many of the newest rows phase 1 of a text search looks through (reference/performance.md, B8)."""
PAGE_SIZE = 25
ORDER = ("-created_at", "-id")
PAGE_PARAMS = ("before", "after")
EVERYTHING = "view=all"
"""The address of a whole history for a person whose own default view would open otherwise."""

_histories: dict[str, type["History"]] = {}


def get(name: str) -> type["History"]:
    """Return the history of that name; raises KeyError."""
    return _histories[name]


def names() -> list[str]:
    """Return the names of all histories."""
    return list(_histories)


@dataclass(frozen=True)
class Summary:
    """What a report sums up per state: never across states."""

    by: str
    labels: type[TextChoices]
    sums: tuple[tuple[Words, str], ...]
    """(label, field) of each figure in rupiah."""
    currency: str = ""
    """The field of a currency, which figures are never added up across either."""
    foreign: tuple[tuple[Words, str], ...] = ()
    """(label, field) of each figure in that currency."""

    @property
    def groups(self) -> list[str]:
        """The fields that have a line for each of their values."""
        return [self.by, self.currency] if self.currency else [self.by]

    def heads(self) -> tuple[str, ...]:
        """Return the heads of the lines."""
        words = [_("Status"), _("Currency")] if self.currency else [_("Status")]
        return (*words, _("Rows"), *(str(label) for label, _field in (*self.sums, *self.foreign)))

    def line(self, row: dict[str, Any]) -> tuple[str | int | Decimal, ...]:
        """Return one line: the state and the currency in words, the count, and the figures."""
        words = [str(self.labels(row[self.by]).label), *([row[self.currency]] if self.currency else [])]
        rupiah = [int(row[field] or 0) for _label, field in self.sums]
        foreign = [world.in_currency(row[field] or Decimal(0), row[self.currency]) for _label, field in self.foreign]
        return (*words, row["rows"], *rupiah, *foreign)


@dataclass(frozen=True)
class Receipt:
    """What a receipt of one successful transaction says, beside what the history's columns know."""

    title: Words
    business: Words
    """What the business is on it: the sender or the receiver."""
    fields: tuple[str, ...]
    """The columns that stand on it, by their fields."""
    url_name: str


@dataclass(frozen=True)
class Chip:
    """An applied search or filter, and the address without it."""

    label: str
    words: str
    remove_url: str


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

    @property
    def count_words(self) -> str:
        """The count as people read it: exact up to the cap, then "10,000+"."""
        if self.count is None:
            return _("Many transactions")
        shown = money.number(min(self.count, COUNT_CAP)) + ("+" if self.count > COUNT_CAP else "")
        return ngettext("%s transaction", "%s transactions", self.count) % shown


class History:
    """Declare `model`, `name`, `section` and `title`, `permission`, `columns`, `search` and `filters`."""

    do_not_call_in_templates: ClassVar[bool] = True  # a template would make one without a scope

    model: ClassVar[Any]
    """The model of the rows: a TenantModel whose queryset knows visible_to(scope, searched=…)."""
    name: ClassVar[str]
    section: ClassVar[Words]
    title: ClassVar[Words]
    file_title: ClassVar[str]
    permission: ClassVar[str]
    url_name: ClassVar[str]
    row_url_name: ClassVar[str]
    columns: ClassVar[tuple[Column, ...]]
    search: ClassVar[tuple[SearchField | Text, ...]]
    search_hint: ClassVar[Words]
    filters: ClassVar[tuple[Filter, ...]]
    summary: ClassVar[Summary]
    receipt: ClassVar[Receipt | None] = None

    chosen: Sequence[str] = ()
    """The names of the columns that the person shows on this page, in their order; none means the usual ones."""
    opens_at_a_view: bool = False
    """Whether the bare address opens a view of the person's own, so that "everything" must be asked for."""

    def __init_subclass__(cls) -> None:
        names = [column.name for column in cls.columns]
        if twice := {name for name in names if names.count(name) > 1}:
            raise TypeError(f"{cls.__name__}: give these columns a name of their own: {', '.join(sorted(twice))}")
        _histories[cls.name] = cls

    def __init__(self, scope: Scope, params: QueryDict, using: str = "default") -> None:
        self.scope, self.using = scope, using
        self.defaults = {name: value for f in self.filters for name, value in f.defaults().items()}
        self.params = _said(params, self.defaults)

    def visible_rows(self) -> QuerySet:
        """Return what the scope may see; `self.is_searching` says whether a search word led here."""
        return self.model.objects.visible_to(self.scope, searched=self.is_searching)

    # --- What the address says -----------------------------------------------------------------------------

    @cached_property
    def form(self) -> forms.Form:
        """The search box and the filters as one Django form, already checked."""
        fields: dict[str, Any] = {
            "q": SearchBox(label=_("Search"), required=False),
            "in": forms.ChoiceField(choices=[("text", "")], required=False),
            "columns": forms.MultipleChoiceField(
                choices=[(column.name, column.label) for column in self.columns],
                required=False,
                error_messages={"invalid_choice": _("This address names a column that doesn't exist here.")},
            ),
            "view": forms.ChoiceField(choices=[("all", "")], required=False),
        }
        for filter_ in self.filters:
            fields |= filter_.form_fields(self.scope)
        form = type("HistoryForm", (forms.Form,), fields)(self._form_data())
        form.full_clean()
        self._check_together(form)
        return form

    def _form_data(self) -> QueryDict:
        data = self.params.copy()
        for name, value in self.defaults.items():
            data.setdefault(name, value)
        return data

    def _check_together(self, form: forms.Form) -> None:
        for filter_ in self.filters:
            for name, problem in filter_.problems(form.cleaned_data).items():
                form.add_error(name, problem)
        for name, values in self.params.lists():
            if name not in form.fields and name not in PAGE_PARAMS:
                form.add_error(None, _("This address has a part that this page doesn't know."))
            elif len(values) > 1 and not isinstance(form.fields.get(name), forms.MultipleChoiceField):
                form.add_error(name if name in form.fields else None, _("This was given more than once."))
        try:
            _cursor = self.cursor
        except BadCursor:
            form.add_error(None, _("This page address doesn't belong to this history. Start at the first page."))

    @cached_property
    def cursor(self) -> tuple[str, Cursor] | None:
        """The direction (before, after) and the place from which the page goes on. Raises BadCursor."""
        given = [name for name in PAGE_PARAMS if self.params.get(name)]
        if len(given) > 1:
            raise BadCursor
        return (given[0], Cursor.read(str(self.params[given[0]]), self.name, self.scope)) if given else None

    @property
    def is_valid(self) -> bool:
        """Whether everything in the address makes sense; if not, nothing is shown."""
        return self.form.is_valid()

    @property
    def cleaned(self) -> Cleaned:
        """The search and the filters as real values."""
        return self.form.cleaned_data

    @property
    def term(self) -> str:
        """The search, cleaned."""
        return self.cleaned["q"]

    @property
    def is_searching(self) -> bool:
        """Whether there is a search of three or more characters, which alone reaches beyond the recent days."""
        return self.is_valid and len(self.term) >= 3

    @property
    def is_narrowed(self) -> bool:
        """Whether any search or filter is applied."""
        return self.is_valid and bool(self.term or self.applied_filters)

    @cached_property
    def applied_filters(self) -> list[Filter]:
        """The filters that are set."""
        return [f for f in self.filters if f.words(self.cleaned) != ("", "")]

    def filter_condition(self, *, for_id: bool = False) -> Q:
        """Return all filters as one condition; an id is found whatever the dates say."""
        filters = [f for f in self.filters if not (for_id and f.ignored_by_id)]
        return reduce(and_, (f.condition(self.cleaned, self.scope) for f in filters), Q())

    # --- What is found -------------------------------------------------------------------------------------

    @cached_property
    def branches(self) -> list[tuple[Q, bool]]:
        """The exact conditions that the search word can match, each with whether it ignores dates."""
        if not self.term or self.cleaned["in"] == "text":
            return []
        exact = [f for f in self.search if isinstance(f, SearchField)]
        return [(condition, f.ignores_dates) for f in exact for condition in f.condition(self.term)]

    @cached_property
    def is_exact(self) -> bool:
        """Whether the search word is somebody's id, account number or amount: then that is the result."""
        rows = self.visible_rows().using(self.using)
        return any(rows.filter(condition).exists() for condition, _ignores in self.branches)

    @property
    def offers_text(self) -> bool:
        """Whether the page should offer to search the text too."""
        return bool(self.term) and self.is_valid and self.is_exact

    def rows(self, *, filtered: bool = True) -> QuerySet:
        """Return everything that the search and the filters show, newest first: what a report holds."""
        rows = self.visible_rows().using(self.using)

        def kept(*, for_id: bool = False) -> Q:
            return self.filter_condition(for_id=for_id) if filtered else Q()

        if not self.term:
            rows = rows.filter(kept())
        elif self.is_exact:
            rows = rows.filter(reduce(or_, (c & kept(for_id=ignores) for c, ignores in self.branches)))
        else:
            rows = rows.filter(self._text_condition() & kept())
        return rows.order_by(*ORDER)

    def _text_condition(self) -> Q:
        texts = [f for f in self.search if isinstance(f, Text)] if self.term else []
        return reduce(or_, (text.condition(self.term) for text in texts), Q())

    @property
    def value_fields(self) -> list[str]:
        """The model fields that the columns read, and the key."""
        return list(dict.fromkeys(["id", "created_at", *(f for column in self.columns for f in column.fields)]))

    # --- One page ------------------------------------------------------------------------------------------

    def results(self) -> Results:
        """Return the page that the address asks for; empty when the address is wrong or the search too slow."""
        if not self.is_valid:
            return Results()
        try:
            with db.time_limit(settings.HISTORY_TIMEOUT_MS, self.using):
                results = self._page()
        except db.TooSlow:
            return Results(too_slow=True)
        results.count = self._capped_count(self.rows())
        if not results.rows and self.term and self.applied_filters:
            results.hidden = self._capped_count(self.rows(filtered=False)) or 0
        if results.rows and self.term and self._dates_were_ignored:
            results.note = _("Found by its number. The date filter doesn’t hide a transaction whose ID you search for.")
        return results

    @property
    def _dates_were_ignored(self) -> bool:
        dates = self.date_filter
        found_by_id = [condition for condition, ignores in self.branches if ignores]
        if not self.is_exact or dates is None or dates not in self.applied_filters or not found_by_id:
            return False
        outside = ~dates.condition(self.cleaned, self.scope)
        return self.visible_rows().using(self.using).filter(reduce(or_, found_by_id)).filter(outside).exists()

    def _page(self) -> Results:
        direction, cursor = self.cursor or ("before", None)
        rows = self._rows_beside(cursor, direction)
        if direction == "after" and len(rows) <= PAGE_SIZE:
            direction, cursor = "before", None
            rows = self._rows_beside(None, direction)
        more = len(rows) > PAGE_SIZE
        rows = rows[:PAGE_SIZE]
        if direction == "after":
            rows.reverse()
        return Results(
            rows=rows,
            newer_url=self._page_url("after", rows[0]) if rows and cursor else None,
            older_url=self._page_url("before", rows[-1]) if rows and (more or direction == "after") else None,
        )

    def _rows_beside(self, cursor: Cursor | None, direction: str) -> list[Row]:
        """Return one row more than a page, beside the cursor, nearest first."""
        order = ORDER if direction == "before" else ("created_at", "id")
        beside = Q() if cursor is None else cursor.older() if direction == "before" else cursor.newer()
        rows = self.visible_rows().using(self.using).filter(beside).order_by(*order)
        if not self.term and not any(f.is_text for f in self.applied_filters):
            return list(rows.filter(self.filter_condition()).values(*self.value_fields)[: PAGE_SIZE + 1])
        ids = self._exact_ids(rows, order) if self.term and self.is_exact else self._text_ids(rows, order)
        found = self.visible_rows().using(self.using).filter(pk__in=ids).order_by(*order)
        return list(found.values(*self.value_fields))

    def _exact_ids(self, rows: QuerySet, order: tuple[str, str]) -> list[int]:
        """Ask each exact field by its own index for at most a page, and merge."""
        parts = [
            rows.filter(condition & self.filter_condition(for_id=ignores)).values_list("created_at", "id")[
                : PAGE_SIZE + 1
            ]
            for condition, ignores in self.branches
        ]
        if len(parts) == 1:
            return [pk for _at, pk in parts[0]]
        merged = parts[0].union(*parts[1:]).order_by(*order)
        return [pk for _at, pk in merged[: PAGE_SIZE + 1]]

    def _text_ids(self, rows: QuerySet, order: tuple[str, str]) -> list[int]:
        """Find text in two bounded phases: among the nearest rows, then among all matches (performance.md, B8).

        Common words are among the nearest rows; for rare ones the trigram index finds all matches, which are
        materialised first so that the planner can't choose the endless walk.
        """
        model = rows.model
        table = connections[self.using].ops.quote_name(model._meta.db_table)
        direction = "DESC" if order == ORDER else "ASC"
        tail = f"ORDER BY created_at {direction}, id {direction} LIMIT {PAGE_SIZE + 1}"
        condition = self._text_condition() & self.filter_condition()

        nearest, nearest_params = rows.filter(self._range_condition())[:NEWEST].query.sql_with_params()
        probe = model.objects.using(self.using).filter(condition).query
        where, where_params = probe.get_compiler(self.using).compile(probe.where)
        # Names come from the model, values go as parameters.
        ids = self._ids(f"SELECT id FROM ({nearest}) {table} WHERE {where} {tail}", (*nearest_params, *where_params))  # noqa: S608
        if len(ids) > PAGE_SIZE:
            return ids
        matches, params = rows.filter(condition).order_by().values("created_at", "id").query.sql_with_params()
        return self._ids(f"WITH matches AS MATERIALIZED ({matches}) SELECT id FROM matches {tail}", params)  # noqa: S608

    def _range_condition(self) -> Q:
        """Return the date filter where it runs along the order, so that phase 1 looks where the matches can be."""
        dates = self.date_filter
        if dates is None or not dates.orders_by(self.cleaned, "created_at"):
            return Q()
        return dates.condition(self.cleaned, self.scope)

    def _ids(self, sql: str, params: tuple) -> list[int]:
        with connections[self.using].cursor() as cursor:
            cursor.execute(sql, params)
            return [pk for (pk,) in cursor.fetchall()]

    def _capped_count(self, rows: QuerySet) -> int | None:
        """Count up to the cap; None when counting would take too long."""
        try:
            with db.time_limit(settings.HISTORY_TIMEOUT_MS // 2, self.using):
                return rows.order_by()[: COUNT_CAP + 1].count()
        except db.TooSlow:
            return None

    def count(self) -> int | None:
        """Return how many rows there are, up to one more than the cap; None when that takes too long."""
        return self._capped_count(self.rows()) if self.is_valid else 0

    # --- The form on the page ---------------------------------------------------------------------------------

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

    @property
    def applied_in_words(self) -> str:
        """The set filters in one line."""
        return "; ".join(f"{label}: {words}" for label, words in (f.words(self.cleaned) for f in self.applied_filters))

    # --- Words and addresses -------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The address of the history without search and filters."""
        return f"{reverse(self.url_name)}?{EVERYTHING}" if self._says_everything else reverse(self.url_name)

    @property
    def _says_everything(self) -> bool:
        return self.opens_at_a_view or self.params.get("view") == "all"

    @property
    def query(self) -> str:
        """The search and the filters as a query string, without the page: what a report stores."""
        return self._query({}, ("columns",))

    @property
    def whole_query(self) -> str:
        """The search, the filters and the address's columns as a query string: what a saved view stores."""
        return self._query({}, ())

    @property
    def address_query(self) -> str:
        """The query with which one comes back to this very page."""
        return self.whole_query or (EVERYTHING if self._says_everything else "")

    def _query(self, put: Mapping[str, str], drop: tuple[str, ...]) -> str:
        params = self.params.copy()
        for name in (*PAGE_PARAMS, "view", *drop, *put):
            params.pop(name, None)
        for name, value in put.items():
            params[name] = value
        return params.urlencode()

    def url_with(self, put: Mapping[str, str] | None = None, *, drop: tuple[str, ...] = ()) -> str:
        """Return this history's address with parts dropped and put."""
        query = self._query(put or {}, drop)
        return f"{reverse(self.url_name)}?{query}" if query else self.url

    def _page_url(self, direction: str, row: Row) -> str:
        return self.url_with({direction: Cursor.of(row).sign(self.name, self.scope)})

    @property
    def date_filter(self) -> DateFilter | None:
        """The filter that names days, if the history has one."""
        return next((f for f in self.filters if isinstance(f, DateFilter)), None)

    @property
    def filter_params(self) -> tuple[str, ...]:
        """All names that filters have in the address."""
        return tuple(param for f in self.filters for param in f.params)

    @property
    def without_filters_url(self) -> str:
        """The search alone."""
        return self.url_with(drop=self.filter_params)

    @property
    def also_text_url(self) -> str:
        """The same search, in the text."""
        return self.url_with({"in": "text"})

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

    @cached_property
    def context(self) -> Context:
        """What cells need to know of the page."""
        return Context(self.today, lambda row: reverse(self.row_url_name, args=[row["id"]]))

    @property
    def shown_columns(self) -> list[Column]:
        """The columns of the page: the address's, or the person's, or the usual ones. A report has all."""
        named = self.address_columns or self.chosen
        by_name = {column.name: column for column in self.columns}
        chosen = [by_name[name] for name in dict.fromkeys(named) if name in by_name]
        if not chosen:
            return [column for column in self.columns if column.shown]
        needed = [column for column in self.columns if column.always and column not in chosen]
        # What is shown only because it was asked for has no place of its own on a phone's card: it gets a line.
        return [*needed, *(column if column.shown else replace(column, card="extra") for column in chosen)]

    @property
    def address_columns(self) -> list[str]:
        """The columns that the address itself names, as a saved view can."""
        return self.cleaned["columns"] if self.is_valid else []

    # --- One transaction on its own page -------------------------------------------------------------------

    @property
    def state_column(self) -> StatusColumn:
        """The column of the state that a transaction is in."""
        columns = (column for column in self.columns if isinstance(column, StatusColumn))
        return next(column for column in columns if column.field == self.summary.by)

    def figure_of(self, row: Row) -> str:
        """Return the amount that it is about."""
        return next(column.text(row) for column in self.columns if column.card == "amount")

    def facts_of(self, row: Row) -> list[Fact]:
        """Return every field in words; what the table doesn't show is left out where it is empty."""
        columns = [column for column in self.columns if column is not self.state_column]
        return [column.fact(row) for column in columns if column.shown or column.text(row)]

    def receipt_facts_of(self, row: Row) -> list[Fact]:
        """Return the fields that stand on the receipt, in its order."""
        named = {column.field: column for column in self.columns}
        names = self.receipt.fields if self.receipt else ()
        return [named[name].fact(row) for name in names if named[name].text(row)]

    # --- Reports -------------------------------------------------------------------------------------------

    def batches(self, size: int) -> Iterator[Batch]:
        """Yield what the search and the filters show, so many rows at a time, from a cursor that the server keeps.

        The columns' fields as the database has them: without rows as objects or mappings between, which would cost
        more than all the rest of a report (reference/performance.md, C).
        """
        fields = self.value_fields
        compiler = self.rows().values_list(*fields).query.get_compiler(self.using)
        try:
            sql, params = compiler.as_sql()
        except EmptyResultSet:
            return
        converters = compiler.get_converters([expression for expression, _sql, _alias in compiler.select])
        with connections[self.using].chunked_cursor() as cursor:
            db.read_times_fast(cursor)
            cursor.execute(sql, params)
            while rows := cursor.fetchmany(size):
                rows = list(compiler.apply_converters(rows, converters)) if converters else rows
                yield dict(zip(fields, zip(*rows, strict=True), strict=True))

    def totals(self) -> list[dict[str, Any]]:
        """Return count and sums per state, and currency if there are some, in the order of the states."""
        summary = self.summary
        sums = {field: Sum(field) for _label, field in (*summary.sums, *summary.foreign)}
        found = self.rows().order_by(*summary.groups).values(*summary.groups).annotate(rows=Count("pk"), **sums)
        states = summary.labels.values
        return sorted(found, key=lambda row: states.index(row[summary.by]))

    def date_range(self) -> tuple[date | None, date | None]:
        """Return the days that the date filter names."""
        return self.date_filter.range(self.cleaned) if self.date_filter else (None, None)


def _said(params: QueryDict, defaults: dict[str, str]) -> QueryDict:
    """Return the address's parts without those that a form left empty, or as they are when nothing is said."""
    kept = QueryDict(mutable=True)
    for name, values in params.lists():
        values = [str(value) for value in values if str(value).strip()]
        if values and values != [defaults.get(name)]:
            kept.setlist(name, values)
    return kept
