"""The forms of columns and of saved views."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.permissions import Role
from flipdash.forms import LineField
from flipdash.histories import Column, History
from flipdash.histories.paging import ROWS_A_PAGE
from flipdash.words import Words
from lists.models import NAME_LENGTH

LAST_PLACE = 999


@dataclass(frozen=True)
class ColumnRow:
    """One line of the list of columns."""

    name: str
    label: Words
    is_shown: bool
    is_fixed: bool
    """Whether it can't be hidden."""
    place: Any
    problems: Sequence[str]


class ColumnsForm(forms.Form):
    """Which columns a history shows, and in which order: a box and a place for each."""

    def __init__(self, kind: type[History], data: Any = None, *, shown: Sequence[Column] = ()) -> None:
        super().__init__(data)
        self.columns = kind.columns
        self.shown = [column.name for column in shown]
        names = [(column.name, column.label) for column in self.columns]
        self.fields["shown"] = forms.MultipleChoiceField(
            choices=names,
            required=False,
            error_messages={"invalid_choice": _("This form names a column that doesn't exist any more.")},
        )
        for column in self.columns:
            self.fields[_place(column)] = forms.IntegerField(required=False, min_value=1, max_value=LAST_PLACE)

    def clean(self) -> dict[str, Any]:
        """Refuse a table without columns."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not self.chosen():
            self.add_error("shown", _("Choose at least one column."))
        return cleaned

    def chosen(self) -> list[str]:
        """Return the names of the chosen columns in the order of their places."""
        ticked = self.cleaned_data["shown"]
        chosen = [column for column in self.columns if column.always or column.name in ticked]
        chosen.sort(key=lambda column: self.cleaned_data[_place(column)] or LAST_PLACE)
        return [column.name for column in chosen]

    @property
    def rows(self) -> list[ColumnRow]:
        """The list as it stands: what is shown, in its order, then the rest as declared."""
        return self._typed_rows() if self.is_bound else self._rows_of_page()

    def _rows_of_page(self) -> list[ColumnRow]:
        by_name = {column.name: column for column in self.columns}
        names = list(dict.fromkeys([*self.shown, *by_name]))
        return [
            ColumnRow(name, by_name[name].label, name in self.shown, by_name[name].always, place, ())
            for place, name in enumerate(names, 1)
        ]

    def _typed_rows(self) -> list[ColumnRow]:
        ticked = self["shown"].value() or []
        return [
            ColumnRow(
                column.name,
                column.label,
                column.always or column.name in ticked,
                column.always,
                self[_place(column)].value() or "",
                [str(problem) for problem in self.errors.get(_place(column), [])],
            )
            for column in self.columns
        ]


class RowsForm(forms.Form):
    """How many rows a page of a history has."""

    rows = forms.TypedChoiceField(
        coerce=int,
        choices=[(rows, rows) for rows in ROWS_A_PAGE],
        error_messages={"invalid_choice": _("Choose 25, 50 or 100 rows."), "required": _("Choose 25, 50 or 100 rows.")},
    )


def _place(column: Column) -> str:
    return f"place_{column.name}"


class SavedViewForm(forms.Form):
    """The name of a view, and whom it is shared with."""

    name = LineField(
        label=_("Name"), max_length=NAME_LENGTH, widget=forms.TextInput(attrs={"autocomplete": "off", "class": "input"})
    )
    roles = forms.MultipleChoiceField(
        label=_("Share with"),
        help_text=_("Everybody with one of these roles finds it beside the search. Nobody else sees it."),
        choices=Role.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("Choose from these roles.")},
    )


class NewViewForm(SavedViewForm):
    """A view to be saved, with what else it can keep."""

    keep_columns = forms.BooleanField(
        label=_("Keep the columns as they are shown now"),
        help_text=_("Otherwise everybody sees it with their own columns."),
        required=False,
    )
    is_default = forms.BooleanField(label=_("Open this history with it from now on"), required=False)
