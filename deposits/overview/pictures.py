"""How a month of the deposit is drawn and written down: two charts, and the rows of the table with their figures."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from deposits.overview.cashflow import Cashflow
from flipdash import charts, formats, money


@dataclass(frozen=True)
class Chart:
    """One chart with the words around it."""

    name: str
    picture: SafeString
    keys: list[tuple[str, str]]
    """What each shape means: its class, and words."""
    first: str
    last: str


def month(flow: Cashflow) -> list[Chart]:
    """Return what came in and went out on each day, and the balance at each day's end."""
    ends = (formats.short_day(flow.days[0].day), formats.short_day(flow.days[-1].day))
    return [
        Chart(_("Money in and out"), _in_and_out(flow), _keys(flow), *ends),
        Chart(_("Balance at the end of each day"), _balance(flow), [("area", _range(flow))], *ends),
    ]


def rows(flow: Cashflow) -> SafeString:
    """Return the rows of the days' table, newest first as in every list; each day leads to its entries."""
    write, rupiah = formats.Moments(), _rupiah()
    # Written by hand, for there are many cells: addresses, days and figures are our own, and escaped like all others.
    cells = [
        f'<td class="cell cell--amount" data-card="extra" data-label="{escape(label)}">'
        for label in (_("Money in"), _("Money out"), _("Balance at the end"))
    ]
    written = []
    for day in reversed(flow.days):
        name = f'<a href="{escape(day.url)}">{escape(write.day(day.day))}</a>'
        written.append(f'<tr><th scope="row" class="cell" data-card="title">{name}</th>')
        figures = (day.came_in, day.went_out, day.balance)
        written += [f"{cell}{escape(rupiah(figure))}</td>" for cell, figure in zip(cells, figures, strict=True)]
        written.append("</tr>")
    return mark_safe("".join(written))  # noqa: S308  (each part was escaped)


def _rupiah() -> Callable[[int], str]:
    """Return what writes many figures in the active language."""
    return partial(money.rupiah, language=get_language())


def _in_and_out(flow: Cashflow) -> SafeString:
    said = _("%(day)s: in %(came_in)s, out %(went_out)s")
    most_in, most_out = max(flow.days, key=lambda d: d.came_in), max(flow.days, key=lambda d: d.went_out)
    write, rupiah = formats.Moments(), _rupiah()
    told = _("Most came in on %(in_day)s, %(came_in)s; most went out on %(out_day)s, %(went_out)s.")
    return charts.bars(
        [day.came_in for day in flow.days],
        [day.went_out for day in flow.days],
        [
            said % {"day": write.day(day.day), "came_in": rupiah(day.came_in), "went_out": rupiah(day.went_out)}
            for day in flow.days
        ],
        label=_("Money in and out by day"),
        told=told
        % {
            "in_day": formats.day(most_in.day),
            "out_day": formats.day(most_out.day),
            **_figures(most_in.came_in, most_out.went_out),
        },
    )


def _keys(flow: Cashflow) -> list[tuple[str, str]]:
    figures = _figures(flow.came_in, flow.went_out)
    return [("in", _("In %(came_in)s") % figures), ("out", _("Out %(went_out)s") % figures)]


def _figures(came_in: int, went_out: int) -> dict[str, str]:
    return {"came_in": money.rupiah(came_in), "went_out": money.rupiah(went_out)}


def _balance(flow: Cashflow) -> SafeString:
    told = _("From %(first)s to %(last)s; %(range)s.")
    first, last = money.rupiah(flow.days[0].balance), money.rupiah(flow.days[-1].balance)
    return charts.area(
        [day.balance for day in flow.days],
        label=_("Balance at the end of each day"),
        told=told % {"first": first, "last": last, "range": _range(flow)},
    )


def _range(flow: Cashflow) -> str:
    balances = [day.balance for day in flow.days]
    words = _("lowest %(least)s, highest %(most)s")
    return words % {"least": money.rupiah(min(balances)), "most": money.rupiah(max(balances))}
