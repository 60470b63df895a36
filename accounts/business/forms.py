"""The forms of Account & Profile and of My Profile."""

import re

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Business, OtpChallenge, SecondPersonRule
from accounts.phones.numbers import PhoneField
from flipdash.forms import LineField, NameField, RupiahField


class DetailsForm(forms.Form):
    """What a business says about itself."""

    name = NameField(label=gettext_lazy("Business name"))
    legal_name = LineField(
        label=gettext_lazy("Legal name"), max_length=200, help_text=gettext_lazy("As it stands on invoices.")
    )
    npwp = LineField(
        label="NPWP",
        required=False,
        max_length=40,
        help_text=gettext_lazy("16 digits; dots and dashes are left out. It stands on invoices."),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    nitku = LineField(
        label="NITKU",
        required=False,
        max_length=60,
        help_text=gettext_lazy("22 digits: the NPWP and 6 more. Left empty, it is the head office (000000)."),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    address = LineField(
        label=gettext_lazy("Address"),
        required=False,
        max_length=500,
        help_text=gettext_lazy("As the tax office has it. It stands on invoices."),
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        choices=Business.TimeZone.choices,
        help_text=gettext_lazy("Days begin, and times are shown, in this zone."),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the business"),
        choices=settings.LANGUAGES,
        help_text=gettext_lazy("Invitations are written in it. Everybody chooses their own in My Profile."),
    )
    colour = forms.ChoiceField(
        label=gettext_lazy("Colour"),
        choices=Business.Colour.choices,
        required=False,
        help_text=gettext_lazy("Of the buttons on your payment pages, below your name and logo."),
    )

    def clean_colour(self) -> str:
        """Keep the usual one where none is chosen."""
        return self.cleaned_data["colour"] or str(Business.Colour.ORANGE)

    def clean_npwp(self) -> str:
        """Keep the digits alone."""
        digits = re.sub(r"[ .\-]", "", self.cleaned_data["npwp"])
        if re.fullmatch(r"[0-9]{15}", digits, re.ASCII):
            raise ValidationError(
                _("An NPWP has 16 digits. An old one of 15 begins with a 0 now, if it is a company’s.")
            )
        if digits and not re.fullmatch(r"[0-9]{16}", digits, re.ASCII):
            raise ValidationError(_("An NPWP has 16 digits."))
        return digits

    def clean_nitku(self) -> str:
        """Keep the digits alone; it begins with the NPWP."""
        digits = re.sub(r"[ .\-]", "", self.cleaned_data["nitku"])
        if digits and not re.fullmatch(r"[0-9]{22}", digits, re.ASCII):
            raise ValidationError(_("A NITKU has 22 digits."))
        if digits and not digits.startswith(self.cleaned_data.get("npwp") or "-"):
            raise ValidationError(_("A NITKU begins with the 16 digits of the NPWP."))
        return digits


class LogoForm(forms.Form):
    """A picture for the frame."""

    logo = forms.FileField(
        label=gettext_lazy("Logo"),
        help_text=gettext_lazy("PNG or JPEG, at most 1 MB."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg"}),
        error_messages={
            "required": gettext_lazy("Choose a file first."),
            "empty": gettext_lazy("This file is empty."),
        },
    )


class SecurityForm(forms.Form):
    """What the business asks of its people's sessions."""

    require_second_factor = forms.BooleanField(
        label=gettext_lazy("Two-step verification is required for all"),
        required=False,
        help_text=gettext_lazy("Who has none yet is asked to set it up at the next sign-in."),
    )
    approvals_need_reauthentication = forms.BooleanField(
        label=gettext_lazy("Approvals ask for re-authentication"),
        required=False,
        help_text=gettext_lazy("The password, and the second step where there is one, once per selection."),
    )
    series_approved_once = forms.BooleanField(
        label=gettext_lazy("Repeating transfers are approved once"),
        required=False,
        help_text=gettext_lazy("Whoever approves one lets all of its transfers go. Off: each waits for an approver."),
    )
    session_idle_minutes = forms.IntegerField(
        label=gettext_lazy("Sign out after this many minutes without activity"), min_value=5, max_value=120
    )
    session_hours = forms.IntegerField(
        label=gettext_lazy("Sign out after this many hours in any case"), min_value=1, max_value=24
    )


class SecondPersonForm(forms.Form):
    """Whether somebody else must approve what one made."""

    required = forms.BooleanField(label=gettext_lazy("A second person must approve"), required=False)
    amount = RupiahField(
        label=gettext_lazy("From this amount on (Rp)"),
        required=False,
        empty=0,
        help_text=gettext_lazy("0 or empty: for every amount."),
    )

    def rule(self) -> SecondPersonRule:
        """Return the rule that was asked for."""
        return SecondPersonRule(self.cleaned_data["required"], self.cleaned_data["amount"])


class ProfileForm(forms.Form):
    """What a person says about themselves."""

    name = NameField(label=gettext_lazy("Name"), widget=forms.TextInput(attrs={"autocomplete": "name"}))
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)


class PhoneForm(forms.Form):
    """A phone number to verify, and how the code should come."""

    phone = PhoneField()
    channel = forms.ChoiceField(
        label=gettext_lazy("Send the code by"),
        choices=OtpChallenge.Channel.choices,
        initial=OtpChallenge.Channel.SMS,
        widget=forms.RadioSelect,
    )


class CodeForm(forms.Form):
    """The code that came."""

    code = LineField(
        label=gettext_lazy("Code"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}),
    )

    def clean_code(self) -> str:
        """Leave out the spaces that people type; six digits remain."""
        code = re.sub(r"[ \-]", "", self.cleaned_data["code"])
        if not re.fullmatch(r"[0-9]{6}", code, re.ASCII):
            raise ValidationError(_("The code has 6 digits."))
        return code
