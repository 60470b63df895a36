"""What a declaration of a history says: its columns, its search, its filters, its sums and its receipt."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from flipdash import world
from flipdash.histories.columns import Column
from flipdash.histories.filters import DateFilter, Filter
from flipdash.histories.search import SearchField, Text
from flipdash.words import Words

STATUS = gettext_lazy("Status")


@dataclass(frozen=True)
class Summary:
    """What a report sums up per state: never across states."""

    by: str
    labels: type[TextChoices]
    sums: tuple[tuple[Words, str], ...]
    """(label, field) of each figure in rupiah."""
    currency: str = ""
    """The field of a currency, which figures are never added up across either."""
    foreign: tuple[tuple[Words, str], ...] = ()
    """(label, field) of each figure in that currency."""
    head: Words = STATUS
    """What the field is called by which is summed up."""

    @property
    def groups(self) -> list[str]:
        """The fields that have a line for each of their values."""
        return [self.by, self.currency] if self.currency else [self.by]

    def heads(self) -> tuple[str, ...]:
        """Return the heads of the lines."""
        words = [str(self.head), _("Currency")] if self.currency else [str(self.head)]
        return (*words, _("Rows"), *(str(label) for label, _field in (*self.sums, *self.foreign)))

    def line(self, row: dict[str, Any]) -> tuple[str | int | Decimal, ...]:
        """Return one line: the state and the currency in words, the count, and the figures."""
        words = [str(self.labels(row[self.by]).label), *([row[self.currency]] if self.currency else [])]
        rupiah = [int(row[field] or 0) for _label, field in self.sums]
        foreign = [world.in_currency(row[field] or Decimal(0), row[self.currency]) for _label, field in self.foreign]
        return (*words, row["rows"], *rupiah, *foreign)


@dataclass(frozen=True)
class Receipt:
    """What a receipt of one successful transaction says, beside what the history's columns know."""

    title: Words
    business: Words
    """What the business is on it: the sender or the receiver."""
    fields: tuple[str, ...]
    """The columns that stand on it, by their fields."""
    url_name: str


@dataclass(frozen=True)
class Action:
    """What a person may want to do who looks at a history: a button at its top, for who has the permission."""

    label: Words
    url_name: str
    permission: str
    icon: str = "plus"


class Declaration:
    """Declare `model`, `name`, `section` and `title`, `permission`, `columns`, `search` and `filters`."""

    do_not_call_in_templates: ClassVar[bool] = True  # a template would make one without a scope

    model: ClassVar[Any]
    """The model of the rows: a TenantModel whose queryset knows visible_to(scope, searched=…)."""
    name: ClassVar[str]
    section: ClassVar[Words]
    title: ClassVar[Words]
    file_title: ClassVar[str]
    permission: ClassVar[str]
    url_name: ClassVar[str]
    row_url_name: ClassVar[str]
    columns: ClassVar[tuple[Column, ...]]
    search: ClassVar[tuple[SearchField | Text, ...]]
    search_hint: ClassVar[Words]
    filters: ClassVar[tuple[Filter, ...]]
    summary: ClassVar[Summary | None] = None
    """What a report sums up; without it, a report says how many rows there are."""
    report_is_oldest_first: ClassVar[bool] = False
    """Whether a report begins with the oldest row, as an account statement does."""
    receipt: ClassVar[Receipt | None] = None
    ledger_source: ClassVar[str] = ""
    """What the ledger calls these rows, where they move the deposit: then one row's page shows its entries."""
    action: ClassVar[Action | None] = None
    detail_template: ClassVar[str] = "histories/detail.html"
    """What shows one row; another one extends this one."""
    counted: ClassVar[Any] = ngettext_lazy("%(shown)s transaction", "%(shown)s transactions", "number")
    """How many rows, in words."""

    chosen: Sequence[str] = ()
    """The names of the columns that the person shows on this page, in their order; none means the usual ones."""
    opens_at_a_view: bool = False
    """Whether the bare address opens a view of the person's own, so that "everything" must be asked for."""

    def closing(self) -> Iterator[tuple[Words, int]]:
        """Yield the lines that close a report's Summary, each a label and rupiah; most histories have none."""
        yield from ()

    @property
    def notice(self) -> Words:
        """What a person has to know who looks for something here in vain."""
        return ""

    @property
    def date_filter(self) -> DateFilter | None:
        """The filter that names days, if the history has one."""
        return next((f for f in self.filters if isinstance(f, DateFilter)), None)

    @property
    def filter_params(self) -> tuple[str, ...]:
        """All names that filters have in the address."""
        return tuple(param for f in self.filters for param in f.params)
