"""The fields that many forms share."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from flipdash import notes
from flipdash.lines import NotALine, clean_line, clean_name
from flipdash.money import NotAnAmount, parse_rupiah


class LineField(forms.CharField):
    """One line that a person typed and people read: a name, a note, a reason (flipdash/lines.py says what it holds)."""

    judged = staticmethod(clean_line)

    def to_python(self, value: Any) -> Any:
        """Return the line as it is kept; its length is judged afterwards."""
        written = super().to_python(value)
        if written and notes.is_ours(written):
            raise ValidationError(_("Write this in your own words."), code="line")
        try:
            return self.judged(written) if written else written
        except NotALine as problem:
            raise ValidationError(str(problem), code="line") from problem


class NameField(LineField):
    """The name of a person or a business, of 100 characters, which strangers read in mails: it holds no link."""

    judged = staticmethod(clean_name)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=100, **kwargs)


class RupiahField(forms.CharField):
    """Whole rupiah as people write them: Rp1.000.000, 1,000,000, 1000000. Its value is a number; `empty` for none."""

    widget = forms.TextInput(attrs={"class": "input", "inputmode": "numeric", "autocomplete": "off"})

    def __init__(self, *, empty: int | None = None, **kwargs: Any) -> None:
        super().__init__(max_length=40, **kwargs)
        self.empty = empty

    def clean(self, value: Any) -> Any:
        written = super().clean(value)
        if not written:
            return self.empty
        try:
            return parse_rupiah(written)
        except NotAnAmount as problem:
            words = _("Write the amount in digits, such as 5000000, 5.000.000 or Rp5.000.000.")
            raise ValidationError(words) from problem
