"""Payment links as people type them."""

import uuid
from datetime import datetime, time
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flipdash import money
from flipdash.addresses import LONGEST, BadAddress
from flipdash.forms import LineField, RupiahField
from flipdash.scope import Scope
from transactions.models import PaymentLink
from transactions.payments import prices, redirects
from transactions.payments.links import Draft

TEXT = {"class": "input", "autocomplete": "off"}
LAST_MINUTE = time(23, 59)
"""When a day ends for which no time is given (reference/flip-api.md §9.5)."""


class LinkForm(forms.Form):
    """What a link says; the same form makes and changes it."""

    title = LineField(
        label=gettext_lazy("Title"),
        max_length=100,
        help_text=gettext_lazy("What is paid for. The payer reads it."),
        widget=forms.TextInput(attrs=TEXT),
    )
    amount = RupiahField(
        label=gettext_lazy("Amount"), required=False, help_text=gettext_lazy("Empty: the payer chooses.")
    )
    expires_on = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        help_text=gettext_lazy("Empty: it has no end."),
        widget=forms.DateInput(attrs={"type": "date", "class": "input"}, format="%Y-%m-%d"),
    )
    expires_time = forms.TimeField(
        label=gettext_lazy("Until what time"),
        required=False,
        help_text=gettext_lazy("Empty: to the end of that day."),
        widget=forms.TimeInput(attrs={"type": "time", "class": "input"}, format="%H:%M"),
    )
    fee_bearer = forms.ChoiceField(
        label=gettext_lazy("Who bears the fee"),
        choices=PaymentLink.Bearer.choices,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("The payer: it is added to what they pay."),
    )
    asks_phone = forms.BooleanField(label=gettext_lazy("Ask for the phone number"), required=False)
    asks_address = forms.BooleanField(label=gettext_lazy("Ask for the address"), required=False)
    redirect_url = forms.CharField(
        label=gettext_lazy("Redirect Link"),
        required=False,
        strip=True,
        max_length=LONGEST,
        help_text=gettext_lazy("Where the payer can go on to after paying, such as https://yourshop.com/thanks."),
        widget=forms.TextInput(attrs={**TEXT, "inputmode": "url", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope = scope
        self.initial.setdefault("fee_bearer", PaymentLink.Bearer.BUSINESS)

    def clean_amount(self) -> int | None:
        """Refuse what no channel takes."""
        amount: int | None = self.cleaned_data["amount"]
        if amount is not None and not prices.LEAST <= amount <= prices.MOST:
            words = {"least": money.rupiah(prices.LEAST), "most": money.rupiah(prices.MOST)}
            raise forms.ValidationError(_("Between %(least)s and %(most)s.") % words)
        return amount

    def clean_redirect_url(self) -> str:
        """Judge the address, which strangers are led to."""
        written: str = self.cleaned_data["redirect_url"]
        if not written:
            return ""
        try:
            return redirects.judged(written)
        except BadAddress as problem:
            raise forms.ValidationError(str(problem)) from problem

    def clean(self) -> dict[str, Any]:
        """Put day and time together, in the business's zone."""
        values: dict[str, Any] = super().clean() or {}
        day, hour = values.get("expires_on"), values.get("expires_time")
        if hour and not day and "expires_on" not in self.errors:
            self.add_error("expires_on", _("Choose the day too."))
        amount, payer_bears = values.get("amount"), values.get("fee_bearer") == PaymentLink.Bearer.PAYER
        if amount and not any(
            prices.takes(kind, prices.sum_of(kind, amount, payer_bears=payer_bears).amount) for kind in prices.PRICES
        ):
            self.add_error("amount", _("With the fee that the payer bears it is more than any channel takes."))
        values["expires_at"] = day and datetime.combine(day, hour or LAST_MINUTE, tzinfo=self.scope.zone)
        if values["expires_at"] and values["expires_at"] <= self.scope.now():
            self.add_error("expires_on", _("This time is over. Choose a later one."))
        return values

    @property
    def draft(self) -> Draft:
        """What was said; of a valid form."""
        return Draft(**{name: self.cleaned_data[name] for name in Draft.__dataclass_fields__})


class NewLinkForm(LinkForm):
    """A link to be made. The hidden key makes that one form makes one (trust.md L6)."""

    uses = forms.ChoiceField(
        label=gettext_lazy("Uses"),
        choices=PaymentLink.Uses.choices,
        widget=forms.RadioSelect,
        help_text=gettext_lazy(
            "One use: after the first payment nobody can pay it again. This can’t be changed later."
        ),
    )
    made_key = forms.UUIDField(widget=forms.HiddenInput)

    field_order = ("title", "amount", "uses")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("made_key", uuid.uuid4())
        self.initial.setdefault("uses", PaymentLink.Uses.MANY)


def initial_of(link: PaymentLink, scope: Scope) -> dict[str, Any]:
    """Return what a form about a link begins with."""
    end = link.expires_at and link.expires_at.astimezone(scope.zone)
    same = ("title", "fee_bearer", "asks_phone", "asks_address", "redirect_url")
    return {name: getattr(link, name) for name in same} | {
        "amount": money.number(link.amount) if link.amount else "",
        "expires_on": end.date() if end else None,
        "expires_time": end.time().replace(second=0, microsecond=0) if end else None,
    }
