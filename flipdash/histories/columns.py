"""The kinds of column a history can have: what goes into the sheet, how it reads, how it looks on the page."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, ClassVar

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from lucide.templatetags.lucide import lucide

from flipdash import formats, money
from flipdash.words import Words

Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """Plain text. `card` is the column's place on a phone's card: title, amount, line, state, meta or hidden."""

    label: Words
    field: str
    card: str = "hidden"
    shown: bool = True
    also: tuple[str, ...] = ()
    """Further fields that the column reads."""

    kind: ClassVar[str] = "text"
    sheet_kind: ClassVar[str] = "text"
    """How a spreadsheet types the value: text, rupiah, decimal or datetime."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The model fields that this column reads."""
        return (self.field, *self.also)

    def value(self, row: Row) -> Any:
        """Return what goes into the sheet."""
        return self.text(row)

    def text(self, row: Row) -> str:
        """Return how the value reads."""
        return row[self.field] or ""

    def inside(self, row: Row, context: "Context") -> SafeString:
        """Return the escaped inside of the table's cell."""
        text = self.text(row)
        return format_html('<bdi title="{}">{}</bdi>', text, text) if text else DASH

    def cell(self, row: Row, context: "Context") -> SafeString:
        """Return the table's cell."""
        return format_html(
            '<td class="cell cell--{}" data-card="{}" data-label="{}">{}</td>',
            self.kind,
            self.card,
            self.label,
            self.inside(row, context),
        )


DASH = mark_safe('<span class="muted">–</span>')


@dataclass(frozen=True)
class Context:
    """What cells need to know of the page: today in the business's zone, and where a row opens."""

    today: date
    url_of: Callable[[Row], str]


@dataclass(frozen=True)
class IdColumn(Column):
    """The transaction's number, which opens it. Text everywhere: a spreadsheet would round 19 digits."""

    kind: ClassVar[str] = "id"

    def text(self, row: Row) -> str:
        """Return every digit."""
        return str(row[self.field])

    def inside(self, row: Row, context: Context) -> SafeString:
        """Return the link, and the Copy button."""
        text = self.text(row)
        return format_html('<a href="{}">{}</a>{}', context.url_of(row), text, copy_button(self.label, text))


@dataclass(frozen=True)
class AccountColumn(Column):
    """An account number: text, for leading zeros count."""

    kind: ClassVar[str] = "account"

    def inside(self, row: Row, context: Context) -> SafeString:
        """Return the number and the Copy button."""
        text = self.text(row)
        return format_html("<span>{}</span>{}", text, copy_button(self.label, text))


@dataclass(frozen=True)
class RupiahColumn(Column):
    """Whole rupiah: a number in the sheet."""

    kind: ClassVar[str] = "amount"
    sheet_kind: ClassVar[str] = "rupiah"

    def value(self, row: Row) -> int | None:
        """Return the rupiah."""
        return row[self.field]

    def text(self, row: Row) -> str:
        """Return it with Rp and grouped digits."""
        return "" if row[self.field] is None else money.rupiah(row[self.field])

    def inside(self, row: Row, context: Context) -> SafeString:
        """Return the figure."""
        return format_html("{}", self.text(row))


@dataclass(frozen=True)
class FeeColumn(RupiahColumn):
    """A lesser sum beside the amount."""

    kind: ClassVar[str] = "fee"


@dataclass(frozen=True)
class DateTimeColumn(Column):
    """A time: a real date in the sheet, in the business's zone."""

    kind: ClassVar[str] = "datetime"
    sheet_kind: ClassVar[str] = "datetime"

    def value(self, row: Row) -> datetime | None:
        """Return the time in the active zone, to the second and without the zone, as sheets hold it."""
        at = row[self.field]
        return None if at is None else timezone.localtime(at).replace(tzinfo=None, microsecond=0)

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
            formats.short_moment(at, context.today),
        )


@dataclass(frozen=True)
class ChoiceColumn(Column):
    """One of a few words."""

    choices: type[TextChoices] = field(default=TextChoices)

    def text(self, row: Row) -> str:
        """Return the word."""
        return str(self.choices(row[self.field]).label) if row[self.field] else ""


@dataclass(frozen=True)
class StatusColumn(ChoiceColumn):
    """A state, with its colour, its shape and its word; `tag_field` is the time from which a tag is shown too."""

    kind: ClassVar[str] = "status"
    tag_field: str = ""
    tag: Words = ""

    def inside(self, row: Row, context: Context) -> SafeString:
        """Return the pill, and the tag where there is one."""
        tag = format_html(' <span class="tag">{}</span>', self.tag) if self.tag and row[self.tag_field] else ""
        return format_html("{}{}", status_pill(self.choices(row[self.field])), tag)


def status_pill(status: Any) -> SafeString:
    """Return the pill of a state whose enum knows its `look` and its label."""
    colour, name = status.look
    return format_html('<span class="status status--{}">{}{}</span>', colour, icon(name), status.label)


def copy_button(label: Words, text: str) -> SafeString:
    """Return the button that copies a value; scripts show it."""
    return format_html(
        '<button type="button" class="copy" data-copy="{}" aria-label="{}"></button>',
        text,
        _("Copy %(label)s %(text)s") % {"label": label, "text": text},
    )


@cache
def icon(name: str, size: int = 16) -> SafeString:
    """Return a lucide icon as inline SVG, hidden from screen readers: the word beside it says it."""
    svg = lucide(name, size=size, **{"class": "icon"}, aria_hidden="true", focusable="false")
    return mark_safe(svg)  # noqa: S308  (made by the library from its own files)
