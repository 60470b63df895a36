"""The kinds of column a history can have: what goes into the sheet, how it reads, how it looks on the page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from lucide.templatetags.lucide import lucide

from flipdash import formats, money, world
from flipdash.actors import in_words
from flipdash.words import Words

Row = dict[str, Any]
Fact = dict[str, Any]
Batch = Mapping[str, Sequence[Any]]
"""Many rows at once: for each field, its values in the order of the rows. Times are as sheets hold them."""


@dataclass(frozen=True)
class Column:
    """Plain text. `card` is the column's place on a phone's card: title, amount, line, state, meta, extra or hidden."""

    label: Words
    field: str
    card: str = "hidden"
    shown: bool = True
    also: tuple[str, ...] = ()
    """Further fields that the column reads."""
    gives_way: int = 0
    """Which columns leave a narrow page first: 1, then 2, up to 5; 0 stays. What a person chose stays too."""
    name: str = ""
    """What people's choices of columns call it: the field, unless two columns of a history read the same one."""

    kind: ClassVar[str] = "text"
    sheet_kind: ClassVar[str] = "text"
    """How a spreadsheet types the value: text, rupiah, decimal or datetime."""
    copyable: ClassVar[bool] = False
    always: ClassVar[bool] = False
    """Whether the page can't do without it, whatever a person chooses."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or self.field)

    @property
    def fields(self) -> tuple[str, ...]:
        """The model fields that this column reads."""
        return (self.field, *self.also)

    def value(self, row: Row) -> Any:
        """Return what goes into the sheet."""
        return self.text(row)

    def values(self, batch: Batch) -> Sequence[Any]:
        """Return `value` of many rows: each combination of what the fields hold is made ready once.

        A column that puts its field into the sheet as it is overrides this with `as_it_is`; None stands for "".
        """
        if type(self).value is Column.value and type(self).text is Column.text:
            return self.as_it_is(batch)
        keys = list(zip(*(batch[field] for field in self.fields), strict=True))
        made = {key: self.value(dict(zip(self.fields, key, strict=True))) for key in dict.fromkeys(keys)}
        return [made[key] for key in keys]

    def as_it_is(self, batch: Batch) -> Sequence[Any]:
        """Return the field's values, for kinds of column that change nothing about them."""
        return batch[self.field]

    def text(self, row: Row) -> str:
        """Return how the value reads, in the language of the moment."""
        return row[self.field] or ""

    def fact(self, row: Row) -> Fact:
        """Return how the value stands on the transaction's own page and on its receipt."""
        return {"label": self.label, "value": self.text(row), "copyable": self.copyable and bool(self.text(row))}

    def inside(self, row: Row, context: "Context") -> SafeString:
        """Return the escaped inside of the table's cell."""
        text = escape(self.text(row))
        return SafeString(f'<bdi title="{text}">{text}</bdi>') if text else DASH

    def opening(self) -> SafeString:
        """Return the tag that opens each of the table's cells of this column."""
        return format_html('<td class="cell cell--{}" {} data-label="{}">', self.kind, self.places, self.label)

    @property
    def places(self) -> SafeString:
        """Return the attributes that say where its cells stand on a phone's card, and when they leave a table."""
        way = f' data-gives-way="{self.gives_way}"' if self.gives_way else ""
        return format_html('data-card="{}"{}', self.card, SafeString(way))


def fields_of(columns: Sequence[Column]) -> list[str]:
    """Return the model fields that columns read, and the key."""
    return list(dict.fromkeys(["id", "created_at", *(f for column in columns for f in column.fields)]))


DASH = mark_safe('<span class="muted">–</span>')


@dataclass(frozen=True)
class Context:
    """What cells need to know of the page: today in the business's zone, and where a row opens."""

    today: date
    url_of: Callable[[Row], str]
    spoken: Callable[[Row], str]
    """What a row is about, for whoever doesn't see the line that its link stands in."""
    sought: frozenset[str] = frozenset()
    """The search as a whole, and its parts, in lower case."""
    made: dict[Any, SafeString] = field(default_factory=dict)

    def once(self, key: Any, make: Callable[[], SafeString]) -> SafeString:
        """Return what many cells of the page share, made for the first of them."""
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]

    def copy_button(self, label: Words, text: str) -> SafeString:
        """Return the button that copies a value, which is escaped already; scripts show it."""
        words = self.once("copy", lambda: escape(_("Copy %(label)s %(text)s")))
        said = words % {"label": escape(label), "text": text}
        return SafeString(
            f'<button type="button" class="copy" data-copy="{text}" aria-label="{said}" tabindex="-1"></button>'
        )


@dataclass(frozen=True)
class NameColumn(Column):
    """A colleague's name: the first one on the page, where they are few, and the whole one for whoever asks."""

    def inside(self, row: Row, context: Context) -> SafeString:
        name = self.text(row)
        return format_html('<bdi title="{}">{}</bdi>', name, name.split()[0]) if name.strip() else DASH


@dataclass(frozen=True)
class IdColumn(Column):
    """The transaction's number, which opens it. Text everywhere: a spreadsheet would round 19 digits."""

    external: str = ""
    """The field of the number that it had in another system: shown too where that is what was searched for."""

    kind: ClassVar[str] = "id"
    copyable: ClassVar[bool] = True
    always: ClassVar[bool] = True

    @property
    def fields(self) -> tuple[str, ...]:
        """The number, and the one in another system."""
        return (*super().fields, self.external) if self.external else super().fields

    def values(self, batch: Batch) -> Sequence[str]:
        """Return texts: a spreadsheet rounds numbers after 15 digits."""
        return list(map(str, batch[self.field]))

    def text(self, row: Row) -> str:
        return str(row[self.field])

    def inside(self, row: Row, context: Context) -> SafeString:
        """Return the link, and the Copy button."""
        text = escape(self.text(row))
        button = context.copy_button(self.label, text)
        name = f"{text}, {escape(context.spoken(row))}"
        link = f'<a href="{escape(context.url_of(row))}" aria-label="{name}">{text}</a>{button}'
        return SafeString(link + self._also(row, context))

    def _also(self, row: Row, context: Context) -> str:
        old = row[self.external] if self.external else None
        if not old or old.casefold() not in context.sought:
            return ""
        return format_html('<small class="cell__also">{} <bdi>{}</bdi></small>', _("External ID"), old)


@dataclass(frozen=True)
class AccountColumn(Column):
    """An account number: text, for leading zeros count."""

    kind: ClassVar[str] = "account"
    copyable: ClassVar[bool] = True

    def inside(self, row: Row, context: Context) -> SafeString:
        """Return the number and the Copy button."""
        text = escape(self.text(row))
        return SafeString(f"<span>{text}</span>{context.copy_button(self.label, text)}") if text else DASH


@dataclass(frozen=True)
class CodeColumn(Column):
    """A code that is copied rather than read: it gives way in the table, and stands whole on its own page."""

    copyable: ClassVar[bool] = True

    def inside(self, row: Row, context: Context) -> SafeString:
        """Return the code and the Copy button."""
        text = escape(self.text(row))
        if not text:
            return DASH
        button = context.copy_button(self.label, text)
        return SafeString(f'<span class="copyable"><bdi title="{text}">{text}</bdi>{button}</span>')


@dataclass(frozen=True)
class RupiahColumn(Column):
    """Whole rupiah: a number in the sheet."""

    kind: ClassVar[str] = "amount"
    sheet_kind: ClassVar[str] = "rupiah"

    def value(self, row: Row) -> int | None:
        return row[self.field]

    values = Column.as_it_is

    def text(self, row: Row) -> str:
        """Return it with Rp and grouped digits."""
        return "" if row[self.field] is None else money.rupiah(row[self.field])

    def inside(self, row: Row, context: Context) -> SafeString:
        return escape(self.text(row)) or DASH


@dataclass(frozen=True)
class FeeColumn(RupiahColumn):
    """A lesser sum beside the amount."""

    bare: bool = False
    """Whether it stands without "Rp" beside an amount that has it."""

    kind: ClassVar[str] = "fee"

    def inside(self, row: Row, context: Context) -> SafeString:
        """Return the figure; of a bare one the currency is for whoever hears the page."""
        amount = row[self.field]
        if amount is None or not self.bare:
            return super().inside(row, context)
        return SafeString(f'<span class="visually-hidden">Rp</span>{money.number(amount)}')


@dataclass(frozen=True)
class MovedColumn(RupiahColumn):
    """What came in or went out: the sign is said before the figure, never by a colour alone."""

    def text(self, row: Row) -> str:
        """Return it with its sign: +Rp5,000,417 or −Rp85,000."""
        amount = row[self.field]
        return money.moved(amount) if amount else super().text(row)


@dataclass(frozen=True)
class DecimalColumn(Column):
    """A figure with decimals, such as a rate: a number with these decimals in the sheet."""

    kind: ClassVar[str] = "number"
    sheet_kind: ClassVar[str] = "decimal"

    def value(self, row: Row) -> Decimal | None:
        return row[self.field]

    values = Column.as_it_is

    def text(self, row: Row) -> str:
        """Return it with grouped digits."""
        value = self.value(row)
        return "" if value is None else money.decimal(value)

    def inside(self, row: Row, context: Context) -> SafeString:
        return escape(self.text(row)) or DASH


@dataclass(frozen=True)
class MoneyColumn(DecimalColumn):
    """An amount in another currency, with that currency's decimals; the sheet names the currency in its own column."""

    currency: str = "currency"
    """The field that says which currency it is."""

    kind: ClassVar[str] = "amount"

    @property
    def fields(self) -> tuple[str, ...]:
        """The amount, and its currency."""
        return (*super().fields, self.currency)

    values = Column.values

    def value(self, row: Row) -> Decimal | None:
        """Return the amount with as many decimals as its currency has."""
        amount = row[self.field]
        return None if amount is None else world.in_currency(amount, row[self.currency])

    def text(self, row: Row) -> str:
        """Return it after its currency: SGD 1,250.00."""
        return "" if row[self.field] is None else money.foreign(row[self.field], row[self.currency])


@dataclass(frozen=True)
class CountryColumn(Column):
    """A country, by its name in the reader's language."""

    def text(self, row: Row) -> str:
        return world.country_name(row[self.field]) if row[self.field] else ""


@dataclass(frozen=True)
class DateTimeColumn(Column):
    """A time: a real date in the sheet, in the business's zone. `after` is the field of an earlier time beside it."""

    after: str = ""

    kind: ClassVar[str] = "datetime"
    sheet_kind: ClassVar[str] = "datetime"

    def value(self, row: Row) -> datetime | None:
        """Return the time in the active zone, to the second and without the zone, as sheets hold it."""
        at = row[self.field]
        return None if at is None else timezone.localtime(at).replace(tzinfo=None, microsecond=0)

    values = Column.as_it_is

    def text(self, row: Row) -> str:
        """Return the time in full, to the second."""
        at = row[self.field]
        return "" if at is None else formats.moment_to_the_second(at)

    def inside(self, row: Row, context: Context) -> SafeString:
        """Return the time shortly, with the full one for whoever asks."""
        at = row[self.field]
        if at is None:
            return DASH
        return format_html(
            '<time datetime="{}" title="{}">{}</time>',
            timezone.localtime(at).isoformat(timespec="seconds"),
            self.text(row),
            self._shortly(at, row, context),
        )

    def _shortly(self, at: datetime, row: Row, context: Context) -> str:
        """Return the time alone on the day of the time that it follows."""
        if self.after and row[self.after] and timezone.localdate(row[self.after]) == timezone.localdate(at):
            return formats.time_of_day(at)
        return formats.short_moment(at, context.today)


@dataclass(frozen=True)
class ChoiceColumn(Column):
    """One of a few words."""

    choices: type[TextChoices] = field(default=TextChoices)

    def text(self, row: Row) -> str:
        return str(self.choices(row[self.field]).label) if row[self.field] else ""


@dataclass(frozen=True)
class ActorColumn(Column):
    """Who did something: the field is the name, and its kind says whose people they are (flipdash/actors.py)."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The name, and the kind."""
        return (*super().fields, self._kind_field)

    @property
    def _kind_field(self) -> str:
        return f"{self.field.removesuffix('_name')}_kind"

    def text(self, row: Row) -> str:
        """Return the name, and whose people one of the operator's is."""
        return in_words(row[self._kind_field], row[self.field])


@dataclass(frozen=True)
class KindColumn(Column):
    """A name with its kind: BCA (Bank). The transaction's own page has the full name."""

    names: Mapping[str, str] = field(default_factory=dict)
    full_names: Mapping[str, str] = field(default_factory=dict)
    kinds: type[TextChoices] = field(default=TextChoices)
    kind_field: str = ""

    kind: ClassVar[str] = "destination"

    @property
    def fields(self) -> tuple[str, ...]:
        """The name's code, and the kind."""
        return (*super().fields, self.kind_field)

    def _words(self, row: Row) -> tuple[str, str]:
        """Return the name and the kind; a kind of which there is one alone is the name."""
        name, kind = self.names.get(row[self.field], row[self.field]), str(self.kinds(row[self.kind_field]).label)
        return name, "" if kind == name else kind

    def text(self, row: Row) -> str:
        """Return the name and the kind: BRI (Bank)."""
        name, kind = self._words(row)
        return f"{name} ({kind})" if kind else name

    def fact(self, row: Row) -> Fact:
        """Return the kind and the full name: Bank · Bank Central Asia (BCA)."""
        name, kind = self._words(row)
        full = self.full_names.get(row[self.field], name)
        whole = full if name in full.split() else f"{full} ({name})"
        return {**super().fact(row), "value": f"{kind} · {whole}" if kind else whole}

    def inside(self, row: Row, context: Context) -> SafeString:
        """Return the name, with the kind smaller."""
        return context.once(
            (self.name, row[self.field], row[self.kind_field]),
            lambda: format_html('<span class="destination">{} <small>{}</small></span>', *self._words(row)),
        )


@dataclass(frozen=True)
class StatusColumn(ChoiceColumn):
    """A state, with its colour, its shape and its word; `tag_field` is the time from which a tag is shown too."""

    kind: ClassVar[str] = "status"
    tag_field: str = ""
    tag: Words = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """The state, and what its tag depends on."""
        return (*super().fields, self.tag_field) if self.tag_field else super().fields

    def words(self, row: Row) -> str:
        """Return the state and the tag in words."""
        return " · ".join([self.text(row), *([str(self.tag)] if self.tag and row[self.tag_field] else [])])

    def inside(self, row: Row, context: Context | None = None) -> SafeString:
        """Return the badge, and the tag where there is one."""
        if not row[self.field]:
            return DASH
        is_tagged = bool(self.tag and row[self.tag_field])

        def make() -> SafeString:
            tag = format_html(' <span class="tag">{}</span>', self.tag) if is_tagged else ""
            return format_html("{}{}", status_badge(self.choices(row[self.field])), tag)

        return context.once((self.name, row[self.field], is_tagged), make) if context else make()


def status_badge(status: Any) -> SafeString:
    """Return the badge of a state whose enum knows its `badge` and its label."""
    colour, name = status.badge
    return format_html('<span class="status status--{}">{}{}</span>', colour, icon(name), status.label)


@cache
def icon(name: str, size: int = 16) -> SafeString:
    """Return a lucide icon as inline SVG, hidden from screen readers: the word beside it says it."""
    svg = lucide(name, size=size, **{"class": "icon"}, aria_hidden="true", focusable="false")
    return mark_safe(svg)  # noqa: S308  (made by the library from its own files)
