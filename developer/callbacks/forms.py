"""Where the callbacks of one event go, as people type it."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from developer.callbacks import places
from developer.models import CallbackEvent
from flipdash import addresses
from flipdash.addresses import BadAddress, NameNotFound, Target
from flipdash.scope import Scope


class AddressForm(forms.Form):
    """One Callback URL; empty to have none. Several stand on one page, each with ids of its own."""

    url = forms.CharField(
        required=False,
        strip=True,
        widget=forms.URLInput(
            attrs={
                "class": "input",
                "autocomplete": "off",
                "spellcheck": "false",
                "placeholder": _("https://hooks.yourshop.com/flipdash"),
            }
        ),
    )

    def __init__(self, *args: Any, scope: Scope, event: CallbackEvent, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": f"id_{event}_%s", **kwargs})
        self.scope, self.event = scope, event
        self.fields["url"].label = event.label
        self.target: Target | None = None
        """The address taken apart, once it is judged; None for an empty one."""

    def clean_url(self) -> str:
        """Judge the address as each call will (trust.md F1, F2); return it in one spelling."""
        typed = self.cleaned_data["url"]
        if not typed:
            return ""
        try:
            self.target = addresses.parse(typed, self.scope.mode)
            with places.place(self.scope, self.target.host):
                addresses.resolve(self.target)
        except (BadAddress, places.Busy) as problem:
            raise ValidationError(str(problem)) from problem
        except NameNotFound as problem:
            raise ValidationError(
                _("No server of the name %(host)s was found. Check how it is written."), params={"host": problem}
            ) from problem
        return self.target.url
