"""Which invoices a page shows: of a period from month to month, or of a number, newest first."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from documents.invoices import paper, services
from documents.models import Invoice
from documents.models.invoices import month_of
from flipdash.forms import LineField
from flipdash.scope import Business, Scope

MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)
PAGE_SIZE = 25
PLACE = re.compile(r"(20[0-9]{2}-(?:0[1-9]|1[0-2]))\.([1-9][0-9]{0,17})", re.ASCII)
"""Where a page begins: the month and the id of the last row before it."""


def read_month(written: str) -> date | None:
    """Return the first day of a month written as 2026-11; None for anything else."""
    found = MONTH.fullmatch(written)
    return date(int(found[1]), int(found[2]), 1) if found else None


class PeriodForm(forms.Form):
    """From month to month, and a number."""

    q = LineField(label=gettext_lazy("Invoice number"), required=False, max_length=40)
    first = forms.ChoiceField(label=gettext_lazy("From month"), required=False)
    last = forms.ChoiceField(label=gettext_lazy("To month"), required=False)

    def __init__(self, *args: Any, business: Business, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = services.today_in(business)
        self.joined = month_of(services.local_day(business.created_at, business))
        names = [("", _("All months")), *((f"{month:%Y-%m}", paper.month_in_words(month)) for month in self._months())]
        for name in ("first", "last"):
            field = self.fields[name]
            field.choices = names  # type: ignore[attr-defined]  # a ChoiceField's
            field.error_messages["invalid_choice"] = _("No invoice can be of this month.")

    def _months(self) -> list[date]:
        """Return the months that can have an invoice, the newest first."""
        months, month = [], self.joined
        while month < month_of(self.today):
            months.append(month)
            month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        return months[::-1]

    def clean_first(self) -> date | None:
        """Return the first day of the month."""
        return read_month(self.cleaned_data["first"])

    def clean_last(self) -> date | None:
        """Return the first day of the month."""
        return read_month(self.cleaned_data["last"])

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends before it begins."""
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and first > last:
            self.add_error("last", ValidationError(_("The period ends before it begins.")))
        return cleaned


@dataclass(frozen=True)
class Page:
    """One page of the list."""

    rows: list[Invoice]
    older: str
    """Where the next page begins; "" at the end."""


def found(scope: Scope, form: PeriodForm) -> QuerySet[Invoice]:
    """Return what the form asks for, newest first; what is wrong in it shows nothing."""
    rows: QuerySet[Invoice] = Invoice.objects.visible_to(scope)
    if form.is_bound and not form.is_valid():
        return rows.none()
    asked = form.cleaned_data if form.is_bound else {}
    if asked.get("first"):
        rows = rows.filter(period__gte=asked["first"])
    if asked.get("last"):
        rows = rows.filter(period__lte=asked["last"])
    for word in asked.get("q", "").split():
        rows = rows.filter(number__icontains=word)
    return rows.select_related("corrects").order_by("-period", "-id")


def page(rows: QuerySet[Invoice], place: str) -> Page | None:
    """Return the page that begins after a place; None where the place is none."""
    if place:
        begins = PLACE.fullmatch(place)
        month = read_month(begins[1]) if begins else None
        if begins is None or month is None:
            return None
        rows = rows.filter(Q(period__lt=month) | Q(period=month, pk__lt=int(begins[2])))
    shown = list(rows[: PAGE_SIZE + 1])
    last = shown[PAGE_SIZE - 1] if len(shown) > PAGE_SIZE else None
    return Page(shown[:PAGE_SIZE], f"{last.period:%Y-%m}.{last.pk}" if last else "")


def asked_in(params: QueryDict) -> dict[str, str]:
    """Return what an address asks for, without empty parts."""
    return {name: str(params[name]) for name in ("q", "first", "last") if params.get(name)}
