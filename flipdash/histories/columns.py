"""The kinds of column a history can have: what goes into the sheet, how it reads, how it looks on the page."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from html import escape
from typing import Any, ClassVar

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from lucide.templatetags.lucide import lucide

from flipdash import formats, money, notes, world
from flipdash.actors import in_words
from flipdash.scope import Scope
from flipdash.words import Words

Row = dict[str, Any]
Fact = dict[str, Any]
Write = Callable[[Row], str]
Facet = tuple[str, Sequence[str]]
"""A field of few values, and some of these."""
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
    brought_by: tuple[Facet, ...] = ()
    """Fields with some of their values: a filter by one of these, or a word for it, brings a hidden column here."""
    instead_of: tuple[str, ...] = ()
    """The names of columns that have nothing to say while a filter keeps only rows that bring this one."""
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

    def is_brought_by(self, facets: Iterable[Facet]) -> bool:
        """Whether rows are asked for that have something to say here."""
        return any(not bring.isdisjoint(values) for bring, values in self._meeting(facets))

    def is_about_all_of(self, facets: Iterable[Facet]) -> bool:
        """Whether no other rows are asked for."""
        return any(bring.issuperset(values) for bring, values in self._meeting(facets))

    def _meeting(self, facets: Iterable[Facet]) -> Iterator[tuple[frozenset[str], Sequence[str]]]:
        bring = {field: frozenset(values) for field, values in self.brought_by}
        return ((bring[field], values) for field, values in facets if field in bring)

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

    def brief(self, row: Row) -> str:
        """Return how the value reads in a head line, where the whole of it stands below."""
        return self.text(row)

    def fact(self, row: Row) -> Fact:
        """Return how the value stands on the transaction's own page and on its receipt."""
        return {"label": self.label, "value": self.text(row), "copyable": self.copyable and bool(self.text(row))}

    def reader(self, page: "Page") -> Write:
        """Return what reads rows of a page: as `text` does, with what rows share made once."""
        return self.text

    def writer(self, page: "Page") -> Write:
        """Return what writes the escaped inside of this column's cells on a page."""
        read = self.reader(page)

        def write(row: Row) -> str:
            text = escape(read(row))
            return f'<bdi title="{text}">{text}</bdi>' if text else DASH

        return write

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


DASH = mark_safe('<span class="muted cell__none">–</span>')


@dataclass(frozen=True)
class Page:
    """What cells need to know of the page: how times read there, today in the business's zone, where a row opens."""

    today: date
    url_of: Callable[[Row], str]
    spoken: Sequence[Column] = ()
    """The columns that say what a row is about, for whoever doesn't see the line that its link stands in."""
    sought: frozenset[str] = frozenset()
    """The search as a whole, and its parts, in lower case."""
    moments: formats.Moments = field(default_factory=formats.Moments)
    scope: Scope | None = None
    """Who looks, where cells lead to what not everybody may open."""

    def copier(self, label: Words) -> Callable[[str], str]:
        """Return what writes the button that copies a value, which is escaped already; scripts show it."""
        before, after = escape(_("Copy %(label)s %(text)s") % {"label": label, "text": "\0"}).split("\0")
        return lambda text: (
            f'<button type="button" class="copy" data-copy="{text}" aria-label="{before}{text}{after}" tabindex="-1">'
            "</button>"
        )


def once(fields: Sequence[str], write: Write) -> Write:
    """Return what writes once for each combination of what the fields hold: rows have few of them."""
    made: dict[tuple[Any, ...], str] = {}

    def look_up(row: Row) -> str:
        key = tuple([row[name] for name in fields])
        if key not in made:
            made[key] = write(row)
        return made[key]

    return look_up


def linked(column: Column, page: Page) -> Write:
    """Return what writes a column's text as the link that opens the row."""
    read = column.reader(page)
    return lambda row: f'<a href="{escape(page.url_of(row))}">{escape(read(row))}</a>'


@dataclass(frozen=True)
class NoteColumn(Column):
    """What somebody wrote, or FlipDash noted (flipdash/notes.py)."""

    def text(self, row: Row) -> str:
        return str(notes.words_of(row[self.field] or ""))


@dataclass(frozen=True)
class NameColumn(Column):
    """A colleague's name: the first one on the page, where they are few, and the whole one for whoever asks."""

    def writer(self, page: Page) -> Write:
        def write(row: Row) -> str:
            name = self.text(row)
            return f'<bdi title="{escape(name)}">{escape(name.split()[0])}</bdi>' if name.strip() else DASH

        return once(self.fields, write)


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

    def writer(self, page: Page) -> Write:
        """Return what writes the link, and the Copy button."""
        copy, spoken = page.copier(self.label), [column.reader(page) for column in page.spoken]

        def write(row: Row) -> str:
            text = escape(self.text(row))
            name = ", ".join([text, *filter(None, [escape(read(row)) for read in spoken])])
            link = f'<a href="{escape(page.url_of(row))}" aria-label="{name}">{text}</a>'
            return f"{link}{copy(text)}{self._also(row, page)}"

        return write

    def _also(self, row: Row, page: Page) -> str:
        old = row[self.external] if self.external else None
        if not old or old.casefold() not in page.sought:
            return ""
        return format_html('<small class="cell__also">{} <bdi>{}</bdi></small>', _("External ID"), old)


@dataclass(frozen=True)
class AccountColumn(Column):
    """An account number: text, for leading zeros count."""

    kind: ClassVar[str] = "account"
    copyable: ClassVar[bool] = True

    def brief(self, row: Row) -> str:
        """Return the beginning and the end, by which people know an account: 0816…947."""
        number = self.text(row)
        return f"{number[:4]}…{number[-3:]}" if len(number) > 8 else number

    def writer(self, page: Page) -> Write:
        """Return what writes the number and the Copy button."""
        copy = page.copier(self.label)

        def write(row: Row) -> str:
            text = escape(self.text(row))
            return f"<span>{text}</span>{copy(text)}" if text else DASH

        return write


@dataclass(frozen=True)
class CodeColumn(Column):
    """A code that is copied rather than read: it gives way in the table, and stands whole on its own page."""

    copyable: ClassVar[bool] = True

    def writer(self, page: Page) -> Write:
        """Return what writes the code and the Copy button."""
        copy = page.copier(self.label)

        def write(row: Row) -> str:
            text = escape(self.text(row))
            return f'<span class="copyable"><bdi title="{text}">{text}</bdi>{copy(text)}</span>' if text else DASH

        return write


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

    def writer(self, page: Page) -> Write:
        return lambda row: escape(self.text(row)) or DASH


@dataclass(frozen=True)
class FeeColumn(RupiahColumn):
    """A lesser sum beside the amount."""

    bare: bool = False
    """Whether it stands without "Rp" beside an amount that has it."""

    kind: ClassVar[str] = "fee"

    def writer(self, page: Page) -> Write:
        """Return what writes the figure; of a bare one the currency is for whoever hears the page."""

        def write(row: Row) -> str:
            fee = row[self.field]
            return DASH if fee is None else f'<span class="visually-hidden">Rp</span>{money.number(fee)}'

        return once(self.fields, write) if self.bare else super().writer(page)


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

    def writer(self, page: Page) -> Write:
        return lambda row: escape(self.text(row)) or DASH


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

    def reader(self, page: Page) -> Write:
        return lambda row: "" if row[self.field] is None else page.moments.to_the_second(row[self.field])

    def writer(self, page: Page) -> Write:
        """Return what writes the time shortly, with the full one for whoever asks."""

        def write(row: Row) -> str:
            if row[self.field] is None:
                return DASH
            at = page.moments.local(row[self.field])
            written = at.isoformat(timespec="seconds")
            full, short = page.moments.to_the_second(at), self._shortly(at, row, page)
            return f'<time datetime="{written}" title="{full}">{short}</time>'

        return write

    def _shortly(self, at: datetime, row: Row, page: Page) -> str:
        """Return the time alone on the day of the time that it follows."""
        if self.after and row[self.after] and page.moments.local(row[self.after]).date() == at.date():
            return page.moments.time_of_day(at)
        return page.moments.short(at, page.today)


@dataclass(frozen=True)
class ChoiceColumn(Column):
    """One of a few words."""

    choices: type[TextChoices] = field(default=TextChoices)

    def text(self, row: Row) -> str:
        return str(self.choices(row[self.field]).label) if row[self.field] else ""

    def reader(self, page: Page) -> Write:
        return once([self.field], self.text)


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

    def brief(self, row: Row) -> str:
        """Return the name alone."""
        return self._words(row)[0]

    def fact(self, row: Row) -> Fact:
        """Return the kind and the full name: Bank · Bank Central Asia (BCA)."""
        name, kind = self._words(row)
        full = self.full_names.get(row[self.field], name)
        whole = full if name in full.split() else f"{full} ({name})"
        return {**super().fact(row), "value": f"{kind} · {whole}" if kind else whole}

    def reader(self, page: Page) -> Write:
        return once(self.fields, self.text)

    def writer(self, page: Page) -> Write:
        """Return what writes the name, with the kind smaller."""

        def write(row: Row) -> str:
            return format_html('<span class="destination">{} <small>{}</small></span>', *self._words(row))

        return once(self.fields, write)


@dataclass(frozen=True)
class Tag:
    """What is said beside a state since a time that a field holds."""

    name: str
    """In an address."""
    field: str
    words: Words
    look: str = ""
    """warning, where there is something that nobody should do now."""

    def __html__(self) -> str:
        """Return it as pages show it."""
        return format_html('<span class="tag{}">{}</span>', f" tag--{self.look}" if self.look else "", self.words)


@dataclass(frozen=True)
class StatusColumn(ChoiceColumn):
    """A state, with its colour, its shape and its word, and the tags of what is so besides."""

    kind: ClassVar[str] = "status"
    tags: tuple[Tag, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """The state, and what its tags depend on."""
        return (*super().fields, *(tag.field for tag in self.tags))

    def words(self, row: Row) -> str:
        """Return the state and the tags in words."""
        return " · ".join([self.text(row), *(str(tag.words) for tag in self.tags if row[tag.field])])

    def badge(self, row: Row) -> SafeString:
        """Return the badge, and the tags where there are some."""
        if not row[self.field]:
            return DASH
        tags = format_html_join("", " {}", ((tag,) for tag in self.tags if row[tag.field]))
        return format_html("{}{}", status_badge(self.choices(row[self.field])), tags)

    def writer(self, page: Page) -> Write:
        return once(self.fields, self.badge)


def status_badge(status: Any) -> SafeString:
    """Return the badge of a state whose enum knows its `badge` and its label."""
    colour, name = status.badge
    return format_html('<span class="status status--{}">{}{}</span>', colour, icon(name), status.label)


@cache
def icon(name: str, size: int = 16) -> SafeString:
    """Return a lucide icon as inline SVG, hidden from screen readers: the word beside it says it."""
    svg = lucide(name, size=size, **{"class": "icon"}, aria_hidden="true", focusable="false")
    return mark_safe(svg)  # noqa: S308  (made by the library from its own files)
