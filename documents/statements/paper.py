"""A statement as a PDF, of as many entries as are laid out in some seconds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from documents import operator, pdf
from documents.statements.content import Content
from flipdash import formats, money

MOST = 1_000
"""Entries: six seconds and 200 MB. Twenty thousand would take three minutes and 2.5 GB (decision 0068)."""


class TooMany(ValueError):
    """The period has more entries than the file holds."""


def write(content: Content, path: Path) -> None:
    """Write the file; raises TooMany."""
    if content.period.count > MOST:
        raise TooMany
    path.write_bytes(pdf.render("pdf/statement.html", context_of(content)))


def context_of(content: Content) -> dict[str, Any]:
    """Return what the template prints: texts only."""
    period, statement = content.period, content.statement
    made = _("Made %(moment)s by %(who)s")
    came_in, went_out = (sum(getattr(one, name) for one in period.totals) for name in ("came_in", "went_out"))
    return {
        "title": f"{statement.title} · {statement.reference}",
        "language": get_language(),
        "operator": operator.from_settings(),
        "content": content,
        "statement": statement,
        "made_words": made % {"moment": formats.moment(content.as_of), "who": pdf.printable(statement.member.name)},
        "starts": formats.day(statement.first),
        "ends": formats.day(statement.last),
        "zone": content.zone_name,
        "made_at": timezone.localtime(content.as_of).isoformat(timespec="seconds"),
        "opening": money.rupiah(period.opening),
        "closing": money.rupiah(period.closing),
        "opening_figure": money.number(period.opening),
        "closing_figure": money.number(period.closing),
        "came_in": money.number(came_in),
        "went_out": money.number(went_out),
        "count": money.number(period.count),
        "totals": [
            {
                "name": str(total.kind.label),
                "count": money.number(total.count),
                "came_in": _figure(total.came_in),
                "went_out": _figure(total.went_out),
            }
            for total in period.totals
        ],
        "rows": _rows(content),
    }


def _rows(content: Content) -> Iterator[dict[str, str]]:
    write = formats.Moments()
    for row in content.rows():
        yield {
            "at": write.full(row.at),
            "kind": str(row.kind.label),
            "description": pdf.printable(row.description),
            "id": str(row.source_id),
            "came_in": _figure(max(row.amount, 0)),
            "went_out": _figure(max(-row.amount, 0)),
            "balance": money.number(row.balance),
        }


def _figure(amount: int) -> str:
    """Write rupiah without the sign; nothing for none."""
    return money.number(amount) if amount else ""
