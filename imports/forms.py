"""The upload, and what people say of its columns."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flipdash.tables import MOST_MEGABYTES, Import, kinds
from flipdash.tables.faults import visible
from imports.models import ColumnMapping


class UploadForm(forms.Form):
    """Which history it is, and its file."""

    kind = forms.ChoiceField(label=gettext_lazy("History"), widget=forms.RadioSelect)
    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=forms.FileInput(attrs={"accept": ".csv,.xls,.xlsx"}),
        error_messages={"empty": gettext_lazy("This file is empty. Choose another one.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(name, kind.title) for name, kind in kinds().items()]
        self.fields["kind"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["kind"].initial = choices[0][0]
        words = _("A .csv, .xls or .xlsx of up to %(most)d MB, with the names of its columns in the first row.")
        self.fields["file"].help_text = words % {"most": MOST_MEGABYTES}

    def clean_file(self) -> UploadedFile:
        """Refuse a file that is too large."""
        file = self.cleaned_data["file"]
        if file.size > MOST_MEGABYTES << 20:
            raise forms.ValidationError(too_large())
        return file


class ColumnsForm(forms.Form):
    """Which column of a file is which, and what comes first in its dates."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, kind: type[Import], asked: Mapping[str, Any], data: Any = None) -> None:
        """Ask of a header, as imports.columns.question tells of it."""
        super().__init__(data, initial={"seen": asked["key"]})
        self.kind, self.asked = kind, asked
        if asked["asks_order"] or asked["order"]:
            self.fields["order"] = forms.ChoiceField(
                label=_("What comes first in its dates?"),
                choices=[choice for choice in ColumnMapping.Order.choices if choice[0]],
                widget=forms.RadioSelect,
                initial=asked["order"],
                help_text=self._examples(),
            )
        names = [("", _("– not in the file –")), *zip(asked["labels"], _named(asked["names"]), strict=True)]
        for column in kind.fields:
            self.fields[f"column_{column.name}"] = forms.ChoiceField(
                label=column.headers[0],
                choices=[*names, *((f"={word}", _("All rows: %s") % word) for word in column.fixed)],
                required=column.is_vital,
                initial=asked["suggested"].get(column.name, ""),
                error_messages={"required": _("No file may lack this column.")},
            )

    def _examples(self) -> str:
        only = {"day": _("“%s” has the day first."), "month": _("“%s” has the month first.")}
        if found := [only[order] % date for order, date in self.asked["only"].items()]:
            return " ".join(found)
        return _("“%s” can be read both ways.") % self.asked["either"] if self.asked["either"] else ""

    def column_fields(self) -> list[forms.BoundField]:
        """Return the fields of the columns."""
        return [self[f"column_{column.name}"] for column in self.kind.fields]

    def clean_order(self) -> str:
        """Refuse an order in which a date of the file is none."""
        order = self.cleaned_data["order"]
        for other, date in self.asked["only"].items():
            if other != order:
                raise forms.ValidationError(_("“%s” is no date then.") % date)
        return str(order)

    def clean(self) -> dict[str, Any]:
        """Refuse a column that is chosen twice."""
        values = super().clean() or {}
        taken: dict[str, str] = {}
        for column in self.kind.fields:
            label = values.get(f"column_{column.name}", "")
            if label in taken:
                self.add_error(
                    f"column_{column.name}", _("This column is chosen for %(name)s already.") % {"name": taken[label]}
                )
            if label and not label.startswith("="):
                taken[label] = column.headers[0]
        return values

    def columns(self) -> dict[str, str]:
        """Return the label of each field's column; none where the header's own names say the same."""
        chosen = {
            column.name: label for column in self.kind.fields if (label := self.cleaned_data[f"column_{column.name}"])
        }
        header = self.kind.header_of(self.asked["names"])
        named = {name: header.labels[place] for name, place in header.places.items()}
        return {} if chosen == named and not header.problems else chosen


def _named(names: Sequence[str]) -> list[str]:
    """Return the names of columns as people tell them apart."""
    seen: Counter[str] = Counter()
    told = []
    for place, name in enumerate(names, 1):
        seen[name] += 1
        if not name:
            told.append(_("Column %(place)d, without a name") % {"place": place})
        else:
            told.append(visible(name) if seen[name] == 1 else f"{visible(name)} ({seen[name]})")
    return told


def too_large() -> str:
    """Return the words for a file over the limit."""
    words = _("This file is larger than %(most)d MB. Split it by time, and import the parts one after the other.")
    return words % {"most": MOST_MEGABYTES}
