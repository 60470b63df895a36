"""Phone numbers: read as people write them, kept as E.164, shown with spaces."""

import re
from typing import Any

import phonenumbers
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

HOME = "ID"
"""The country of a number that is written without one: 0812…"""
TAKE_TEXTS = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
WRITTEN = re.compile(r"\+?[0-9 ().\-]{4,30}", re.ASCII)


def parse(written: str) -> str:
    """Return the number as E.164; ValidationError says what is wrong with it."""
    if not WRITTEN.fullmatch(written.strip()):
        raise ValidationError(_("Write the number in digits, such as 0812 3456 7890 or +65 8123 4567."))
    try:
        number = phonenumbers.parse(written, HOME)
    except NumberParseException as error:
        raise ValidationError(_not_a_number()) from error
    if not phonenumbers.is_valid_number(number):
        raise ValidationError(_not_a_number())
    if phonenumbers.number_type(number) not in TAKE_TEXTS:
        raise ValidationError(_("This number can’t take messages. Give the number of a mobile phone."))
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _not_a_number() -> str:
    return _("This is no phone number. Begin with 0 for a number in Indonesia, and with + and the country else.")


def country_of(number: str) -> str:
    """Return the two letters of the country that a kept number belongs to."""
    return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""


def shown(number: str) -> str:
    """Write a kept number as people read it: +62 812-3456-7890."""
    return phonenumbers.format_number(phonenumbers.parse(number), PhoneNumberFormat.INTERNATIONAL)


def masked(number: str) -> str:
    """Write a kept number so that only its owner knows it: +62 ••• 7890."""
    country = phonenumbers.parse(number).country_code
    return f"+{country} ••• {number[-4:]}"


class PhoneField(forms.CharField):
    """A phone number; its value is E.164."""

    widget = forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"})

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", gettext_lazy("Phone"))
        super().__init__(max_length=40, **kwargs)

    def clean(self, value: Any) -> str:
        written = super().clean(value)
        return parse(written) if written else ""
