"""The form of a schedule."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from documents.models import Report, ReportTemplate, ScheduledReport
from documents.models.schedules import NAME_LENGTH, Every, Weekday
from documents.schedules import readers, wording
from flipdash.forms import LineField
from flipdash.histories import History
from flipdash.scope import Scope

HOURS = [(hour, f"{hour:02}:00") for hour in range(24)]
USUAL_HOUR = 8
NO_HOUR = gettext_lazy("Choose an hour from 00:00 to 23:00.")
INPUT = {"class": "input"}


class ScheduleForm(forms.Form):
    """What a history's report holds, when it is made, and who is told."""

    name = LineField(
        label=gettext_lazy("Name"),
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off", **INPUT}),
    )
    days = forms.ChoiceField(
        label=gettext_lazy("Days"),
        required=False,
        help_text=gettext_lazy("Counted from the day on which it runs."),
        widget=forms.Select(attrs=INPUT),
    )
    every = forms.ChoiceField(label=gettext_lazy("How often"), choices=Every.choices, widget=forms.Select(attrs=INPUT))
    weekday = forms.TypedChoiceField(
        label=gettext_lazy("Day of the week"),
        choices=Weekday.choices,
        coerce=int,
        required=False,
        empty_value=0,  # type: ignore[arg-type]  # Monday, as what it is coerced to
        widget=forms.Select(attrs=INPUT),
    )
    monthday = forms.IntegerField(
        label=gettext_lazy("Day of the month"),
        min_value=1,
        max_value=31,
        required=False,
        help_text=gettext_lazy("1 to 31. In a shorter month it is the last day."),
        widget=forms.NumberInput(attrs=INPUT),
    )
    hour = forms.TypedChoiceField(
        label=gettext_lazy("Hour"),
        choices=HOURS,
        coerce=int,
        widget=forms.Select(attrs=INPUT),
        error_messages={"invalid_choice": NO_HOUR, "required": NO_HOUR},
    )
    format = forms.ChoiceField(label=gettext_lazy("Format"), widget=forms.Select(attrs=INPUT))
    separator = forms.ChoiceField(
        label=gettext_lazy("Separator of the .csv"),
        choices=Report.Separator.choices,
        required=False,
        widget=forms.Select(attrs=INPUT),
    )
    template = forms.ChoiceField(
        label=gettext_lazy("Columns"),
        required=False,
        widget=forms.Select(attrs=INPUT),
        error_messages={"invalid_choice": gettext_lazy("This template was deleted. Choose other columns.")},
    )
    with_fee = forms.BooleanField(label=gettext_lazy("Show the fee"), required=False)
    to = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Recipients"),
        coerce=int,
        help_text=gettext_lazy("They get an email with a link, as long as they may download these reports."),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": gettext_lazy("Choose at least one person."),
            "invalid_choice": gettext_lazy("Only people of this business who may download these reports can get it."),
        },
    )

    def __init__(self, data: Any = None, *, scope: Scope, history: History, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["hour"].label = _("Hour (%(zone)s)") % {"zone": scope.zone_name}
        self._offer("days", [*wording.day_choices(history), ("", self._days_as_they_are(history))])
        if history.date_filter is None:
            del self.fields["days"]
        formats = [choice for choice in Report.Format.choices if history.receipt or choice[0] not in Report.OF_RECEIPTS]
        self._offer("format", formats)
        if history.receipt is None:
            del self.fields["with_fee"]
        kept = ReportTemplate.objects.visible_to(scope).filter(history=history.name).order_by("name", "pk")
        self._offer("template", [("", _("All columns")), *((str(row.pk), row.name) for row in kept)])
        people = readers.able(scope, type(history))
        self._offer("to", [(str(one.pk), f"{one.name} · {one.role_label}") for one in people])

    def _offer(self, name: str, choices: list[tuple[str, Any]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]  # a ChoiceField's

    @staticmethod
    def _days_as_they_are(history: History) -> str:
        first, last = history.date_range()
        if first is None and last is None:
            return _("All dates")
        return _("Always %(days)s") % {"days": history.date_filter.words(history.cleaned)[1]}  # type: ignore[union-attr]  # it has days

    def clean(self) -> dict[str, Any]:
        """Ask for the day of the month where it is every month."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("every") == Every.MONTH and "monthday" not in self.errors and not cleaned.get("monthday"):
            self.add_error("monthday", _("Write a day from 1 to 31."))
        return cleaned

    def chosen(self) -> dict[str, Any]:
        """Return the fields of the schedule that were chosen."""
        cleaned = self.cleaned_data
        template = ReportTemplate(pk=int(cleaned["template"])) if cleaned["template"] else None
        names = dict(self.fields["template"].choices)  # type: ignore[attr-defined]  # a ChoiceField's
        return {
            "name": cleaned["name"],
            "days": cleaned.get("days", ""),
            "every": cleaned["every"],
            "weekday": cleaned["weekday"],
            "monthday": cleaned["monthday"] or 1,
            "hour": cleaned["hour"],
            "format": cleaned["format"],
            "separator": cleaned["separator"] or Report.Separator.COMMA,
            "with_fee": cleaned.get("with_fee", True),
            "template_id": template.pk if template else None,
            "template_name": names[cleaned["template"]] if template else "",
        }

    @staticmethod
    def initial_of(schedule: ScheduledReport) -> dict[str, Any]:
        """Return what the form begins with for a schedule that is there."""
        names = ("name", "days", "every", "weekday", "monthday", "hour", "format", "separator", "with_fee")
        return {
            **{name: getattr(schedule, name) for name in names},
            "template": str(schedule.template_id or ""),
            "to": list(schedule.readers.values_list("member_id", flat=True)),
        }
