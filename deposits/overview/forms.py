"""What a person types on My Deposit."""

from django import forms
from django.utils.translation import gettext_lazy

from flipdash import money
from flipdash.forms import RupiahField


class LowBalanceForm(forms.Form):
    """Under how many rupiah to warn; empty for never."""

    threshold = RupiahField(
        label=gettext_lazy("Warn below"),
        required=False,
        help_text=gettext_lazy(
            "People who can top up get an email when the deposit falls below this. Leave it empty for none."
        ),
    )

    @classmethod
    def showing(cls, threshold: int | None) -> "LowBalanceForm":
        """Return the form with the amount as it is written."""
        return cls(initial={"threshold": money.rupiah(threshold) if threshold else ""})

    def clean_threshold(self) -> int | None:
        """Take nothing and zero for no warning."""
        return self.cleaned_data["threshold"] or None
