"""Series in words: when they send, and who approves them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flipdash import formats
from transactions.models import TransferSeries
from transactions.models.series import Repeats
from transactions.transfers.series.dates import Plan

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


OTHER = gettext_lazy("Another repeating transfer pays the same: what comes soon after its payments still waits.")


def approval(
    series: TransferSeries, *, is_once: bool, waiting: Sequence[date] = (), has_unknown_alike: bool = False
) -> str:
    """Return by whom its transfers are approved, and what of them waits all the same."""
    if is_once and series.approved_from:
        names = {"name": series.approver_name, "day": formats.day(series.approved_from)}
        if series.status == TransferSeries.Status.PAUSED:
            said = [_("Approved once by %(name)s, for each from %(day)s on. Paused, it makes none of them.") % names]
        else:
            said = [_("Approved once by %(name)s: each from %(day)s on is sent on its day.") % names]
        if waiting:
            days = ", ".join(map(formats.day, waiting))
            said += [_("These days wait for an approval of their own: %s.") % days]
        return " ".join([*said, str(OTHER)] if has_unknown_alike else said)
    if is_once:
        return _("Nobody has approved all of it: until then each waits for an approver, from 3 days before its day.")
    return _("Each waits for an approver, from 3 days before its day.")


def approved(series: TransferSeries, beside: Sequence[tuple[date, Any]], *, has_unknown_alike: bool) -> str:
    """Return what an approval of all of it has done.

    `beside` are the days that it came too late for; `has_unknown_alike` says that another series pays the same, of
    which its approver wasn't told.
    """
    said = []
    if beside:
        days = ", ".join(formats.day(day) for day, _transfer in beside)
        said += [_("What is to come is approved. These days still wait for an approval of their own: %s.") % days]
    elif series.status == TransferSeries.Status.PAUSED:
        said += [_("It is approved. It is paused, and nothing is made until it is resumed.")]
    elif not has_unknown_alike:
        said += [_("It is approved: each of its transfers is sent on its day.")]
    else:
        said += [_("It is approved.")]
    return " ".join([*said, str(OTHER)] if has_unknown_alike else said)


def resumed(series: TransferSeries) -> str:
    """Return where a series stands that was resumed."""
    if series.status == TransferSeries.Status.ENDED:
        return _("None of its days is still to come: it has ended.")
    return _("It goes on. Its next day is %s.") % formats.day(series.next_day)
