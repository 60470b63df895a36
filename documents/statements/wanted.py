"""Which statement a person wants: a month or days, and as what file. What can be none is said beside the field."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from documents.invoices import services as invoices
from documents.invoices.finding import read_month
from documents.invoices.paper import month_in_words
from documents.models import Report, Statement
from documents.models.invoices import month_after, month_of
from documents.statements import services
from flipdash import formats, money
from flipdash.histories.filters import NO_DATE
from flipdash.scope import Scope


def _day(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": NO_DATE},
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "autocomplete": "off"}),
    )


class StatementForm(forms.Form):
    """A month, or from a day to another; `days` says which days it comes to."""

    month = forms.ChoiceField(label=gettext_lazy("Month"), required=False)
    first = _day(gettext_lazy("From"))
    last = _day(gettext_lazy("To"))
    format = forms.ChoiceField(
        label=gettext_lazy("Format"),
        choices=Statement.Format.choices,
        initial=Statement.Format.PDF,
        widget=forms.RadioSelect,
    )
    separator = forms.ChoiceField(
        label=gettext_lazy("Separator of the .csv"), choices=Report.Separator.choices, required=False
    )

    def __init__(self, *args: Any, scope: Scope) -> None:
        super().__init__(*args)
        self.scope = scope
        self.days: tuple[date, date] | None = None
        self.today = invoices.today_in(scope.business)
        self.joined = invoices.local_day(scope.business.created_at, scope.business)
        months, month = [], month_of(self.joined)
        while month <= self.today:
            months.append((f"{month:%Y-%m}", month_in_words(month)))
            month = month_after(month)
        field = self.fields["month"]
        field.choices = [("", _("The days below")), *reversed(months)]  # type: ignore[attr-defined]  # a ChoiceField's
        field.error_messages["invalid_choice"] = _("The deposit has nothing of this month.")
        # The last month that is over: what a bookkeeper comes for.
        self.initial["month"] = months[-2][0] if len(months) > 1 else months[-1][0] if months else ""
        self.initial["separator"] = Report.Separator.usual_in(get_language() or "")

    def clean_month(self) -> date | None:
        """Return the first day of the month."""
        return read_month(self.cleaned_data["month"])

    def clean_separator(self) -> str:
        """Return what is chosen, or what is usual."""
        return self.cleaned_data["separator"] or Report.Separator.COMMA

    def clean(self) -> dict[str, Any]:
        """Find the days, and refuse those of which there can be no statement."""
        cleaned = super().clean() or {}
        if not self.errors:
            self.days = self._month(cleaned) if cleaned.get("month") else self._days(cleaned)
        if self.days and not self.errors:
            self._check_size(self.days, cleaned["format"])
        return cleaned

    def _month(self, cleaned: dict[str, Any]) -> tuple[date, date] | None:
        """Return the days of a month that the business was there, to today."""
        for name in ("first", "last"):
            if cleaned.get(name):
                self.add_error(name, ValidationError(_("Choose a month or days, not both.")))
                return None
        month = cleaned["month"]
        last = date.fromordinal(month_after(month).toordinal() - 1)
        return max(month, self.joined), min(last, self.today)

    def _days(self, cleaned: dict[str, Any]) -> tuple[date, date] | None:
        first, last = cleaned.get("first"), cleaned.get("last")
        for name, day in (("first", first), ("last", last)):
            if day is None:
                self.add_error(name, ValidationError(_("Choose a month, or the first and the last day.")))
            elif day > self.today:
                self.add_error(name, ValidationError(_("This day hasn’t come yet.")))
            elif day < self.joined:
                words = _("There is no deposit before %s, when your business joined.")
                self.add_error(name, ValidationError(words % formats.day(self.joined)))
        if self.errors or first is None or last is None:
            return None
        if first > last:
            self.add_error("last", ValidationError(_("The period ends before it begins.")))
        elif (last - first).days >= services.MOST_DAYS:
            words = _("A statement is of %d days at most. Choose a shorter period.")
            self.add_error("last", ValidationError(words % services.MOST_DAYS))
        return first, last

    def _check_size(self, days: tuple[date, date], format: str) -> None:
        most = services.most_in(format)
        if not services.period_of(self.scope, *days).holds_more_than(most):
            return
        words = _("This period has more than %s entries, which no file holds. Choose a shorter one.")
        if format == Statement.Format.PDF:
            words = _("A .pdf holds %s entries, and this period has more. Take .xlsx, or choose a shorter period.")
        self.add_error("format", ValidationError(words % money.number(most)))
