"""What people write when they stop money that waits."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flipdash.forms import LineField
from transactions.reasons import Reason

TEXT = {"class": "input", "autocomplete": "off"}
STOPPING = Reason.choices_of((Reason.WRONG_AMOUNT, Reason.ENTERED_TWICE, Reason.WITHDRAWN))
"""Why people stop a transfer, as far as our list has it; they write all other reasons."""


class StopForm(forms.Form):
    """Why a transfer is rejected or cancelled."""

    reason = forms.ChoiceField(label=gettext_lazy("Reason"), required=False, widget=forms.RadioSelect)
    note = LineField(
        label=gettext_lazy("In your own words"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs=TEXT),
    )

    def __init__(self, *args: Any, must_say: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.must_say = must_say
        self.fields["reason"].choices = STOPPING  # type: ignore[attr-defined]  # has choices

    def clean(self) -> dict[str, Any]:
        """Ask for one or the other, where a reason has to be given."""
        values: dict[str, Any] = super().clean() or {}
        if self.must_say and not self.errors and not (values["reason"] or values["note"]):
            self.add_error("note", _("Choose a reason, or write one: its maker reads it."))
        return values
