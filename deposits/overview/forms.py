"""What a person types on My Deposit."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flipdash import money


class LowBalanceForm(forms.Form):
    """Under how many rupiah to warn; empty for never."""

    threshold = forms.CharField(
        label=gettext_lazy("Warn below"),
        required=False,
        max_length=40,
        help_text=gettext_lazy("Who may top up gets a mail when less than this is available. Leave it empty for none."),
        widget=forms.TextInput(attrs={"class": "input", "inputmode": "numeric", "autocomplete": "off"}),
    )

    @classmethod
    def showing(cls, threshold: int | None) -> "LowBalanceForm":
        """Return the form with the amount as it is written."""
        return cls(initial={"threshold": money.rupiah(threshold) if threshold else ""})

    def clean_threshold(self) -> int | None:
        """Read the amount; nothing and zero mean no warning."""
        typed = self.cleaned_data["threshold"].strip()
        try:
            threshold = money.parse_rupiah(typed) if typed else 0
        except money.NotAnAmount as problem:
            words = _("Write the amount in digits, such as 5000000, 5.000.000 or Rp5.000.000.")
            raise forms.ValidationError(words) from problem
        return threshold or None
