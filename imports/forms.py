"""The upload."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flipdash.tables import MOST_MEGABYTES, kinds


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


def too_large() -> str:
    """Return the words for a file over the limit."""
    words = _("This file is larger than %(most)d MB. Split it by time, and import the parts one after the other.")
    return words % {"most": MOST_MEGABYTES}
