"""The address of a history: what it says, read and checked; and the addresses that lead on from it.

What an address says wrongly shows nothing and says why.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from flipdash.frame import Frame
from flipdash.histories.columns import Row
from flipdash.histories.declaration import Declaration, Layout
from flipdash.histories.filters import Cleaned, Filter, Offered, RowFilter
from flipdash.histories.meanings import Part
from flipdash.histories.paging import BadCursor, Cursor, Position
from flipdash.histories.search import TEXT
from flipdash.histories.searchbox import SearchBox, TakenField
from flipdash.scope import Scope

PAGE_PARAMS = ("before", "after")
EVERYTHING = "view=all"
"""The address of a whole history for a person whose own default view would open otherwise."""


class Address:
    """One address of a declared history."""

    def __init__(
        self,
        declared: type[Declaration],
        scope: Scope,
        params: QueryDict,
        layout: Layout,
        frame: Frame | None = None,
    ) -> None:
        self.declared, self.scope, self.layout, self.frame = declared, scope, layout, frame
        self.defaults = {name: value for f in declared.filters for name, value in f.defaults().items()}
        self.params = _said(params, self.defaults)

    # --- What it says --------------------------------------------------------------------------------------

    @cached_property
    def form(self) -> forms.Form:
        """The search box and the filters as one Django form, already checked."""
        fields: dict[str, Any] = {
            "q": SearchBox(label=_("Search"), required=False),
            "in": TakenField(self.declared.searched()),
            "columns": forms.MultipleChoiceField(
                choices=[(column.name, column.label) for column in self.declared.columns],
                required=False,
                error_messages={"invalid_choice": _("This address names a column that doesn't exist here.")},
            ),
            "view": forms.ChoiceField(choices=[("all", "")], required=False),
        }
        for filter_ in self.declared.filters:
            fields |= filter_.form_fields(self.scope)
        form = forms.Form(self._form_data())
        form.fields |= fields  # made for this address alone: a class of their own would only copy them
        form.full_clean()
        self._check_together(form)
        return form

    def _form_data(self) -> QueryDict:
        data = self.params.copy()
        for name, value in self.defaults.items():
            data.setdefault(name, value)
        return data

    def _check_together(self, form: forms.Form) -> None:
        for filter_ in self.declared.filters:
            for name, problem in filter_.problems(form.cleaned_data).items():
                form.add_error(name, problem)
        for name, values in self.params.lists():
            if name not in form.fields and name not in PAGE_PARAMS:
                form.add_error(None, _("This address has a part that this page doesn't know."))
            elif len(values) > 1 and not isinstance(form.fields.get(name), forms.MultipleChoiceField):
                form.add_error(name if name in form.fields else None, _("This was given more than once."))
        try:
            _position = self.position
        except BadCursor:
            form.add_error(None, _("This page address doesn't belong to this history. Start at the first page."))

    @cached_property
    def position(self) -> Position:
        """Where the page begins. Raises BadCursor."""
        given = [name for name in PAGE_PARAMS if self.params.get(name)]
        if len(given) > 1:
            raise BadCursor
        if not given:
            return Position(size=self.layout.rows)
        cursor = Cursor.read(str(self.params[given[0]]), self.declared.name, self.scope)
        return Position(cursor, is_older=given[0] == "before", size=self.layout.rows)

    @cached_property
    def is_bare(self) -> bool:
        """Whether it names a page at most: then there is nothing to read, and no form is made for it."""
        if any(name not in PAGE_PARAMS or len(values) > 1 for name, values in self.params.lists()):
            return False
        try:
            _position = self.position
        except BadCursor:
            return False
        return True

    @cached_property
    def is_valid(self) -> bool:
        """Whether everything in the address makes sense; if not, nothing is shown."""
        return self.is_bare or self.form.is_valid()

    @cached_property
    def cleaned(self) -> Cleaned:
        """The search and the filters as real values."""
        return self._unsaid() if self.is_bare else self.form.cleaned_data

    def _unsaid(self) -> Cleaned:
        """Return what the form makes of nothing: plain constants of the history, kept for all."""
        if self.declared not in _unsaid_of:
            cleaned = self.form.cleaned_data
            for name, value in cleaned.items():
                if value and value != self.defaults.get(name):
                    raise TypeError(f"Where nothing is said, {name} of {self.declared.name} is {value}.")
            _unsaid_of[self.declared] = cleaned
        kept = _unsaid_of[self.declared]
        return {name: list(value) if isinstance(value, list) else value for name, value in kept.items()}

    @property
    def columns(self) -> list[str]:
        """The columns that the address itself names, as a saved view can."""
        return self.cleaned["columns"] if self.is_valid else []

    @property
    def filter_params(self) -> tuple[str, ...]:
        """All names that filters have in the address."""
        return tuple(param for f in self.declared.filters for param in f.params)

    # --- The form on the page --------------------------------------------------------------------------------

    @property
    def columns_are_its_own(self) -> bool:
        """Whether the address brings columns."""
        return bool(self.columns)

    def fields_of(self, filter_: Filter) -> list[forms.BoundField]:
        """Return a filter's form fields, with what the address says."""
        return [self.form[param] for param in filter_.params] if self.says_filters else unset(filter_, self.scope)

    def offered(self, filter_: Filter) -> Offered | None:
        """Return what a filter of which nothing is said offers beside what is fixed; None where that isn't known."""
        if self.says_filters:
            return None
        if isinstance(filter_, RowFilter) and filter_.brought and self.frame:
            return tuple((str(key), words) for key, words in self.frame[filter_.brought] or ())
        return () if filter_.is_fixed else None

    @property
    def says_filters(self) -> bool:
        """Whether it has any part of a filter, right or wrong."""
        return any(param in self.params for param in self.filter_params)

    @property
    def searched(self) -> str:
        """What stands in the search box, as it was typed."""
        return str(self.params.get("q", ""))

    @property
    def wrong_search(self) -> forms.BoundField | None:
        """The search box, where what was typed into it can't be searched for."""
        return None if self.is_valid or "q" not in self.form.errors else self.form["q"]

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
    def only_search_is_wrong(self) -> bool:
        """Whether all is well but what was typed into the search box."""
        return set(self.form.errors) == {"q"}

    # --- Where it leads ------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The address of the history without search and filters."""
        url = reverse(self.declared.url_name)
        return f"{url}?{EVERYTHING}" if self._says_everything else url

    @property
    def _says_everything(self) -> bool:
        return self.layout.opens_at_a_view or self.params.get("view") == "all"

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

    @property
    def here(self) -> str:
        """The address of this page itself, with the place at which it begins."""
        return self.url_with({name: str(self.params[name]) for name in PAGE_PARAMS if name in self.params})

    @property
    def here_query(self) -> str:
        """The query of this page itself."""
        return self.params.urlencode()

    def _query(self, put: Mapping[str, str | list[str]], drop: tuple[str, ...]) -> str:
        params = self.params.copy()
        for name in {*PAGE_PARAMS, "view", *drop} - {*put}:
            params.pop(name, None)
        for name, value in put.items():
            params.setlist(name, value if isinstance(value, list) else [value])
        return params.urlencode()

    def url_with(self, put: Mapping[str, str | list[str]] | None = None, *, drop: tuple[str, ...] = ()) -> str:
        """Return this history's address with parts dropped and put."""
        query = self._query(put or {}, drop)
        return f"{reverse(self.declared.url_name)}?{query}" if query else self.url

    def page_url(self, direction: str, row: Row) -> str:
        """Return the address of the page before or after a row."""
        return self.url_with({direction: Cursor.of(row).sign(self.declared.name, self.scope)})

    @property
    def without_filters_url(self) -> str:
        """The search alone."""
        return self.url_with(drop=self.filter_params)

    @property
    def taken(self) -> list[str]:
        """For what single words of the search are taken, as the address says it: bank:bca."""
        return [taken for taken in self.cleaned["in"] if taken != TEXT] if self.is_valid else []

    def takes(self, part: Part) -> bool:
        """Whether the address says for what a part of the search is taken."""
        return len(self._taken_beside(part)) < len(self.cleaned["in"])

    def url_taking(self, part: Part, name: str) -> str:
        """Return the address that takes a part of the search for what has that name; "" for all that it can be."""
        return self.url_with({"in": [*self._taken_beside(part), *([f"{name}:{part.said}"] if name else [])]})

    def url_without(self, parts: Iterable[Part], part: Part) -> str:
        """Return the address of the search without one of its parts."""
        left = [other.said for other in parts if other is not part]
        return self.url_with({"q": " ".join(left), "in": self._taken_beside(part)} if left else {}, drop=("q", "in"))

    def _taken_beside(self, part: Part) -> list[str]:
        return [taken for taken in self.taken if taken.partition(":")[2].casefold() != part.said.casefold()]

    @property
    def also_text_url(self) -> str:
        """The same search, in the text."""
        return self.url_with({"in": "text"})


def unset(filter_: Filter, scope: Scope | None, offered: Offered = ()) -> list[forms.BoundField]:
    """Return a filter's form fields where nothing is said; no scope is needed where what is offered is known."""
    form = forms.Form(filter_.defaults())
    form.fields = filter_.form_fields(scope)  # type: ignore[arg-type]  # said above
    if isinstance(filter_, RowFilter) and scope is None:
        filter_.offer(form.fields[filter_.name], offered)
    return [form[param] for param in filter_.params]


_unsaid_of: dict[type[Declaration], Cleaned] = {}


def _said(params: QueryDict, defaults: dict[str, str]) -> QueryDict:
    """Return the address's parts without those that a form left empty, or as they are when nothing is said."""
    kept = QueryDict(mutable=True)
    for name, values in params.lists():
        values = [str(value) for value in values if str(value).strip()]
        if values and values != [defaults.get(name)]:
            kept.setlist(name, values)
    return kept
