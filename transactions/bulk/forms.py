"""What a person gives: the file, and what has to be said before it becomes a batch."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flipdash import money
from flipdash.forms import LineField
from flipdash.tables import MOST_MEGABYTES
from transactions.bulk.creating import Look
from transactions.bulk.layout import MOST_ROWS

TEXT = {"class": "input", "autocomplete": "off"}


class UploadForm(forms.Form):
    """A file of transfers."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=forms.FileInput(attrs={"accept": ".csv,.xls,.xlsx"}),
        error_messages={"empty": gettext_lazy("This file is empty. Choose another one.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = _("A .csv, .xls or .xlsx of up to %(rows)s rows and %(megabytes)d MB; your bank’s own format will do.")
        self.fields["file"].help_text = words % {
            "rows": money.number(MOST_ROWS),
            "megabytes": MOST_MEGABYTES,
        }

    def clean_file(self) -> UploadedFile:
        """Refuse a file that is too large."""
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > MOST_MEGABYTES << 20:
            raise forms.ValidationError(too_large())
        return file


def too_large() -> str:
    """Return the words for a file over the limit."""
    return _("This file is larger than %(most)d MB. Split it into several.") % {"most": MOST_MEGABYTES}


class ConfirmForm(forms.Form):
    """What a batch is called, and what has to be said of its rows."""

    name = LineField(label=gettext_lazy("Batch name"), max_length=100, widget=forms.TextInput(attrs=TEXT))
    sure = forms.BooleanField(label=gettext_lazy("They aren’t duplicates: pay them"), required=False)
    name_reason = LineField(
        label=gettext_lazy("Why the names differ"), required=False, max_length=200, widget=forms.TextInput(attrs=TEXT)
    )
    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, look: Look, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.look = look
        self.initial["seen"] = look.digest
        if not look.twins:
            del self.fields["sure"]
        if not look.names and look.unknown:
            self.fields["name_reason"].label = _("Why they are paid though no bank was asked")
        elif not look.names:
            del self.fields["name_reason"]

    def clean(self) -> dict[str, Any]:
        """Ask for what the rows want said."""
        values: dict[str, Any] = super().clean() or {}
        if self.look.twins and not values.get("sure"):
            self.add_error("sure", _("Some rows may be paid twice. Look at them, and say that they aren’t."))
        if self.look.names and not values.get("name_reason"):
            self.add_error("name_reason", _("Some names differ from the bank’s. Write why they are right."))
        elif self.look.unknown and not values.get("name_reason"):
            self.add_error("name_reason", _("No bank has said whose these accounts are. Write why they are right."))
        return {"sure": False, "name_reason": "", **values}
