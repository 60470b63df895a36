"""Series in words: when they send, and who approves them."""

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from transactions.models import TransferSeries
from transactions.models.series import Repeats
from transactions.transfers.series.services import Plan

LONGEST_EVERYWHERE = 28
"""The last day that every month has."""


def when(series: TransferSeries | Plan) -> str:
    """Return when a series sends: each month on the 25th."""
    first = series.first if isinstance(series, Plan) else series.first_day
    said = {"day": first.day, "weekday": date_format(first, "l")}
    if series.repeats == Repeats.WEEK:
        return _("each %(weekday)s") % said
    if first.day > LONGEST_EVERYWHERE:
        return _("on day %(day)s of each month, or its last day") % said
    return _("on day %(day)s of each month") % said


def approval(series: TransferSeries, *, is_once: bool) -> str:
    """Return by whom its transfers are approved."""
    if is_once and series.approver_kind:
        return _("Approved once by %(name)s: each is sent on its day.") % {"name": series.approver_name}
    if is_once:
        return _("Nobody has approved all of it: until then each waits for an approver, from 3 days before its day.")
    return _("Each waits for an approver, from 3 days before its day.")
