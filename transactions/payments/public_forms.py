"""What a payer types on the public page."""

import re
import uuid
from typing import Any

import phonenumbers
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flipdash.forms import LineField, NameField, RupiahField
from transactions.channels import ChannelKind
from transactions.models import PaymentLink
from transactions.payments import paying, prices


class PayForm(forms.Form):
    """A payment to be started. The hidden key makes that one form starts one."""

    amount = RupiahField(label=gettext_lazy("Amount"))
    name = NameField(
        label=gettext_lazy("Your name"), widget=forms.TextInput(attrs={"class": "input", "autocomplete": "name"})
    )
    email = forms.EmailField(
        label=gettext_lazy("Your email"),
        required=False,
        max_length=254,
        help_text=gettext_lazy("We send the receipt there; the page after paying has it in any case."),
        widget=forms.EmailInput(attrs={"class": "input", "autocomplete": "email"}),
    )
    phone = LineField(
        label=gettext_lazy("Your phone number"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "tel", "inputmode": "tel"}),
    )
    address = LineField(
        label=gettext_lazy("Your address"),
        max_length=200,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "street-address"}),
    )
    channel = forms.ChoiceField(label=gettext_lazy("How do you want to pay?"), widget=forms.RadioSelect)
    made_key = forms.UUIDField(widget=forms.HiddenInput)
    terms = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)

    def __init__(self, *args: Any, link: PaymentLink, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.link = link
        self.initial.setdefault("made_key", uuid.uuid4())
        self.initial.setdefault("terms", paying.terms_of(link))
        channels = paying.channels_of(link)
        self.has_channels = bool(channels)
        self.fields["channel"].choices = [(code, paying.NAMES[code]) for _kind, code in channels]  # type: ignore[attr-defined]  # a ChoiceField's
        self.fields["channel"].error_messages |= {"required": _("Choose how you want to pay.")}
        if link.amount is not None:
            del self.fields["amount"]
        if not link.asks_address:
            del self.fields["address"]
        if link.asks_phone:
            self.fields["phone"].required = True
        else:
            self.fields["phone"].help_text = _("For an e-wallet: the number that it is registered with.")

    def clean_phone(self) -> str:
        """Read an Indonesian number, or one with its country."""
        written: str = self.cleaned_data["phone"]
        if not written:
            return ""
        try:
            number = phonenumbers.parse(re.sub(r"[\s().-]", "", written), "ID")
        except phonenumbers.NumberParseException:
            number = None
        if number is None or not phonenumbers.is_possible_number(number):
            raise forms.ValidationError(_("This is no phone number. It looks like 0812 3456 7890."))
        return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

    def clean(self) -> dict[str, Any]:
        """Ask for the number of an e-wallet."""
        values: dict[str, Any] = super().clean() or {}
        is_wallet = prices.KIND_OF.get(values.get("channel", "")) == ChannelKind.EWALLET
        if is_wallet and not values.get("phone") and "phone" not in self.errors:
            self.add_error("phone", _("An e-wallet needs the number that it is registered with."))
        return values

    @property
    def draft(self) -> paying.Draft:
        """What was said; of a valid form."""
        said = self.cleaned_data
        rest = {name: said.get(name) or "" for name in ("name", "email", "phone", "address")}
        return paying.Draft(channel=said["channel"], amount=said.get("amount"), terms=said["terms"] or None, **rest)

    def renew(self) -> None:
        """Let the form be sent as another one, about what the link asks for now; what was typed stays."""
        self.data = {**dict(self.data.items()), "made_key": str(uuid.uuid4()), "terms": paying.terms_of(self.link)}

    @property
    def groups(self) -> list[tuple[str, list[Any]]]:
        """The channels by their kinds: the words of each kind, and its options."""
        found: dict[str, list[Any]] = {}
        for option in self["channel"]:
            found.setdefault(prices.KIND_OF[option.data["value"]], []).append(option)
        return [(str(ChannelKind(kind).label), options) for kind, options in found.items()]
