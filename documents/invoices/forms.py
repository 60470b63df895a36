"""What the business adds beside an invoice, and who is mailed of new ones."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from documents.invoices import papers, services
from flipdash.forms import LineField
from flipdash.scope import Scope


class PaperForm(forms.Form):
    """A Bukti Potong: the slip of the tax that the business withheld and paid itself."""

    number = LineField(label=gettext_lazy("Bukti Potong number"), max_length=40)
    dated = forms.DateField(label=gettext_lazy("Date"), widget=forms.DateInput(attrs={"type": "date"}))
    file = forms.FileField(
        label=gettext_lazy("PDF"),
        help_text=gettext_lazy("At most 5 MB."),
        widget=forms.FileInput(attrs={"accept": "application/pdf"}),
        error_messages={
            "required": gettext_lazy("Choose a file first."),
            "empty": gettext_lazy("This file is empty."),
        },
    )

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope = scope

    def clean_dated(self) -> Any:
        """Refuse a day that hasn't come."""
        day = self.cleaned_data["dated"]
        if day > services.today_in(self.scope.business):
            raise ValidationError(_("This day hasn’t come yet."))
        return day


class ReadersForm(forms.Form):
    """Who is mailed when an invoice is issued."""

    members = forms.MultipleChoiceField(
        label=gettext_lazy("Mail new invoices to"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, data: Any = None, *, scope: Scope) -> None:
        super().__init__(data, initial={"members": sorted(map(str, papers.readers(scope)))})
        choices = [(str(member.pk), f"{member.name} · {member.role_label}") for member in papers.able(scope)]
        self.fields["members"].choices = choices  # type: ignore[attr-defined]  # a MultipleChoiceField's
