"""The fields that corridors ask for, each as it stands in a form; who asks for which: transactions/corridors.py."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import phonenumbers
from babel import Locale
from django import forms
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from flipdash.forms import LineField, NameField
from flipdash.words import Words
from transactions.corridor_banks import BANKS
from transactions.corridors import CorridorRules
from transactions.international.codes import CLEAN, WrongCode

TEXT = {"class": "input", "autocomplete": "off"}
SELECT = {"class": "input"}
Choices = list[tuple[str, Any]]

RELATIONSHIPS: Mapping[str, Words] = {
    "SELF": gettext_lazy("Myself"),
    "BROTHER": gettext_lazy("Brother"),
    "SISTER": gettext_lazy("Sister"),
    "SON": gettext_lazy("Son"),
    "DAUGHTER": gettext_lazy("Daughter"),
    "NEPHEW": gettext_lazy("Nephew"),
    "NIECE": gettext_lazy("Niece"),
    "FATHER": gettext_lazy("Father"),
    "MOTHER": gettext_lazy("Mother"),
    "UNCLE": gettext_lazy("Uncle"),
    "AUNT": gettext_lazy("Aunt"),
    "COUSIN": gettext_lazy("Cousin"),
    "FATHER_IN_LAW": gettext_lazy("Father-in-law"),
    "MOTHER_IN_LAW": gettext_lazy("Mother-in-law"),
    "SON_IN_LAW": gettext_lazy("Son-in-law"),
    "BROTHER_IN_LAW": gettext_lazy("Brother-in-law"),
    "SISTER_IN_LAW": gettext_lazy("Sister-in-law"),
    "GRAND_FATHER": gettext_lazy("Grandfather"),
    "GRAND_MOTHER": gettext_lazy("Grandmother"),
    "HUSBAND": gettext_lazy("Husband"),
    "WIFE": gettext_lazy("Wife"),
    "FRIEND": gettext_lazy("Friend"),
}
"""The codes of reference/flip-api.md §6.2."""
IDENTITIES: Mapping[str, Words] = {
    "nat_id": gettext_lazy("National identity card"),
    "passport": gettext_lazy("Passport"),
}


class CodeField(LineField):
    """A number of a bank, an account or a phone abroad, judged by the corridor's own rules."""

    def __init__(self, *, rules: CorridorRules, judge: Callable[[CorridorRules, str], str], **kwargs: Any) -> None:
        super().__init__(max_length=60, widget=forms.TextInput(attrs=TEXT), **kwargs)
        self.rules, self.judge = rules, judge

    def clean(self, value: Any) -> Any:
        """Return the number as it is kept."""
        written = super().clean(value)
        try:
            return self.judge(self.rules, written) if written else written
        except WrongCode as problem:
            raise forms.ValidationError(str(problem), code="code") from problem


class PhoneField(LineField):
    """A phone number with its country's prefix; without one it is Indonesian."""

    def clean(self, value: Any) -> Any:
        """Return the number as +6281234567890."""
        written = super().clean(value)
        if not written:
            return written
        try:
            number = phonenumbers.parse(written, "ID")
        except phonenumbers.NumberParseException:
            number = None
        if number is None or not phonenumbers.is_possible_number(number):
            raise forms.ValidationError(_("This is no phone number. It looks like 0812 3456 7890."))
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class DayField(forms.DateField):
    """A day that is over, or one that is still to come."""

    def __init__(self, *, is_past: bool, **kwargs: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date", "class": "input"}, format="%Y-%m-%d")
        super().__init__(widget=widget, **kwargs)
        self.is_past = is_past

    def clean(self, value: Any) -> Any:
        """Refuse a day of birth that is to come, and a document that is no longer valid."""
        day: date | None = super().clean(value)
        today = date.today()  # noqa: DTZ011  (a day more or less is no matter here)
        if day and self.is_past and not date(1900, 1, 1) <= day < today:
            raise forms.ValidationError(_("This can’t be a day of birth."))
        if day and not self.is_past and day < today:
            raise forms.ValidationError(_("This document is no longer valid."))
        return day


def countries() -> Choices:
    """Return all countries by their two letters, in the order of their names."""
    names = Locale.parse((get_language() or "en").partition("-")[0]).territories
    known = [
        (code, name) for code, name in names.items() if len(code) == 2 and code.isalpha() and code not in NO_COUNTRY
    ]
    return [("", _("Choose")), *sorted(known, key=lambda one: one[1])]


NO_COUNTRY = {"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"}
"""What the CLDR names beside countries."""

LABELS: Mapping[str, Words] = {
    "bank_id": gettext_lazy("Beneficiary Bank"),
    "sort_code": gettext_lazy("Sort Code"),
    "bsb_number": gettext_lazy("BSB Number"),
    "ifs_code": gettext_lazy("IFSC"),
    "ach_code": gettext_lazy("Routing Number"),
    "swift_bic_code": gettext_lazy("SWIFT Code"),
    "branch_number": gettext_lazy("Branch Number"),
    "msisdn": gettext_lazy("Beneficiary Phone"),
    "email": gettext_lazy("Beneficiary Email"),
    "nationality": gettext_lazy("Nationality"),
    "province": gettext_lazy("Province or State"),
    "region": gettext_lazy("Region"),
    "city": gettext_lazy("City"),
    "address": gettext_lazy("Address"),
    "postal_code": gettext_lazy("Postal Code"),
    "relationship": gettext_lazy("Relationship"),
    "id_number": gettext_lazy("Identity Number"),
    "id_expiration_date": gettext_lazy("Identity valid until"),
    "registration_number": gettext_lazy("Company Registration Number"),
    "document_reference_number": gettext_lazy("Document Number"),
    "sender_name": gettext_lazy("Sender Name"),
    "sender_country": gettext_lazy("Sender Country"),
    "sender_place_of_birth": gettext_lazy("Place of Birth"),
    "sender_date_of_birth": gettext_lazy("Date of Birth"),
    "sender_address": gettext_lazy("Sender Address"),
    "sender_city": gettext_lazy("Sender City"),
    "sender_identity_type": gettext_lazy("Identity Document"),
    "sender_identity_number": gettext_lazy("Document Number of the Sender"),
    "sender_job": gettext_lazy("Job"),
    "sender_email": gettext_lazy("Sender Email"),
    "sender_phone_number": gettext_lazy("Sender Phone"),
}
WRITTEN: Mapping[str, Words] = {**LABELS, "bank_id": gettext_lazy("Bank ID")}
"""What they are called where they are shown: there the bank's name has its own place."""
HINTS: Mapping[str, Words] = {
    "sort_code": gettext_lazy("Six digits of the bank’s branch, such as 20-00-00."),
    "bsb_number": gettext_lazy("Six digits of bank, state and branch, such as 062-000."),
    "ifs_code": gettext_lazy("Eleven letters and digits of the branch, such as HDFC0000001."),
    "ach_code": gettext_lazy("Nine digits of the bank, also called ABA, such as 021000021."),
    "swift_bic_code": gettext_lazy("8 or 11 letters and digits of the bank, also called BIC."),
    "branch_number": gettext_lazy("Three digits, such as 001."),
    "document_reference_number": gettext_lazy("Of the invoice or contract that is paid."),
}
CHOSEN: Mapping[str, Callable[[], Choices]] = {
    "nationality": countries,
    "sender_country": countries,
    "relationship": lambda: [("", _("Choose")), *RELATIONSHIPS.items()],
    "sender_identity_type": lambda: [("", _("Choose")), *IDENTITIES.items()],
}
LENGTHS: Mapping[str, int] = {"postal_code": 20, "address": 200, "sender_address": 200, "sender_name": 100}
"""Characters; of all others 100."""


def field_of(rules: CorridorRules, name: str, *, is_required: bool) -> forms.Field:
    """Return the form's field of a corridor's field."""
    known: dict[str, Any] = {"label": LABELS[name], "required": is_required, "help_text": HINTS.get(name, "")}
    if name == "bank_id":
        banks = [("", _("Choose")), *BANKS[rules.country].items()]
        return forms.ChoiceField(choices=banks, widget=forms.Select(attrs=SELECT), **known)
    if name in CHOSEN:
        return forms.ChoiceField(choices=CHOSEN[name], widget=forms.Select(attrs=SELECT), **known)
    if name in CLEAN:
        return CodeField(rules=rules, judge=CLEAN[name], **known)
    if name in ("id_expiration_date", "sender_date_of_birth"):
        return DayField(is_past=name == "sender_date_of_birth", **known)
    if name.endswith("email"):
        return forms.EmailField(max_length=254, widget=forms.EmailInput(attrs=TEXT), **known)
    if name == "sender_phone_number":
        return PhoneField(max_length=30, widget=forms.TextInput(attrs={**TEXT, "inputmode": "tel"}), **known)
    if name == "sender_name":
        return NameField(widget=forms.TextInput(attrs=TEXT), **known)
    return LineField(max_length=LENGTHS.get(name, 100), widget=forms.TextInput(attrs=TEXT), **known)


def in_words(name: str, value: str) -> str:
    """Return the value of a corridor's field as people read it."""
    return str(dict(CHOSEN[name]()).get(value, value)) if name in CHOSEN else value
