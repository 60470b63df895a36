"""What a new key is asked for with."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from developer.keys import addresses, signing_key
from developer.keys.services import KeyRequest
from developer.models import ApiKey
from flipdash import clock
from flipdash.forms import LineField
from flipdash.scope import Scope

MOST_ADDRESSES = 50
LONGEST_LIFE = timedelta(days=10 * 366)
MAIN_NAME = "API Secret Key"


class GraceForm(forms.Form):
    """What happens to the API Secret Key that is replaced."""

    grace = forms.TypedChoiceField(
        label=gettext_lazy("The old key"),
        coerce=int,
        choices=[
            (0, gettext_lazy("ends at once")),
            (1, gettext_lazy("works on for 1 hour")),
            (24, gettext_lazy("works on for 24 hours")),
            (7 * 24, gettext_lazy("works on for 7 days")),
        ],
        initial=0,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("While it works on, both keys sign in. You can end it at any time."),
    )

    def asked(self) -> KeyRequest:
        """Return what was asked for."""
        return KeyRequest(MAIN_NAME, grace_hours=self.cleaned_data["grace"])


class KeyForm(forms.Form):
    """A key beside the API Secret Key."""

    name = LineField(
        label=gettext_lazy("Name"),
        max_length=50,
        help_text=gettext_lazy("What uses it, such as “Online shop”."),
    )
    access = forms.ChoiceField(
        label=gettext_lazy("Access"), choices=ApiKey.Access, initial=ApiKey.Access.READ, widget=forms.RadioSelect
    )
    allowed_addresses = forms.CharField(
        label=gettext_lazy("Allowed IP addresses"),
        required=False,
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "input mono", "spellcheck": "false"}),
        help_text=gettext_lazy(
            "One address or range a line, such as 203.0.113.7 or 2001:db8:7::/48. Empty: from anywhere."
        ),
    )
    ends_on = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "class": "input"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("The key works until the end of this day. Empty: until somebody ends it."),
    )

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope = scope

    def clean_allowed_addresses(self) -> list[str]:
        """Keep each address once, and name every line that is none."""
        lines = [line.strip() for line in self.cleaned_data["allowed_addresses"].replace(",", "\n").splitlines()]
        kept, faults = [], []
        for line in filter(None, lines):
            try:
                kept.append(addresses.parse(line))
            except addresses.NotAnAddress as problem:
                faults.append(_fault(line, problem.hint))
        if len(set(kept)) > MOST_ADDRESSES:
            faults.append(_("Give at most %(most)s addresses.") % {"most": MOST_ADDRESSES})
        if faults:
            raise ValidationError(faults)
        return list(dict.fromkeys(kept))

    def clean_ends_on(self) -> str:
        """Return the moment after the day's last, in ISO format."""
        day = self.cleaned_data["ends_on"]
        if day is None:
            return ""
        today = clock.now().astimezone(self.scope.zone).date()
        if not today <= day <= today + LONGEST_LIFE:
            raise ValidationError(_("Choose a day from today on, within ten years."))
        return datetime.combine(day + timedelta(days=1), time.min, tzinfo=self.scope.zone).isoformat()

    def asked(self) -> KeyRequest:
        """Return what was asked for."""
        asked = self.cleaned_data
        return KeyRequest(
            asked["name"],
            is_main=False,
            access=asked["access"],
            allowed_addresses=tuple(asked["allowed_addresses"]),
            ends_at=asked["ends_on"],
        )


def _fault(line: str, hint: str) -> str:
    shown = line[:50]
    if hint:
        names = {"line": shown, "hint": hint}
        return _("“%(line)s” isn’t a range as it should be written. Did you mean %(hint)s?") % names
    return _("“%(line)s” is no IP address or range.") % {"line": shown}


class SigningKeyForm(forms.Form):
    """The public key by which calls that create are signed."""

    pem = forms.CharField(
        label=gettext_lazy("Public key"),
        max_length=signing_key.LONGEST,
        help_text=gettext_lazy("RSA with 2,048 bits or more, in PEM. The private key stays on your server."),
        widget=forms.Textarea(
            attrs={
                "rows": 10,
                "class": "input mono",
                "spellcheck": "false",
                "autocomplete": "off",
                "placeholder": "-----BEGIN PUBLIC KEY-----",
            }
        ),
    )

    def clean_pem(self) -> str:
        """Judge the key. A private one isn't shown again on the page."""
        if signing_key.PRIVATE in self.cleaned_data["pem"].upper():
            self.data = {}
        try:
            return signing_key.judged(self.cleaned_data["pem"])
        except signing_key.NotAKey as problem:
            raise ValidationError(str(problem)) from problem
