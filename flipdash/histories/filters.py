"""The kinds of filter a history can have. Django's form fields read and check them; a filter says what it keeps."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import EnumType
from functools import reduce
from operator import or_
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet, TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flipdash import formats
from flipdash.histories.columns import Tag
from flipdash.histories.search import SearchField, contains
from flipdash.histories.searchbox import clean_long_term
from flipdash.scope import Scope
from flipdash.searchkeys import SearchText
from flipdash.words import Words

Cleaned = dict[str, Any]
Offered = tuple[tuple[str, str], ...]
"""Rows to choose from: the key of each, and its words."""
UNKNOWN_CHOICE = gettext_lazy("This address names a choice that doesn't exist here.")
NO_DATE = gettext_lazy("Enter a day as YYYY-MM-DD, for example 2026-11-30.")
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
MOST_ROWS = 100
INPUT = {"class": "input"}


@dataclass(frozen=True)
class Filter:
    """One way to narrow a history."""

    name: str
    label: Words

    ignored_by_id: ClassVar[bool] = False
    template: ClassVar[str] = "histories/filter_select.html"
    """How the filter's fields look in the panel."""
    is_fixed: ClassVar[bool] = True
    """Whether it offers the same to everybody at any time of a day, as what it offers isn't read anywhere."""

    @property
    def params(self) -> tuple[str, ...]:
        """The names that this filter has in the address."""
        return (self.name,)

    def form_fields(self, scope: Scope) -> dict[str, forms.Field]:
        """Return the form fields that read the filter from the address."""
        raise NotImplementedError

    def defaults(self) -> dict[str, str]:
        """Return what the fields say when the address says nothing."""
        return {}

    def problems(self, cleaned: Cleaned) -> dict[str, str]:
        """Return what is wrong between the fields, by field."""
        return {}

    def condition(self, cleaned: Cleaned, scope: Scope) -> Q:
        """Return what the filter keeps; Q() when it isn't set."""
        raise NotImplementedError

    def words(self, cleaned: Cleaned) -> tuple[str, str]:
        """Return the filter's name and its value in words; ("", "") when it isn't set."""
        raise NotImplementedError

    def sought(self, cleaned: Cleaned) -> str:
        """Return the words that the filter looks for inside a text."""
        return ""

    def facet(self, cleaned: Cleaned) -> tuple[str, list[str]]:
        """Return a field and which of its values are kept; ("", []) for what isn't so simple."""
        return "", []

    def is_in_order(self, cleaned: Cleaned) -> bool:
        """Return whether an index has what is kept in the order of pages."""
        return False


@dataclass(frozen=True)
class ChoiceFilter(Filter):
    """Any of a few words, or one of many when it isn't `multiple`."""

    field: str
    choices: type[TextChoices] | tuple[tuple[str, Words], ...] | Callable[[], Iterable[tuple[str, Words]]]
    """The values and their words, or what reads them when they are offered."""
    multiple: bool = True
    in_order_except: tuple[str, ...] | None = None
    """Values that the index leaves out which has the rows of each value in the order of pages; None without such an
    index."""

    @property
    def template(self) -> str:  # type: ignore[override]  # by what is declared
        """Boxes for some of a few words, a list for one of many."""
        return f"histories/filter_{'choices' if self.multiple else 'select'}.html"

    @property
    def is_fixed(self) -> bool:  # type: ignore[override]  # by what is declared
        """Whether nothing reads the values."""
        return isinstance(self.choices, tuple | EnumType)

    @property
    def options(self) -> list[tuple[str, Words]]:
        """The values and their words."""
        choices = self.choices
        if isinstance(choices, tuple):
            return list(choices)
        return list(choices.choices if isinstance(choices, EnumType) else choices())

    def form_fields(self, scope: Scope) -> dict[str, forms.Field]:
        if self.multiple:
            return {self.name: _boxes(self.label, self.options)}
        options = [("", _("All")), *self.options]
        return {
            self.name: forms.ChoiceField(
                label=self.label,
                choices=options,
                required=False,
                error_messages={"invalid_choice": UNKNOWN_CHOICE},
                widget=forms.Select(attrs=INPUT),
            )
        }

    def condition(self, cleaned: Cleaned, scope: Scope) -> Q:
        """Keep rows with one of the words."""
        return Q(**{f"{self.field}__in": self._chosen(cleaned)}) if cleaned[self.name] else Q()

    def facet(self, cleaned: Cleaned) -> tuple[str, list[str]]:
        """Return the field and the chosen words."""
        return self.field, self._chosen(cleaned)

    def is_in_order(self, cleaned: Cleaned) -> bool:
        """Return whether one word is chosen, and the index has it."""
        chosen = self._chosen(cleaned)
        return self.in_order_except is not None and len(chosen) == 1 and chosen[0] not in self.in_order_except

    def words(self, cleaned: Cleaned) -> tuple[str, str]:
        chosen = self._chosen(cleaned)
        labels = [str(label) for value, label in self.options if value in chosen] if chosen else []
        return (str(self.label), ", ".join(labels)) if labels else ("", "")

    def _chosen(self, cleaned: Cleaned) -> list[str]:
        chosen = cleaned[self.name]
        return chosen if self.multiple else [chosen] if chosen else []


def _boxes(label: Words, options: Iterable[tuple[str, Words]]) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label,
        choices=list(options),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": UNKNOWN_CHOICE, "invalid_list": UNKNOWN_CHOICE},
    )


@dataclass(frozen=True)
class TagFilter(Filter):
    """Any of the tags that stand beside a state. They are rare: an index has those with one in the order of pages."""

    tags: tuple[Tag, ...]

    template: ClassVar[str] = "histories/filter_choices.html"

    def form_fields(self, scope: Scope) -> dict[str, forms.Field]:
        return {self.name: _boxes(self.label, ((tag.name, tag.words) for tag in self.tags))}

    def condition(self, cleaned: Cleaned, scope: Scope) -> Q:
        """Keep rows with one of the tags."""
        return reduce(or_, (Q(**{f"{tag.field}__isnull": False}) for tag in self._chosen(cleaned)), Q())

    def is_in_order(self, cleaned: Cleaned) -> bool:
        return bool(self._chosen(cleaned))

    def words(self, cleaned: Cleaned) -> tuple[str, str]:
        chosen = self._chosen(cleaned)
        return (str(self.label), ", ".join(str(tag.words) for tag in chosen)) if chosen else ("", "")

    def _chosen(self, cleaned: Cleaned) -> list[Tag]:
        return [tag for tag in self.tags if tag.name in cleaned[self.name]]


class _TermField(forms.CharField):
    """Reads what was typed into a filter as the search box would, and refuses what can match nothing."""

    def __init__(self, label: Words, kept: Callable[[str], Any], never: Words) -> None:
        super().__init__(label=label, required=False, widget=forms.TextInput(attrs={**INPUT, "autocomplete": "off"}))
        self.kept, self.never = kept, never

    def clean(self, value: str | None) -> str:
        term = clean_long_term(super().clean(value))
        if term and not self.kept(term):
            raise ValidationError(self.never, code="invalid")
        return term


@dataclass(frozen=True)
class TermFilter(Filter):
    """What one of the search fields would find, such as one Transaction ID or one amount."""

    search: SearchField

    def form_fields(self, scope: Scope) -> dict[str, forms.Field]:
        return {self.name: _TermField(self.label, self.search.conditions, self.search.never)}

    def condition(self, cleaned: Cleaned, scope: Scope) -> Q:
        """Keep what any of the field's conditions matches."""
        conditions = self.search.conditions(cleaned[self.name]) if cleaned[self.name] else []
        return reduce(or_, conditions, Q())

    def words(self, cleaned: Cleaned) -> tuple[str, str]:
        return (str(self.label), cleaned[self.name]) if cleaned[self.name] else ("", "")


@dataclass(frozen=True)
class TextFilter(Filter):
    """Words in one text, which the history's Text field searches too."""

    field: str

    def form_fields(self, scope: Scope) -> dict[str, forms.Field]:
        return {self.name: _TermField(self.label, str, "")}

    def sought(self, cleaned: Cleaned) -> str:
        return str(cleaned[self.name])

    def condition(self, cleaned: Cleaned, scope: Scope) -> Q:
        """Keep rows whose text contains every word."""
        return contains(SearchText(self.field), cleaned[self.name])

    def words(self, cleaned: Cleaned) -> tuple[str, str]:
        return (str(self.label), cleaned[self.name]) if cleaned[self.name] else ("", "")


@dataclass(frozen=True)
class RowFilter(Filter):
    """One row of another table of the same scope, such as a batch; the newest are offered."""

    is_fixed: ClassVar[bool] = False

    field: str
    rows: Callable[[Scope], QuerySet]
    brought: str = ""
    """The name under which the frame of a page brings those that are offered (flipdash/frame.py), key and words."""

    def form_fields(self, scope: Scope) -> dict[str, forms.Field]:
        """Read one row that the scope may see."""
        return {
            self.name: _RowField(
                self.rows(scope) if scope else None,  # without one, `offer` says which
                label=self.label,
                required=False,
                empty_label=_("All"),
                widget=forms.Select(attrs=INPUT),
                error_messages={"invalid_choice": UNKNOWN_CHOICE},
            )
        }

    @staticmethod
    def offer(field: Any, rows: Offered) -> None:
        """Have a field offer these rows without asking for them."""
        field.choices = [("", field.empty_label), *rows]

    def condition(self, cleaned: Cleaned, scope: Scope) -> Q:
        return Q(**{self.field: cleaned[self.name].pk}) if cleaned[self.name] else Q()

    def words(self, cleaned: Cleaned) -> tuple[str, str]:
        return (str(self.label), str(cleaned[self.name])) if cleaned[self.name] else ("", "")


@dataclass(frozen=True)
class ActorFilter(RowFilter):
    """Somebody who did something: found by who they are, and never by a name. `field` is the actor's."""

    def condition(self, cleaned: Cleaned, scope: Scope) -> Q:
        return cleaned[self.name].actor.is_in(self.field) if cleaned[self.name] else Q()


class _NewestRows(forms.models.ModelChoiceIterator):
    """Offers only the newest rows; an older one is still read from an address."""

    def __iter__(self) -> Any:
        yield "", self.field.empty_label
        yield from map(self.choice, self.queryset[:MOST_ROWS])


class _RowField(forms.ModelChoiceField):
    """A ModelChoiceField that takes nothing but digits for a key."""

    iterator = _NewestRows

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        if not (value.isascii() and value.isdigit() and len(value) < 19):
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return super().to_python(value)


@dataclass(frozen=True)
class Preset:
    """A range of days that one press of a button chooses. Weeks begin on Monday."""

    name: str
    words: str
    first: date
    last: date


@dataclass(frozen=True)
class DateFilter(Filter):
    """A day or a range of days, in the business's zone, the last day whole; `bases` are the dates it can mean."""

    bases: tuple[tuple[str, Words, str], ...]
    """(value in the address, label, field); the first is the default."""

    ignored_by_id: ClassVar[bool] = True
    template: ClassVar[str] = "histories/filter_dates.html"

    @property
    def params(self) -> tuple[str, ...]:
        """The basis, the first day and the last."""
        return (f"{self.name}_basis", f"{self.name}_from", f"{self.name}_to")

    def form_fields(self, scope: Scope) -> dict[str, forms.Field]:
        """Read the basis and the two days."""
        basis, first, last = self.params
        return {
            basis: forms.ChoiceField(
                label=_("Date of"),
                choices=[(value, label) for value, label, _field in self.bases],
                required=False,
                widget=forms.RadioSelect(attrs={"data-default": self.bases[0][0]}),
                error_messages={"invalid_choice": UNKNOWN_CHOICE},
            ),
            first: _day_field(_("From")),
            last: _day_field(_("To")),
        }

    def defaults(self) -> dict[str, str]:
        """Return the first basis, which is meant where none is chosen."""
        return {self.params[0]: self.bases[0][0]}

    def problems(self, cleaned: Cleaned) -> dict[str, str]:
        """Refuse a range that ends before it begins."""
        _basis, first, last = (cleaned.get(param) for param in self.params)
        if first and last and last < first:
            return {self.params[2]: _("The last day is before the first one.")}
        return {}

    def condition(self, cleaned: Cleaned, scope: Scope) -> Q:
        """Keep what happened from the first day's 00:00 up to the end of the last day, in the business's zone."""
        field = self.field(cleaned)
        start, end = self._moments(cleaned, scope)
        kept = Q(**{f"{field}__gte": start}) if start else Q()
        if end:
            kept &= Q(**{f"{field}__lt": end})
        return kept & self.creation(cleaned, scope)

    def creation(self, cleaned: Cleaned, scope: Scope) -> Q:
        """Return when a row that is kept was created, so that a page can begin where the range ends.

        Nothing ends before it was created, the tables see to that.
        """
        start, end = self.created_between(cleaned, scope)
        kept = Q(created_at__gte=start) if start else Q()
        return kept & Q(created_at__lt=end) if end else kept

    def created_between(self, cleaned: Cleaned, scope: Scope) -> tuple[datetime | None, datetime | None]:
        """Return likewise since when a row that is kept was created, and before when."""
        start, end = self._moments(cleaned, scope)
        return start if self.field(cleaned) == "created_at" else None, end

    def _moments(self, cleaned: Cleaned, scope: Scope) -> tuple[datetime | None, datetime | None]:
        """Return when the first day begins, and when the last one has ended."""
        first, last = self.range(cleaned)
        start = datetime.combine(first, time.min, tzinfo=scope.zone) if first else None
        end = datetime.combine(last + timedelta(days=1), time.min, tzinfo=scope.zone) if last else None
        return start, end

    def words(self, cleaned: Cleaned) -> tuple[str, str]:
        first, last = self.range(cleaned)
        return (str(self._basis(cleaned)[1]), formats.days(first, last)) if first or last else ("", "")

    def range(self, cleaned: Cleaned) -> tuple[date | None, date | None]:
        """Return the first and the last day."""
        return cleaned[self.params[1]], cleaned[self.params[2]]

    def field(self, cleaned: Cleaned) -> str:
        """Return the model field of the date that is meant."""
        return self._basis(cleaned)[2]

    def basis_label(self, cleaned: Cleaned) -> str:
        """Return which date is meant, in words."""
        return str(self._basis(cleaned)[1])

    def presets(self, today: date) -> list[Preset]:
        """Return the ranges that people use most."""
        day, week, month = timedelta(days=1), today - timedelta(days=today.weekday()), today.replace(day=1)
        last_month = (month - day).replace(day=1)
        return [
            Preset("today", _("Today"), today, today),
            Preset("yesterday", _("Yesterday"), today - day, today - day),
            Preset("7-days", _("Last 7 days"), today - 6 * day, today),
            Preset("last-week", _("Last week"), week - 7 * day, week - day),
            Preset("month", _("This month"), month, today),
            Preset("last-month", _("Last month"), last_month, month - day),
            Preset("year", _("This year"), today.replace(month=1, day=1), today),
        ]

    def _basis(self, cleaned: Cleaned) -> tuple[str, Words, str]:
        chosen = cleaned[self.params[0]]
        return next((basis for basis in self.bases if basis[0] == chosen), self.bases[0])


def _day_field(label: str) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": NO_DATE},
        validators=[_in_reach],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", **INPUT}),
    )


def _in_reach(day: date) -> None:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValidationError(NO_DATE)
