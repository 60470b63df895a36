"""What a person says of the mails that they want, and of being away."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.profile import notices
from flipdash.scope import Scope

LONGEST = timedelta(days=366)


class NoticesForm(forms.Form):
    """Which mails come, and until which day somebody is away."""

    wanted = forms.MultipleChoiceField(
        label=gettext_lazy("Tell me when"), required=False, widget=forms.CheckboxSelectMultiple
    )
    away_until = forms.DateField(
        label=gettext_lazy("Away until"),
        required=False,
        help_text=gettext_lazy("The day you are back. Until then others are told what waits, and you aren’t."),
        widget=forms.DateInput(attrs={"type": "date", "class": "input"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope = scope
        self.offered = notices.of(scope.member)
        self.fields["wanted"].choices = [(one.name, one.words) for one in self.offered]  # type: ignore[attr-defined]
        if not self.offered:
            del self.fields["wanted"]

    def clean_away_until(self) -> datetime | None:
        """Return the moment at which the day begins, in the business's zone; it has to be one to come."""
        day: date | None = self.cleaned_data["away_until"]
        if day is None:
            return None
        today = self.scope.now().astimezone(self.scope.zone).date()
        if not today < day <= today + LONGEST:
            raise forms.ValidationError(_("Choose a day to come, within a year."))
        return datetime.combine(day, time.min, tzinfo=self.scope.zone)

    @property
    def muted(self) -> list[str]:
        """The notices that aren't wanted."""
        return [one.name for one in self.offered if one.name not in self.cleaned_data["wanted"]]
