"""The tags and filters that pages share. Everything a person typed is escaped here or by the template."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import template
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.serializers.json import DjangoJSONEncoder
from django.forms import BoundField
from django.utils import timezone
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString

from flipdash import formats, histories, mode, money, notes
from flipdash.histories import COUNT_CAP, DateFilter, Filter, History, address, columns
from flipdash.histories.columns import Row
from flipdash.histories.filters import Offered, Preset
from flipdash.menu import ShownSection, menu_for

register = template.Library()

NOTICE_ICONS = {"success": "circle-check", "error": "circle-alert", "warning": "triangle-alert", "info": "info"}


@register.simple_tag
def history_rows(history: History, rows: Iterable[Row]) -> SafeString:
    """Return the table's rows. One tag makes them all: the engine's per-cell work would be most of the page."""
    page = history.page_of_cells
    cells = [(column.opening(), column.writer(page)) for column in history.shown_columns]
    return SafeString(
        "\n".join(
            f'<tr data-href="{escape(page.url_of(row))}">'
            + "".join([f"{opening}{write(row)}</td>" for opening, write in cells])
            + "</tr>"
            for row in rows
        )
    )


@register.simple_tag
def columns_of(history: str, named: Sequence[str]) -> list[columns.Column]:
    """Return the columns of a history that have these names."""
    return histories.get(history).columns_named(named)


@register.simple_block_tag
def table(content: SafeString, look: str = "", *, label: str = "", labelled_by: str = "") -> SafeString:
    """Return a table that scrolls by itself, named by a `label` or by the id of what it is `labelled_by`.

    `look` names variants of .table, such as "history people".
    """
    name, value = ("aria-labelledby", labelled_by) if labelled_by else ("aria-label", label)
    return format_html(
        '<div class="table-wrap" tabindex="0" role="region" {}="{}"><table class="{}">{}</table></div>',
        name,
        value,
        " ".join(["table", *(f"table--{variant}" for variant in look.split())]),
        content,
    )


@register.simple_tag
def table_head(*kinds_and_labels: Any) -> SafeString:
    """Return the head of a table, of pairs: a kind of cell, or "", and a column's label or the labels of several.

    What stands above buttons (`act`) is for screen readers alone.
    """
    kinds, labels = kinds_and_labels[::2], kinds_and_labels[1::2]
    each = [
        (kind, label)
        for kind, given in zip(kinds, labels, strict=True)
        for label in (given if isinstance(given, list) else [given])
    ]
    cells = (
        format_html(
            '<th scope="col" class="cell{}">{}</th>',
            f" cell--{kind}" if kind else "",
            format_html('<span class="visually-hidden">{}</span>', label) if kind == "act" else label,
        )
        for kind, label in each
    )
    return format_html("<thead><tr>{}</tr></thead>", format_html_join("", "{}", ((cell,) for cell in cells)))


@dataclass(frozen=True)
class UnsetFilter:
    """A filter of which the address says nothing."""

    filter: Filter
    fields: list[BoundField]
    presets: list[tuple[Preset, bool]]


@register.simple_tag
def offered(history: History, filter_: Filter) -> Offered | None:
    """Return the rows that a filter offers of which nothing is said; None where that isn't known."""
    return history.address.offered(filter_)


@register.simple_tag
def unset_filter(history: str, name: str, today: date, offers: Offered) -> UnsetFilter:
    """Return a filter by its history's name and its own, with the rows and the ranges of days that it offers."""
    found = next(one for one in histories.get(history).filters if one.name == name)
    presets = found.presets(today) if isinstance(found, DateFilter) else []
    return UnsetFilter(found, address.unset(found, None, offers), [(preset, False) for preset in presets])


@register.simple_tag
def filter_fields(history: History, filter_: Filter) -> list[BoundField]:
    """Return the form fields of a filter, with what the address says."""
    return history.address.fields_of(filter_)


@register.simple_tag
def options(field: BoundField) -> SafeString:
    """Return the options of a field, each a box or a button with its words; a history has a dozen of them."""
    return format_html_join(
        "",
        '<label class="choice" for="{}">{} <span>{}</span></label>',
        ((option.id_for_label, option.tag(), option.choice_label) for option in field),
    )


@register.simple_tag
def icon(name: str, size: int = 16) -> SafeString:
    """Return an icon; each is made once."""
    return columns.icon(name, size)


@register.simple_tag
def menu(permissions: Collection[str], place: str) -> list[ShownSection]:
    """Return the menu of whoever has the permissions, on a page at this place."""
    return menu_for(permissions, place)


@register.filter
def notice_icon(look: str) -> str:
    """Return the name of the icon that a notice of this look shows."""
    return NOTICE_ICONS[look]


@register.simple_tag
def preloaded_fonts() -> SafeString:
    """Tell the browser of the font's files before it has read the stylesheet; nothing where sources are served.

    With low priority, for the page is first painted without them: they mustn't take the line from the stylesheet.
    """
    addresses: list[str] = getattr(staticfiles_storage, "preloaded", list)()
    link = '<link rel="preload" href="{}" as="font" type="font/woff2" crossorigin fetchpriority="low">'
    return format_html_join("\n", link, ((address,) for address in addresses))


@register.simple_tag
def unprefixed(name: str) -> str:
    """Return the address of a page that exists once, outside both modes."""
    return mode.mode_url(mode.Mode.LIVE, name)


@register.simple_tag
def status_badge(status: Any) -> SafeString:
    return columns.status_badge(status)


@register.filter
def as_json(value: Any) -> str:
    """Write data for a script to read from an attribute; the template escapes it."""
    return json.dumps(value, cls=DjangoJSONEncoder)


@register.filter
def rupiah(amount: int) -> str:
    """Write whole rupiah: Rp1,240,500."""
    return money.rupiah(amount)


@register.filter
def moved(amount: int) -> str:
    """Write what came in or went out: +Rp1,240,500."""
    return money.moved(amount)


@register.filter
def number(count: int) -> str:
    """Write a count with grouped digits."""
    return money.number(count)


@register.filter
def capped(count: int) -> str:
    """Write a count that stops at the cap: 10,000+."""
    return money.number(count) if count <= COUNT_CAP else f"{money.number(COUNT_CAP)}+"


@register.filter
def full_day(on: date) -> str:
    """Write a day: 22 Nov 2026."""
    return formats.day(on)


@register.filter
def weekday(on: date) -> str:
    """Write a day of this year with its name: Tue 1 Dec."""
    return formats.weekday(on)


@register.filter
def short_day(on: date) -> str:
    """Write a day of which one knows the year: 22 Nov."""
    return formats.short_day(on)


@register.filter
def time_of_day(at: datetime) -> str:
    """Write the time of a day that is known: 16:05."""
    return formats.time_of_day(at)


@register.simple_tag
def now_in_words() -> str:
    """Return the time in words. This machine's will do for paper, where minutes are written."""
    return formats.moment(timezone.now())


@register.filter
def noted(note: str) -> str:
    """Write what somebody wrote, or FlipDash noted, in the language of whoever reads it."""
    return str(notes.words_of(note))


@register.filter
def moment(at: datetime | None) -> SafeString:
    """Write a time in full, as a <time>; nothing for a time that never was."""
    if at is None:
        return SafeString("")
    return format_html('<time datetime="{}">{}</time>', at.isoformat(timespec="seconds"), formats.moment(at))
