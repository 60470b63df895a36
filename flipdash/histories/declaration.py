"""What a declaration of a history says: its columns, its search, its filters, its sums and its receipt."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import QuerySet, TextChoices
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from flipdash import world
from flipdash.histories.columns import Column, Fact, Row, StatusColumn, fields_of
from flipdash.histories.filters import DateFilter, Filter
from flipdash.histories.paging import USUAL_ROWS
from flipdash.histories.search import DayWords, SearchField, Text
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
    is_moved: bool = False
    """Whether the first two figures are what came in and what went out of one account: their difference is what a page
    says then, and there alone figures of several states may be added up."""

    def amount(self, row: dict[str, Any]) -> int:
        """Return the rupiah that a page says of a state; positive for what came in."""
        first, *others = (int(row[field] or 0) for _label, field in self.sums)
        return first - others[0] if self.is_moved else first

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
    about: tuple[str, ...]
    """The columns that say to whom, or from whom, and what for, by their fields."""
    record: tuple[str, ...]
    """Those by which it is found again."""
    figures: tuple[str, ...]
    """Those of money."""
    party: str
    """The field with the name of whoever was paid, or paid."""
    at: str
    """The field of the moment when the money arrived."""
    known_by: tuple[str, ...]
    """The fields that are the same in all transactions with somebody: their account, or their address."""
    email: str = ""
    """The field with an e-mail address that the receipt may go to."""
    total: Words = ""
    """What amount and fee are together, if the business pays them together."""

    @property
    def fields(self) -> tuple[str, ...]:
        """All columns that stand on it, in their order."""
        return (*self.about, *self.record, *self.figures)


@dataclass(frozen=True)
class Action:
    """What a person may want to do who looks at a history: a button at its top, for whoever has the permission."""

    label: Words
    url_name: str
    permission: str
    icon: str = "plus"


@dataclass(frozen=True)
class Layout:
    """How one person has a history shown."""

    columns: Sequence[str] = ()
    """The names of the columns that they chose, in their order; none means the usual ones."""
    rows: int = USUAL_ROWS
    """How many rows a page has; what people choose is one of ROWS_A_PAGE."""
    opens_at_a_view: bool = False
    """Whether the bare address opens a view of theirs, so that "everything" must be asked for."""


class Declaration:
    """Declare `model`, `name`, `section` and `title`, `permission`, `columns`, `search` and `filters`."""

    do_not_call_in_templates: ClassVar[bool] = True  # a template would make one without a scope

    model: ClassVar[Any]
    """The model of the rows: a TenantModel whose queryset knows visible_to(scope, searched=…)."""
    name: ClassVar[str]
    section: ClassVar[Words]
    title: ClassVar[Words]
    names_itself: ClassVar[bool] = False
    """Whether its title says alone what it is; else its section does, where the menu isn't beside it."""
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
    about: ClassVar[Words] = ""
    """What stands under the head of a row's own page, of its columns by their names: "to %(beneficiary_name)s"."""
    detail_template: ClassVar[str] = "histories/detail.html"
    """What shows one row; another one extends this one."""
    acts_template: ClassVar[str] = ""
    """What people may do with the rows that are shown or ticked: a template above the table, which has `history`."""
    is_looked_up: ClassVar[bool] = True
    """Whether the box over everything (flipdash/lookup.py) looks here too."""
    everything: ClassVar[Words] = gettext_lazy("All transactions")
    """What all of it is called, beside saved views."""
    counted: ClassVar[Any] = ngettext_lazy("%(shown)s transaction", "%(shown)s transactions", "number")
    """How many rows, in words."""

    def closing(self) -> Iterator[tuple[Words, int]]:
        """Yield the lines that close a report's Summary, each a label and rupiah; most histories have none."""
        yield from ()

    def breaks(self) -> int:
        """Count what keeps it from closing, for histories that close; 0 when all is well."""
        return 0

    @classmethod
    def searched(cls) -> Sequence[SearchField | Text]:
        """Return all that the search box finds by: what is declared, and the days of the date filter's usual basis."""
        bases = [f.bases[0] for f in cls.filters if isinstance(f, DateFilter)]
        return [*cls.search, *(DayWords(label, field) for _name, label, field in bases)]

    @property
    def notice(self) -> Words:
        """What a person has to know who looks for something here in vain."""
        return ""

    @classmethod
    def known_as(cls) -> str:
        """Return what the history is called in reports: Money Transfer, Deposit History."""
        return str(cls.title if cls.names_itself else cls.section)

    @property
    def crumbs(self) -> list[dict[str, Words]]:
        """What the page stands under, for its breadcrumb."""
        return [{"label": self.section}]

    @property
    def date_filter(self) -> DateFilter | None:
        """The filter that names days, if the history has one."""
        return next((f for f in self.filters if isinstance(f, DateFilter)), None)

    # --- One row on its own page ---------------------------------------------------------------------------

    @property
    def value_fields(self) -> list[str]:
        """The model fields that all columns read, and the key."""
        return fields_of(self.columns)

    def read(self, rows: QuerySet) -> tuple[Any, Row] | None:
        """Return the one row of a query, with the values that all columns read of it; None where there is none."""
        related = {field.rpartition("__")[0] for field in self.value_fields} - {""}
        row = (rows.select_related(*related) if related else rows).first()
        return row and (row, {field: _value(row, field.split("__")) for field in self.value_fields})

    @property
    def state_column(self) -> StatusColumn | None:
        """The column of the state that a row is in, if rows have states."""
        columns = (column for column in self.columns if isinstance(column, StatusColumn))
        return next((column for column in columns if column.card == "state"), None)

    def state_of(self, row: Row) -> SafeString:
        """Return the badge of the state that the row is in, or nothing."""
        return self.state_column.badge(row) if self.state_column else SafeString("")

    def heading_of(self, row: Row) -> str:
        """Return the amount that it is about, or what a phone's card has as its title."""
        by_card = {column.card: column for column in reversed(self.columns)}
        return by_card["amount" if "amount" in by_card else "title"].text(row)

    def about_of(self, row: Row) -> SafeString:
        """Return what the row is about beside its amount, in one escaped line; nothing where that isn't declared."""
        briefs = {column.name: format_html("<bdi>{}</bdi>", column.brief(row)) for column in self.columns}
        return SafeString(escape(self.about) % briefs) if self.about else SafeString("")

    def about_in_words(self, row: Row) -> str:
        """Return the same as plain text, for what isn't a page."""
        return str(self.about) % {column.name: column.brief(row) for column in self.columns}

    def facts_of(self, row: Row) -> list[Fact]:
        """Return every field in words; what the table doesn't show is left out where it is empty."""
        columns = [column for column in self.columns if column is not self.state_column]
        return [column.fact(row) for column in columns if column.shown or column.text(row)]

    def receipt_facts_of(self, row: Row, names: Iterable[str]) -> list[Fact]:
        """Return what these of the receipt's fields say, but for those that say nothing."""
        named = {column.field: column for column in self.columns}
        return [named[name].fact(row) for name in names if named[name].text(row)]


def _value(row: Any, path: Sequence[str]) -> Any:
    """Return what a row, or what it leads to, has in a field; None where it leads nowhere."""
    for name in path:
        row = getattr(row, name, None)
    return row
