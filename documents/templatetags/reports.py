"""The form that asks for a report, in a history's dialog and on its page; who may cancel one."""

from typing import Any

from django import template
from django.template import Context

from documents.models import Report
from documents.receipts import bundles
from flipdash import frame
from flipdash.histories import History, Results
from flipdash.scope import Scope

register = template.Library()


@register.inclusion_tag("documents/report_form.html", takes_context=True)
def report_form(context: Context, history: History, results: Results, is_dialog: bool = False) -> dict[str, Any]:
    """Return what the form says of a history's rows, and its choices."""
    return {
        "history": history,
        "results": results,
        "applied": history.in_words() if history.is_valid else [],
        "is_dialog": is_dialog,
        "has_receipts": history.receipt is not None,
        "chosen": context.get("chosen_format") or Report.Format.XLS,
        "hides_fee": context.get("hides_fee", False),
        "templates": _templates(context),
        "chosen_template": context.get("chosen_template", ""),
        "usual_separator": Report.Separator.usual_in(context["scope"].member.user.language),
    }


def _templates(context: Context) -> list[tuple[int, str]]:
    """Return the templates of the history: the page of a history has them in its frame."""
    known = context.get("report_templates")
    return (frame.of(context["request"])["report_templates"] or []) if known is None else known


@register.simple_tag
def report_choices(has_receipts: bool) -> dict[str, Any]:
    """Return what one may choose of a report; receipts only where there are some."""
    return {
        "formats": [choice for choice in Report.Format.choices if has_receipts or choice[0] not in Report.OF_RECEIPTS],
        "most_receipts": bundles.MOST,
        "separators": Report.Separator.choices,
    }


@register.filter
def cancellable_by(report: Report, scope: Scope) -> bool:
    """Whether there is something to cancel, and the scope may."""
    return report.is_unfinished and report.may_be_cancelled_by(scope)
