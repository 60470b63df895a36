"""A statement as .xlsx or .csv: by the writers of reports, which let no text become a formula."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from documents.models import Statement
from documents.reports.writers import WRITERS, Heading
from documents.statements.content import Content, local


def write(content: Content, path: Path) -> None:
    """Write the file. A .csv, which has no Summary, begins with the opening balance and ends with the closing one."""
    is_csv = content.statement.format == Statement.Format.CSV
    headings = [
        Heading(f"{_('Date')} ({content.zone_name})", "datetime"),
        Heading(_("Entry"), "text"),
        Heading(_("Transaction ID"), "text"),
        Heading(_("Details"), "text"),
        Heading(_("Money in"), "rupiah"),
        Heading(_("Money out"), "rupiah"),
        Heading(_("Balance after"), "rupiah"),
    ]
    writer = WRITERS[content.statement.format](path, headings, content.statement.separator)
    writer.summary(_("Statement"), _summary(content))
    if is_csv:
        writer.rows([("", _("Opening balance"), "", "", None, None, content.period.opening)])
    writer.rows(_rows(content, times_as_text=is_csv))
    if is_csv:
        writer.rows([("", _("Closing balance"), "", "", None, None, content.period.closing)])
    writer.close()


def _summary(content: Content) -> Iterator[tuple[Any, ...]]:
    yield from content.facts()
    yield ()
    yield _("Opening balance"), content.period.opening
    yield _("Closing balance"), content.period.closing
    yield ()
    yield _("Entry"), _("Entries"), _("Money in"), _("Money out")
    for total in content.period.totals:
        yield str(total.kind.label), total.count, total.came_in, total.went_out


def _rows(content: Content, *, times_as_text: bool) -> Iterator[tuple[Any, ...]]:
    for row in content.rows():
        at = local(row.at)
        yield (
            str(at) if times_as_text else at,
            str(row.kind.label),
            str(row.source_id),
            row.description,
            row.amount if row.amount > 0 else None,
            -row.amount if row.amount < 0 else None,
            row.balance,
        )
