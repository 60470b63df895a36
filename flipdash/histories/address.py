"""The address of a history: what it says, read and checked; and the addresses that lead on from it.

What an address says wrongly shows nothing and says why.
"""

from collections.abc import Mapping
from functools import cached_property, reduce
from operator import and_
from typing import Any

from django import forms
from django.db.models import Q
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from flipdash.histories.columns import Row
from flipdash.histories.declaration import Declaration
from flipdash.histories.filters import Cleaned, Filter
from flipdash.histories.paging import BadCursor, Cursor
from flipdash.histories.search import SearchBox
from flipdash.scope import Scope

PAGE_PARAMS = ("before", "after")
EVERYTHING = "view=all"
"""The address of a whole history for a person whose own default view would open otherwise."""


class Address(Declaration):
    """A history as one address asks for it."""

    def __init__(self, scope: Scope, params: QueryDict, using: str = "default") -> None:
        self.scope, self.using = scope, using
        self.defaults = {name: value for f in self.filters for name, value in f.defaults().items()}
        self.params = _said(params, self.defaults)

    # --- What it says --------------------------------------------------------------------------------------

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

    @property
    def address_columns(self) -> list[str]:
        """The columns that the address itself names, as a saved view can."""
        return self.cleaned["columns"] if self.is_valid else []

    # --- Where it leads ------------------------------------------------------------------------------------

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
    def without_filters_url(self) -> str:
        """The search alone."""
        return self.url_with(drop=self.filter_params)

    @property
    def also_text_url(self) -> str:
        """The same search, in the text."""
        return self.url_with({"in": "text"})


def _said(params: QueryDict, defaults: dict[str, str]) -> QueryDict:
    """Return the address's parts without those that a form left empty, or as they are when nothing is said."""
    kept = QueryDict(mutable=True)
    for name, values in params.lists():
        values = [str(value) for value in values if str(value).strip()]
        if values and values != [defaults.get(name)]:
            kept.setlist(name, values)
    return kept
