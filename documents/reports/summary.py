"""The Summary sheet of a report: whose data, from when, found how, and what it comes to."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from documents.models import Report
from flipdash import clock, formats
from flipdash.histories import History

Line = Sequence[Any]


def lines(report: Report, history: History, totals: list[dict[str, Any]]) -> Iterator[Line]:
    """Yield the Summary's lines, a label first. Figures stand per state and are never added up across states."""
    scope = history.scope
    as_of = timezone.localtime(clock.now(history.using)).replace(tzinfo=None, microsecond=0)
    asked_at = timezone.localtime(report.created_at).replace(tzinfo=None, microsecond=0)
    yield _("Business"), report.business.legal_name or report.business.name
    yield "NPWP", report.business.npwp
    yield _("Mode"), str(scope.mode.label)
    yield _("Report ID"), report.reference
    yield _("Made by"), report.member.name
    yield _("Made at"), asked_at
    yield _("Data as of"), as_of
    yield _("Time zone"), scope.zone_name
    yield from _period(history)
    yield from history.in_words(with_days=False)
    if report.template_name:
        yield _("Template"), report.template_name
    if not history.is_narrowed:
        yield _("Search and filters"), _("None: everything")
    yield _("Rows"), sum(row["rows"] for row in totals)
    if history.summary is not None:
        yield ()
        yield history.summary.heads()
        for row in totals:
            yield history.summary.line(row)
    if closing := [(str(label), amount) for label, amount in history.closing()]:
        yield ()
        yield from closing


def _period(history: History) -> Iterator[Line]:
    dates = history.date_filter
    if dates is None:
        return
    yield _("Date basis"), dates.basis_label(history.cleaned)
    yield _("Period"), formats.days(*dates.range(history.cleaned)) or _("All dates")
