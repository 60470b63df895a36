"""The list of a history's columns, which stands on every page of it."""

from collections.abc import Iterable, Sequence

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from flipdash import histories
from flipdash.histories.columns import icon
from lists.forms import ColumnRow, ColumnsForm

register = template.Library()

ROW = """<li class="columns__row" data-column="{label}">
  <label class="choice">
    <input type="checkbox" form="columns-form" name="shown" value="{name}"{checked}{disabled}>
    <span>{label}{fixed}</span>
  </label>
  <input class="input columns__place no-js" form="columns-form" type="number" min="1" max="999" name="place_{name}"
         value="{place}" aria-label="{place_label}"{invalid}>
  {buttons}{problems}
</li>
"""
BUTTON = """<button type="button" class="button button--quiet button--small button--icon needs-js" data-move="{}"
          aria-label="{}">{}</button>"""
PROBLEMS = '<p class="field__error columns__error" id="place_{}_error">{}<span>{}</span></p>'


@register.simple_tag
def columns_form(history: str, named: Sequence[str]) -> ColumnsForm:
    """Return the list of a history's columns as it stands where these were chosen."""
    declared = histories.get(history)
    return ColumnsForm(declared, shown=declared.columns_of(named))


@register.simple_tag
def column_rows(rows: Iterable[ColumnRow]) -> SafeString:
    """Return the rows. One tag makes them all: eighteen passes of the engine were a tenth of the page."""
    place, moves = _("Place of %(column)s"), (("up", _("Move %(column)s up")), ("down", _("Move %(column)s down")))
    fixed = format_html(" <small>{}</small>", _("Always shown: it opens the row."))
    return SafeString("".join(_row(row, place, moves, fixed) for row in rows))


def _row(row: ColumnRow, place: str, moves: Iterable[tuple[str, str]], fixed: SafeString) -> SafeString:
    label = str(row.label)
    named = {"column": label}
    buttons = SafeString(
        "".join(format_html(BUTTON, way, words % named, icon(f"chevron-{way}")) for way, words in moves)
    )
    invalid = format_html(' aria-invalid="true" aria-errormessage="place_{}_error"', row.name)
    return format_html(
        ROW,
        label=label,
        name=row.name,
        checked=SafeString(" checked" if row.is_shown else ""),
        disabled=SafeString(" disabled" if row.is_fixed else ""),
        fixed=fixed if row.is_fixed else "",
        place="" if row.place is None else row.place,
        place_label=place % named,
        invalid=invalid if row.problems else "",
        buttons=buttons,
        problems=format_html(PROBLEMS, row.name, icon("circle-alert"), " ".join(map(str, row.problems)))
        if row.problems
        else "",
    )
