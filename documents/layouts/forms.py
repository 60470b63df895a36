"""The form of a report template: which columns, how each is called, in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from documents.models.templates import HEADING_LENGTH, NAME_LENGTH, Chosen
from flipdash.forms import LineField
from flipdash.histories import Column, History
from flipdash.tables.guard import WAKES_A_FORMULA
from flipdash.words import Words

LAST_PLACE = 999


@dataclass(frozen=True)
class Row:
    """One line of the list of columns."""

    name: str
    label: Words
    is_chosen: bool
    place: Any
    heading: str
    problems: Sequence[str]
    """What is wrong with the place or the heading."""


class TemplateForm(forms.Form):
    """A name, and for each column of a history a box, a place and a heading."""

    name = LineField(
        label=gettext_lazy("Name of the template"),
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "input"}),
    )

    def __init__(self, kind: type[History], data: Any = None, *, columns: Chosen = (), **kwargs: Any) -> None:  # type: ignore[assignment]  # none is chosen yet
        super().__init__(data, **kwargs)
        self.columns, self.given = kind.columns, [(name, heading) for name, heading in columns]
        self.fields["chosen"] = forms.MultipleChoiceField(
            choices=[(column.name, column.label) for column in self.columns],
            required=False,
            label=_("Columns"),
            error_messages={"invalid_choice": _("This form names a column that doesn't exist any more.")},
        )
        for column in self.columns:
            self.fields[_place(column)] = forms.IntegerField(
                label=_("Place of %(column)s") % {"column": column.label},
                required=False,
                min_value=1,
                max_value=LAST_PLACE,
            )
            self.fields[_heading(column)] = LineField(
                label=_("Heading of %(column)s") % {"column": column.label},
                required=False,
                max_length=HEADING_LENGTH,
                validators=[_no_formula],
            )

    def clean(self) -> dict[str, Any]:
        """Refuse a report without columns, and two columns of one name."""
        cleaned = super().clean() or self.cleaned_data
        if "chosen" in self.errors:  # there are no columns to speak of
            return cleaned
        if not cleaned["chosen"]:
            self.add_error("chosen", _("Choose at least one column."))
            return cleaned
        taken: set[str] = set()
        for column in self._in_order():
            heading = (cleaned.get(_heading(column)) or str(column.label)).casefold()
            if heading in taken:
                self.add_error(_heading(column), _("Another column has this heading already."))
            taken.add(heading)
        return cleaned

    def _in_order(self) -> list[Column]:
        chosen = [column for column in self.columns if column.name in self.cleaned_data["chosen"]]
        return sorted(chosen, key=lambda column: self.cleaned_data.get(_place(column)) or LAST_PLACE)

    def as_chosen(self) -> Chosen:
        """Return the columns that were chosen, in the order of their places."""
        return [[column.name, self.cleaned_data[_heading(column)]] for column in self._in_order()]

    @property
    def rows(self) -> list[Row]:
        """The list as it stands: what is chosen, in its order, then the rest as declared."""
        if self.is_bound:
            return [self._typed(column) for column in self.columns]
        by_name, headings = {column.name: column for column in self.columns}, dict(self.given)
        names = [name for name in dict.fromkeys([*headings, *by_name]) if name in by_name]
        return [
            Row(name, by_name[name].label, name in headings, place, headings.get(name, ""), ())
            for place, name in enumerate(names, 1)
        ]

    def _typed(self, column: Column) -> Row:
        place, heading = _place(column), _heading(column)
        problems = [str(problem) for name in (place, heading) for problem in self.errors.get(name, [])]
        ticked = self["chosen"].value() or []
        written = self[heading].value() or ""
        return Row(column.name, column.label, column.name in ticked, self[place].value() or "", written, problems)


def _no_formula(heading: str) -> None:
    if WAKES_A_FORMULA.match(heading):
        raise ValidationError(_("A heading can’t begin with =, +, - or @: a spreadsheet would take it for a formula."))


def _place(column: Column) -> str:
    return f"place_{column.name}"


def _heading(column: Column) -> str:
    return f"heading_{column.name}"
